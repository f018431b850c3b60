"""The asyncio side of one Link: a TCP connection as the `Transport` a Link writes to."""

from __future__ import annotations

import asyncio
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from p2pim.node.net.mtu import segment_size

if TYPE_CHECKING:
    from p2pim.node.net.address import Endpoint
    from p2pim.protocol.connection import Connection
    from p2pim.protocol.events import Closed

USER_TIMEOUT_MS = 10_000
MAX_UNSENT = 4 * 1024 * 1024
FLUSH_WITHIN = 1.0
READ_BEFORE_READY = 2048  # what a stranger can make us buffer
READ_SIZE = 64 * 1024
WRITE_HIGH, WRITE_LOW = 256 * 1024, 64 * 1024


class Link(Protocol):
    """What the network needs of a Link: the bytes go in, everything else is the Link's business."""

    def received(self, data: bytes) -> None:
        """Take bytes from the peer."""

    def closed_by_peer(self) -> None:
        """Learn that the stream ended, for whatever reason. May come after `close`."""

    def writable(self) -> None:
        """Learn that the transport has sent most of what was queued."""

    def tick(self, now: float) -> None:
        """Let deadlines pass, and write what the Connection has to send."""

    def close(self, code: int) -> None:
        """Say BYE and close."""


class LinkFactory(Protocol):
    """Makes a Link around a fresh Connection. Each callback is called at most once."""

    def __call__(
        self,
        connection: Connection,
        transport: SocketTransport,
        address: Endpoint,
        now: float,
        *,
        on_ready: Callable[[Link], None],
        on_closed: Callable[[Link, Closed], None],
    ) -> Link:
        """Make it, and write what an initiator has to say first."""


def prepare(sock: socket.socket | TransportSocket) -> None:
    """Set the options every connection of ours has."""
    with suppress(OSError):  # one that was closed meanwhile takes none
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A cable that was pulled is noticed by what cannot be sent, not only by the next ping.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


class SocketTransport(asyncio.BufferedProtocol):
    """One TCP connection. `opened` gets it first and may refuse it (None); `lost` gets one that was not."""

    def __init__(
        self, opened: Callable[[SocketTransport], Link | None], lost: Callable[[SocketTransport], None]
    ) -> None:
        self._opened, self._lost = opened, lost
        self._transport: asyncio.Transport | None = None
        self._link: Link | None = None
        self._buffer = bytearray(READ_BEFORE_READY)
        self._kill: asyncio.TimerHandle | None = None
        self._given = False

    # Transport, as a Link sees it

    @property
    def queued(self) -> int:
        """Bytes written here that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def write(self, data: bytes) -> None:
        """Queue bytes. A peer that does not read is dropped at 4 MiB: it syncs later."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > MAX_UNSENT:
            transport.abort()

    def close(self) -> None:
        """Flush, then close; a peer that does not read gets a second."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.close()
        self._kill = asyncio.get_running_loop().call_later(FLUSH_WITHIN, self.abort)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Let the peer wait: its bytes stay in the kernel, and TCP slows it down."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def defer(self, call: Callable[[], None], seconds: float = 0.0) -> None:
        """Call back after others had their turn, or after some seconds."""
        asyncio.get_running_loop().call_later(seconds, call)

    # For the network

    @property
    def local_host(self) -> str:
        """The address of ours that the connection uses."""
        return self._host("sockname")

    @property
    def remote_host(self) -> str:
        """The address of the peer."""
        return self._host("peername")

    @property
    def segment_size(self) -> int | None:
        """The most bytes of a TCP segment to the peer, where the system tells."""
        return segment_size(self._transport.get_extra_info("socket")) if self._transport is not None else None

    def _host(self, which: str) -> str:
        name = self._transport.get_extra_info(which) if self._transport is not None else None
        return str(name[0]) if name else ""

    def widen(self) -> None:
        """Read in large pieces: the peer has proven who it is."""
        self._buffer = bytearray(READ_SIZE)

    def detach(self) -> socket.socket | None:
        """Give the connection away: what is read or written from now on is not ours. None if it cannot be given."""
        transport, self._transport, self._link, self._given = self._transport, None, None, True
        if transport is None or transport.is_closing():
            return None
        given: socket.socket | None = None
        if not transport.get_write_buffer_size():
            with suppress(OSError):
                given = transport.get_extra_info("socket").dup()
        transport.abort()
        return given

    # BufferedProtocol, as asyncio sees it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        prepare(transport.get_extra_info("socket"))
        transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_LOW)
        self._link = self._opened(self)
        if self._link is None:
            transport.abort()

    def get_buffer(self, sizehint: int) -> bytearray:
        """Lend the buffer. One per connection: on Windows a read is under way while others are answered."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        if self._link is not None:
            self._link.received(bytes(memoryview(self._buffer)[:nbytes]))

    def resume_writing(self) -> None:
        """Pass on that there is room."""
        if self._link is not None:
            self._link.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that it is over."""
        if self._kill is not None:
            self._kill.cancel()
        if self._link is not None:
            self._link.closed_by_peer()
        if self._link is not None or self._given:
            self._lost(self)
