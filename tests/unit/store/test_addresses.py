"""The addresses that are kept from one run to the next."""

from __future__ import annotations

from p2pim.store.database import Database
from p2pim.store.store import Store

ANNA, BEN = b"a" * 32, b"b" * 32


def test_of_a_peer_on_one_host_the_last_port_is_kept() -> None:
    store = Store(Database())
    for now, (host, port, peer_id) in enumerate(
        [
            ("10.0.0.2", 2000, ANNA),
            ("10.0.0.3", 2000, ANNA),
            ("10.0.0.2", 2001, BEN),
            ("10.0.0.2", 2002, ANNA),
        ]
    ):
        store.peers.address_worked(host, port, peer_id, now)
    assert store.peers.addresses() == [
        ("10.0.0.2", 2002, ANNA),
        ("10.0.0.2", 2001, BEN),
        ("10.0.0.3", 2000, ANNA),
    ]
    store.close()
