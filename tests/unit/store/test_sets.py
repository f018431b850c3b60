"""The sets that are compared, in memory."""

# ruff: noqa: PT012  a transaction fails as a whole

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.identity import Identity
from p2pim.protocol.room import LOBBY, dm, lobby
from p2pim.store import sets as module
from p2pim.store.peers import Contact
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, add, by_sql, keys, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def check_sets(store: Store) -> None:
    messages = store.messages
    assert keys(messages.items(DM, ME.peer_id, BOB.peer_id)) == by_sql(store, DM)
    assert keys(messages.items(lobby(), ME.peer_id, BOB.peer_id)) == by_sql(store, lobby(), ME, BOB)
    assert keys(messages.items(lobby(), CLEO.peer_id, ME.peer_id)) == by_sql(store, lobby(), ME, CLEO)


def test_sets_in_memory_are_what_the_store_holds_after_every_step(store: Store) -> None:
    store.messages.ensure_room(lobby())
    check_sets(store)
    for n, author in enumerate((ME, BOB, CLEO, ME, BOB, CLEO)):
        add(store, text(author, NOW - n, room=LOBBY))
        check_sets(store)
    add(store, text(BOB), text(ME, NOW - 1))
    check_sets(store)
    with store.transaction():
        add(store, text(BOB, NOW + 3))
        with pytest.raises(KeyError), store.transaction():
            add(store, text(BOB, NOW + 4), text(ME, NOW + 4, room=LOBBY))
            raise KeyError
        add(store, text(BOB, NOW + 2))
    check_sets(store)
    (seq,) = add(store, text(BOB, NOW + 6))
    with pytest.raises(KeyError), store.transaction():
        store.messages.forget([seq])
        raise KeyError
    check_sets(store)
    store.messages.forget([seq])
    check_sets(store)


def test_a_set_first_asked_for_inside_a_transaction_is_right_afterwards(store: Store) -> None:
    def fresh() -> None:
        store.messages.sets.clear()

    for fail in (True, False):
        fresh()
        try:
            with store.transaction():
                add(store, text(BOB, NOW + fail))
                store.messages.items(DM, ME.peer_id, BOB.peer_id)
                add(store, text(BOB, NOW + 2 + fail))
                if fail:
                    raise KeyError
        except KeyError:
            pass
        assert keys(store.messages.items(DM, ME.peer_id, BOB.peer_id)) == by_sql(store, DM)
    assert len(by_sql(store, DM)) == 2


def test_only_so_many_sets_are_kept_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_SETS", 2)
    rooms = [dm(ME.peer_id, Identity(bytes([n]) * 32).peer_id) for n in range(10, 14)]
    for room in rooms:
        assert room.peer is not None
        store.peers.put(Contact(room.peer))
        store.messages.ensure_room(room)
    found = [store.messages.items(room, ME.peer_id, BOB.peer_id) for room in rooms]
    assert store.messages.items(rooms[3], ME.peer_id, BOB.peer_id) is found[3]
    assert store.messages.items(rooms[2], ME.peer_id, BOB.peer_id) is found[2]
    assert store.messages.items(rooms[0], ME.peer_id, BOB.peer_id) is not found[0]
