"""The deadlines of a connection; what it does apart from them is in ``test_connection``."""

from __future__ import annotations

import pytest

from p2pim.protocol import records as r
from p2pim.protocol.connection import (
    DEAD_AFTER,
    MAX_AGE,
    RECORD_PATIENCE,
    RESPONDER_GRACE,
    Closed,
    ConnectionState,
    Ready,
    Reason,
    RecordReceived,
)
from tests.wire import Dice, End, exchange, make_end, make_pair, ready_pair

TEXT = r.State(0, "text")


def pass_on(source: End, target: End, now: float = 0.0) -> None:
    target.connection.receive_data(source.connection.data_to_send(), now)


def state_of(end: End) -> ConnectionState:
    return end.connection.state


def closes_at(end: End) -> float:
    """Let time pass, tick by tick as the deadline says, until the end closes; return when that was."""
    for _ in range(10):
        now = end.connection.deadline()
        end.connection.tick(now - 0.001)
        assert state_of(end) is not ConnectionState.CLOSED
        end.connection.tick(now)
        if state_of(end) is ConnectionState.CLOSED:
            return now
    raise AssertionError("It never closed.")


def test_preamble_and_message_1_share_three_seconds() -> None:
    a, b = make_pair()
    assert b.connection.deadline() == 3.0
    b.connection.receive_data(a.connection.data_to_send()[:40], 2.0)
    assert closes_at(b) == 3.0
    assert b.drain() == [Closed(Reason.TIMEOUT, r.IDLE_OR_AGE, False)]
    assert b.connection.data_to_send() == b""


def test_message_2_3_and_hello_have_five_seconds_each() -> None:
    a, b = make_pair()
    assert a.connection.deadline() == 5.0
    pass_on(a, b, 2.0)
    assert b.connection.deadline() == 7.0
    pass_on(b, a, 3.0)
    assert a.connection.deadline() == 8.0
    a.connection._out.pop()  # keep the HELLO back
    pass_on(a, b, 4.0)
    assert closes_at(b) == 9.0
    assert b.drain() == [Closed(Reason.TIMEOUT, r.IDLE_OR_AGE, False)]
    exchange(a, b, 4.5)
    assert isinstance(a.events[0], Ready)
    assert a.events[1] == Closed(Reason.BYE, r.IDLE_OR_AGE, True)


def test_a_silent_peer_is_asked_and_then_dead() -> None:
    a, _ = ready_pair()
    asked = a.connection.deadline()
    assert 13.5 <= asked <= 16.5
    a.connection.tick(asked)
    assert a.connection.data_to_send() != b""
    assert closes_at(a) == asked + DEAD_AFTER
    assert a.drain() == [Closed(Reason.DEAD, r.IDLE_OR_AGE, False)]
    assert a.connection.data_to_send() == b""


def test_pings_of_different_connections_drift_apart() -> None:
    def first_ping(name: str) -> float:
        a, b = make_end(name, initiator=True), make_end("bob", initiator=False)
        exchange(a, b)
        return a.connection.deadline()

    assert len({first_ping(f"peer {i}") for i in range(8)}) > 4


@pytest.mark.parametrize("answer", ["pong", "half a frame"])
def test_any_sign_of_life_stops_the_count(answer: str) -> None:
    a, b = ready_pair()
    asked = a.connection.deadline()
    a.connection.tick(asked)
    if answer == "pong":
        exchange(a, b, asked + 1)
    else:
        a.connection.receive_data(b"\x00", asked + 1)
    assert a.connection.deadline() > asked + DEAD_AFTER
    assert state_of(a) is ConnectionState.READY


def test_an_urgent_ping_wants_its_own_answer() -> None:
    a, b = ready_pair()
    b.connection.send(TEXT)
    old = b.connection.data_to_send()
    a.connection.ping(100.0)
    assert a.connection.deadline() == 102.0
    a.connection.receive_data(old, 101.0)  # was on its way already: proves nothing about the path
    assert a.drain() == [RecordReceived(TEXT)]
    b.connection.send(r.Pong(b"not this"))
    pass_on(b, a, 101.0)
    a.drain()
    assert a.connection.deadline() == 102.0
    exchange(a, b, 101.5)
    assert a.connection.deadline() > 110.0


def test_an_urgent_ping_without_an_answer_is_death_by_its_limit() -> None:
    a, _ = ready_pair()
    a.connection.ping(100.0, limit=2.0)
    a.connection.ping(101.0, limit=2.0)
    assert closes_at(a) == 102.0
    assert a.drain() == [Closed(Reason.DEAD, r.IDLE_OR_AGE, False)]


def test_a_ping_before_ready_does_nothing() -> None:
    a, _ = make_pair()
    a.connection.data_to_send()
    a.connection.ping(1.0)
    assert a.connection.data_to_send() == b""


def test_a_record_begun_must_end() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    whole = a.connection.data_to_send()
    for i in range(20):
        b.connection.receive_data(whole[i : i + 1], 10.0 + i)
        assert b.drain() == []
    b.connection.receive_data(whole[20:21], 39.0)
    assert closes_at(b) == 10.0 + RECORD_PATIENCE
    assert b.drain() == [Closed(Reason.TIMEOUT, r.PROTOCOL, False)]
    pass_on(b, a)
    assert a.drain() == [Closed(Reason.BYE, r.PROTOCOL, True)]


def test_a_record_that_ends_in_time_stops_the_count() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    whole = a.connection.data_to_send()
    b.connection.receive_data(whole[:5], 10.0)
    b.drain()
    b.connection.receive_data(whole[5:], 39.0)
    assert b.drain() == [RecordReceived(TEXT)]
    assert b.connection.deadline() > 40.0


@pytest.mark.parametrize(("initiator", "age"), [(True, MAX_AGE), (False, MAX_AGE + RESPONDER_GRACE)])
def test_the_initiator_ends_an_old_session_and_the_responder_a_little_later(
    initiator: bool, age: float
) -> None:
    a, b = ready_pair(now=50.0)
    end = a if initiator else b
    end.connection.receive_data(b"", 50.0 + age - 1.0)
    assert end.connection.deadline() == 50.0 + age
    end.connection.tick(50.0 + age)
    assert end.drain() == [Closed(Reason.AGE, r.IDLE_OR_AGE, False)]
    assert end.connection.data_to_send() != b""


def test_the_preamble_has_its_own_nonce_each_time() -> None:
    dice = Dice("nonces")
    openings = {make_end(dice(8).hex(), initiator=True).connection.data_to_send()[8:24] for _ in range(20)}
    assert len(openings) == 20
