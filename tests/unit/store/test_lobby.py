"""The lobby's limits: age, messages of each author, and in all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.identity import Identity
from p2pim.protocol.message import Message
from p2pim.protocol.room import LOBBY, lobby
from p2pim.store import lobby as module
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    store.messages.ensure_room(lobby())
    yield store
    store.close()


def add(store: Store, *messages: Message) -> None:
    for message in messages:
        assert store.messages.add(message, now_ms=NOW) is not None


def lobby_texts(author: Identity, *clocks: int) -> list[Message]:
    return [text(author, clock, room=LOBBY) for clock in clocks]


def left(store: Store) -> list[tuple[bytes, int]]:
    stored = store.messages.history(LOBBY, 99, None, skip_blocked=False)
    return [(s.message.header.author, s.message.header.clock - NOW) for s in stored]


def test_the_lobby_forgets_what_is_old(store: Store) -> None:
    add(store, *lobby_texts(BOB, NOW - 2, NOW - 1, NOW, NOW + 1))
    add(store, text(BOB, NOW - 5))
    assert store.lobby.trim(NOW) == 2
    assert left(store) == [(BOB.peer_id, 0), (BOB.peer_id, 1)]
    assert len(store.messages.history(DM.id, 9, None, skip_blocked=False)) == 1
    assert store.lobby.trim(NOW) == 0


def test_the_lobby_forgets_the_oldest_of_who_writes_too_much(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOBBY_PER_AUTHOR", 3)
    add(store, *lobby_texts(BOB, *range(NOW, NOW + 5)), *lobby_texts(CLEO, NOW))
    assert store.lobby.trim(NOW) == 2
    assert left(store) == [(CLEO.peer_id, 0), (BOB.peer_id, 2), (BOB.peer_id, 3), (BOB.peer_id, 4)]
    assert store.lobby.floors() == {BOB.peer_id: NOW + 2}


def test_a_full_lobby_takes_from_the_largest_author_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOBBY_TOTAL", 6)
    add(
        store,
        *lobby_texts(BOB, *range(NOW, NOW + 6)),
        *lobby_texts(CLEO, NOW + 9),
        *lobby_texts(ME, NOW, NOW + 1),
    )
    assert store.lobby.trim(NOW) == 3
    authors = [author for author, _ in left(store)]
    assert [authors.count(i.peer_id) for i in (BOB, CLEO, ME)] == [3, 1, 2]
    floors = {BOB.peer_id: NOW + 3, CLEO.peer_id: NOW + 9, ME.peer_id: NOW}
    assert store.lobby.floors() == floors
