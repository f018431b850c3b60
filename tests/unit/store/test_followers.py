"""Edits, deletes and reactions as they are kept: which of them count, what they erase, what waits for a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from p2pim.protocol.fold import REACTIONS_COUNTED
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FUTURE_MS,
    REACTION,
    Header,
    Message,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.room import LOBBY, lobby
from p2pim.store import followers as module
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def about(
    target: Message,
    kind: int,
    author: Identity = BOB,
    clock: int = NOW + 1,
    what: str = "x",
    room: bytes = DM.id,
) -> Message:
    content = reaction_content(what, True, 7, bytes) if kind == REACTION else text_content(what, 7, bytes)
    return seal(author, room, parents=[], clock=clock, kind=kind, content=content, target=target.id)


def add(store: Store, *messages: Message) -> None:
    for message in messages:
        assert store.messages.add(message, now_ms=NOW, unread=True, mention=True) is not None


def counting(store: Store, target: Message) -> list[bytes]:
    return [m.id for m in store.followers.of([target]).get(target.id, [])]


def content_of(store: Store, message: Message) -> bytes | None:
    (stored,) = store.messages.get([message.id])
    return stored.message.content


def without(message: Message) -> Message:
    return dataclasses.replace(message, content=None)


def test_only_the_newest_followers_of_each_author_count_whatever_their_order(store: Store) -> None:
    target = text(BOB)
    edits = [about(target, EDIT, clock=NOW + n, what=f"{n}") for n in (2, 3, 1)]
    other = about(target, EDIT, ME)
    reactions = [
        about(target, REACTION, ME, NOW + n, f"{n}") for n in (*range(40, REACTIONS_COUNTED + 5), *range(40))
    ]
    add(store, *edits, target, other, *reactions)
    newest = {m.id for m in reactions if m.header.clock >= NOW + 5}
    assert set(counting(store, target)) == {edits[1].id, other.id} | newest
    assert len(newest) == REACTIONS_COUNTED
    assert store.messages.get([target.id])[0].followed
    assert store.messages.count(DM.id, "unread") == 1


def test_what_is_not_due_does_not_count_until_it_is(store: Store) -> None:
    target, early = text(BOB), about(text(BOB), EDIT, what="early")
    late = about(target, EDIT, clock=NOW + FUTURE_MS + 1, what="late")
    add(store, target, late, early)
    assert counting(store, target) == [early.id]
    store.messages.due(ME.peer_id, NOW + 1)
    assert counting(store, target) == [late.id]


def test_a_follower_from_another_room_says_nothing(store: Store) -> None:
    store.messages.ensure_room(lobby())
    target = text(BOB)
    add(store, target)
    elsewhere = [about(target, kind, room=LOBBY) for kind in (EDIT, DELETE, REACTION)]
    add(store, *elsewhere)
    assert counting(store, target) == []
    assert content_of(store, target) == target.content
    assert not store.followers.is_deleted(target.id, target.header)


@pytest.mark.parametrize("delete_first", [False, True])
@pytest.mark.parametrize("clock", [NOW - 5, NOW + 5, NOW + 2 * FUTURE_MS])
def test_a_delete_erases_the_text_and_its_edits_and_they_stay_held(
    store: Store, delete_first: bool, clock: int
) -> None:
    target, edit = text(BOB), about(text(BOB), EDIT, what="edited")
    other, delete = about(target, EDIT, ME, what="not an edit"), about(target, DELETE, clock=clock)
    about_target = [target, edit, other]
    add(store, *([delete, *about_target] if delete_first else [*about_target, delete]))
    assert [content_of(store, m) for m in (target, edit)] == [None, None]
    assert content_of(store, other) == other.content
    assert (store.messages.count(DM.id, "unread"), store.messages.count(DM.id, "mentions")) == (0, 0)
    ids = [m.id for m in (*about_target, delete)]
    assert store.messages.held(ids) == set(ids)
    assert (
        len(store.messages.authors(DM.id, ids)) == len(store.messages.items(DM, ME.peer_id, BOB.peer_id)) == 4
    )
    assert store.messages.add(target, now_ms=NOW) is None
    assert content_of(store, target) is None


def test_others_delete_only_where_they_may(store: Store) -> None:
    target, delete = text(BOB), about(text(BOB), DELETE, ME)
    add(store, target, delete)
    assert content_of(store, target) == target.content

    def administered(who: PeerId, header: Header) -> bool:
        return who == ME.peer_id and header.author == BOB.peer_id

    store.followers.may_delete = administered
    late, edit = text(BOB, NOW + 3), about(text(BOB, NOW + 3), EDIT, clock=NOW + 4)
    add(store, about(late, DELETE, ME), late, edit)
    assert [content_of(store, m) for m in (late, edit)] == [None, None]


def test_what_came_without_content_waits_for_a_delete_or_its_content(store: Store) -> None:
    one, two, edit = text(BOB), text(BOB, NOW + 1, what="two"), about(text(BOB), EDIT)
    for _ in range(2):
        for message in (one, two, edit):
            store.followers.keep_stub(without(message))
    assert store.messages.held([one.id, two.id, edit.id]) == set()
    assert store.messages.history(DM.id, 9, None, skip_blocked=False) == []
    assert store.followers.explained(about(one, DELETE, ME).header) == []
    delete = about(one, DELETE)
    explained = store.followers.explained(delete.header)
    assert {m.id for m in explained} == {one.id, edit.id}
    add(store, delete, *explained, two)
    assert [content_of(store, m) for m in (one, edit, two)] == [None, None, two.content]
    assert store.database.value("SELECT count(*) FROM stubs") == 0


def test_so_many_stubs_are_kept_and_the_lobbys_fade(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STUBS", 3)
    store.messages.ensure_room(lobby())
    some = [text(BOB, NOW + n) for n in range(5)]
    for message in some:
        store.followers.keep_stub(without(message))
    kept = store.database.rows("SELECT id FROM stubs ORDER BY clock")
    assert kept == [(m.id,) for m in some[2:]]
    old, new = (text(BOB, NOW + n, room=LOBBY) for n in (-1, 0))
    for message in (old, new):
        store.followers.keep_stub(without(message))
    store.lobby.trim(NOW)
    assert store.database.rows("SELECT id FROM stubs WHERE clock < ?", [NOW + 3]) == [(new.id,)]


def test_the_newest_replies_are_found(store: Store) -> None:
    target = text(BOB)
    replies = [about(target, 1, ME, NOW + n) for n in (5, 4, 3)]
    add(store, target, *replies, about(target, EDIT), about(target, 1, ME, NOW + FUTURE_MS + 1))
    places = store.followers.replies(DM.id, target.id, 2)
    assert {s.message.id for s in store.messages.at(places)} == {replies[1].id, replies[2].id}
