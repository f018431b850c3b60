"""Fetches from one peer over one channel, in a thread: asks for chunks of all jobs in turn, checks, hands them on.

Some chunks are always asked for ahead, so that the line is never idle; each is checked before anything of it is
kept. A peer that sends what is wrong is heard no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from p2pim.node.files.channel import PATIENCE, Channel, ChannelClosed
from p2pim.node.files.job import Job
from p2pim.node.files.pace import Pace
from p2pim.node.files.sharing import Bitmap
from p2pim.protocol import bulk
from p2pim.protocol.bulk import Data, Hashes, Have, Refused
from p2pim.protocol.offer import CHUNK, PAGE, chunk_size, pages_of

if TYPE_CHECKING:
    from p2pim.protocol.identity import PeerId

#: Chunks asked for ahead.
AHEAD: Final = 4
#: With nothing to ask, how often to look whether there is.
LOOK_SECONDS: Final = 0.05
#: With nothing to ask for so long, the connection is not needed.
IDLE_SECONDS: Final = 15.0
#: Who refused something is asked again after so long: it may not have known yet that we may have it.
REFUSED_SECONDS: Final = 3.0


@dataclass
class Source:
    """What is known of one job at this peer. ``bitmap`` is None if it is the author's, who has everything."""

    job: Job
    bitmap: Bitmap | None
    listing: list[bytes] = field(default_factory=list)
    #: It has answered for this root.
    answered: bool = False
    #: It does not serve this root, since when: it is asked again later.
    refused: bool = False
    refused_at: float = 0.0


@dataclass
class _Asked:
    """An unanswered request: a chunk, or a page of a listing (``chunk`` is None)."""

    source: Source
    chunk: int | None
    pieces: list[memoryview] = field(default_factory=list)
    size: int = 0


class Puller:
    """See the top of this module.

    Args:
        jobs: those this peer may have something of, called often.
        refused: told of a job that the peer does not serve, with the code.
    """

    def __init__(
        self,
        channel: Channel,
        peer_id: PeerId,
        *,
        jobs: Callable[[], Sequence[Job]],
        pace: Pace,
        refused: Callable[[PeerId, Job, int], None],
        now: Callable[[], float],
    ) -> None:
        self._channel, self._peer_id, self._jobs, self._pace = channel, peer_id, jobs, pace
        self._told_refused, self._now = refused, now
        self._sources: dict[bytes, Source] = {}
        self._asked: dict[int, _Asked] = {}
        self._numbers = count(1)
        self._turns = 0

    def run(self) -> None:
        """Until the channel is closed, or nothing is to be fetched for a while."""
        try:
            self._run()
        except ChannelClosed:
            pass
        finally:
            self._channel.close()
            for source in self._sources.values():
                self._give_back(source)

    def _run(self) -> None:
        used = self._now()
        while True:
            self._forget_what_is_over()
            self._ask()
            if self._asked:
                used = self._now()
            elif self._now() - used > IDLE_SECONDS:
                return
            record = self._channel.receive(PATIENCE if self._asked else LOOK_SECONDS)
            if record is not None:
                self._take(record)
            elif self._asked:
                raise ChannelClosed("It does not answer.")

    # -- asking

    def _forget_what_is_over(self) -> None:
        for job in self._jobs():
            if job.root not in self._sources and not job.is_over:
                bitmap = None if job.author == self._peer_id else Bitmap(job.sharing.have.chunks)
                source = self._sources[job.root] = Source(job, bitmap)
                self._ask_page(source)
        again = self._now() - REFUSED_SECONDS
        for root, source in list(self._sources.items()):
            if source.job.is_over or (source.refused and source.refused_at < again):
                self._give_back(self._sources.pop(root))

    def _give_back(self, source: Source) -> None:
        """Nothing more of a job from here: what was asked for, others are to bring; answers are let pass."""
        if not source.refused:
            source.refused, source.refused_at = True, self._now()
            chunks = [a.chunk for a in self._asked.values() if a.source is source and a.chunk is not None]
            source.job.sharing.failed(chunks)
            if source.bitmap is not None:
                source.job.sharing.lost(source.bitmap)

    def _ask(self) -> None:
        """Fill up what is asked ahead, a chunk of each job in turn."""
        ready = [s for s in self._sources.values() if s.answered and not s.refused and s.job.ready]
        misses, records = 0, []
        while len(self._asked) < AHEAD and misses < len(ready):
            if not self._pace.allows(CHUNK):
                break
            source = ready[self._turns % len(ready)]
            self._turns += 1
            chunk = source.job.sharing.next_from(source.bitmap)
            if chunk is None:
                misses += 1
                continue
            misses = 0
            self._pace.spend(chunk_size(source.job.offer.size, chunk))
            records.append(self._request(source, bulk.FGET, chunk))
        if records:
            self._channel.send(records)

    def _ask_page(self, source: Source) -> None:
        self._channel.send([self._request(source, bulk.FLIST, len(source.listing))])

    def _request(self, source: Source, kind: int, which: int) -> bytes:
        number = next(self._numbers) & 0xFFFFFFFF
        self._asked[number] = _Asked(source, which if kind == bulk.FGET else None)
        return bulk.ask(kind, number, source.job.root, which)

    # -- answers

    def _take(self, record: bulk.BulkRecord) -> None:
        if isinstance(record, Data):
            self._take_piece(record)
        elif isinstance(record, Have):
            source = self._sources.get(record.root)
            if source is not None and source.bitmap is not None:
                source.job.sharing.told(source.bitmap, record.first, record.bits)
        elif isinstance(record, Hashes):
            self._take_page(record)
        elif isinstance(record, Refused):
            self._take_refusal(record)
        else:
            raise ChannelClosed("It asks, where it is to answer.")

    def _take_piece(self, data: Data) -> None:
        asked = self._asked.get(data.number)
        if asked is None or asked.chunk is None or data.offset != asked.size:
            raise ChannelClosed("It sends what was not asked for.")
        asked.pieces.append(data.piece)
        asked.size += len(data.piece)
        job = asked.source.job
        whole = chunk_size(job.offer.size, asked.chunk)
        if asked.size < whole:
            return
        del self._asked[data.number]
        if asked.source.refused:
            return
        if asked.size > whole or not job.is_right(asked.chunk, _hash(asked.pieces)):
            job.sharing.failed([asked.chunk])
            self._drop(asked.source, bulk.CHANGED)
            return
        job.write(asked.chunk, asked.pieces)

    def _take_page(self, hashes: Hashes) -> None:
        asked = self._asked.pop(hashes.number, None)
        if asked is None or asked.chunk is not None:
            raise ChannelClosed("It sends what was not asked for.")
        source = asked.source
        if source.refused:
            return
        source.answered = True
        if source.job.listing is not None:
            return
        source.listing.append(hashes.page)
        pages = pages_of(source.job.offer.listing_size)
        if len(source.listing) < pages and len(hashes.page) == PAGE:
            self._ask_page(source)
        elif not source.job.listed(b"".join(source.listing)):
            self._drop(source, bulk.CHANGED)

    def _take_refusal(self, refused: Refused) -> None:
        asked = self._asked.pop(refused.number, None)
        if asked is None:
            raise ChannelClosed("It refuses what was not asked for.")
        if asked.chunk is not None and not asked.source.refused:
            asked.source.job.sharing.failed([asked.chunk])
        self._drop(asked.source, refused.code)

    def _drop(self, source: Source, code: int) -> None:
        """It does not serve this one, or lies: nothing more of it from here."""
        if not source.refused:
            self._give_back(source)
            self._told_refused(self._peer_id, source.job, code)


def _hash(pieces: Sequence[memoryview]) -> bytes:
    from blake3 import blake3  # noqa: PLC0415  # only who fetches files pays for it

    hasher = blake3()
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()
