"""What can be served: files where they were offered from or have come to, or what has come so far."""

from __future__ import annotations

from pathlib import Path

from p2pim.node.files.job import Job
from p2pim.node.files.sharing import Bitmap
from p2pim.node.files.tree import Entry, Tree
from p2pim.store.files import StoredHolding


class OwnFiles:
    """All of a root, read from the files it was hashed from."""

    def __init__(self, held: StoredHolding) -> None:
        self.size = held.size
        self.listing: bytes | None = held.listing
        self._held = held
        self._tree: Tree | None = None

    def bitmap(self) -> Bitmap | None:
        """All."""
        return None

    def read(self, chunk: int, views: list[memoryview]) -> None:
        """See ``Tree.read``."""
        if self._tree is None:
            self._tree = Tree([Entry(Path(path), size, mtime) for path, size, mtime in self._held.entries()])
        self._tree.read(chunk, views)

    def close(self) -> None:
        """Close what is open."""
        if self._tree is not None:
            self._tree.close()


class PartOfJob:
    """What has come of a root that is still being fetched."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.size = job.offer.size
        self.listing = job.listing

    def bitmap(self) -> Bitmap | None:
        """Which chunks have come."""
        return self.job.sharing.have

    def read(self, chunk: int, views: list[memoryview]) -> None:
        """See ``Job.read``."""
        self.job.read(chunk, views)

    def close(self) -> None:
        """Nothing is open on its account."""
