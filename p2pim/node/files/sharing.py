"""What one transfer still lacks, who has it, and whom to ask for what. Shared by threads; it reads no clock, no disk.

Many who fetch the same from one author must not all take all of it from there: each takes its own share from the
author, by its rank among them, and everything else from whoever has it already. Only when nothing comes that way
any more does it ask the author for the rest.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.offer import chunks_of

#: How many chunks are looked at to find one that a source has.
_LOOK: Final = 4096


class Bitmap:
    """Which chunks are here, a bit each, the highest of a byte first: as FHAVE tells it."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.bits = bytearray(-(-chunks // 8))
        self.count = 0

    def __contains__(self, chunk: int) -> bool:
        return bool(self.bits[chunk >> 3] & (0x80 >> (chunk & 7)))

    @property
    def is_full(self) -> bool:
        """Whether all are here."""
        return self.count == self.chunks

    def add(self, chunk: int) -> bool:
        """Note one; False if it was there before."""
        if chunk in self:
            return False
        self.bits[chunk >> 3] |= 0x80 >> (chunk & 7)
        self.count += 1
        return True

    def merge(self, first: int, bits: bytes) -> list[int]:
        """Take in what an FHAVE says; what of it is new."""
        new = []
        for at, byte in enumerate(bits):
            base = first + 8 * at
            if base >= self.chunks or byte == self.bits[base >> 3]:
                continue
            for bit in range(8):
                chunk = base + bit
                if byte & (0x80 >> bit) and chunk < self.chunks and self.add(chunk):
                    new.append(chunk)
        return new


class Sharing:
    """One transfer among its threads.

    Args:
        me: who fetches.
        in_order: chunks are asked for from the first to the last, as a disk likes it; else in any order.
    """

    def __init__(self, size: int, me: PeerId, *, in_order: bool = True) -> None:
        self.have = Bitmap(chunks_of(size))
        self._me = me
        self._in_order = in_order
        self._lock = Lock()
        self._missing: deque[int] = deque()
        #: How many who are not the author have each chunk.
        self._elsewhere: dict[int, int] = {}
        self._fetchers: list[PeerId] = [me]
        self._stalled = False

    def start(self) -> None:
        """What is here is known: the rest is missing."""
        missing = [chunk for chunk in range(self.have.chunks) if chunk not in self.have]
        if not self._in_order:
            random.shuffle(missing)
        self._missing = deque(missing)

    def among(self, fetchers: Iterable[PeerId]) -> None:
        """Who else fetches it at present."""
        among = sorted({self._me, *fetchers})
        if among != self._fetchers:
            self._fetchers, self._stalled = among, False

    def stalled(self) -> None:
        """Nothing comes: from now on the author is asked for anything, until it is others who fetch."""
        self._stalled = True

    def told(self, bitmap: Bitmap, first: int, bits: bytes) -> None:
        """Somebody who is not the author has these."""
        with self._lock:
            for chunk in bitmap.merge(first, bits):
                self._elsewhere[chunk] = self._elsewhere.get(chunk, 0) + 1

    def lost(self, bitmap: Bitmap) -> None:
        """And is gone."""
        with self._lock:
            for chunk in list(self._elsewhere):
                if chunk in bitmap:
                    self._elsewhere[chunk] -= 1
                    if not self._elsewhere[chunk]:
                        del self._elsewhere[chunk]

    def next_from(self, source: Bitmap | None) -> int | None:
        """The chunk to ask a source for, which is then expected; ``source``: what it has, None for the author."""
        with self._lock:
            for _ in range(min(len(self._missing), _LOOK)):
                chunk = self._missing.popleft()
                if self._suits(chunk, source):
                    return chunk
                self._missing.append(chunk)
        return None

    def _suits(self, chunk: int, source: Bitmap | None) -> bool:
        if source is not None:
            return chunk in source
        if self._stalled or len(self._fetchers) == 1:
            return True
        mine = self._fetchers[chunk % len(self._fetchers)] == self._me
        return mine and chunk not in self._elsewhere

    def arrived(self, chunk: int) -> None:
        """It is written."""
        with self._lock:
            self.have.add(chunk)

    def failed(self, chunks: Iterable[int]) -> None:
        """These did not come, or were wrong: somebody is to be asked again."""
        with self._lock:
            self._missing.extendleft(chunk for chunk in chunks if chunk not in self.have)

    @property
    def is_complete(self) -> bool:
        """Whether everything is written."""
        return self.have.is_full
