"""Every socket to or from a peer, from its first byte to its end, and what is learnt from it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p2pim.node.net.address import Endpoint, parse
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.dialer import Dialer, SocketAddress
from p2pim.node.net.host import Host, Known, Timing
from p2pim.node.net.limits import AcceptLimits, AcceptPolicy, Penalties, TokenBucket
from p2pim.node.net.mtu import CAN_LIMIT, SMALL_SEGMENT, ping_size
from p2pim.node.net.names import Names
from p2pim.node.net.reach import Source
from p2pim.node.net.tcp import Link, LinkFactory, SocketTransport
from p2pim.node.net.trouble import why_no_connection, why_no_link
from p2pim.protocol.records import LIMIT, PROTOCOL, SHUTDOWN

if TYPE_CHECKING:
    from p2pim.protocol.connection import Connection
    from p2pim.protocol.events import Closed
    from p2pim.protocol.network import Network as NetworkSecret

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class PeerSocket:
    """A socket with its Connection and Link. `entry` is where it was dialled, None if it was accepted."""

    host: str
    entry: Entry | None
    opened_at: float
    transport: SocketTransport | None = None
    connection: Connection | None = None
    link: Link | None = None
    ready_at: float | None = None
    over: bool = False
    #: When the answer to a large PING is overdue.
    large_due: float | None = None


class Sockets:
    """Makes Connections and Links of sockets, and tells the book, the limits and the dialer what became of them."""

    def __init__(
        self,
        node: Host,
        new_link: LinkFactory,
        book: AddressBook,
        *,
        may_enter: Callable[[str], bool],
        may_dial: Callable[[SocketAddress], bool],
        accept: AcceptPolicy | None,
        timing: Timing,
        on_known: Callable[[Known], None],
        on_news: Callable[[], None],
    ) -> None:
        now = node.clock.monotonic()
        self._node, self._new_link, self._book = node, new_link, book
        self._may_enter = may_enter
        self._timing, self._on_known, self._on_news = timing, on_known, on_news
        self._limits = AcceptLimits(now, accept)
        self.dialer = Dialer(now, may_dial=may_dial, on_free=on_news)
        self.penalties = Penalties()
        self._names = Names(book, node.clock.monotonic, on_news)
        self._open: set[PeerSocket] = set()
        self._adopting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._closing = False

    def __iter__(self) -> Iterator[PeerSocket]:
        return iter(tuple(self._open))

    @property
    def any_ready(self) -> bool:
        """Tell whether a Link is up."""
        return any(peer.ready_at is not None for peer in self._open)

    def accepting(self) -> SocketTransport:
        """Return what takes an accepted connection, if its source and the limits allow it."""
        peer = PeerSocket("", None, self._node.clock.monotonic())

        def opened(transport: SocketTransport) -> Link | None:
            peer.host = transport.remote_host
            if self._closing or not self._may_enter(peer.host):
                return None
            known = self._book.is_known(peer.host)
            refused = self._limits.admit(peer.host, known=known, now=peer.opened_at)
            if refused is not None:
                _log.debug("refused %s: %s", peer.host, refused.value)
                return None
            self._open.add(peer)
            return self._opened(peer, transport, None)

        return SocketTransport(opened, lambda transport: self._lost(peer))

    def dial(self, entry: Entry, network: NetworkSecret, now: float) -> bool:
        """Start to dial, if the limits allow one more; a name is looked up instead, and leads to addresses."""
        if parse(entry.endpoint.host) is None and self._book.entry(entry.endpoint) is entry:
            self._names.look_up(entry)
            return True

        def connected(sock: socket.socket) -> None:
            peer = PeerSocket(entry.endpoint.host, entry, self._node.clock.monotonic())
            self._open.add(peer)
            task = asyncio.get_running_loop().create_task(self._adopt(sock, peer, network))
            self._adopting.add(task)
            task.add_done_callback(self._adopting.discard)

        def failed(error: OSError) -> None:
            _log.debug("dial %s: %s", entry.endpoint, error)
            self._book.failed(entry, self._node.clock.monotonic(), why_no_connection(error))
            self._on_news()

        entry.dialling = self.dialer.start(entry.endpoint, now, connected, failed, entry.segment)
        return entry.dialling

    def dial_once(self, endpoint: Endpoint, network: NetworkSecret, now: float) -> None:
        """Dial without a place in the address book: how it ends changes nothing of what is known there."""
        bucket = TokenBucket(rate=1.0, burst=1.0, now=now)
        known = self._book.entry(endpoint)
        segment = None if known is None else known.segment
        self.dial(Entry(endpoint, Source.TYPED, now, now, bucket, segment=segment), network, now)

    def tick(self, now: float) -> None:
        """Let deadlines pass."""
        for peer in self:
            if peer.link is None or peer.connection is None or peer.transport is None:
                continue
            if now >= peer.connection.deadline():  # else it would open a transaction to do nothing
                peer.link.tick(now)
            limit = self._timing.handshake if peer.entry is None else self._timing.dial_handshake
            if peer.ready_at is None and now >= peer.opened_at + limit:
                peer.transport.abort()
            if peer.large_due is not None and not peer.over:
                self._look_for_large(peer, peer.connection, now)

    async def close(self) -> None:
        """Say BYE to all, close all sockets; a peer that does not read gets a moment, no more."""
        self._closing = True
        await asyncio.gather(self.dialer.close(), self._names.close())
        await asyncio.gather(*self._adopting, return_exceptions=True)
        for peer in self:
            if peer.link is not None:
                peer.link.close(SHUTDOWN)
        await self._wait_for_sockets()
        for peer in self:
            if peer.transport is not None:
                peer.transport.abort()
        await self._wait_for_sockets()

    async def _wait_for_sockets(self) -> None:
        if self._open:
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.stop):
                    await self._empty.wait()

    async def _adopt(self, sock: socket.socket, peer: PeerSocket, network: NetworkSecret) -> None:
        def protocol() -> SocketTransport:
            return SocketTransport(
                lambda transport: self._opened(peer, transport, network),
                lambda transport: self._lost(peer),
            )

        try:
            await asyncio.get_running_loop().create_connection(protocol, sock=sock)
        except OSError:
            # The other side was gone before we looked.
            sock.close()
            self._lost(peer)

    def _opened(self, peer: PeerSocket, transport: SocketTransport, network: NetworkSecret | None) -> Link:
        now, dialled = self._node.clock.monotonic(), peer.entry is not None
        peer.transport = transport
        peer.connection = self._node.connection(dialled, network)
        link = peer.link = self._new_link(
            peer.connection,
            transport,
            Endpoint(peer.host, 0) if peer.entry is None else peer.entry.endpoint,
            now,
            on_ready=lambda link: self._ready(peer),
            on_closed=lambda link, closed: self._ended(peer, closed),
        )
        self._on_news()
        return link

    def _ready(self, peer: PeerSocket) -> None:
        assert peer.connection is not None
        assert peer.transport is not None
        now, peer_id = self._node.clock.monotonic(), peer.connection.peer_id
        assert peer_id is not None
        self._release(peer)
        peer.ready_at = now
        peer.transport.widen()
        if peer.entry is None:
            self._book.accepted(peer_id, peer.host)
        else:
            network = peer.connection.network
            fresh = not peer.entry.good or peer.entry.peer_id != peer_id
            self._book.succeeded(peer.entry, peer_id, now)
            if fresh and network is not None:
                self._on_known(Known(peer.entry.endpoint, network.name, peer_id))
            self._try_large(peer, peer.connection, now)
        if self.penalties.is_shut_out(peer_id, now) and peer.link is not None:
            peer.link.close(LIMIT)
        self._on_news()

    def _try_large(self, peer: PeerSocket, connection: Connection, now: float) -> None:
        """Find out whether large packets pass there and back."""
        assert peer.transport is not None
        size = ping_size(peer.host, peer.transport.segment_size, self._book.here)
        if size is not None:
            connection.ping_large(size)
            peer.large_due = now + self._timing.swallowed

    def _look_for_large(self, peer: PeerSocket, connection: Connection, now: float) -> None:
        """Whether they have passed; if not in time, dial once more with small ones: the new Link takes over."""
        entry, network = peer.entry, connection.network
        assert entry is not None
        assert network is not None
        limited = entry.segment is not None
        if connection.large_passed:
            peer.large_due, entry.swallows = None, limited
        elif peer.large_due is not None and now >= peer.large_due:
            peer.large_due = None
            if limited or not CAN_LIMIT:  # then it was something else, or it can only be told
                entry.segment, entry.swallows = None, None if limited else True
                return
            entry.segment = SMALL_SEGMENT
            if (known := self._book.entry(entry.endpoint)) is not None:
                known.segment = SMALL_SEGMENT
            if not self.dial(entry, network, now):
                entry.segment, peer.large_due = None, now  # no place for it now: at the next tick

    def _ended(self, peer: PeerSocket, closed: Closed | None) -> None:
        """Note the end of a socket: its Link tells it, and later its socket; the first counts."""
        if peer.over:
            return
        peer.over = True
        now, connection = self._node.clock.monotonic(), peer.connection
        if peer.ready_at is None:
            self._never_ready(peer, now, closed)
        elif peer.entry is not None and not self._is_dialled_anew(peer):
            self._book.lost_dialled(peer.entry, now - peer.ready_at, now)
        elif peer.entry is None and connection is not None and connection.peer_id is not None:
            self._book.lost_accepted(connection.peer_id, peer.host, now)
        if connection is not None and connection.peer_id is not None and _broke_rules(closed):
            self.penalties.fault(connection.peer_id, now)
        if peer.transport is not None:
            peer.transport.close()
        self._on_news()

    def _is_dialled_anew(self, lost: PeerSocket) -> bool:
        """Whether another Link of the same dialled address goes on."""
        return any(
            peer.entry is lost.entry and peer.ready_at is not None and not peer.over for peer in self._open
        )

    def _never_ready(self, peer: PeerSocket, now: float, closed: Closed | None) -> None:
        self._release(peer)
        if peer.entry is None:
            return
        connection = peer.connection
        if connection is not None and (connection.peer_id, connection.boot_id) == (
            self._node.peer_id,
            self._node.boot_id,
        ):
            self._book.turned_out_self(peer.entry)
        else:
            self._book.failed(peer.entry, now, why_no_link(closed))

    def _release(self, peer: PeerSocket) -> None:
        if peer.entry is None:
            self._limits.release(peer.host)
        else:
            self.dialer.finished()

    def _lost(self, peer: PeerSocket) -> None:
        self._ended(peer, None)
        self._open.discard(peer)
        if not self._open:
            self._empty.set()


def _broke_rules(closed: Closed | None) -> bool:
    return closed is not None and not closed.remote and closed.code == PROTOCOL
