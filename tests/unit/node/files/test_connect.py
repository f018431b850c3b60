from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from p2pim.node.files.channel import Channel, ChannelClosed
from p2pim.node.files.connect import dial, open_as, prefers_aes
from p2pim.node.net.address import Endpoint
from p2pim.protocol import bulk
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Handed
from p2pim.protocol.handshake import Session
from p2pim.protocol.network import OPEN
from tests.bulk_ends import channels, start
from tests.wire import End, exchange, make_end


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    with channels() as pair:
        yield pair


def responder(sock: socket.socket, end: End) -> Session:
    while True:
        if data := end.connection.data_to_send():
            sock.sendall(data)
        for event in end.drain():
            if isinstance(event, Handed):
                return event.session
        received = sock.recv(4096)
        if not received:
            raise ChannelClosed
        end.connection.receive_data(received, 0.0)


def initiator(aes: bool = False) -> Callable[[], Connection]:
    return lambda: make_end("ann", initiator=True, bulk=True, aes=aes).connection


@pytest.mark.parametrize("aes", [True, False])
def test_dialling_and_who_comes_for_what(aes: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        roles: list[int] = []

        def answer() -> None:
            sock, _ = listening.accept()
            channel = Channel(sock, responder(sock, make_end("ben", initiator=False)))
            roles.append(open_as(channel, bulk.RESPONDER))
            channel.close()

        thread = start(answer)
        endpoint = Endpoint(*listening.getsockname())
        channel = dial(endpoint, 1_000, initiator(aes), time.monotonic)
        assert open_as(channel, bulk.FETCHES) == bulk.RESPONDER
        thread.join(10)
        assert roles == [bulk.FETCHES]
        channel.close()


def test_a_dial_that_leads_nowhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = Endpoint(*listening.getsockname())
    with pytest.raises(ChannelClosed):
        dial(endpoint, None, initiator(), time.monotonic)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            listening.accept()[0].close()

        def babble() -> None:
            sock, _ = listening.accept()
            with sock, suppress(OSError):
                sock.sendall(b"\x00\x30" + bytes(48))

        for answer in (hang_up, babble):
            thread = start(answer)
            with pytest.raises(ChannelClosed):
                dial(Endpoint(*listening.getsockname()), None, initiator(), time.monotonic)
            thread.join(10)


@pytest.mark.parametrize("role", [bulk.RESPONDER, bulk.FETCHES])
def test_whoever_does_not_say_what_it_came_for(ends: tuple[Channel, Channel], role: int) -> None:
    ends[0].send([bulk.refused(1, 1)])
    with pytest.raises(ChannelClosed, match="does not say"):
        open_as(ends[1], role)


def test_a_dialler_has_to_choose(ends: tuple[Channel, Channel]) -> None:
    ends[0].send([bulk.opening(bulk.RESPONDER)])
    with pytest.raises(ChannelClosed, match="does not say"):
        open_as(ends[1], bulk.RESPONDER)


def test_the_faster_cipher_is_found() -> None:
    assert prefers_aes() in (True, False)


def test_aes_is_for_files_alone() -> None:
    a, b = make_end("ann", initiator=True, aes=True), make_end("ben", initiator=False)
    exchange(a, b)
    assert b.connection.network is OPEN
    assert not any(isinstance(event, Handed) for event in b.events)
    assert not b.connection.established_at


def test_nobody_speaks_before_the_responder() -> None:
    a, b = make_end("ann", initiator=True, bulk=True), make_end("ben", initiator=False)
    b.connection.receive_data(a.connection.data_to_send(), 0.0)
    a.connection.receive_data(b.connection.data_to_send(), 0.0)
    b.connection.receive_data(a.connection.data_to_send() + b"too early", 0.0)
    assert not any(isinstance(event, Handed) for event in b.drain())
