"""``python -m p2pim.desktop``."""

from __future__ import annotations

import sys

from p2pim.desktop.app import main

if __name__ == "__main__":
    sys.exit(main())
