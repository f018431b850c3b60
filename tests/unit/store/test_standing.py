"""Messages whose author had no right, and messages that are too old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.message import DELETE, EDIT, TOPIC, Message, seal, text_content
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, add, keys, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def about(target: Message, kind: int, clock: int) -> Message:
    content = text_content("changed", clock, bytes)
    return seal(BOB, DM.id, parents=[], clock=clock, kind=kind, content=content, target=target.id)


def shown(store: Store) -> list[bytes]:
    return [s.message.id for s in store.messages.history(DM.id, 100, None, skip_blocked=False)]


def test_what_is_void_is_held_and_never_shown_nor_counted(store: Store) -> None:
    fine, void = text(BOB), text(BOB, NOW + 1)
    add(store, fine, unread=True)
    (seq,) = add(store, void, unread=True, void=True)
    assert shown(store) == [fine.id]
    assert store.messages.count(DM.id, "unread") == 1
    assert store.messages.held([void.id]) == {void.id}
    assert store.standing.written_in(DM.id, BOB.peer_id)[-1] == (seq, NOW + 1, True)
    assert not store.standing.set_void([seq], False)
    assert shown(store) == [fine.id, void.id]
    assert store.messages.count(DM.id, "unread") == 2


def test_a_void_edit_changes_nothing_until_it_counts_and_the_one_before_counts_again(store: Store) -> None:
    said = text(BOB)
    first, second = about(said, EDIT, NOW + 1), about(said, EDIT, NOW + 2)
    add(store, said, first)
    (seq,) = add(store, second, void=True)
    assert [m.id for m in store.messages.followers.of([said])[said.id]] == [first.id]
    store.standing.set_void([seq], False)
    assert [m.id for m in store.messages.followers.of([said])[said.id]] == [second.id]
    store.standing.set_void([seq], True)
    assert [m.id for m in store.messages.followers.of([said])[said.id]] == [first.id]


def test_a_void_delete_erases_nothing_until_it_counts_and_what_it_erased_is_asked_for_again(
    store: Store,
) -> None:
    said = text(BOB)
    edit, delete = about(said, EDIT, NOW + 1), about(said, DELETE, NOW + 2)
    add(store, said, edit)
    (seq,) = add(store, delete, void=True)
    assert [s.message.content is None for s in store.messages.get([said.id, edit.id])] == [False, False]
    assert not store.standing.set_void([seq], False)
    assert [s.message.content is None for s in store.messages.get([said.id, edit.id])] == [True, True]
    before = len(keys(store.messages.items(DM, ME.peer_id, BOB.peer_id)))
    assert store.standing.set_void([seq], True)
    assert store.messages.held([said.id, edit.id]) == set()
    assert len(keys(store.messages.items(DM, ME.peer_id, BOB.peer_id))) == before - 2
    add(store, said, edit)
    assert shown(store) == [said.id]


def test_old_content_is_erased_and_its_message_stays_held(store: Store) -> None:
    old, young = text(BOB, what="old words"), text(BOB, NOW + 10)
    topic = text(BOB, kind=TOPIC, what="topic")
    add(store, old, young, topic, unread=True)
    assert store.standing.expire(DM.id, NOW + 5) == 1
    assert store.standing.expire(DM.id, NOW + 5) == 0
    assert [s.message.content is None for s in store.messages.get([old.id, young.id, topic.id])].count(
        True
    ) == 1
    assert store.messages.held([old.id]) == {old.id}
    assert store.messages.count(DM.id, "unread") == 1
