"""A bulk connection from its first byte to a channel, for whoever dials; and who says what first on either end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Final

from p2pim.errors import HandshakeError
from p2pim.node.files.channel import Channel, ChannelClosed
from p2pim.node.net.address import Endpoint
from p2pim.node.net.tcp import prepare
from p2pim.protocol import bulk
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Handed

#: Seconds for a TCP connection, and for each step of the handshake on it.
DIAL_SECONDS: Final = 5.0
#: A segment smaller than this was made so on purpose: large ones vanish on the way.
_SMALL: Final = 1_400
_READ: Final = 4_096


@lru_cache(maxsize=1)
def prefers_aes() -> bool:
    """Whether AES-GCM is the faster one here: with AES instructions by far, without them by far not."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305  # noqa: PLC0415  # rare

    key, nonce, data = os.urandom(32), bytes(12), bytes(1 << 16)

    def cost(cipher: AESGCM | ChaCha20Poly1305) -> float:
        best = float("inf")
        for _ in range(4):
            before = perf_counter()
            cipher.encrypt(nonce, data, None)
            best = min(best, perf_counter() - before)
        return best

    return cost(AESGCM(key)) < cost(ChaCha20Poly1305(key))


def dial(
    endpoint: Endpoint, segment: int | None, make: Callable[[], Connection], now: Callable[[], float]
) -> Channel:
    """Connect and shake hands.

    Args:
        segment: the most bytes of a TCP segment on the way there, where that is known.
        make: the protocol's side, as the initiator of a bulk connection.

    Raises:
        ChannelClosed: it did not work, for whatever reason.
    """
    try:
        sock = _connected(endpoint, segment)
    except OSError as error:
        raise ChannelClosed(str(error)) from None
    try:
        return Channel(sock, _shake_hands(sock, make(), now).session)
    except (OSError, HandshakeError) as error:
        sock.close()
        raise ChannelClosed(str(error)) from None


def _connected(endpoint: Endpoint, segment: int | None) -> socket.socket:
    error: OSError = OSError("There is no such address.")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        endpoint.host, endpoint.port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            prepare(sock)
            if segment is not None and segment < _SMALL and hasattr(socket, "TCP_MAXSEG"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
            sock.settimeout(DIAL_SECONDS)
            sock.connect(address)
        except OSError as failed:
            sock.close()
            error = failed
        else:
            return sock
    raise error


def _shake_hands(sock: socket.socket, connection: Connection, now: Callable[[], float]) -> Handed:
    while True:
        event = connection.next_event()
        if data := connection.data_to_send():
            sock.sendall(data)
        if isinstance(event, Handed):
            return event
        if event is not None:
            raise HandshakeError("The handshake failed.")
        received = sock.recv(_READ)
        if not received:
            raise HandshakeError("The other side has closed the connection.")
        connection.receive_data(received, now())


def open_as(channel: Channel, role: int) -> int:
    """Say what this end is there for, the responder first; what the other end is.

    Raises:
        ChannelClosed: it says nothing, or something else.
    """
    if role == bulk.RESPONDER:
        channel.send([bulk.opening(role)])
    record = channel.receive(DIAL_SECONDS)
    if not isinstance(record, bulk.Open):
        raise ChannelClosed("It does not say what it is there for.")
    if role != bulk.RESPONDER:
        channel.send([bulk.opening(role)])
    elif record.role not in (bulk.FETCHES, bulk.SERVES):
        raise ChannelClosed("It does not say what it is there for.")
    return record.role
