"""A file or a folder on the disk as one run of bytes, cut into chunks: read to be sent, written as it comes.

Blocking, for the threads that move files. ``Tree`` reads what somebody offers, and notices when it has changed;
``Partial`` writes what is being fetched, in a folder nobody else looks into, and reads it for others meanwhile.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from p2pim.protocol.offer import CHUNK, chunk_size

#: Not through a link, and not for ever on a pipe.
_READ: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class SourceChanged(Exception):
    """A file is not what it was when it was offered; the text is its path."""


class Entry(NamedTuple):
    """A file of a tree: where it is, how long, and when it was changed last (None: not to be checked)."""

    path: Path
    size: int
    mtime_ns: int | None


class Span(NamedTuple):
    """A part of one file: the number of its entry, and from where to where."""

    entry: int
    offset: int
    size: int


class Tree:
    """Reads. One thread at a time: the file last read stays open."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.all_entries = list(entries)
        self.entries = [entry for entry in entries if entry.size]  # the others are in no chunk
        self._starts = [0]
        for entry in self.entries:
            self._starts.append(self._starts[-1] + entry.size)
        self.size = self._starts.pop()
        self._open: tuple[int, int] | None = None

    def spans(self, chunk: int) -> Iterator[Span]:
        """The parts of files that make a chunk, in order."""
        position, left = chunk * CHUNK, chunk_size(self.size, chunk)
        number = bisect_right(self._starts, position) - 1
        while left:
            offset = position - self._starts[number]
            size = min(left, self.entries[number].size - offset)
            yield Span(number, offset, size)
            position, left, number = position + size, left - size, number + 1

    def read(self, chunk: int, views: Sequence[memoryview]) -> None:
        """Fill views, which are as long as the chunk together.

        Raises:
            SourceChanged: a file is gone, or not as long or old as it was.
        """
        rest = list(views)
        for span in self.spans(chunk):
            part, rest = split(rest, span.size)
            try:
                done = read_at(self._file(span.entry), part, span.offset)
            except OSError:
                done = False
            if not done:
                raise SourceChanged(str(self.entries[span.entry].path))

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def _file(self, number: int) -> int:
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = number, self._opened(self.entries[number])
        self._check(self._open[1], self.entries[number])
        return self._open[1]

    def _opened(self, entry: Entry) -> int:
        return os.open(entry.path, _READ)

    def _check(self, descriptor: int, entry: Entry) -> None:
        status = os.fstat(descriptor)
        same = (status.st_size, status.st_mtime_ns) == (entry.size, entry.mtime_ns)
        if not (stat.S_ISREG(status.st_mode) and same):
            raise SourceChanged(str(entry.path))


class Partial(Tree):
    """Reads and writes. ``create`` makes a new file, ``reopen`` opens one of an earlier time: see ``Landing``."""

    def __init__(
        self, entries: Sequence[Entry], create: Callable[[Path], int], reopen: Callable[[Path], int]
    ) -> None:
        super().__init__(entries)
        self._create, self._reopen = create, reopen

    def write(self, chunk: int, pieces: Sequence[memoryview]) -> None:
        """Write a chunk; OSError if the disk is full, or fails."""
        rest = list(pieces)
        for span in self.spans(chunk):
            part, rest = split(rest, span.size)
            write_at(self._file(span.entry), part, span.offset)

    def holds(self, chunk: int, view: memoryview) -> bool:
        """Whether all of a chunk can be read, right or wrong; it is in ``view`` then."""
        if not all(self.entries[span.entry].path.exists() for span in self.spans(chunk)):
            return False
        try:
            self.read(chunk, [view])
        except SourceChanged:  # it ends before
            return False
        return True

    def _opened(self, entry: Entry) -> int:
        try:
            return self._reopen(entry.path)
        except FileNotFoundError:
            entry.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._create(entry.path)

    def _check(self, descriptor: int, entry: Entry) -> None:
        """It is ours alone and grows."""


def split(views: list[memoryview], size: int) -> tuple[list[memoryview], list[memoryview]]:
    """Cut a sequence of views in two, the first of so many bytes."""
    part: list[memoryview] = []
    for number, view in enumerate(views):
        if len(view) > size:
            if size:
                part.append(view[:size])
            return part, [view[size:], *views[number + 1 :]]
        part.append(view)
        size -= len(view)
    return part, []


def read_at(descriptor: int, views: Sequence[memoryview], offset: int) -> bool:
    """Fill views from a place in a file; False if it ends before."""
    rest = list(views)
    while left := sum(map(len, rest)):
        if hasattr(os, "preadv"):
            done = os.preadv(descriptor, rest, offset)
        else:  # Windows
            os.lseek(descriptor, offset, os.SEEK_SET)
            data = os.read(descriptor, left)
            done = len(data)
            _fill(rest, data)
        if not done:
            return False
        offset += done
        _, rest = split(rest, done)
    return True


def write_at(descriptor: int, pieces: Sequence[memoryview], offset: int) -> None:
    """Write pieces at a place in a file."""
    rest = list(pieces)
    while rest:
        if hasattr(os, "pwritev"):
            done = os.pwritev(descriptor, rest, offset)
        else:  # Windows
            os.lseek(descriptor, offset, os.SEEK_SET)
            done = os.write(descriptor, b"".join(rest))
        offset += done
        _, rest = split(rest, done)


def _fill(views: Sequence[memoryview], data: bytes) -> None:
    position = 0
    for view in views:
        part = data[position : position + len(view)]
        view[: len(part)] = part
        position += len(part)
