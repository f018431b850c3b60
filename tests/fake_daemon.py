"""The real daemon (lock, signals, log) over a fake node: ``python -m tests.fake_daemon --home DIR``."""

from __future__ import annotations

import sys

from p2pim.daemon.main import main
from tests.fake_assembly import FakeAssembly

if __name__ == "__main__":
    sys.exit(main(assembler=FakeAssembly))
