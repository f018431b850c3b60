from __future__ import annotations

from math import inf
from typing import Any

import pytest

from p2pim.errors import LocalProtocolError
from p2pim.protocol import records as r
from p2pim.protocol.connection import (
    SILENT_RECORDS,
    Closed,
    ConnectionState,
    Ready,
    Reason,
    RecordReceived,
)
from p2pim.protocol.frames import frame
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
    b.connection.receive_data(opening[:40], 0.0)
    assert state_of(b) is ConnectionState.MESSAGE_1
    assert b.connection.network is OPEN
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


def test_a_byte_at_a_time_is_the_same() -> None:
    a, b = make_pair()
    for _ in range(4):
        for source, target in ((a, b), (b, a)):
            for byte in source.connection.data_to_send():
                target.connection.receive_data(bytes((byte,)), 0.0)
                target.drain()
    assert (state_of(a), state_of(b)) == (ConnectionState.READY, ConnectionState.READY)


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


def test_a_ping_is_answered_and_nobody_above_hears_of_it() -> None:
    a, b = ready_pair()
    a.connection.send(r.Ping(b"x" * 8_192))
    exchange(a, b)
    assert a.events == []
    assert b.events == []


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


def test_a_frame_that_is_too_short_is_answered_by_bye_2() -> None:
    a, b = ready_pair()
    b.connection.receive_data(frame(bytes(16)), 0.0)
    exchange(a, b)
    assert b.events == [Closed(Reason.PROTOCOL, r.PROTOCOL, False)]
    assert a.events == [Closed(Reason.BYE, r.PROTOCOL, True)]


def test_a_frame_that_does_not_open_ends_in_silence() -> None:
    a, b = ready_pair()
    b.connection.receive_data(frame(bytes(40)), 0.0)
    exchange(a, b)
    assert b.events == [Closed(Reason.SESSION, r.PROTOCOL, False)]
    assert a.events == []


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


def test_a_cut_record_is_not_a_record() -> None:
    a, b = ready_pair()
    a.connection.send(TEXT)
    b.connection.receive_data(a.connection.data_to_send()[:-1], 0.0)
    b.connection.end_of_stream(1.0)
    assert b.drain() == [Closed(Reason.ENDED, 0, True)]


def test_the_stream_may_end_before_the_handshake_does() -> None:
    a, b = make_pair()
    pass_on(a, b)
    b.connection.end_of_stream(0.1)
    assert b.drain() == [Closed(Reason.ENDED, 0, True)]
