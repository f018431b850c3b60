"""``python -m p2pim.daemon``: the daemon in the foreground."""

from __future__ import annotations

import sys

from p2pim.daemon.main import main

sys.exit(main())
