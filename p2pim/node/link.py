"""A Link: one live connection to a peer. The skin between a pure Connection and whatever carries its bytes.

The same class serves asyncio's sockets and the simulator's: both give it a Transport. Records are taken in turns
(see ``turns``), each turn one store transaction, so that no peer keeps the node from the others.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from p2pim.errors import LocalProtocolError, StoreError
from p2pim.node.net.address import Endpoint
from p2pim.node.turns import TURN_SECONDS
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Closed, Event, Handed, Ready, Reason, RecordReceived
from p2pim.protocol.identity import PeerId
from p2pim.protocol.network import Network
from p2pim.protocol.records import Ack, Record

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)


def _is_ack(event: Event | None) -> bool:
    return isinstance(event, RecordReceived) and isinstance(event.record, Ack)


#: More than this unsent: the reader is too slow; drop it, it syncs later.
MAX_QUEUED: Final = 4 * 1024 * 1024


class Transport(Protocol):
    """What carries a Link's bytes."""

    @property
    def queued(self) -> int:
        """Bytes not yet taken by the network."""

    def write(self, data: bytes) -> None:
        """Send, or queue."""

    def close(self) -> None:
        """Send what is queued, then close."""

    def abort(self) -> None:
        """Close at once."""

    def pause_reading(self) -> None:
        """Deliver nothing for now."""

    def resume_reading(self) -> None:
        """Deliver again."""

    def defer(self, call: Callable[[], None], seconds: float = 0.0) -> None:
        """Call back soon, after others had their turn, or after some seconds."""


class Link:
    """One connection, from its first byte to its last.

    Args:
        via: who carries it; None if it is direct.
        on_ready: called once both sides have said HELLO.
        on_closed: called once, with the reason, when it is over (also if it never became ready).
    """

    def __init__(
        self,
        connection: Connection,
        transport: Transport,
        node: Node,
        *,
        address: Endpoint | None = None,
        via: PeerId | None = None,
        on_ready: Callable[[Link], None] = lambda _: None,
        on_closed: Callable[[Link, Closed], None] = lambda _, __: None,
    ) -> None:
        self.connection = connection
        self.transport = transport
        self.address = address
        self.via = via
        self.ready = False
        self.closed = False
        self.reason = ""
        self.code = 0
        self._node = node
        self._on_ready = on_ready
        self._on_closed = on_closed
        self._resting = False
        self._queueing = False
        self._owner = threading.get_ident()
        self.flush()

    @property
    def peer_id(self) -> PeerId:
        """Whom it leads to; only asked once it is ready."""
        return self.connection.peer_id or b""

    @property
    def boot_id(self) -> bytes:
        """Which of their processes."""
        return self.connection.boot_id or b""

    @property
    def network(self) -> Network | None:
        """The network in which it was made."""
        return self.connection.network

    @property
    def initiator(self) -> bool:
        """Whether we dialled."""
        return self.connection.initiator

    def __repr__(self) -> str:
        return f"<Link {self.peer_id.hex()[:8]} {'out' if self.initiator else 'in'}{' closed' if self.closed else ''}>"

    # -- from the transport

    def received(self, data: bytes) -> None:
        """Bytes arrived."""
        if not self.closed:
            self.connection.receive_data(data, self._node.clock.monotonic())
            self._work()

    def writable(self) -> None:
        """Queued bytes went out: there is room for more."""
        if self.ready and not self.closed:
            self.serve()

    def closed_by_peer(self) -> None:
        """The stream ended."""
        if not self.closed:
            self.connection.end_of_stream(self._node.clock.monotonic())
            self._work()

    def tick(self, now: float) -> None:
        """Let time pass: time-outs, pings."""
        if not self.closed:
            self.connection.tick(now)
            self._work()

    def rest(self, seconds: float) -> None:
        """Take nothing from this peer for a while (it sends faster than a stranger may)."""
        if not self.closed and not self._resting:
            self._resting = True
            self.transport.pause_reading()
            self.transport.defer(self._continue, seconds)

    def _continue(self) -> None:
        self._resting = False
        self._work()

    def _work(self) -> None:
        """Take what has arrived: now, or when others had their turn."""
        if self.closed or self._resting or self._queueing:
            return
        if not self._node.turns.take(self._called_up, self.transport.defer):
            self._queue()

    def _queue(self) -> None:
        self._queueing = True
        self.transport.pause_reading()
        self._node.turns.wait(self, self._called_up, self.transport.defer)

    def _called_up(self) -> None:
        self._queueing = False
        if self.closed:
            return
        try:
            self._turn()
        except Exception:
            self.abort("a fault here")  # not half alive: reconciliation makes good on a new Link
            raise
        if not self._queueing and not self._resting:
            self.transport.resume_reading()

    def _turn(self) -> None:
        """Take events until the time is up, in one commit; in one before it the answers for mine that come first.

        People wait for those, and the peer can give them again: they need not wait for the disk.
        """
        end = self._node.clock.monotonic() + TURN_SECONDS
        try:
            event = self.connection.next_event()
            if _is_ack(event):
                event = self._take(event, end, lasting=False)
            if (event is not None or self.connection.pending) and not (self._resting or self._queueing):
                self._take(event, end, lasting=True)
        except StoreError as error:
            # What this turn did is undone in the store but not in memory: start over with a new Link.
            self._node.disk.failed(error)
            self.abort("storage")
        self.flush()

    def _take(self, event: Event | None, end: float, *, lasting: bool) -> Event | None:
        """Take this event and what follows, if not ``lasting`` only Acks; returns one that is left to take."""
        with self._node.store.transaction(lasting=lasting):
            while lasting or _is_ack(event):
                if event is not None:
                    self._handle(event)
                elif not self.connection.pending:
                    break
                if self._node.clock.monotonic() > end:
                    self._queue()
                if self._resting or self._queueing:
                    return None
                event = self.connection.next_event()
        return event

    def _handle(self, event: Event) -> None:
        if isinstance(event, RecordReceived):
            if not self.closed:
                self._node.record_received(self, event.record)
        elif isinstance(event, Ready):
            self.ready = True
            self._on_ready(self)
            if not self.closed:  # the network may not want it: then it never was one to the node
                self._node.link_ready(self, event.hello)
        elif isinstance(event, Handed):
            self.flush()
            self._node.take_bulk(self, event)
        else:
            self.flush()  # a BYE that says why: nothing more is written to what is closing
            self._end(event)
            self.transport.close()

    # -- from the node

    def send(self, record: Record) -> None:
        """Send a record; nothing happens on a closed Link (reconciliation covers it later)."""
        if self.ready and not self.closed:
            self.connection.send(record)

    def serve(self) -> None:
        """Go on sending what the peer asked for: now, or when others had their turn."""
        if not self._node.turns.take(self._pump, self.transport.defer):
            self.serve_later()

    def serve_later(self) -> None:
        """The same, but not now."""
        self._node.turns.wait((self, "serve"), self._pump, self.transport.defer)

    def _pump(self) -> None:
        self._node.sync.pump(self)

    @property
    def queued(self) -> int:
        """Bytes not yet taken by the network."""
        return self.transport.queued

    def flush(self) -> None:
        """Hand what was sent to the transport."""
        if threading.get_ident() != self._owner:
            # The Noise package repeats nonces when two threads use one session.
            raise LocalProtocolError("a Link belongs to the thread that made it")
        if data := self.connection.data_to_send():
            self.transport.write(data)
            if self.transport.queued > MAX_QUEUED:
                self.abort("too slow")

    def close(self, code: int, reason: str = Reason.LOCAL) -> None:
        """Say goodbye and close."""
        if not self.closed:
            self.connection.close(code)
            self.flush()
            self._end(Closed(reason, code, remote=False))
            self.transport.close()

    def hand_over(self) -> None:
        """Its socket has become something else, or is to be closed."""
        self._end(Closed(Reason.HANDED, 0, remote=False))
        self.transport.abort()

    def abort(self, reason: str) -> None:
        """Close without a word (its address is gone, its reader is too slow)."""
        if not self.closed:
            self._end(Closed(reason, 0, remote=False))
            self.transport.abort()

    def ping(self, now: float) -> None:
        """Find out at once whether it still works."""
        if self.ready and not self.closed:
            self.connection.ping(now)
            self.flush()

    def _end(self, closed: Closed) -> None:
        if self.closed:
            return
        self.closed, self.reason, self.code = True, closed.reason, closed.code
        if self.ready:
            self._node.link_closed(self)
        self._on_closed(self, closed)
