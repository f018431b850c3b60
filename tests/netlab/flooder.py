"""A program for the lab's hosts, `flooder adverts|questions`: a thousand a second for ten seconds.

Forged mDNS adverts, each of another instance, name the open network, so they are listened to, and addresses of all
sorts: elsewhere, this very machine, all machines, ports below 1024, and hosts of this LAN that do not exist. UDP
questions, to all of the LAN, come from one who says to be at another port each time.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from typing import Final

from p2pim.node.net.discovery.broadcast import PORT as QUESTION_PORT
from p2pim.node.net.discovery.mdns import SERVICE, encode_slots
from p2pim.node.net.multicast import GROUP, PORT
from p2pim.protocol.network import OPEN, slots

_ADDRESSES: Final = ("203.0.113.9", "127.0.0.1", "10.77.1.255", "224.0.0.5", "8.8.8.8")
SECONDS: Final = 10.0
EACH: Final = 0.02
AT_ONCE: Final = 20


def _name(text: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in text.rstrip(".").split(".")) + b"\0"


def _record(name: str, kind: int, data: bytes) -> bytes:
    return _name(name) + struct.pack("!HHIH", kind, 1, 4500, len(data)) + data


def advert(number: int) -> bytes:
    """A whole response: PTR, SRV, TXT and A of an instance that never was (RFC 6763)."""
    label = os.urandom(8).hex()
    instance, host = f"{label}.{SERVICE}", f"{label}.local."
    address = (*_ADDRESSES, f"10.77.1.{100 + number % 100}")[number % (len(_ADDRESSES) + 1)]
    port = 80 if number % 7 == 0 else 26747
    texts = (b"v=1", b"t=" + encode_slots(slots([OPEN], label, os.urandom)))
    records = (
        _record(SERVICE, 12, _name(instance)),
        _record(instance, 33, struct.pack("!HHH", 0, 0, port) + _name(host)),
        _record(instance, 16, b"".join(bytes([len(text)]) + text for text in texts)),
        _record(host, 1, socket.inet_aton(address)),
    )
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def question(number: int) -> bytes:
    """As SPEC section 17 has them, every tenth with a byte too many."""
    port = number % 65536
    return b"p2pim?1\0" + os.urandom(16) + port.to_bytes(2, "big") + bytes(number % 10 == 0)


def main() -> None:
    """Send them."""
    make, target = {
        "adverts": (advert, (GROUP, PORT)),
        "questions": (question, ("10.77.1.255", QUESTION_PORT)),
    }[sys.argv[1]]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", PORT))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        print("floods", flush=True)
        end, number = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            for _ in range(AT_ONCE):
                sock.sendto(make(number), target)
                number += 1
            time.sleep(EACH)


if __name__ == "__main__":
    main()
