"""Rooms folded in any order, in memory and through a store: always the same, and nothing that was deleted is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from p2pim.protocol.fold import Entry, entry, fold, subject, topic
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FUTURE_MS,
    REACTION,
    TEXT,
    TOPIC,
    Message,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.room import dm
from p2pim.store.database import Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store

ANN, BOB = (Identity(bytes([n]) * 32) for n in (1, 2))
DM = dm(ANN.peer_id, BOB.peer_id)
NOW = 1_000_000

clocks = st.integers(NOW, NOW + 5) | st.sampled_from([NOW + FUTURE_MS + 1, NOW + FUTURE_MS + 3])
kinds = st.sampled_from([TEXT, TEXT, EDIT, EDIT, DELETE, REACTION, REACTION, TOPIC, 77])


@st.composite
def rooms(draw: st.DrawFn) -> list[Message]:
    """A few messages by two people, most of them about each other."""
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(kinds)
        words = draw(st.sampled_from(["a", "b", "c\n"]))
        if kind == REACTION and draw(st.booleans()):
            content = reaction_content(words, draw(st.booleans()), number, bytes)
        else:
            mentions = draw(st.sampled_from([(), (ANN.peer_id,)]))
            content = text_content(words, number, bytes, mentions)
        targets = [*(m.id for m in messages), None, bytes(32)]
        message = seal(
            draw(st.sampled_from([ANN, BOB])),
            DM.id,
            parents=[],
            clock=draw(clocks),
            kind=kind,
            content=content,
            target=draw(st.sampled_from(targets)),
        )
        messages.append(message)
    return list({m.id: m for m in messages}.values())


@given(rooms(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(messages: list[Message], random: object) -> None:
    shuffled = list(messages)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(DM, ANN.peer_id, shuffled, NOW) == fold(DM, ANN.peer_id, messages, NOW)
    assert topic(shuffled, NOW) == topic(messages, NOW)


def shown(store: Store) -> list[Entry]:
    """What the store shows, found as the views find it."""
    lines = store.messages.history(DM.id, 99, None, skip_blocked=False)
    followers = store.followers.of([s.message for s in lines if s.followed])
    return [entry(s.message, followers.get(s.message.id, ())) for s in lines]


def erased(messages: Sequence[Message]) -> set[bytes]:
    """What must have no content: pair by pair, as the specification says it."""
    return {
        m.id
        for m in messages
        for d in messages
        if d.header.kind == DELETE
        and d.header.author == m.header.author
        and d.header.target is not None
        and d.header.target == subject(m.id, m.header)
    }


@settings(deadline=None)
@given(rooms(), st.data())
def test_a_store_shows_the_fold_and_keeps_nothing_that_was_deleted(
    messages: list[Message], data: st.DataObject
) -> None:
    store = Store(Database())
    store.peers.put(Contact(BOB.peer_id))
    store.messages.ensure_room(DM)
    gone = erased(messages)
    for message in data.draw(st.permutations(messages)):
        hollow = message.id in gone and data.draw(st.booleans())  # somebody has erased it already
        coming = dataclasses.replace(message, content=None) if hollow else message
        if hollow and not store.followers.is_deleted(message.id, message.header):
            store.followers.keep_stub(coming)
            continue
        added = store.messages.add(coming, now_ms=NOW)
        assert added is not None
        if message.header.kind == DELETE:
            for stub in store.followers.explained(message.header):
                assert store.messages.add(stub, now_ms=NOW) is not None
    assert store.messages.held([m.id for m in messages]) == {m.id for m in messages}
    rows = store.database.rows("SELECT id FROM messages WHERE content IS NULL")
    assert {i for (i,) in rows} == gone
    assert store.database.value("SELECT count(*) FROM stubs") == 0
    assert shown(store) == fold(DM, ANN.peer_id, messages, NOW)
    store.messages.due(ANN.peer_id, NOW + 9)
    assert shown(store) == fold(DM, ANN.peer_id, messages, NOW + 9)
    newest = store.messages.topic(DM.id, skip_blocked=False)
    assert ("" if newest is None else entry(newest.message).text or "") == topic(messages, NOW + 9)
    unread = store.database.value("SELECT count(*) FROM messages WHERE unread = 1 AND content IS NULL")
    assert unread == 0
    store.close()
