"""One client of the local API: who it is, its lines in, its replies and events out.

Nothing here grows without bound. Lines wait for the server's turn up to ``MOST_WAITING`` bytes, then the
socket is read no further; a client that does not read its replies is asked nothing more; one that does not
read its events loses them, is told so once ("resync"), and holds up nobody.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Protocol

from p2pim.api.jsonrpc import LONGEST_LINE
from p2pim.api.transport import MAGIC, NONCE_SIZE, PROOF_SIZE, proof, proves

MOST_WAITING = 2 * LONGEST_LINE
MOST_EVENTS = 1000
MOST_EVENT_BYTES = 1 << 20
MOST_GATHERED = 1 << 16
GREETING_PATIENCE = 3.0


class Owner(Protocol):
    """What a connection tells the server."""

    def admit(self, connection: ClientConnection) -> bool:
        """A client connected: may it stay?"""
        ...

    def has_lines(self) -> None:
        """Some connection has a line to answer."""
        ...

    def forget(self, connection: ClientConnection) -> None:
        """A client is gone."""
        ...

    def resync_line(self) -> bytes:
        """The event that tells a slow subscriber how far it fell behind."""
        ...


class ClientConnection(asyncio.Protocol):
    """The server's end of one client's connection."""

    def __init__(self, owner: Owner, token: bytes | None) -> None:
        self._owner = owner
        self._gate = None if token is None else Gate(token)
        self._buffer = bytearray()
        self._searched = 0
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._events: deque[bytes] = deque()
        self._event_bytes = 0
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._reading = True
        self._writable = True
        self._behind = False
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self.greeted = False
        self.subscribed = False
        #: Whether a slow request is under way: what came after it waits.
        self.owed = False
        self.transport: asyncio.Transport

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self._owner.admit(self):
            transport.abort()
        elif self._gate is not None:
            # A stranger that only connects must not keep one of the few places.
            self._timer = asyncio.get_running_loop().call_later(GREETING_PATIENCE, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was sent away."""
        self._stop_timer()
        self._lines.clear()
        self._events.clear()
        self._gathered.clear()
        self._owner.forget(self)

    def data_received(self, data: bytes) -> None:
        """Cut into lines; the server takes them in its turn."""
        if self._gate is not None:
            passed, answer, data = self._gate.receive(data)
            if answer:
                self.transport.write(answer)
            if passed is None:
                return
            if not passed:
                self.transport.abort()
                return
            self._gate = None
            self._stop_timer()
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            self._lines.append(bytes(self._buffer[:end]))
            self._waiting += end + 1
            del self._buffer[: end + 1]
            self._searched = 0
        self._searched = len(self._buffer)
        if len(self._buffer) >= LONGEST_LINE:
            self.refuse_line()
        elif self._lines:
            self._owner.has_lines()
            self._read_on_or_wait()

    def eof_received(self) -> bool:
        """A half-closed client (``printf … | nc -N``) still gets its answers; then it ends."""
        self._ended = True
        self.flush()
        return bool(self._lines) or self.owed

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable = False

    def resume_writing(self) -> None:
        """It has caught up: now what waited."""
        self._writable = True
        self.flush()  # what was said before it fell behind goes first
        while self._events and self._writable:
            event = self._events.popleft()
            self._event_bytes -= len(event)
            self.transport.write(event)
        if self._behind and self._writable:
            self._behind = False
            self.transport.write(self._owner.resync_line())
        if self._lines:
            self._owner.has_lines()

    # -- for the server

    @property
    def askable(self) -> bool:
        """Whether it has a line to answer and reads answers."""
        return bool(self._lines) and self._writable and not (self.owed or self.transport.is_closing())

    def next_line(self) -> bytes:
        """The oldest unanswered line."""
        line = self._lines.popleft()
        self._waiting -= len(line) + 1
        self._read_on_or_wait()
        return line

    def answer(self, line: bytes | None) -> None:
        """Send a reply, if one is wanted."""
        if line is not None and not self.transport.is_closing():
            self._gather(line)
        if self._ended and not self._lines and not self.owed:
            self.close()

    def tell(self, event: bytes) -> None:
        """Send an event, or let it wait, or drop all that waits when it is too much."""
        if self._behind or self.transport.is_closing():
            return
        if self._writable:
            self._gather(event)
            return
        self._events.append(event)
        self._event_bytes += len(event)
        if len(self._events) > MOST_EVENTS or self._event_bytes > MOST_EVENT_BYTES:
            self._events.clear()
            self._event_bytes = 0
            self._behind = True

    def _gather(self, line: bytes) -> None:
        """Send together with what else this turn brings: a system call for each line costs more than the lines."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self.flush)
        self._gathered.append(line)
        self._gathered_bytes += len(line)
        if self._gathered_bytes > MOST_GATHERED:
            self.flush()

    def flush(self) -> None:
        """Send now what this turn has brought so far."""
        if self._gathered and not self.transport.is_closing():
            data = b"".join(self._gathered)
            self._gathered.clear()
            self._gathered_bytes = 0
            self.transport.write(data)

    def close(self) -> None:
        """Send what is to be sent, then end."""
        self.flush()
        self.transport.close()

    def refuse_line(self) -> None:
        """A line without an end: nothing sensible can follow it."""
        self._lines.clear()
        self._buffer.clear()
        self._gather(
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"A line is longer than 1 MiB."}}\n'
        )
        self.close()

    def _read_on_or_wait(self) -> None:
        reading = self._waiting + len(self._buffer) <= MOST_WAITING
        if reading != self._reading and not self.transport.is_closing():
            self._reading = reading
            (self.transport.resume_reading if reading else self.transport.pause_reading)()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Gate:
    """The mutual proof on loopback TCP, server side (see ``api.transport``). Bytes in, bytes out."""

    def __init__(self, token: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._token = token
        self._nonce = random(NONCE_SIZE)
        self._client_nonce: bytes | None = None
        self._received = b""

    def receive(self, data: bytes) -> tuple[bool | None, bytes, bytes]:
        """Whether the client is in (None: not known yet), what to answer, what came after the proof."""
        self._received += data
        answer = b""
        if self._client_nonce is None:
            if self._received[: len(MAGIC)] != MAGIC[: len(self._received)]:
                return False, b"", b""  # a web page, a port scanner: not one byte for it
            if len(self._received) < len(MAGIC) + NONCE_SIZE:
                return None, b"", b""
            self._client_nonce = self._received[len(MAGIC) : len(MAGIC) + NONCE_SIZE]
            self._received = self._received[len(MAGIC) + NONCE_SIZE :]
            answer = self._nonce + proof(self._token, "server", self._client_nonce, self._nonce)
        if len(self._received) < PROOF_SIZE:
            return None, answer, b""
        given, rest = self._received[:PROOF_SIZE], self._received[PROOF_SIZE:]
        return proves(self._token, "client", self._client_nonce, self._nonce, given), answer, rest
