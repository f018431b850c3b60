"""What is known to exist and is not here, or not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.message import FUTURE_MS
from p2pim.store.deliveries import NOT_ACCEPTED, STORED
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, add, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def test_parents_that_are_not_here_are_missing_until_they_come(store: Store) -> None:
    parent, early = text(BOB), text(BOB, NOW + 1, what="seen by nobody")
    add(store, text(BOB, NOW + 2, parents=[parent.id]), text(BOB, NOW + 3, parents=[parent.id]))
    add(store, text(BOB, NOW + FUTURE_MS + 9, parents=[early.id]))
    assert store.gaps.missing(DM.id) == {parent.id}
    add(store, parent)
    assert store.gaps.missing(DM.id) == set()


def test_parents_that_nobody_needs_are_not_missing(store: Store) -> None:
    early, old, lost = text(BOB, NOW + FUTURE_MS + 9), text(BOB, NOW - 2), text(BOB, NOW - 3)
    store.messages.add(text(BOB, NOW + 1, parents=[lost.id]), now_ms=NOW, void=True)
    add(store, text(BOB, NOW + FUTURE_MS + 10, parents=[early.id]), early)
    add(store, text(BOB, NOW, parents=[old.id]))
    assert store.gaps.missing(DM.id) == {old.id}
    assert store.gaps.missing(DM.id, since=NOW) == {old.id}
    assert store.gaps.missing(DM.id, since=NOW + 1) == set()


def test_what_came_without_content_is_missing(store: Store) -> None:
    message = text(BOB)
    store.followers.keep_stub(message)
    assert store.gaps.missing(DM.id) == {message.id}


def test_what_a_peer_has_not_said_to_have(store: Store) -> None:
    mine = [text(ME, NOW + n) for n in range(3)]
    add(store, *mine, text(BOB, NOW + 9))
    for message, code in ((mine[0], STORED), (mine[1], NOT_ACCEPTED)):
        store.deliveries.acknowledge(ME.peer_id, BOB.peer_id, DM.id, [message.id], code=code, now_ms=NOW)
    assert store.gaps.untaken(DM.id, ME.peer_id, BOB.peer_id) == {mine[1].id, mine[2].id}
    assert store.gaps.untaken(DM.id, ME.peer_id, CLEO.peer_id) == {m.id for m in mine}
