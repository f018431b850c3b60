"""A program for the lab's hosts: `talker.py echo|ask|hear|shout …`, plain sockets, nothing of p2pim."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable

PORT = 9999
GROUP = "239.255.7.7"


def echo() -> None:
    """Answer every datagram for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", PORT))
        print("ready", flush=True)
        while True:
            data, sender = sock.recvfrom(2048)
            sock.sendto(data, sender)


def ask(address: str, count: str, patience: str = "0.5") -> None:
    """Send so many datagrams, print how many answers came before a silence."""
    answers: set[bytes] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(float(patience))
        for number in range(int(count)):
            sock.sendto(str(number).encode(), (address, PORT))
        try:
            while len(answers) < int(count):
                answers.add(sock.recv(2048))
        except TimeoutError:
            pass
    print(len(answers))


def hear() -> None:
    """Print what the multicast group says, one line a datagram: who and what."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((GROUP, PORT))
        sock.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_ADD_MEMBERSHIP,
            struct.pack("4sI", socket.inet_aton(GROUP), socket.INADDR_ANY),
        )
        print("ready", flush=True)
        while True:
            data, (sender, _) = sock.recvfrom(2048)
            print(sender, data.decode(), flush=True)


def shout(text: str) -> None:
    """Say something to the multicast group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode(), (GROUP, PORT))


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"echo": echo, "ask": ask, "hear": hear, "shout": shout}
    roles[sys.argv[1]](*sys.argv[2:])
