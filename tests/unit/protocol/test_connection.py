from __future__ import annotations

from math import inf
from typing import Any

import pytest

from p2pim.errors import LocalProtocolError
from p2pim.protocol import records as r
from p2pim.protocol.connection import (
    MAX_AGE,
    RESPONDER_GRACE,
    SILENT_RECORDS,
    Closed,
    ConnectionState,
    Ready,
    Reason,
    RecordReceived,
)
from p2pim.protocol.frames import frame
from p2pim.protocol.liveness import DEAD_AFTER, RECORD_PATIENCE
from p2pim.protocol.network import OPEN, Network, make_preamble
from tests.wire import End, exchange, make_end, make_pair, ready_pair

TEAM = Network("team", b"t" * 32)
TEXT = r.State(0, "text")


def pass_on(source: End, target: End, now: float = 0.0) -> bytes:
    data = source.connection.data_to_send()
    target.connection.receive_data(data, now)
    return data


def send_raw(source: End, plaintext: bytes) -> None:
    """Send bytes that ``records.encode`` would never make."""
    assert source.connection._session is not None
    source.connection._out.append(frame(source.connection._session.encrypt(plaintext)))


def state_of(end: End) -> ConnectionState:
    return end.connection.state


# from nothing to READY


def test_both_become_ready_and_know_each_other() -> None:
    a, b = make_pair()
    exchange(a, b)
    assert a.events == [
        Ready(b.identity.peer_id, b.connection._own_boot_id, OPEN, r.Hello([1], 1_000, "bob", "test"))
    ]
    assert b.events == [
        Ready(a.identity.peer_id, a.connection._own_boot_id, OPEN, r.Hello([1], 1_000, "alice", "test"))
    ]
    for one, other in ((a, b), (b, a)):
        assert state_of(one) is ConnectionState.READY
        assert one.connection.peer_id == other.identity.peer_id
        assert one.connection.boot_id == other.connection._own_boot_id
        assert one.connection.network is OPEN
        assert one.connection.established_at == 0.0
    assert a.connection.initiator
    assert not b.connection.initiator


def test_states_are_those_of_the_table() -> None:
    a, b = make_pair()
    assert (state_of(a), state_of(b)) == (ConnectionState.MESSAGE_2, ConnectionState.PREAMBLE)
    opening = a.connection.data_to_send()
    assert len(opening) == 40 + 2 + 48
    b.connection.receive_data(opening[:39], 0.0)
    b.connection.receive_data(opening[39:40], 0.0)
    assert state_of(b) is ConnectionState.MESSAGE_1
    b.connection.receive_data(opening[40:], 0.0)
    assert state_of(b) is ConnectionState.MESSAGE_3
    assert b.connection.peer_id is None
    pass_on(b, a)
    assert state_of(a) is ConnectionState.HELLO
    pass_on(a, b)
    assert state_of(b) is ConnectionState.HELLO
    assert b.drain()
    assert state_of(b) is ConnectionState.READY
    pass_on(b, a)
    assert a.drain()
    assert state_of(a) is ConnectionState.READY


def test_the_responder_finds_the_network_that_was_dialled() -> None:
    a = make_end("alice", initiator=True, networks=[TEAM])
    b = make_end("bob", initiator=False, networks=[OPEN, TEAM])
    exchange(a, b)
    assert a.connection.network is TEAM
    assert b.connection.network is TEAM


def test_the_hello_is_asked_for_when_it_is_said() -> None:
    calls: list[float] = []

    def hello() -> r.Hello:
        calls.append(1)
        return r.Hello([], 0, "late", "test")

    a, b = make_end("alice", initiator=True, hello=hello), make_end("bob", initiator=False)
    assert not calls
    exchange(a, b)
    assert calls == [1]
    assert isinstance(b.events[0], Ready)
    assert b.events[0].hello.nickname == "late"


# what does not become a session; more of it in tests/security


@pytest.mark.parametrize(
    ("opening", "reason", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", Reason.NO_NETWORK, r.NOT_AUTHORISED),
        (make_preamble(OPEN, bytes(16)) + frame(bytes(48)), Reason.HANDSHAKE, r.PROTOCOL),
        (make_preamble(OPEN, bytes(16)) + b"\x04\x01", Reason.HANDSHAKE, r.PROTOCOL),
    ],
)
def test_a_stranger_is_met_with_silence(opening: bytes, reason: Reason, code: int) -> None:
    _, b = make_pair()
    b.connection.receive_data(opening, 0.0)
    assert b.drain() == [Closed(reason, code, False)]
    assert b.connection.data_to_send() == b""


def test_a_refused_peer_hears_nothing_more() -> None:
    a, b = make_pair()
    a.policy.refused.add(b.identity.peer_id)
    pass_on(a, b)
    pass_on(b, a)
    assert a.policy.asked == [(b.identity.peer_id, b.connection._own_boot_id, OPEN)]
    assert a.drain() == [Closed(Reason.REFUSED, r.NOT_AUTHORISED, False)]
    assert a.connection.data_to_send() == b""


def test_the_first_record_must_be_a_hello() -> None:
    def rude() -> Any:
        return TEXT

    a, b = make_end("alice", initiator=True, hello=rude), make_end("bob", initiator=False)
    pass_on(a, b)
    pass_on(b, a)
    pass_on(a, b)
    assert b.drain() == [Closed(Reason.PROTOCOL, r.PROTOCOL, False)]


def test_a_hello_too_large_is_found_by_its_length() -> None:
    a, b = make_pair()
    pass_on(a, b)
    pass_on(b, a)
    a.connection._out[-1] = (4_113).to_bytes(2, "big")
    pass_on(a, b)
    assert b.drain() == [Closed(Reason.PROTOCOL, r.PROTOCOL, False)]


# records


def test_records_arrive_in_order_one_for_each_call() -> None:
    a, b = ready_pair()
    sent = [r.State(0, str(i)) for i in range(10)]
    for record in sent:
        a.connection.send(record)
    pass_on(a, b)
    assert b.connection.next_event() == RecordReceived(sent[0])
    assert b.connection._reader.buffered
    assert b.drain() == [RecordReceived(record) for record in sent[1:]]
    assert b.connection.next_event() is None


def test_sending_is_for_the_time_between_ready_and_closed() -> None:
    a, _ = make_pair()
    with pytest.raises(LocalProtocolError, match="message 2"):
        a.connection.send(TEXT)
    a, _ = ready_pair()
    a.connection.close(r.SHUTDOWN)
    with pytest.raises(LocalProtocolError, match="closed"):
        a.connection.send(TEXT)


def test_unknown_types_are_passed_over() -> None:
    a, b = ready_pair()
    send_raw(a, b"\x80 from the future")
    a.connection.send(TEXT)
    exchange(a, b)
    assert b.events == [RecordReceived(TEXT)]


@pytest.mark.parametrize("plaintext", [b"", b"\x7f", b"\x04", r.encode(r.Hello([], 0, "", ""))])
def test_a_broken_rule_is_answered_by_bye_2(plaintext: bytes) -> None:
    a, b = ready_pair()
    send_raw(a, plaintext or b"\x00")
    exchange(a, b)
    assert b.events == [Closed(Reason.PROTOCOL, r.PROTOCOL, False)]
    assert a.events == [Closed(Reason.BYE, r.PROTOCOL, True)]


def test_a_frame_too_short_is_answered_by_bye_2_and_one_that_does_not_open_by_nothing() -> None:
    for size, reason, answer in (
        (16, Reason.PROTOCOL, [Closed(Reason.BYE, r.PROTOCOL, True)]),
        (40, Reason.SESSION, []),
    ):
        a, b = ready_pair()
        b.connection.receive_data(frame(bytes(size)), 0.0)
        exchange(a, b)
        assert b.events == [Closed(reason, r.PROTOCOL, False)]
        assert a.events == answer


def test_a_flood_of_pings_is_taken_in_parts() -> None:
    a, b = ready_pair()
    for _ in range(SILENT_RECORDS):
        a.connection.send(r.Ping(bytes(8)))
    a.connection.send(TEXT)
    pass_on(a, b)
    assert b.connection.next_event() is None
    assert b.connection.pending
    assert b.connection.next_event() == RecordReceived(TEXT)
    assert not b.connection.pending
    assert b.connection.next_event() is None
    assert not b.connection.pending


# the end


def test_close_says_bye_and_is_final() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    a.connection.close(r.DUPLICATE)
    a.connection.close(r.SHUTDOWN)
    assert a.drain() == [Closed(Reason.LOCAL, r.DUPLICATE, False)]
    pass_on(a, b)
    assert b.drain() == [RecordReceived(TEXT), Closed(Reason.BYE, r.DUPLICATE, True)]
    for end in (a, b):
        end.connection.receive_data(b"more", 1.0)
        end.connection.end_of_stream(1.0)
        end.connection.tick(1e9)
        end.connection.ping(1.0)
        assert end.connection.deadline() == inf
        assert end.drain() == []
        assert end.connection.data_to_send() == b""


def test_close_before_the_session_says_nothing() -> None:
    _, b = make_pair()
    b.connection.close(r.SHUTDOWN)
    assert b.drain() == [Closed(Reason.LOCAL, r.SHUTDOWN, False)]
    assert b.connection.data_to_send() == b""


def test_records_that_came_before_the_end_of_the_stream_are_not_lost() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    pass_on(a, b)
    b.connection.end_of_stream(1.0)
    assert b.drain() == [RecordReceived(TEXT), Closed(Reason.ENDED, 0, True)]
    assert state_of(b) is ConnectionState.CLOSED


def test_the_stream_may_end_before_the_handshake_does() -> None:
    a, b = make_pair()
    pass_on(a, b)
    b.connection.end_of_stream(0.1)
    assert b.drain() == [Closed(Reason.ENDED, 0, True)]


# time


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


def test_a_record_begun_must_end() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    whole = a.connection.data_to_send()
    b.connection.receive_data(whole[:1], 5.0)
    assert b.drain() == []
    b.connection.receive_data(whole[1:], 6.0)  # this one ends in time and counts no more
    assert b.drain() == [RecordReceived(TEXT)]
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
