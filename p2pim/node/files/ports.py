"""What those who keep the books of files need of those who move them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from p2pim.node.files.job import Job
    from p2pim.node.files.offering import Offered
    from p2pim.node.link import Link
    from p2pim.protocol.identity import PeerId


class Outcome(StrEnum):
    """How a run of a job ended: what is not done may go on another time."""

    DONE = "done"
    STOPPED = "stopped"
    FULL = "full"
    CHANGED = "changed"
    BROKEN = "broken"
    FORBIDDEN = "forbidden"


class Mover(Protocol):
    """Who moves the bytes, in threads."""

    def begin(self, job: Job) -> None:
        """Start a job."""

    def peers_of(self, root: bytes, peers: frozenset[PeerId]) -> None:
        """These may have something of a job."""

    def job(self, root: bytes) -> Job | None:
        """The job under way for a root."""

    async def look_through(self, path: Path) -> Offered:
        """Find and hash what is to be offered."""

    def connect(self, link: Link, pulls: bool) -> bool:
        """Have a connection with the other end of a Link; False if only they can make it."""

    def part_from(self, link: Link) -> None:
        """A Link is gone: so are the connections beside it."""
