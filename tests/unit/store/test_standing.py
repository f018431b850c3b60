"""Messages whose author had no right, and messages that are too old."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from p2pim.protocol.message import DELETE, EDIT, FUTURE_MS, REACTION, TOPIC, Message, seal, text_content
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, add, new_store, text


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
    store.standing.set_void([seq], False)
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


def test_what_is_void_changes_nothing_when_it_becomes_due(store: Store) -> None:
    said = text(BOB)
    add(store, said)
    early = about(said, EDIT, NOW + 2 * FUTURE_MS)
    (seq,) = add(store, early, void=True)
    assert [s.seq for s in store.messages.due(ME.peer_id, NOW + 2 * FUTURE_MS)] == [seq]
    assert store.messages.followers.of([said]) == {}
    store.standing.set_void([seq], False)
    assert [m.id for m in store.messages.followers.of([said])[said.id]] == [early.id]


def test_a_void_delete_erases_nothing_until_it_counts_and_what_it_erased_can_be_filled_again(
    store: Store,
) -> None:
    said = text(BOB)
    edit, delete = about(said, EDIT, NOW + 1), about(said, DELETE, NOW + 2)
    add(store, said, edit)
    (seq,) = add(store, delete, void=True)
    followers = store.messages.followers
    assert not followers.is_deleted(said.id, said.header)
    assert followers.was_deleted(said.id, said.header)
    assert store.standing.hollow(DM.id, 0, NOW) == []
    store.standing.set_void([seq], False)
    assert [m.id for m in store.standing.hollow(DM.id, 0, NOW)] == [said.id, edit.id]
    assert followers.is_deleted(edit.id, edit.header)
    store.standing.set_void([seq], True)
    assert not followers.is_deleted(edit.id, edit.header)
    assert store.messages.held([said.id, edit.id]) == {said.id, edit.id}
    assert store.standing.fill(said)
    assert store.standing.fill(edit)
    assert not store.standing.fill(said)
    assert [m.id for m in followers.of([said])[said.id]] == [edit.id]
    assert store.standing.hollow(DM.id, 0, NOW) == []
    assert store.messages.count(DM.id, "unread") == 0


def test_old_content_is_erased_and_its_message_stays_held(store: Store) -> None:
    old, young = text(BOB, what="old words"), text(BOB, NOW + 10)
    topic = text(BOB, kind=TOPIC, what="topic")
    add(store, old, young, topic, unread=True)
    assert store.standing.expire(DM.id, NOW) == 0
    assert store.standing.expire(DM.id, NOW + 5) == 1
    assert store.standing.expire(DM.id, NOW + 5) == 0
    assert [s.message.content is None for s in store.messages.get([old.id, young.id, topic.id])].count(
        True
    ) == 1
    assert store.messages.held([old.id]) == {old.id}
    assert store.messages.count(DM.id, "unread") == 1


def test_old_content_that_comes_after_older_was_erased_is_erased_in_its_turn(store: Store) -> None:
    early, filled, once = text(BOB, NOW - 9), text(BOB, NOW - 8), text(BOB, NOW - 7)
    add(store, filled)
    assert store.standing.expire(DM.id, NOW) == 1
    add(store, early)
    assert store.standing.fill(filled)
    assert store.standing.expire(DM.id, NOW) == 2
    with store.transaction():
        add(store, once)
        assert store.standing.expire(DM.id, NOW + 1) == 1
        assert store.standing.fill(once)  # after it, in the same transaction
    assert store.standing.expire(DM.id, NOW + 2) == 1


def test_what_was_to_be_erased_still_is_when_the_transaction_was_taken_back(store: Store) -> None:
    add(store, text(BOB))

    def erase_and_fail() -> None:
        with store.transaction():
            assert store.standing.expire(DM.id, NOW + 5) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        erase_and_fail()
    assert store.standing.expire(DM.id, NOW + 5) == 1


def test_hollow_is_what_has_no_content_is_not_older_and_is_due(store: Store) -> None:
    old, said, early = text(BOB, NOW - 9), text(BOB), text(BOB, NOW + 2 + FUTURE_MS)
    reaction, delete = about(said, REACTION, NOW + 3), about(said, DELETE, NOW + 4)
    add(store, old, said, reaction)
    add(store, early, now_ms=NOW + 9)
    assert store.standing.expire(DM.id, NOW + 2 * FUTURE_MS) == 4
    assert [m.id for m in store.standing.hollow(DM.id, NOW, NOW)] == [said.id, reaction.id]
    assert [m.id for m in store.standing.hollow(DM.id, 0, NOW + 2)] == [
        old.id,
        said.id,
        reaction.id,
        early.id,
    ]
    add(store, delete)
    everything = [m.id for m in (old, said, reaction, early, delete)]
    assert {m.id for m in store.standing.hollow_of(everything)} == set(everything) - {delete.id}
    assert store.standing.hollow_of([]) == []


def test_what_comes_without_content_is_nothing_to_be_read(store: Store) -> None:
    bare = dataclasses.replace(text(BOB), content=None)
    add(store, bare, unread=True)
    assert store.messages.count(DM.id, "unread") == 0


def test_stubs_by_age(store: Store) -> None:
    said = text(BOB)
    store.messages.followers.keep_stub(said)
    assert store.messages.followers.stubs_below(DM.id, NOW) == []
    (stub,) = store.messages.followers.stubs_below(DM.id, NOW + 1)
    assert (stub.id, stub.content) == (said.id, None)
