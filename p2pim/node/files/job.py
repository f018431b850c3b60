"""One file or folder on its way here: its listing, what is written of it, and how it ends.

``run`` is a thread's: it waits for the listing, looks what an earlier run has left on the disk, and puts the whole
in its place once the last chunk is written. Pullers (see ``puller``) bring the rest. Nothing about progress is kept
but the data itself: what is on the disk and has the right hash is here, whatever ended the run before.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from p2pim.errors import DecodeError, NotNow, UserError
from p2pim.node.files.landing import Landing
from p2pim.node.files.mark import mark_downloaded
from p2pim.node.files.ports import Outcome
from p2pim.node.files.sharing import Sharing
from p2pim.node.files.tree import Entry, Partial
from p2pim.protocol.filename import safe_path, unique
from p2pim.protocol.offer import (
    CHUNK,
    HASH_LENGTH,
    Offer,
    chunk_size,
    chunks_of,
    decode_manifest,
    hash_of,
    root_of,
)

if TYPE_CHECKING:
    from p2pim.protocol.identity import PeerId

log = logging.getLogger(__name__)

#: Up to so many files are each brought to the disk by name, more all at once.
_SYNCED_ONE_BY_ONE: Final = 64
_DATA: Final = "data"


class Job:
    """See the top of this module. What other threads may touch says so.

    Args:
        folder: the private folder of this transfer, the same at every run.
        listing: if it is known from an earlier run.
        forbidden: the rule against a file of a name, or "".
    """

    def __init__(
        self,
        offer: Offer,
        author: PeerId,
        me: PeerId,
        landing: Landing,
        folder: Path,
        *,
        listing: bytes | None = None,
        in_order: bool = True,
        forbidden: Callable[[str], str] = lambda name: "",
    ) -> None:
        self.offer, self.author = offer, author
        self.root = offer.root
        self.listing = listing
        self.sharing = Sharing(offer.size, me, in_order=in_order)
        #: The message that offers it, for whoever keeps the books.
        self.offer_id = b""
        self.ready = False
        self.outcome: Outcome | None = None
        self.detail = ""
        self.path: Path | None = None
        self._landing, self._folder, self._forbidden = landing, folder, forbidden
        self._partial: Partial | None = None
        self._empty_folders: list[Path] = []
        self._turn = Event()
        self._disk = Lock()

    # -- for pullers and servers, in their threads

    def listed(self, listing: bytes) -> bool:
        """Take a listing; False if it is not the one that was offered."""
        if len(listing) != self.offer.listing_size or root_of(self.offer.size, listing) != self.root:
            return False
        self.listing = self.listing or listing
        self._turn.set()
        return True

    def is_right(self, chunk: int, digest: bytes) -> bool:
        """Whether a chunk has the hash that was offered."""
        return self.listing is not None and hash_of(self.listing, chunk) == digest

    def write(self, chunk: int, pieces: list[memoryview]) -> None:
        """Keep a chunk that is right."""
        assert self._partial is not None
        try:
            with self._disk:
                if self.outcome is not None:
                    return
                self._partial.write(chunk, pieces)
        except (OSError, UserError) as error:
            self.end(*_disk_trouble(error))
            return
        self.sharing.arrived(chunk)
        if self.sharing.is_complete:
            self._turn.set()

    def read(self, chunk: int, views: list[memoryview]) -> None:
        """Read a chunk that is here, for somebody else."""
        assert self._partial is not None
        with self._disk:
            self._partial.read(chunk, views)

    @property
    def is_over(self) -> bool:
        """Whether it ended, or is to end."""
        return self.outcome is not None

    def end(self, outcome: Outcome, detail: str = "") -> None:
        """Ask it to end; what is written stays for the next run."""
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail
            self._turn.set()

    @property
    def bytes_here(self) -> int:
        """How much of it is written."""
        return min(self.sharing.have.count * CHUNK, self.offer.size)

    def placed(self) -> list[tuple[Path, int, int]]:
        """After it is done: where its files are now, how long, and when they were changed last (ns)."""
        assert self._partial is not None
        assert self.path is not None
        data, found = self._folder / _DATA, []
        for entry in self._partial.all_entries:
            path = self.path / entry.path.relative_to(data) if self.offer.is_folder else self.path
            found.append((path, entry.size, path.stat().st_mtime_ns))
        return found

    # -- its own thread

    def run(self) -> None:
        """From whatever is there to a file in its place, or a reason why not."""
        try:
            self._run()
        except (OSError, UserError) as error:
            self.end(*_disk_trouble(error))
        except DecodeError as error:
            self.end(Outcome.BROKEN, f"What was offered cannot be: {error}")
        except Exception:
            log.exception("a file could not be fetched")
            self.end(Outcome.BROKEN, "Something failed here: the log tells what.")
        finally:
            with self._disk:
                if self._partial is not None:
                    self._partial.close()

    def _run(self) -> None:
        if not self.offer.listing_size and not self.listed(b""):
            raise DecodeError("its root is not that of an empty file.")
        while self.listing is None and not self.is_over:
            self._wait()
        if self.listing is None or self.is_over:
            return
        self._partial = self._lay_out(self.listing)
        if self.is_over:
            return
        self._look_what_is_here(self.listing, self._partial)
        missing = self.offer.size - self.sharing.have.count * CHUNK
        self._landing.check_space(max(0, missing))
        self.sharing.start()
        self.ready = True
        while not (self.sharing.is_complete or self.is_over):
            self._wait()
        if not self.is_over:
            self._finish(self._partial)

    def _wait(self) -> None:
        self._turn.wait()
        self._turn.clear()

    def _lay_out(self, listing: bytes) -> Partial:
        """Which files there will be, under names that are safe."""
        data = self._folder / _DATA
        if not self.offer.is_folder:
            entries = [Entry(data, self.offer.size, None)]
        else:
            manifest = decode_manifest(listing[chunks_of(self.offer.size) * HASH_LENGTH :], self.offer.size)
            paths = unique(safe_path(entry.path) for entry in manifest)
            entries = []
            for path, entry in zip(paths, manifest, strict=True):
                if entry.size is None:
                    self._empty_folders.append(data.joinpath(*path))
                    continue
                if reason := self._forbidden(path[-1]):
                    self.end(Outcome.FORBIDDEN, f"{path[-1]} in it: {reason}")
                entries.append(Entry(data.joinpath(*path), entry.size, None))
        return Partial(entries, self._landing.open_new, self._landing.open_again)

    def _look_what_is_here(self, listing: bytes, partial: Partial) -> None:
        """What an earlier run has written counts if its hash is right; nothing else does."""
        from blake3 import blake3  # noqa: PLC0415  # only who fetches files pays for it

        buffer = memoryview(bytearray(CHUNK))
        for chunk in range(self.sharing.have.chunks):
            if self.is_over:
                return
            view = buffer[: chunk_size(self.offer.size, chunk)]
            if partial.holds(chunk, view) and hash_of(listing, chunk) == blake3(view).digest():
                self.sharing.have.add(chunk)

    def _finish(self, partial: Partial) -> None:
        with self._disk:
            partial.close()
            data = self._folder / _DATA
            if self.offer.is_folder:
                data.mkdir(mode=0o700, exist_ok=True)
            for entry in partial.all_entries:
                if not entry.size:  # no chunk has made it
                    entry.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    if not entry.path.exists():
                        os.close(self._landing.open_new(entry.path))
            for folder in self._empty_folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync([entry.path for entry in partial.all_entries])
            publish = self._landing.publish_folder if self.offer.is_folder else self._landing.publish_file
            self.path = publish(data, self.offer.name)
        mark_downloaded(self.path, "p2pim")
        self._landing.discard(self._folder)
        self.end(Outcome.DONE)


def _sync(paths: list[Path]) -> None:
    """Bring files to the disk before anybody is told that they are there."""
    if len(paths) > _SYNCED_ONE_BY_ONE and hasattr(os, "sync"):
        os.sync()
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _disk_trouble(error: OSError | UserError) -> tuple[Outcome, str]:
    if isinstance(error, UserError):
        return (Outcome.FULL if isinstance(error, NotNow) else Outcome.BROKEN), str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Outcome.FULL, "The disk is full."
    return Outcome.BROKEN, f"It cannot be written: {error.strerror}."
