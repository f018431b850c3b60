from __future__ import annotations

import pytest

from p2pim.protocol.identity import Identity
from p2pim.protocol.route import LIFE_MS, Route, RouteKey, SignedRoute, read_route, write_route
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, NOW, new_store


@pytest.fixture
def store() -> Store:
    return new_store()


def record(who: Identity, boot: int, seq: int) -> tuple[Route, SignedRoute]:
    signed = write_route(who, bytes([boot] * 8), seq, NOW + LIFE_MS, [("10.0.0.1", 2000)])
    return read_route(signed), signed


def put(store: Store, who: Identity, boot: int, seq: int) -> list[RouteKey]:
    with store.transaction():
        return store.routes.put(*record(who, boot, seq))


def test_of_each_machine_the_record_put_last_is_kept(store: Store) -> None:
    assert put(store, BOB, 1, NOW) == put(store, BOB, 1, NOW + 1) == put(store, CLEO, 1, NOW) == []
    assert {(r.peer_id, r.seq) for r in map(read_route, store.routes.all())} == {
        (BOB.peer_id, NOW + 1),
        (CLEO.peer_id, NOW),
    }
    route, signed = record(BOB, 1, NOW + 1)
    assert store.routes.get(route.key) == signed
    assert store.routes.get(RouteKey(BOB.peer_id, bytes(8))) is None


def test_of_each_person_the_newest_two_are_kept(store: Store) -> None:
    put(store, BOB, 1, NOW + 5)
    put(store, BOB, 2, NOW + 9)
    assert put(store, BOB, 3, NOW + 7) == [RouteKey(BOB.peer_id, bytes([1] * 8))]
    assert [read_route(r).boot_id[0] for r in store.routes.all()] == [2, 3]
    put(store, CLEO, 1, NOW)
    with store.transaction():
        store.routes.drop(RouteKey(BOB.peer_id, bytes([3] * 8)))
    assert [read_route(r).peer_id for r in store.routes.all()] == sorted([BOB.peer_id, CLEO.peer_id])
