"""Paths that let small packets pass and swallow large ones, as many a VPN does.

A Link comes up there, and the first long message never arrives (RFC 2923, section 2.1: the black hole).

Whoever dialled sends one PING that fills a segment, and gets it back whole: that tries both directions. If it does not
come back, the same address is dialled again with small segments, which one end can ask for on behalf of both (RFC 9293,
section 3.7.1), and so it is from then on.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import Final

from p2pim.node.net.address import parse
from p2pim.node.net.reach import Here
from p2pim.protocol.records import MAX_ECHO

#: Fits the 1,280 bytes that every IPv6 link has, with room for headers and options (RFC 8200, section 5).
SMALL_SEGMENT: Final = 1_200
#: What an Ethernet without surprises carries; where the size of a segment is unknown.
_ORDINARY: Final = 1_400
#: Segments of packets of 1,500 bytes, with and without time stamps, by IPv4 and IPv6.
_ETHERNET: Final = frozenset({1_448, 1_460, 1_428, 1_440})
#: Whether a program may choose the size of its segments here.
CAN_LIMIT: Final = sys.platform != "win32"
#: Seconds until a large PING without an answer counts as swallowed: six tries of TCP on a LAN.
SWALLOWED_AFTER: Final = 2.0


def ping_size(host: str, segment: int | None, here: Here) -> int | None:
    """Bytes of a PING that fills a segment of this size; None: nothing on the way to this host could swallow it.

    On a LAN with the packets of Ethernet nothing does, and of many colleagues each would have to be asked.
    """
    address = parse(host)
    if address is None or address.is_loopback:
        return None
    if segment in _ETHERNET and here.on_lan(address):
        return None
    return min(max(segment or 0, _ORDINARY), MAX_ECHO)


def segment_size(sock: socket.socket | None) -> int | None:
    """What a connected socket has come to; None where the system does not tell."""
    with suppress(OSError, AttributeError):
        return None if sock is None else sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    return None


def limit_segments(sock: socket.socket, most: int) -> None:
    """Ask for small ones, before connecting."""
    with suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, most)
