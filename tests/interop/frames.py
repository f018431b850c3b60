"""Blocks before the handshake is over, frames after it: section 4, 5, and a deadline for both."""

from __future__ import annotations

import socket
import time
from typing import Any

from . import records
from .noise_xx import Cipher
from .packing import Refused, Value

LIMIT = 10.0  # seconds that a connection may take in a test


class Closed(Exception):
    """The other end has gone; code is that of its BYE, if there was one."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(f"closed with BYE {code}")
        self.code = code


class Wire:
    """A TCP connection with a deadline, then with ciphers."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.deadline = time.monotonic() + LIMIT
        self.ciphers: tuple[Cipher, Cipher] | None = None

    def exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        data = b""
        while len(data) < size:
            self.sock.settimeout(max(0.001, self.deadline - time.monotonic()))
            try:
                part = self.sock.recv(size - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise Closed
            data += part
        return data

    def write_block(self, data: bytes, before: bytes = b"") -> None:
        """Write `u16 BE length ‖ data`."""
        self.sock.sendall(before + len(data).to_bytes(2, "big") + data)

    def read_block(self, low: int, high: int) -> bytes:
        """Read `u16 BE length ‖ data`."""
        size = int.from_bytes(self.exactly(2), "big")
        if not low <= size <= high:
            raise Refused("a length out of bounds")
        return self.exactly(size)

    def send(self, kind: int, *fields: Value) -> None:
        """Send one record in one frame."""
        assert self.ciphers
        self.write_block(self.ciphers[0].encrypt(records.encode(kind, *fields)))

    def receive(self, most: int = 65_535) -> tuple[int, tuple[Any, ...]]:
        """Receive one record."""
        assert self.ciphers
        return records.decode(self.ciphers[1].decrypt(self.read_block(17, most)))
