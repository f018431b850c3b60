"""An address book for tests: where it is, and what it would dial."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_interface

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.reach import Here

ANNA, BEN = b"a" * 32, b"b" * 32
HERE = Here(
    subnets=(ip_interface("10.0.0.1/24"), ip_interface("fd00::1/64"), ip_interface("192.168.7.1/31")),
    addresses=frozenset(map(ip_address, ("10.0.0.1", "fd00::1", "172.17.0.1", "192.168.7.1"))),
    port=26747,
    scopes=(2, 3),
)
LOOPBACK = Here(
    subnets=(ip_interface("127.0.0.1/8"),), addresses=frozenset({ip_address("127.0.0.1")}), port=5000
)
A = Endpoint("10.0.0.2", 26747)


def longest(size: int) -> bytes:
    """Jitter at its upper end, so that a back-off is its step (within a millionth)."""
    return b"\xff" * size


def linked(*peers: bytes) -> Callable[[bytes], bool]:
    return peers.__contains__


nobody = linked()


def make(here: Here = HERE, **limits: int) -> AddressBook:
    book = AddressBook(longest, **limits)
    book.here = here
    return book


def take(book: AddressBook, endpoint: Endpoint) -> Entry:
    entry = book.entry(endpoint)
    assert entry is not None
    return entry


def due(book: AddressBook, now: float, is_linked: Callable[[bytes], bool] = nobody) -> list[str]:
    return [str(entry.endpoint) for entry in book.plan(now, is_linked).ready]
