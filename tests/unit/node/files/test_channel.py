from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from p2pim.errors import HandshakeError
from p2pim.node.files.channel import Channel, ChannelClosed
from p2pim.protocol import bulk
from tests.bulk_ends import channels, sessions, start


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    with channels() as pair:
        yield pair


def test_frames_of_a_wrong_length_or_that_do_not_open_end_it() -> None:
    for raw in (b"\x00\x05" + bytes(5), b"\x00\x20" + bytes(32)):
        one, two = socket.socketpair()
        channel = Channel(one, sessions()[0])
        two.sendall(raw)
        with pytest.raises(ChannelClosed):
            channel.receive(10)
        two.close()
        channel.close()


def test_silence_an_end_and_a_broken_line(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = socket.socketpair()
    channel = Channel(one, sessions()[0])
    assert channel.receive(0.01) is None
    two.close()
    with pytest.raises(ChannelClosed, match="closed the connection"):
        channel.receive(10)
    with pytest.raises(ChannelClosed):
        channel.send([b"x"])
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.receive(10)


@pytest.mark.parametrize("aes", [True, False])
def test_more_records_than_a_key_is_used_for(aes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends change their keys after 65,536 records, and go on."""
    one, two = socket.socketpair()
    first, second = sessions(aes=aes)
    sender, receiver = Channel(one, first), Channel(two, second)
    many = 65_536 + 10
    thread = start(lambda: sender.send([bulk.opening(1)] * many))
    for _ in range(many):
        assert receiver.receive(10) == bulk.Open(1)
    thread.join(10)
    sender.close()
    receiver.close()


class Plain:
    """A socket of a system that cannot gather what it writes."""

    def __init__(self, sock: socket.socket) -> None:
        self.settimeout, self.sendall = sock.settimeout, sock.sendall
        self.shutdown, self.close = sock.shutdown, sock.close


def test_a_system_without_gathering_writes() -> None:
    one, two = socket.socketpair()
    first, second = sessions()
    sender, receiver = Channel(Plain(one), first), Channel(two, second)  # type: ignore[arg-type]
    sender.send([bulk.opening(1), bulk.opening(2)])
    assert [receiver.receive(10) for _ in range(2)] == [bulk.Open(1), bulk.Open(2)]
    sender.close()
    receiver.close()


def test_the_error_of_a_session_that_has_ended(ends: tuple[Channel, Channel]) -> None:
    with pytest.raises(HandshakeError):
        ends[0]._session.decrypt(bytes(40))
    with pytest.raises(ChannelClosed, match="session has ended"):
        ends[0].send([b"x"])
