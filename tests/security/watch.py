"""What a daemon under attack costs and how fast it still answers, measured from outside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from p2pim.api.client import Client
from tests.daemons import Daemon

MIB = 1 << 20


@dataclass
class Watch:
    """Taken while the `with` block ran."""

    growth: int = 0
    """How far the resident memory rose above what it was, at its highest, in bytes."""
    seconds: list[float] = field(default_factory=list)
    """How long the daemon worked, on what else there was and on the answer, before each call was answered."""

    @property
    def lag(self) -> float:
        """The longest of them. Time in which others had the processor is not the daemon's fault and not in it."""
        return max(self.seconds)


def worked(pid: int) -> float:
    """Seconds for which the daemon's loop has been on a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


@contextmanager
def watching(daemon: Daemon, every: float = 0.01) -> Iterator[Watch]:
    """Call the daemon's API again and again meanwhile, and note its highest memory."""
    watch, asked, over, pid = Watch(), threading.Event(), threading.Event(), daemon.process.pid
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # forget the highest so far
    before = _status(pid, "VmRSS")

    def ask() -> None:
        with Client(daemon.paths) as client:
            client.status()
            asked.set()
            while not watch.seconds or not over.wait(every):
                began = worked(pid)
                client.status()
                watch.seconds.append(worked(pid) - began)

    asking = threading.Thread(target=ask)
    asking.start()
    asked.wait(10)
    try:
        yield watch
    finally:
        over.set()
        asking.join()
        watch.growth = max(_status(pid, "VmHWM"), _status(pid, "VmRSS")) - before
