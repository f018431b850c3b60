from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from p2pim.node.net.tcp import MAX_UNSENT, READ_BEFORE_READY, READ_SIZE, SocketTransport


class Recorder:
    """A Link that only notes what it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.reads: list[int] = []
        self.ended = 0
        self.told = asyncio.Event()
        self.room = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.data += data
        self.reads.append(len(data))
        self.told.set()

    def closed_by_peer(self) -> None:
        self.ended += 1
        self.told.set()

    def writable(self) -> None:
        self.room.set()

    def tick(self, now: float) -> None: ...

    def close(self, code: int) -> None: ...

    async def until(self, size: int) -> None:
        while len(self.data) < size and not self.ended:
            self.told.clear()
            await asyncio.wait_for(self.told.wait(), 5)


@asynccontextmanager
async def connected(
    *, refuse: bool = False
) -> AsyncIterator[tuple[SocketTransport, Recorder, socket.socket]]:
    link, lost = Recorder(), asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    # Small, so that what is queued is queued here and not in the kernel.
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    peer.setblocking(False)
    transport = SocketTransport(lambda _: None if refuse else link, lambda _: lost.set())
    await asyncio.get_running_loop().connect_accepted_socket(lambda: transport, ours)
    with peer:
        yield transport, link, peer
        transport.abort()
        if not refuse:
            await asyncio.wait_for(lost.wait(), 5)
            assert link.ended == 1


async def test_a_stranger_is_read_in_small_pieces_and_a_peer_in_large_ones() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (transport, link, peer):
        assert transport.local_host == transport.remote_host == "127.0.0.1"
        await loop.sock_sendall(peer, bytes(10_000))
        await link.until(10_000)
        assert max(link.reads) <= READ_BEFORE_READY
        transport.widen()
        await loop.sock_sendall(peer, bytes(100_000))
        await link.until(110_000)
        assert READ_BEFORE_READY < max(link.reads) <= READ_SIZE


async def test_what_is_written_arrives_before_the_end() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (transport, _, peer):
        transport.write(b"good")
        transport.write(b"bye")
        transport.close()
        transport.close()
        transport.write(b"too late")
        received = b""
        while part := await loop.sock_recv(peer, 100):
            received += part
        assert received == b"goodbye"


async def test_a_peer_that_does_not_read_is_dropped_at_the_limit_and_not_before() -> None:
    async with connected() as (transport, link, _):
        piece = bytes(1 << 20)
        while transport.queued <= MAX_UNSENT - len(piece):
            transport.write(piece)
            assert link.ended == 0
        transport.write(piece)
        await link.until(1)
        assert link.ended == 1
        assert transport.queued == 0


async def test_close_waits_a_moment_for_who_does_not_read() -> None:
    async with connected() as (transport, link, _):
        transport.write(bytes(3 << 20))
        transport.close()
        await link.until(1)
        assert link.ended == 1


async def test_the_link_learns_when_there_is_room_again() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (transport, link, peer):
        transport.write(bytes(3 << 20))
        while not link.room.is_set():
            await loop.sock_recv(peer, 1 << 20)


async def test_reading_can_be_paused() -> None:
    loop = asyncio.get_running_loop()
    async with connected() as (transport, link, peer):
        transport.pause_reading()
        await loop.sock_sendall(peer, b"later")
        for _ in range(10):
            await asyncio.sleep(0)
        assert link.data == b""
        transport.resume_reading()
        await link.until(5)
        transport.abort()
        transport.pause_reading()
        transport.resume_reading()


async def test_a_refused_connection_is_closed_without_a_link() -> None:
    loop = asyncio.get_running_loop()
    async with connected(refuse=True) as (_, link, peer):
        peer.setblocking(False)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(loop.sock_recv(peer, 1), 5) == b""
        assert link.ended == 0


def test_before_it_is_connected_nothing_happens() -> None:
    transport = SocketTransport(lambda _: None, lambda _: None)
    transport.write(b"x")
    transport.close()
    transport.abort()
    transport.pause_reading()
    transport.resume_reading()
    assert (transport.queued, transport.local_host) == (0, "")
