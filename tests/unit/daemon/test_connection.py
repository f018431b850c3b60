from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.api.transport import MAGIC, proof
from p2pim.daemon.connection import MOST_EVENTS, MOST_WAITING, ClientConnection, Gate

TOKEN, SERVER, CLIENT = b"t" * 32, b"s" * 32, b"c" * 32


class Wire(asyncio.Transport):
    """A transport that keeps what is written and can be told to be full."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.aborted = False
        self.reading = True
        self.gone = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True
        self.gone.set()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Owner:
    """The server, as a connection sees it."""

    def __init__(self, admits: bool = True) -> None:
        self.admits = admits
        self.called = 0
        self.gone: list[ClientConnection] = []

    def admit(self, connection: ClientConnection) -> bool:
        return self.admits

    def has_lines(self) -> None:
        self.called += 1

    def forget(self, connection: ClientConnection) -> None:
        self.gone.append(connection)

    def resync_line(self) -> bytes:
        return b"resync\n"


def connected(owner: Owner | None = None, token: bytes | None = None) -> tuple[ClientConnection, Wire]:
    wire = Wire()
    connection = ClientConnection(owner or Owner(), token)
    connection.connection_made(wire)
    return connection, wire


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.data())
def test_lines_in_any_pieces(lines: list[bytes], data: st.DataObject) -> None:
    connection, _ = connected()
    stream = b"".join(line + b"\n" for line in lines)
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        connection.data_received(stream[:size])
        stream = stream[size:]
    received = []
    while connection.askable:
        received.append(connection.next_line())
    assert received == lines


def test_who_is_not_admitted_is_gone_at_once() -> None:
    _, wire = connected(Owner(admits=False))
    assert wire.aborted


def test_too_much_waiting_stops_reading_until_some_is_taken() -> None:
    connection, wire = connected()
    line = b"x" * 1000 + b"\n"
    for _ in range(MOST_WAITING // len(line) + 1):
        connection.data_received(line)
    assert not wire.reading
    connection.next_line()
    connection.next_line()
    assert wire.reading


async def test_events_wait_for_a_slow_reader_then_are_dropped() -> None:
    connection, wire = connected()
    connection.pause_writing()
    for number in range(MOST_EVENTS):
        connection.tell(b"%d\n" % number)
    assert wire.written == b""
    connection.resume_writing()
    assert wire.written.count(b"\n") == MOST_EVENTS
    connection.pause_writing()
    for number in range(MOST_EVENTS + 5):
        connection.tell(b"%d\n" % number)
    wire.written = b""
    connection.resume_writing()
    assert wire.written == b"resync\n"
    connection.tell(b"live\n")
    await asyncio.sleep(0)  # what one turn of the loop says leaves together
    assert wire.written == b"resync\nlive\n"


def test_few_but_large_events_are_dropped_as_well() -> None:
    connection, wire = connected()
    connection.pause_writing()
    for _ in range(12):
        connection.tell(b"x" * 100_000)
    connection.resume_writing()
    assert wire.written == b"resync\n"


def test_who_does_not_read_answers_is_not_asked() -> None:
    owner = Owner()
    connection, _ = connected(owner)
    connection.data_received(b"x\n")
    assert connection.askable
    connection.pause_writing()
    assert not connection.askable
    called = owner.called
    connection.resume_writing()
    assert connection.askable
    assert owner.called == called + 1


def test_half_closed_with_nothing_asked_ends_now() -> None:
    connection, _ = connected()
    assert not connection.eof_received()


async def test_half_closed_with_something_asked_ends_after_the_last_answer() -> None:
    connection, wire = connected()
    connection.data_received(b"a\nb\n")
    assert connection.eof_received()
    connection.next_line()
    connection.answer(b"1\n")
    assert not wire.closed
    connection.next_line()
    connection.answer(None)
    assert wire.closed
    assert wire.written == b"1\n"


def test_after_the_end_nothing_is_written() -> None:
    owner = Owner()
    connection, wire = connected(owner)
    wire.close()
    connection.answer(b"x\n")
    connection.tell(b"x\n")
    connection.connection_lost(None)
    assert wire.written == b""
    assert owner.gone == [connection]


# -- the gate of loopback TCP


def through(gate: Gate, data: bytes, pieces: int) -> tuple[bool | None, bytes, bytes]:
    passed, answer, rest = None, b"", b""
    for start in range(0, len(data), pieces):
        passed, said, rest = gate.receive(data[start : start + pieces])
        answer += said
        if passed is not None:
            return passed, answer, rest + data[start + pieces :]
    return passed, answer, rest


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_who_knows_the_token_gets_in(pieces: int) -> None:
    gate = Gate(TOKEN, lambda size: SERVER)
    right = MAGIC + CLIENT + proof(TOKEN, "client", CLIENT, SERVER)
    passed, answer, rest = through(gate, right + b"line\n", pieces)
    assert passed
    assert answer == SERVER + proof(TOKEN, "server", CLIENT, SERVER)
    assert rest == b"line\n"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b'{"jsonrpc":"2.0","id":1,"method":"status"}\n',
        MAGIC[:-1] + b"\x02" + CLIENT,
        MAGIC + CLIENT + b"x" * 32,
        MAGIC + CLIENT + proof(b"u" * 32, "client", CLIENT, SERVER),
        MAGIC + CLIENT + proof(TOKEN, "server", CLIENT, SERVER),
        MAGIC + CLIENT + proof(TOKEN, "client", SERVER, CLIENT),
    ],
)
@pytest.mark.parametrize("pieces", [1, 1000])
def test_nobody_else_does(data: bytes, pieces: int) -> None:
    passed, answer, _ = through(Gate(TOKEN, lambda size: SERVER), data, pieces)
    assert passed is False
    assert answer == b"" or data.startswith(MAGIC)


def test_two_gates_ask_different_things() -> None:
    hello = MAGIC + CLIENT
    assert Gate(TOKEN).receive(hello)[1] != Gate(TOKEN).receive(hello)[1]


@given(st.binary(max_size=120))
def test_arbitrary_bytes_never_pass(data: bytes) -> None:
    assert Gate(TOKEN, lambda size: SERVER).receive(data)[0] is not True


async def test_a_stranger_that_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.daemon.connection.GREETING_PATIENCE", 0.0)
    _, wire = connected(token=TOKEN)
    async with asyncio.timeout(10):
        await wire.gone.wait()
    assert wire.aborted


async def test_a_wrong_stranger_is_sent_away_at_once() -> None:
    owner = Owner()
    connection, wire = connected(owner, TOKEN)
    connection.data_received(b"GET / HTTP/1.1\r\n\r\n")
    assert wire.aborted
    assert wire.written == b""
    assert owner.called == 0
    connection.connection_lost(None)


async def test_lines_behind_the_proof_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.daemon.connection.os.urandom", lambda size: SERVER)
    connection, wire = connected(token=TOKEN)
    connection._gate = Gate(TOKEN, lambda size: SERVER)
    connection.data_received(MAGIC + CLIENT)
    assert wire.written == SERVER + proof(TOKEN, "server", CLIENT, SERVER)
    connection.data_received(proof(TOKEN, "client", CLIENT, SERVER) + b"line\n")
    assert connection.next_line() == b"line"
    connection.connection_lost(None)
