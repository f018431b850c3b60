"""Every socket to or from a peer, from its first byte to its end, and what is learnt from it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p2pim.node.address import Endpoint
from p2pim.node.book import AddressBook, Entry
from p2pim.node.dialer import Dialer
from p2pim.node.host import Host, Known, Timing
from p2pim.node.limits import AcceptLimits, AcceptPolicy, Penalties
from p2pim.node.tcp import Link, LinkFactory, SocketTransport
from p2pim.protocol.records import LIMIT, PROTOCOL, SHUTDOWN

if TYPE_CHECKING:
    from p2pim.protocol.connection import Connection
    from p2pim.protocol.events import Closed
    from p2pim.protocol.network import Network as NetworkSecret

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Session:
    """A socket with its Connection and Link. `entry` is where it was dialled, None if it was accepted."""

    host: str
    entry: Entry | None
    opened_at: float
    transport: SocketTransport | None = None
    connection: Connection | None = None
    link: Link | None = None
    ready_at: float | None = None
    over: bool = False


class Sessions:
    """Makes sessions of sockets, and tells the book, the limits and the dialer what became of them."""

    def __init__(
        self,
        node: Host,
        new_link: LinkFactory,
        book: AddressBook,
        *,
        may_enter: Callable[[str], bool],
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
        self.dialer = Dialer(now)
        self.penalties = Penalties()
        self._open: set[Session] = set()
        self._adopting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._closing = False

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._open))

    @property
    def any_ready(self) -> bool:
        """Tell whether a Link is up."""
        return any(session.ready_at is not None for session in self._open)

    def accepting(self) -> SocketTransport:
        """Return what takes an accepted connection, if its source and the limits allow it."""
        session = Session("", None, self._node.clock.monotonic())

        def opened(transport: SocketTransport) -> Link | None:
            session.host = transport.remote_host
            if self._closing or not self._may_enter(session.host):
                return None
            known = self._book.is_known(session.host)
            refused = self._limits.admit(session.host, known=known, now=session.opened_at)
            if refused is not None:
                _log.debug("refused %s: %s", session.host, refused.value)
                return None
            self._open.add(session)
            return self._opened(session, transport, None)

        return SocketTransport(opened, lambda transport: self._lost(session))

    def dial(self, entry: Entry, network: NetworkSecret, now: float) -> bool:
        """Start to dial, if the limits allow one more."""

        def connected(sock: socket.socket) -> None:
            session = Session(entry.endpoint.host, entry, self._node.clock.monotonic())
            self._open.add(session)
            task = asyncio.get_running_loop().create_task(self._adopt(sock, session, network))
            self._adopting.add(task)
            task.add_done_callback(self._adopting.discard)

        def failed(error: OSError) -> None:
            _log.debug("dial %s: %s", entry.endpoint, error)
            self._book.failed(entry, self._node.clock.monotonic())
            self._on_news()

        entry.dialling = self.dialer.start(entry.endpoint, now, connected, failed)
        return entry.dialling

    def tick(self, now: float) -> float:
        """Let deadlines pass, and return the next one."""
        deadline = float("inf")
        for session in self:
            if session.link is None or session.connection is None or session.transport is None:
                continue
            session.link.tick(now)
            limit = self._timing.handshake if session.entry is None else self._timing.dial_handshake
            if session.ready_at is None and now >= session.opened_at + limit:
                session.transport.abort()
            else:
                deadline = min(deadline, session.connection.deadline())
        return deadline

    async def close(self) -> None:
        """Say BYE to all, close all sockets; a peer that does not read gets a moment, no more."""
        self._closing = True
        await self.dialer.close()
        await asyncio.gather(*self._adopting, return_exceptions=True)
        for session in self:
            if session.link is not None:
                session.link.close(SHUTDOWN)
        await self._wait_for_sockets()
        for session in self:
            if session.transport is not None:
                session.transport.abort()
        await self._wait_for_sockets()

    async def _wait_for_sockets(self) -> None:
        if self._open:
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.stop):
                    await self._empty.wait()

    async def _adopt(self, sock: socket.socket, session: Session, network: NetworkSecret) -> None:
        def protocol() -> SocketTransport:
            return SocketTransport(
                lambda transport: self._opened(session, transport, network),
                lambda transport: self._lost(session),
            )

        try:
            await asyncio.get_running_loop().create_connection(protocol, sock=sock)
        except OSError:
            # The other side was gone before we looked.
            sock.close()
            self._lost(session)

    def _opened(self, session: Session, transport: SocketTransport, network: NetworkSecret | None) -> Link:
        now, dialled = self._node.clock.monotonic(), session.entry is not None
        session.transport = transport
        session.connection = self._node.connection(dialled, network)
        link = session.link = self._new_link(
            session.connection,
            transport,
            Endpoint(session.host, 0) if session.entry is None else session.entry.endpoint,
            now,
            on_ready=lambda link: self._ready(session),
            on_closed=lambda link, closed: self._ended(session, closed),
        )
        self._on_news()
        return link

    def _ready(self, session: Session) -> None:
        assert session.connection is not None
        assert session.transport is not None
        now, peer_id = self._node.clock.monotonic(), session.connection.peer_id
        assert peer_id is not None
        self._release(session)
        session.ready_at = now
        session.transport.widen()
        if session.entry is None:
            self._book.accepted(peer_id, session.host)
        else:
            network = session.connection.network
            fresh = not session.entry.good or session.entry.peer_id != peer_id
            self._book.succeeded(session.entry, peer_id, now)
            if fresh and network is not None:
                self._on_known(Known(session.entry.endpoint, network.name, peer_id))
        if self.penalties.is_shut_out(peer_id, now) and session.link is not None:
            session.link.close(LIMIT)
        self._on_news()

    def _ended(self, session: Session, closed: Closed | None) -> None:
        """Note the end of a session: its Link tells it, and later its socket; the first counts."""
        if session.over:
            return
        session.over = True
        now, connection = self._node.clock.monotonic(), session.connection
        if session.ready_at is None:
            self._never_ready(session, now)
        elif session.entry is not None:
            self._book.lost_dialled(session.entry, now - session.ready_at, now)
        elif connection is not None and connection.peer_id is not None:
            self._book.lost_accepted(connection.peer_id, session.host, now)
        if connection is not None and connection.peer_id is not None and _broke_rules(closed):
            self.penalties.fault(connection.peer_id, now)
        if session.transport is not None:
            session.transport.close()
        self._on_news()

    def _never_ready(self, session: Session, now: float) -> None:
        self._release(session)
        if session.entry is None:
            return
        connection = session.connection
        if connection is not None and (connection.peer_id, connection.boot_id) == (
            self._node.peer_id,
            self._node.boot_id,
        ):
            self._book.turned_out_self(session.entry)
        else:
            self._book.failed(session.entry, now)

    def _release(self, session: Session) -> None:
        if session.entry is None:
            self._limits.release(session.host)
        else:
            self.dialer.finished()

    def _lost(self, session: Session) -> None:
        self._ended(session, None)
        self._open.discard(session)
        if not self._open:
            self._empty.set()


def _broke_rules(closed: Closed | None) -> bool:
    return closed is not None and not closed.remote and closed.code == PROTOCOL
