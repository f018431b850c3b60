"""Attack 23: a sender that lies, and a fetcher that does, against the real other end over a real connection."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p2pim.node.files import puller as puller_module
from p2pim.node.files import server as server_module
from p2pim.node.files.channel import Channel
from p2pim.node.files.job import Job
from p2pim.node.files.landing import Landing
from p2pim.node.files.offering import Offered, look_through
from p2pim.node.files.pace import Pace
from p2pim.node.files.ports import Outcome
from p2pim.node.files.puller import Puller
from p2pim.node.files.server import Server
from p2pim.node.files.stock import OwnFiles, PartOfJob
from p2pim.protocol import bulk
from p2pim.protocol.bulk import Ask
from p2pim.protocol.offer import CHUNK, make_offer
from p2pim.store.files import StoredHolding, _encode
from tests.bulk_ends import channels, sessions, start
from tests.wire import Dice

ANN, BEN = b"a" * 32, b"b" * 32


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    with channels() as pair:
        yield pair


@pytest.fixture
def source(tmp_path: Path) -> Offered:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3 * CHUNK + 5))
    return look_through(path)


@pytest.fixture
def job(source: Offered, tmp_path: Path) -> Job:
    landing = Landing(tmp_path / "in")
    offer = make_offer("f", source.size, source.listing, 0, wall_ms=0, random=Dice("x"))
    return Job(offer, ANN, BEN, landing, landing.new_folder("0" * 16))


def held(source: Offered) -> OwnFiles:
    entries = [(str(e.path), e.size, e.mtime_ns) for e in source.entries]
    return OwnFiles(StoredHolding(source.size, source.listing, _encode(entries)))


class Fetching:
    """The real fetching end, with its job."""

    def __init__(self, channel: Channel, job: Job, rate: int = 0) -> None:
        self.refused: list[tuple[bytes, int]] = []
        pace = Pace(rate, time.monotonic)
        self.puller = Puller(
            channel,
            ANN,
            jobs=lambda: [job],
            pace=pace,
            refused=lambda peer, _job, code: self.refused.append((peer, code)),
            now=time.monotonic,
        )
        self.threads = [start(job.run), start(self.puller.run)]

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


def server(
    channel: Channel, permitted: Callable[..., OwnFiles | PartOfJob | None]
) -> tuple[Server, list[bytes]]:
    changed: list[bytes] = []
    return Server(channel, permitted, changed.append, Pace(0, time.monotonic), time.monotonic), changed


def next_ask(channel: Channel) -> Ask:
    record = channel.receive(10)
    assert isinstance(record, Ask)
    return record


def test_both_honest(ends: tuple[Channel, Channel], source: Offered, job: Job) -> None:
    serving, _ = server(ends[0], lambda root, before: before or held(source))
    thread = start(serving.run)
    fetching = Fetching(ends[1], job, rate=1 << 40)
    fetching.threads[0].join(10)
    assert job.outcome is Outcome.DONE
    assert job.path is not None
    assert job.path.read_bytes() == source.entries[0].path.read_bytes()
    assert serving.served == source.size
    ends[0].close()
    fetching.wait()
    thread.join(10)


def honest_listing(channel: Channel, source: Offered) -> None:
    channel.send([bulk.hashes(next_ask(channel).number, source.listing)])


def wrong_bytes(channel: Channel, ask: Ask) -> None:
    for offset in range(0, CHUNK, bulk.PIECE):
        size = min(bulk.PIECE, CHUNK - offset)
        channel.send([bulk.data_head(ask.number, offset) + bytes(size)])


def test_a_wrong_chunk_is_not_written_and_its_sender_asked_no_more(
    ends: tuple[Channel, Channel], source: Offered, job: Job
) -> None:
    fetching = Fetching(ends[1], job)
    honest_listing(ends[0], source)
    wrong_bytes(ends[0], next_ask(ends[0]))
    while not fetching.refused:
        time.sleep(0.001)
    assert fetching.refused == [(ANN, bulk.CHANGED)]
    assert job.sharing.have.count == 0
    job.end(Outcome.STOPPED)
    ends[0].close()
    fetching.wait()


@pytest.mark.parametrize(
    "lie",
    [
        lambda ask: bulk.data_head(ask.number + 1000, 0) + b"x",
        lambda ask: bulk.data_head(ask.number, 5) + b"x",
        lambda ask: bulk.refused(ask.number + 1000, 1),
        lambda ask: bulk.hashes(ask.number, b"x"),
        lambda ask: bulk.hashes(ask.number + 1000, b"x"),
        lambda ask: bulk.ask(bulk.FGET, 1, bytes(32), 0),
        lambda ask: bulk.opening(1),
        lambda ask: b"\x7f",
    ],
)
def test_whoever_breaks_a_rule_is_parted_from(
    ends: tuple[Channel, Channel], source: Offered, job: Job, lie: Callable[[Ask], bytes]
) -> None:
    fetching = Fetching(ends[1], job)
    honest_listing(ends[0], source)
    ends[0].send([lie(next_ask(ends[0]))])
    fetching.threads[1].join(10)
    assert not fetching.threads[1].is_alive()
    assert job.sharing.next_from(None) is not None, "others are asked for it"
    job.end(Outcome.STOPPED)
    fetching.wait()


def test_a_wrong_listing_is_no_use(ends: tuple[Channel, Channel], job: Job) -> None:
    fetching = Fetching(ends[1], job)
    ends[0].send([bulk.hashes(next_ask(ends[0]).number, bytes(128))])
    while not fetching.refused:
        time.sleep(0.001)
    assert job.listing is None
    job.end(Outcome.STOPPED)
    ends[0].close()
    fetching.wait()


def test_who_refuses_is_asked_again_later(
    ends: tuple[Channel, Channel], source: Offered, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller_module, "REFUSED_SECONDS", 0.05)
    fetching = Fetching(ends[1], job)
    ends[0].send([bulk.refused(next_ask(ends[0]).number, bulk.UNAVAILABLE)])
    honest_listing(ends[0], source)
    ask = next_ask(ends[0])
    ends[0].send([bulk.refused(ask.number, bulk.CHANGED)])
    while len(fetching.refused) < 2:
        time.sleep(0.001)
    assert fetching.refused == [(ANN, bulk.UNAVAILABLE), (ANN, bulk.CHANGED)]
    job.end(Outcome.STOPPED)
    ends[0].close()
    fetching.wait()


def test_who_is_silent_is_given_up(
    ends: tuple[Channel, Channel], job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller_module, "PATIENCE", 0.05)
    fetching = Fetching(ends[1], job)
    fetching.threads[1].join(10)
    job.end(Outcome.STOPPED)
    fetching.wait()


def test_what_nobody_needs_is_closed(
    ends: tuple[Channel, Channel], job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller_module, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.05)
    job.end(Outcome.STOPPED)
    fetching = Fetching(ends[1], job)
    fetching.wait()
    one, two = socket.socketpair()
    first, _ = sessions()
    serving, _ = server(Channel(one, first), lambda root, before: None)
    start(serving.run).join(10)
    two.close()


# the other way round: whoever asks lies


def test_what_was_never_offered_or_is_not_for_them_sounds_alike(
    ends: tuple[Channel, Channel], source: Offered
) -> None:
    """Attack 24, on the wire."""
    permitted = {b"p" * 32: held(source)}
    serving, _ = server(ends[0], lambda root, before: permitted.get(root))
    thread = start(serving.run)
    for kind in (bulk.FLIST, bulk.FGET):
        for root in (bytes(32), b"q" * 32):
            ends[1].send([bulk.ask(kind, 7, root, 0)])
            assert ends[1].receive(10) == bulk.Refused(7, bulk.UNAVAILABLE)
    for kind, which in ((bulk.FGET, 4), (bulk.FGET, 2**20 - 1), (bulk.FLIST, 1)):
        ends[1].send([bulk.ask(kind, 8, b"p" * 32, which)])
        assert ends[1].receive(10) == bulk.Refused(8, bulk.UNAVAILABLE)
    permitted.clear()
    serving._known.clear()  # their time is up
    ends[1].send([bulk.ask(bulk.FGET, 9, b"p" * 32, 0)])
    assert ends[1].receive(10) == bulk.Refused(9, bulk.UNAVAILABLE)
    ends[1].send([bulk.refused(1, 1)])
    thread.join(10)
    assert not thread.is_alive(), "whoever answers where they are to ask is parted from"


def test_a_file_that_changes_under_way(ends: tuple[Channel, Channel], source: Offered) -> None:
    serving, changed = server(ends[0], lambda root, before: before or held(source))
    thread = start(serving.run)
    ends[1].send([bulk.ask(bulk.FGET, 1, b"p" * 32, 0)])
    for _ in range(bulk.PIECES):
        assert isinstance(ends[1].receive(10), bulk.Data)
    source.entries[0].path.write_bytes(b"another")
    ends[1].send([bulk.ask(bulk.FGET, 2, b"p" * 32, 1)])
    assert ends[1].receive(10) == bulk.Refused(2, bulk.CHANGED)
    assert changed == [b"p" * 32]
    ends[1].close()
    thread.join(10)


def test_a_part_is_told_of_as_it_grows_and_only_that_is_served(
    ends: tuple[Channel, Channel], source: Offered, job: Job
) -> None:
    data = source.entries[0].path.read_bytes()
    assert job.listed(source.listing)
    running = start(job.run)
    while not job.ready:
        time.sleep(0.001)
    job.write(1, [memoryview(data[CHUNK : 2 * CHUNK])])
    serving, _ = server(ends[0], lambda root, before: before or PartOfJob(job))
    thread = start(serving.run)
    root = b"p" * 32
    ends[1].send([bulk.ask(bulk.FLIST, 1, root, 0), bulk.ask(bulk.FGET, 2, root, 0)])
    assert ends[1].receive(10) == bulk.Have(root, 0, b"\x40")
    assert ends[1].receive(10) == bulk.Hashes(1, source.listing)
    assert ends[1].receive(10) == bulk.Refused(2, bulk.UNAVAILABLE)
    job.write(3, [memoryview(data[3 * CHUNK :])])
    assert ends[1].receive(10) == bulk.Have(root, 0, b"\x50")
    ends[1].send([bulk.ask(bulk.FGET, 3, root, 3)])
    last = ends[1].receive(10)
    assert isinstance(last, bulk.Data)
    assert bytes(last.piece) == data[3 * CHUNK :]
    for chunk in (0, 2):
        job.write(chunk, [memoryview(data[chunk * CHUNK : (chunk + 1) * CHUNK])])
    while not isinstance(told := ends[1].receive(10), bulk.Have) or told.bits != b"\xf0":
        pass
    running.join(10)
    assert job.outcome is Outcome.DONE
    job.end(Outcome.STOPPED)
    ends[1].close()
    thread.join(10)


def test_what_is_whole_meanwhile_is_told_once_more(
    ends: tuple[Channel, Channel], source: Offered, job: Job
) -> None:
    """The part it was served from has become a file."""
    assert job.listed(source.listing)
    part = PartOfJob(job)
    serving, _ = server(ends[0], lambda root, before: before or part)
    thread = start(serving.run)
    root = b"p" * 32
    ends[1].send([bulk.ask(bulk.FLIST, 1, root, 0)])
    assert ends[1].receive(10) == bulk.Have(root, 0, b"\x00")
    assert ends[1].receive(10) == bulk.Hashes(1, source.listing)
    part.bitmap = lambda: None  # type: ignore[method-assign]
    assert ends[1].receive(10) == bulk.Have(root, 0, b"\xff")
    ends[1].close()
    thread.join(10)
