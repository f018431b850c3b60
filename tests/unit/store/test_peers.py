"""Contacts and the address book."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.identity import Identity
from p2pim.protocol.room import dm, lobby
from p2pim.protocol.trust import Request, Trust
from p2pim.store import peers as module
from p2pim.store.database import Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store


def peer(n: int) -> bytes:
    return Identity(n.to_bytes(32, "big")).peer_id


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(Database())
    yield store
    store.close()


def test_a_contact_is_kept_as_it_is_and_changed_as_a_whole(store: Store) -> None:
    assert store.peers.get(peer(1)) == Contact(peer(1))
    assert store.peers.all() == []
    full = Contact(peer(1), "Ann", "boss", Trust.VERIFIED, True, Request.DECLINED, 17)
    for contact in (Contact(peer(1)), full):
        store.peers.put(contact)
        assert store.peers.get(peer(1)) == contact
        assert store.peers.all() == [contact]


def test_pending_requests_are_counted(store: Store) -> None:
    for n, request in enumerate((Request.NONE, Request.PENDING, Request.PENDING, Request.DECLINED)):
        store.peers.put(Contact(peer(n + 1), request=request))
    assert store.peers.pending_requests() == 2


def test_the_strangers_not_seen_for_longest_are_forgotten_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NEW", 2)
    for n in range(1, 6):
        store.peers.put(Contact(peer(n), last_seen_ms=n if n > 1 else None))
    kept = [
        Contact(peer(11), trust=Trust.ACCEPTED),
        Contact(peer(12), blocked=True),
        Contact(peer(13), request=Request.DECLINED),
        Contact(peer(14), petname="him"),
        Contact(peer(15)),
    ]
    for contact in kept:
        store.peers.put(contact)
    store.messages.ensure_room(lobby())
    store.messages.ensure_room(dm(peer(99), peer(15)))  # left something here
    assert store.peers.evict_strangers() == 3
    assert {c.peer_id for c in store.peers.all()} == {peer(4), peer(5), *(c.peer_id for c in kept)}
    assert store.peers.evict_strangers() == 0


def test_addresses_that_worked_come_latest_first_and_are_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ADDRESSES", 2)
    for at, host in enumerate(("10.0.0.1", "10.0.0.2", "10.0.0.1", "fd00::3")):
        store.peers.address_worked(host, 26747, peer(at + 1), at)
    assert store.peers.addresses() == [("fd00::3", 26747, peer(4)), ("10.0.0.1", 26747, peer(3))]


def test_of_a_peer_on_one_host_the_last_port_is_kept(store: Store) -> None:
    met = [
        ("10.0.0.2", 2000, peer(1)),
        ("10.0.0.3", 2000, peer(1)),
        ("10.0.0.2", 2001, peer(2)),
        ("10.0.0.2", 2002, peer(1)),
    ]
    for now, (host, port, peer_id) in enumerate(met):
        store.peers.address_worked(host, port, peer_id, now)
    assert store.peers.addresses() == [
        ("10.0.0.2", 2002, peer(1)),
        ("10.0.0.2", 2001, peer(2)),
        ("10.0.0.3", 2000, peer(1)),
    ]


def test_addresses_that_were_typed_are_kept_for_a_month_unless_they_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.peers.address_worked("10.0.0.1", 2000, peer(1), 1)
    for host, now in (("10.0.0.1", 2), ("10.0.0.2", 3), ("10.0.0.3", 4)):
        store.peers.address_typed(host, 2000, now)
    known = [("10.0.0.3", 2000, None), ("10.0.0.2", 2000, None), ("10.0.0.1", 2000, peer(1))]
    assert store.peers.addresses() == known
    store.peers.address_worked("10.0.0.3", 2000, peer(3), 5)
    store.peers.address_typed("vpn.lan", 2000, 5 + module.TYPED_MS)
    assert store.peers.addresses() == [
        ("vpn.lan", 2000, None),
        ("10.0.0.3", 2000, peer(3)),
        ("10.0.0.1", 2000, peer(1)),
    ]
    monkeypatch.setattr(module, "MAX_ADDRESSES", 1)
    store.peers.address_typed("x.lan", 2000, 6 + module.TYPED_MS)
    assert store.peers.addresses() == [("x.lan", 2000, None)]
