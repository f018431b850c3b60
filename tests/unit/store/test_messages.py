"""Messages and rooms as they are kept."""

# ruff: noqa: PT012  a transaction fails as a whole

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.errors import StoreFull
from p2pim.protocol.message import DELETE, EDIT, FUTURE_MS, MAX_PARENTS, REACTION, TOPIC, Message
from p2pim.protocol.room import LOBBY, lobby
from p2pim.store.messages import Messages
from p2pim.store.peers import Contact
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, add, by_sql, gaps, keys, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def shown(store: Store, limit: int = 50) -> list[bytes]:
    return [s.message.id for s in store.messages.history(DM.id, limit, None, skip_blocked=False)]


# rooms


def test_rooms_are_made_once_and_known_by_id(store: Store) -> None:
    assert store.messages.room(DM.id) == store.messages.room(DM.id) == DM
    assert store.messages.room(LOBBY) is None
    for _ in range(2):
        store.messages.ensure_room(lobby())
        store.messages.ensure_room(DM)
    assert store.messages.rooms() == [DM, lobby()]
    assert Messages(store.database).room(LOBBY) == lobby()


def test_a_room_that_was_rolled_back_is_not_remembered(store: Store) -> None:
    with pytest.raises(KeyError), store.transaction():
        store.messages.ensure_room(lobby())
        assert store.messages.room(LOBBY) == lobby()
        raise KeyError
    assert store.messages.room(LOBBY) is None
    store.messages.ensure_room(lobby())
    assert store.messages.room(LOBBY) == lobby()


# exactly once, unchanged


def test_a_message_is_stored_once_and_byte_for_byte(store: Store) -> None:
    message = text(BOB)
    (seq,) = add(store, message, unread=True)
    assert store.messages.add(message, now_ms=NOW + 5, waiting=True) is None
    (stored,) = store.messages.get([message.id])
    assert stored.message == message
    assert (stored.seq, stored.received_ms, stored.unread, stored.waiting) == (seq, NOW, True, False)
    assert store.messages.at([seq]) == [stored]
    assert store.messages.held([message.id, bytes(32)]) == {message.id}
    assert store.messages.count(DM.id, "unread") == 1


def test_a_token_stores_once(store: Store) -> None:
    assert store.messages.add(text(ME), now_ms=NOW, token="t") is not None
    assert store.messages.add(text(ME, NOW + 1), now_ms=NOW, token="t") is None
    found = store.messages.by_token("t")
    assert found is not None
    assert found.message == text(ME)
    assert store.messages.by_token("u") is None


def test_many_ids_are_looked_up_in_chunks(store: Store) -> None:
    some = [text(BOB, NOW + n) for n in range(5)]
    seqs = add(store, *some)
    ids = [n.to_bytes(32, "big") for n in range(600)]
    ids[0:0], ids[550:550] = [m.id for m in some[:3]], [m.id for m in some[3:]]
    assert store.messages.held(ids) == {m.id for m in some}
    assert {s.message.id for s in store.messages.get(ids)} == {m.id for m in some}
    assert store.messages.authors(DM.id, ids) == [(m.id, BOB.peer_id) for m in some]
    assert store.messages.authors(LOBBY, ids) == []
    assert [s.seq for s in store.messages.at([*seqs, *range(1000, 1600)])] == seqs


def test_history_is_in_order_whatever_the_order_of_arrival(store: Store) -> None:
    some = sorted((text(BOB, NOW + n // 2, what=f"{n}") for n in range(9)), key=lambda m: m.order)
    add(store, *some[::2], *some[1::2])
    assert shown(store) == [m.id for m in some]
    page = store.messages.history(DM.id, 3, some[5].order, skip_blocked=False)
    assert [s.message for s in page] == some[2:5]


def test_history_may_leave_out_the_blocked(store: Store) -> None:
    add(store, text(BOB), text(ME, NOW + 1))
    store.peers.put(Contact(BOB.peer_id, blocked=True))
    assert [s.message for s in store.messages.history(DM.id, 9, None, skip_blocked=True)] == [
        text(ME, NOW + 1)
    ]
    assert len(shown(store)) == 2


def test_history_holds_lines_and_no_followers(store: Store) -> None:
    line, topic = text(BOB), text(BOB, NOW + 9, kind=TOPIC)
    followers = [text(BOB, NOW + n, kind=kind) for n, kind in enumerate((EDIT, DELETE, REACTION))]
    add(store, line, *followers, topic, text(BOB, NOW + 20, kind=77), unread=True)
    assert shown(store) == [line.id, topic.id, text(BOB, NOW + 20, kind=77).id]
    assert store.messages.count(DM.id, "unread") == 2
    assert store.messages.highest(DM.id, ME.peer_id, NOW) == NOW + 20


def test_the_newest_topic(store: Store) -> None:
    def topic(skip_blocked: bool = False) -> Message | None:
        found = store.messages.topic(DM.id, skip_blocked)
        return None if found is None else found.message

    topics = [text(BOB, NOW + 1, kind=TOPIC), text(ME, NOW, kind=TOPIC)]
    late = text(BOB, NOW + FUTURE_MS + 1, kind=TOPIC)
    assert topic() is None
    add(store, late, *topics, text(BOB, NOW + 9))
    assert topic() == topics[0]
    store.peers.put(Contact(BOB.peer_id, blocked=True))
    assert (topic(), topic(skip_blocked=True)) == (topics[0], topics[1])


def test_lines_are_found_by_the_beginning_of_their_ids(store: Store) -> None:
    some = [text(BOB, NOW + n) for n in range(40)]
    add(store, *some, text(BOB, NOW + FUTURE_MS + 1), text(BOB, NOW, kind=EDIT))
    for length in (1, 2, 7, 63, 64):
        digits = some[0].id.hex()[:length]
        wanted = {m.id for m in some if m.id.hex().startswith(digits)}
        found = store.messages.beginning_with(digits, 99)
        assert {s.message.id for s in found} == wanted
        assert len(store.messages.beginning_with(digits, 1)) == 1
    for hidden in (text(BOB, NOW + FUTURE_MS + 1), text(BOB, NOW, kind=EDIT)):
        assert store.messages.beginning_with(hidden.id.hex(), 9) == []


def test_mentions_are_counted_while_unread(store: Store) -> None:
    seqs = add(store, *(text(BOB, NOW + n) for n in range(3)), unread=True, mention=True)
    assert store.messages.count(DM.id, "mentions") == 3
    store.messages.set_mention(seqs[0], False)
    store.reads.mark(DM.id, seqs[1])
    assert (store.messages.count(DM.id, "mentions"), store.messages.count(DM.id, "unread")) == (1, 1)


def test_reading_marks_what_had_arrived_by_then(store: Store) -> None:
    seqs = add(store, *(text(BOB, NOW - n) for n in range(3)), unread=True)
    assert store.reads.mark(DM.id, seqs[1]) == {BOB.peer_id: NOW - 1}
    assert store.messages.count(DM.id, "unread") == 1
    assert store.reads.mark(DM.id, seqs[1]) == {}


def test_what_is_known_about_the_two_of_a_conversation(store: Store) -> None:
    messages = store.messages
    assert not messages.written_by(DM.id, ME.peer_id)
    assert not messages.known_there(DM.id, ME.peer_id)
    add(store, text(ME), waiting=True)
    assert messages.written_by(DM.id, ME.peer_id)
    assert not messages.known_there(DM.id, ME.peer_id)
    add(store, text(BOB))
    assert messages.known_there(DM.id, ME.peer_id)


# heads, gaps, clocks


def test_heads_are_what_nothing_follows_and_gaps_what_is_named_but_not_here(store: Store) -> None:
    first = text(BOB, NOW)
    second = text(ME, NOW + 1, parents=[first.id])
    third = text(BOB, NOW + 2, parents=[second.id])
    fork = text(ME, NOW + 2, parents=[first.id], what="fork")
    messages = store.messages
    assert (messages.heads(DM.id, NOW * 2), gaps(store)) == ([], [])
    add(store, third)
    assert (messages.heads(DM.id, NOW * 2), gaps(store)) == ([third.id], [second.id])
    add(store, fork)
    assert set(messages.heads(DM.id, NOW * 2)) == {third.id, fork.id}
    assert set(gaps(store)) == {first.id, second.id}
    add(store, second)  # it fills a gap: no head
    assert (set(messages.heads(DM.id, NOW * 2)), gaps(store)) == ({third.id, fork.id}, [first.id])
    add(store, first)
    assert (set(messages.heads(DM.id, NOW * 2)), gaps(store)) == ({third.id, fork.id}, [])
    assert messages.heads(DM.id, NOW + 1) == []


def test_only_the_newest_heads_become_parents(store: Store) -> None:
    some = [text(BOB, NOW + n) for n in range(MAX_PARENTS + 5)]
    add(store, *some)
    assert store.messages.heads(DM.id, NOW * 2) == [m.id for m in reversed(some)][:MAX_PARENTS]


def test_what_is_not_due_is_hidden_counts_for_nothing_and_comes_when_it_is(store: Store) -> None:
    now = text(BOB, NOW)
    late = text(BOB, NOW + FUTURE_MS + 1, parents=[now.id])
    mine = text(ME, NOW + FUTURE_MS + 2)
    add(store, now)
    add(store, late, mine, unread=True)
    messages = store.messages
    assert shown(store) == [now.id]
    assert messages.highest(DM.id, ME.peer_id, NOW) == NOW
    assert (messages.heads(DM.id, NOW * 2), messages.count(DM.id, "unread")) == ([now.id], 0)
    assert messages.due(ME.peer_id, NOW) == []
    assert [(s.message, s.hidden) for s in messages.due(ME.peer_id, NOW + 2)] == [
        (late, False),
        (mine, False),
    ]
    assert messages.due(ME.peer_id, NOW + 2) == []
    assert shown(store) == [now.id, late.id, mine.id]
    assert set(messages.heads(DM.id, NOW * 2)) == {late.id, mine.id}
    assert messages.count(DM.id, "unread") == 1
    assert messages.highest(DM.id, ME.peer_id, NOW + 2) == mine.header.clock


def test_my_own_words_by_a_clock_far_ahead_do_not_count_unless_others_came_that_far(store: Store) -> None:
    far = NOW + 9 * FUTURE_MS
    highest = store.messages.highest
    assert highest(DM.id, ME.peer_id, NOW) == 0
    add(store, text(BOB, NOW - 5))
    add(store, text(ME, far), now_ms=far, sealed=True)
    assert highest(DM.id, ME.peer_id, NOW) == NOW - 5
    assert highest(DM.id, ME.peer_id, far) == far
    add(store, text(BOB, far - FUTURE_MS), now_ms=far)
    assert highest(DM.id, ME.peer_id, NOW) == far
    add(store, text(ME, far + 3 * FUTURE_MS), now_ms=NOW, sealed=True)  # what I seal is shown to me at least
    assert len(shown(store)) == 4
    assert highest(DM.id, ME.peer_id, NOW) == far


def test_what_waits_by_a_clock_that_was_wrong_is_overdue(store: Store) -> None:
    far = NOW + FUTURE_MS + 1
    add(store, text(ME, far), sealed=True, waiting=True)
    add(store, text(ME, far + 1), sealed=True)
    add(store, text(ME, far + 2), waiting=True)
    add(store, text(ME, NOW), sealed=True, waiting=True)
    assert [s.message for s in store.messages.overdue(NOW)] == [text(ME, far)]
    assert store.messages.overdue(NOW + 1) == []


def test_places_in_order_of_arrival(store: Store) -> None:
    messages = store.messages
    assert (messages.last_seq(), messages.known_seq()) == (0, 0)
    with store.transaction():
        (seq,) = add(store, text(BOB))
        assert (messages.last_seq(), messages.known_seq()) == (seq, 0)
    assert messages.known_seq() == seq
    assert Messages(store.database).known_seq() == seq


# sets


# the disk


def test_a_full_disk_leaves_memory_and_store_alike(store: Store) -> None:
    store.messages.items(DM, ME.peer_id, BOB.peer_id)
    store.database.execute(f"PRAGMA max_page_count = {store.database.value('PRAGMA page_count')}")
    with pytest.raises(StoreFull), store.transaction():
        for n in range(1000):
            add(store, text(BOB, NOW + n, what="x" * 900))
    store.messages.ensure_room(DM)
    assert keys(store.messages.items(DM, ME.peer_id, BOB.peer_id)) == by_sql(store, DM) == []
    assert store.messages.known_seq() == 0
