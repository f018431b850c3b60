"""Whether mDNS gets through: what this machine says must come back to it, and perhaps somebody answers (RFC 6762).

A socket of its own beside the one that works all the time: a firewall treats both alike.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from p2pim.node.net.address import Address, parse
from p2pim.node.net.discovery.interfaces import Interface

GROUP: Final = "224.0.0.251"
PORT: Final = 5353
#: Seconds to wait. Responders take 0.12 s at most, and what one says oneself comes back at once.
HEAR_SECONDS: Final = 1.5
#: What every responder answers: which kinds of service there are (RFC 6763, section 9). The first two bytes vary.
_QUESTION: Final = (
    struct.pack("!5H", 0, 1, 0, 0, 0)
    + b"\x09_services\x07_dns-sd\x04_udp\x05local\x00"
    + struct.pack("!2H", 12, 1)
)
_IP_MULTICAST_ALL: Final = 49  # linux/in.h: only what was joined on this socket


class Heard(NamedTuple):
    """What came in at one interface: what was said here (None: it could not be tried), and anything of others."""

    interface: str
    own: bool | None
    others: bool


async def hear(interfaces: Sequence[Interface], ours: Collection[Address], port: int = PORT) -> list[Heard]:
    """Ask at each of these interfaces, those with IPv4, and listen for a while."""
    with_ipv4 = [interface for interface in interfaces if interface.address.version == 4]
    return list(await asyncio.gather(*(_hear(interface, ours, port) for interface in with_ipv4)))


async def _hear(interface: Interface, ours: Collection[Address], port: int) -> Heard:
    own = others = False
    question = os.urandom(2) + _QUESTION
    try:
        with _open(interface, port) as sock:
            loop = asyncio.get_running_loop()
            await loop.sock_sendto(sock, question, (GROUP, port))
            with suppress(TimeoutError):
                async with asyncio.timeout(HEAR_SECONDS):
                    while not (own and others):
                        data, (host, *_) = await loop.sock_recvfrom(sock, 9_000)
                        own |= data == question
                        others |= parse(host) not in ours
    except OSError:
        return Heard(interface.name, None, False)
    return Heard(interface.name, own, others)


def _open(interface: Interface, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("", port))
        address = interface.address.packed
        if sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
