"""The real daemon on a machine whose clock is wrong: ``python -m tests.skewed_daemon FILE --home DIR …``.

In the file is by how many seconds it is ahead, or behind; it is read again and again, so a clock can be set.
"""

from __future__ import annotations

import sys
from pathlib import Path

from p2pim.config import Paths, Settings
from p2pim.config.policy import MachinePolicy
from p2pim.daemon.assembly import Peer, assemble
from p2pim.daemon.main import main
from p2pim.node.clock import SystemClock
from p2pim.protocol.identity import Identity


class SkewedClock(SystemClock):
    """As far off as the file says."""

    def wall_ms(self) -> int:
        return super().wall_ms() + int(Path(sys.argv[1]).read_text(encoding="ascii")) * 1000


def skewed(paths: Paths, settings: Settings, machine: MachinePolicy, identity: Identity | None) -> Peer:
    return assemble(paths, settings, machine, identity, clock=SkewedClock())


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], assembler=skewed))
