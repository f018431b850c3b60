"""Whoever may not talk to us learns nothing by trying."""

from __future__ import annotations

import pytest

from p2pim.protocol import records as r
from p2pim.protocol.connection import Closed, Reason
from p2pim.protocol.frames import frame
from p2pim.protocol.network import OPEN, Network, make_preamble
from tests.wire import End, make_end, make_pair

TEAM = Network("team", b"t" * 32)


def pass_on(source: End, target: End) -> None:
    target.connection.receive_data(source.connection.data_to_send(), 0.0)


def test_bytes_of_another_protocol_are_met_with_silence() -> None:
    _, b = make_pair()
    b.connection.receive_data(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n" + bytes(10), 0.0)
    assert b.drain() == [Closed(Reason.NO_NETWORK, r.NOT_AUTHORISED, False)]
    assert b.connection.data_to_send() == b""


def test_an_unknown_network_is_met_with_silence() -> None:
    a = make_end("alice", initiator=True, networks=[TEAM])
    b = make_end("bob", initiator=False)
    pass_on(a, b)
    assert b.drain() == [Closed(Reason.NO_NETWORK, r.NOT_AUTHORISED, False)]
    assert b.connection.data_to_send() == b""


@pytest.mark.parametrize("rest", [frame(bytes(48)), b"\xff\xff", b"\x04\x01"])
def test_a_bad_first_message_is_met_with_silence(rest: bytes) -> None:
    _, b = make_pair()
    b.connection.receive_data(make_preamble(OPEN, bytes(16)) + rest, 0.0)
    assert b.drain() == [Closed(Reason.HANDSHAKE, r.PROTOCOL, False)]
    assert b.connection.data_to_send() == b""


def test_a_refusing_initiator_reveals_nothing() -> None:
    a, b = make_pair()
    a.policy.refused.add(b.identity.peer_id)
    pass_on(a, b)
    pass_on(b, a)
    assert a.policy.asked == [(b.identity.peer_id, b.connection._own_boot_id, OPEN)]
    assert a.drain() == [Closed(Reason.REFUSED, r.NOT_AUTHORISED, False)]
    assert a.connection.data_to_send() == b""
    assert a.connection.peer_id == b.identity.peer_id  # whoever dialled itself must learn that it did


def test_a_refusing_responder_says_nothing_more() -> None:
    a, b = make_pair()
    b.policy.refused.add(a.identity.peer_id)
    pass_on(a, b)
    pass_on(b, a)
    pass_on(a, b)
    assert b.drain() == [Closed(Reason.REFUSED, r.NOT_AUTHORISED, False)]
    assert b.connection.data_to_send() == b""
