"""``python -m p2pim``: the command line."""

from __future__ import annotations

import sys

from p2pim.cli import main

sys.exit(main())
