"""Who has stored what I wrote."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.room import lobby
from p2pim.store.deliveries import NO_SPACE, NOT_ACCEPTED, STORED, Answer
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def add(store: Store, clock: int = NOW, waiting: bool = True) -> int:
    stored = store.messages.add(text(ME, clock), now_ms=NOW, waiting=waiting)
    assert stored is not None
    return stored.seq


def note(store: Store, clock: int, code: int, at: int = NOW) -> list[int]:
    ids = [text(ME, clock).id]
    return store.deliveries.acknowledge(ME.peer_id, BOB.peer_id, DM.id, ids, code=code, now_ms=at)


def test_an_answer_is_news_once_and_a_delivery_is_final(store: Store) -> None:
    seq = add(store)
    assert store.messages.count(DM.id, "waiting") == 1
    assert note(store, NOW, NOT_ACCEPTED, 1) == [seq]
    assert note(store, NOW, NOT_ACCEPTED, 2) == []
    assert note(store, NOW, NO_SPACE, 3) == [seq]
    assert store.deliveries.of([seq]) == {seq: [Answer(BOB.peer_id, NO_SPACE, 3)]}
    assert store.messages.count(DM.id, "waiting") == 1
    assert note(store, NOW, STORED, 4) == [seq]
    assert store.messages.count(DM.id, "waiting") == 0
    for code in (NO_SPACE, NOT_ACCEPTED, STORED):
        assert note(store, NOW, code, 5) == []
    assert store.deliveries.of([seq]) == {seq: [Answer(BOB.peer_id, STORED, 4)]}
    assert store.deliveries.of([seq + 1]) == {}


def test_only_my_own_messages_of_that_room_are_answered_for(store: Store) -> None:
    seq = add(store)
    store.messages.add(text(BOB, NOW + 1), now_ms=NOW)
    ids = [text(ME).id, text(BOB, NOW + 1).id, bytes(32)]
    store.messages.ensure_room(lobby())
    acknowledge = store.deliveries.acknowledge
    assert acknowledge(ME.peer_id, CLEO.peer_id, lobby().id, ids, code=STORED, now_ms=NOW) == []
    assert acknowledge(ME.peer_id, BOB.peer_id, DM.id, ids, code=STORED, now_ms=NOW) == [seq]


def everything(store: Store, **changes: object) -> list[int]:
    how: dict[str, object] = {"upto": 99, "floor": 0, "but": [], "dm": True, "now_ms": NOW, **changes}
    return store.deliveries.acknowledge_all(ME.peer_id, BOB.peer_id, DM.id, **how)  # type: ignore[arg-type]


def test_a_run_answers_for_what_it_compared(store: Store) -> None:
    seqs = [add(store, NOW + n) for n in range(4)]
    store.messages.add(text(BOB, NOW + 9), now_ms=NOW)
    assert everything(store, upto=seqs[2], floor=NOW + 1, but=[text(ME, NOW + 2).id]) == [seqs[1]]
    assert everything(store) == [seqs[0], seqs[2], seqs[3]]
    assert everything(store) == []
    assert store.messages.count(DM.id, "waiting") == 0


def test_what_is_delivered_in_a_dm_needs_no_second_mark_but_in_the_lobby_it_does(store: Store) -> None:
    seq = add(store, waiting=False)
    assert everything(store) == []
    assert everything(store, dm=False) == [seq]
    assert everything(store, dm=False) == []


def test_marks_go_with_their_message(store: Store) -> None:
    seq = add(store)
    note(store, NOW, STORED)
    store.messages.forget([seq])
    assert store.database.rows("SELECT * FROM deliveries") == []
