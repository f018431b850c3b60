"""Serves one peer over one channel, in a thread: listings and chunks of what it may have, as it asks for them."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Final, Protocol

from p2pim.node.files.channel import Channel, ChannelClosed
from p2pim.node.files.pace import Pace
from p2pim.node.files.sharing import Bitmap
from p2pim.node.files.tree import SourceChanged
from p2pim.protocol import bulk
from p2pim.protocol.bulk import PIECE, Ask
from p2pim.protocol.offer import CHUNK, PAGE, chunk_size, chunks_of

#: How long a permission holds before it is asked for again.
PERMITTED_SECONDS: Final = 5.0
#: How often a peer is told what has come in here of what it fetches too.
TELL_SECONDS: Final = 0.1
#: How long a connection is kept that nobody uses.
IDLE_SECONDS: Final = 60.0


class Holding(Protocol):
    """Something of which chunks are here."""

    @property
    def size(self) -> int:
        """Bytes of it all."""

    @property
    def listing(self) -> bytes | None:
        """What it is checked with, if that is here."""

    def bitmap(self) -> Bitmap | None:
        """Which chunks are here; None: all."""

    def read(self, chunk: int, views: list[memoryview]) -> None:
        """Read a chunk that is here; SourceChanged if it is not what it was."""

    def close(self) -> None:
        """It is not read any more."""


class Server:
    """See the top of this module.

    Args:
        permitted: what this peer may have under a root (what it had before, if that still holds), or None; asked in the
            node's own thread.
        changed: told of a root whose files are no longer what was offered.
    """

    def __init__(
        self,
        channel: Channel,
        permitted: Callable[[bytes, Holding | None], Holding | None],
        changed: Callable[[bytes], None],
        pace: Pace,
        now: Callable[[], float],
    ) -> None:
        self._channel, self._permitted, self._changed = channel, permitted, changed
        self._pace, self._now = pace, now
        self._known: dict[bytes, tuple[float, Holding]] = {}
        self._told: dict[bytes, tuple[Holding, int]] = {}
        self._buffer = memoryview(bytearray(bulk.PIECES * (bulk.DATA_HEAD + PIECE)))
        self.served = 0

    def run(self) -> None:
        """Until the channel is closed, or nothing was asked for a while."""
        try:
            self._run()
        except ChannelClosed:
            pass
        finally:
            self._channel.close()
            for _, holding in self._known.values():
                holding.close()

    def _run(self) -> None:
        used = self._now()
        while self._now() - used < IDLE_SECONDS:
            record = self._channel.receive(TELL_SECONDS if self._told else IDLE_SECONDS)
            if isinstance(record, Ask):
                used = self._now()
                self._answer(record)
            elif record is not None:
                raise ChannelClosed("It answers, where it is to ask.")
            self._tell()

    def _answer(self, ask: Ask) -> None:
        try:
            self._answer_from(ask, self._holding(ask.root))
        except SourceChanged:
            # It may only be that it was offered anew, from another place or after a change.
            self._forget(ask.root)
            try:
                self._answer_from(ask, self._holding(ask.root))
            except SourceChanged:
                self._forget(ask.root)
                self._changed(ask.root)
                self._refuse(ask, bulk.CHANGED)

    def _answer_from(self, ask: Ask, holding: Holding | None) -> None:
        if holding is None or holding.listing is None:
            self._refuse(ask, bulk.UNAVAILABLE)
        elif ask.kind == bulk.FLIST:
            self._send_page(ask, holding, holding.listing)
        else:
            self._send_chunk(ask, holding)

    def _forget(self, root: bytes) -> None:
        known = self._known.pop(root, None)
        if known is not None:
            known[1].close()

    def _refuse(self, ask: Ask, code: int) -> None:
        self._channel.send([bulk.refused(ask.number, code)])

    def _holding(self, root: bytes) -> Holding | None:
        until, holding = self._known.get(root, (0.0, None))
        if holding is None or self._now() >= until:
            before, holding = holding, self._permitted(root, holding)
            if before is not None and before is not holding:
                before.close()
                del self._known[root]
            if holding is None:
                self._told.pop(root, None)
                return None
            self._known[root] = self._now() + PERMITTED_SECONDS, holding
        return holding

    def _send_page(self, ask: Ask, holding: Holding, listing: bytes) -> None:
        page = listing[ask.which * PAGE : (ask.which + 1) * PAGE]
        if not page and ask.which:
            self._refuse(ask, bulk.UNAVAILABLE)
            return
        records = []
        if ask.which == 0:
            bitmap = holding.bitmap()
            if bitmap is not None:
                self._told[ask.root] = holding, bitmap.count
            records += _have(ask.root, holding.size, bitmap)
        self._channel.send([*records, bulk.hashes(ask.number, page)])

    def _tell(self) -> None:
        """What has come in here since; when all is, for the last time."""
        for root, (holding, count) in list(self._told.items()):
            bitmap = holding.bitmap()
            if bitmap is None:
                del self._told[root]
            elif bitmap.count != count:
                self._told[root] = holding, bitmap.count
            else:
                continue
            self._channel.send(_have(root, holding.size, bitmap))

    def _send_chunk(self, ask: Ask, holding: Holding) -> None:
        bitmap = holding.bitmap()
        if ask.which * CHUNK >= holding.size or (bitmap is not None and ask.which not in bitmap):
            self._refuse(ask, bulk.UNAVAILABLE)
            return
        size = chunk_size(holding.size, ask.which)
        records: list[bytes | memoryview] = []
        views = []
        for offset in range(0, size, PIECE):
            start = (bulk.DATA_HEAD + PIECE) * (offset // PIECE)
            end = start + bulk.DATA_HEAD + min(PIECE, size - offset)
            self._buffer[start : start + bulk.DATA_HEAD] = bulk.data_head(ask.number, offset)
            records.append(self._buffer[start:end])
            views.append(self._buffer[start + bulk.DATA_HEAD : end])
        holding.read(ask.which, views)
        if wait := self._pace.wait():
            sleep(wait)
        self._pace.spend(size)
        self._channel.send(records)
        self.served += size


def _have(root: bytes, size: int, bitmap: Bitmap | None) -> list[bytes]:
    bits = b"\xff" * -(-chunks_of(size) // 8) if bitmap is None else bytes(bitmap.bits)
    step = bulk.HAVE_CHUNKS // 8
    return [bulk.have(root, 8 * at, bits[at : at + step]) for at in range(0, len(bits), step)]
