"""One bulk connection as a thread sees it: blocking, a record at a time, many sealed and sent at once.

A channel belongs to one thread, since neither a Noise session nor the buffer here can be shared.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from p2pim.errors import DecodeError, HandshakeError
from p2pim.protocol import bulk
from p2pim.protocol.frames import MAX_FRAME, MIN_FRAME, PREFIX
from p2pim.protocol.handshake import Session

#: More than a chunk with all that is around it: one read takes what the kernel has.
BUFFER: Final = 2 << 20
#: How long the other side may take to accept a chunk, or to send more of one.
PATIENCE: Final = 30.0
#: Records that are sealed before they are sent.
_BATCH: Final = 4


class ChannelClosed(Exception):
    """The connection is over, for whatever reason the text says."""


class Channel:
    """A socket and a session. Whatever goes wrong is ``ChannelClosed``."""

    def __init__(self, sock: socket.socket, session: Session) -> None:
        self._sock = sock
        self._session = session
        self._buffer = memoryview(bytearray(BUFFER))
        self._start = self._end = 0

    def send(self, records: Sequence[bytes | memoryview]) -> None:
        """Seal records and send them: a few at a time, whose memory is used again at once and stays in the cache."""
        try:
            self._sock.settimeout(PATIENCE)
            for first in range(0, len(records), _BATCH):
                parts: list[bytes] = []
                for record in records[first : first + _BATCH]:
                    sealed = self._session.encrypt(record)
                    parts += (len(sealed).to_bytes(PREFIX, "big"), sealed)
                self._send_all(parts)
        except (OSError, HandshakeError) as error:
            raise ChannelClosed(_reason(error)) from None

    def _send_all(self, parts: list[bytes]) -> None:
        size = sum(map(len, parts))
        sent = self._sock.sendmsg(parts) if hasattr(self._sock, "sendmsg") else 0
        if sent < size:  # the kernel's buffer is full (or it is Windows)
            self._sock.sendall(memoryview(b"".join(parts))[sent:])

    def receive(self, timeout: float = PATIENCE) -> bulk.BulkRecord | None:
        """Return the next record; None if nothing has come in time."""
        while (frame := self._frame()) is None:
            if not self._read(timeout):
                return None
        try:
            return bulk.decode(self._session.decrypt(frame))
        except (DecodeError, HandshakeError) as error:
            raise ChannelClosed(_reason(error)) from None

    def close(self) -> None:
        """Close; may be called by another thread, whose reader it ends."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _frame(self) -> memoryview | None:
        held = self._end - self._start
        if held < PREFIX:
            return None
        size = int.from_bytes(self._buffer[self._start : self._start + PREFIX], "big")
        if not MIN_FRAME <= size <= MAX_FRAME:
            raise ChannelClosed("A frame has a length that is not allowed.")
        if held < PREFIX + size:
            return None
        begin = self._start + PREFIX
        self._start = begin + size
        return self._buffer[begin : begin + size]

    def _read(self, timeout: float) -> bool:
        """Take what has come; False if nothing has in time."""
        if self._end + MAX_FRAME + PREFIX > BUFFER:  # make room for a whole frame
            held = self._end - self._start
            self._buffer[:held] = bytes(self._buffer[self._start : self._end])
            self._start, self._end = 0, held
        elif self._start == self._end:
            self._start = self._end = 0
        try:
            self._sock.settimeout(timeout)
            size = self._sock.recv_into(self._buffer[self._end :])
        except TimeoutError:
            return False
        except OSError as error:
            raise ChannelClosed(_reason(error)) from None
        if not size:
            raise ChannelClosed("The other side has closed the connection.")
        self._end += size
        return True


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
