"""What was read, here and by others: never more than was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.message import DELETE, EDIT, FUTURE_MS, TOPIC, seal, text_content
from p2pim.protocol.records import MAX_READS
from p2pim.store.deliveries import NOT_ACCEPTED, STORED
from p2pim.store.reads import WINDOW
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, add, new_store, text


@pytest.fixture
def store() -> Iterator[Store]:
    store = new_store()
    yield store
    store.close()


def ranges(store: Store, since: int = 0) -> list[tuple[int, int]]:
    """Relative to NOW."""
    return [(low - NOW, high - NOW) for low, high in store.reads.ranges(DM.id, BOB.peer_id, since)]


def test_a_range_ends_at_what_was_not_read_or_never_had_to_be(store: Store) -> None:
    add(store, text(BOB, NOW))  # history from before we came
    add(store, *(text(BOB, NOW + n) for n in range(1, 4)), unread=True)
    assert ranges(store) == []
    store.reads.mark(DM.id, store.messages.last_seq())
    assert ranges(store) == [(1, 3)]
    add(store, text(BOB, NOW + 9), unread=True)
    assert ranges(store) == [(1, 3)]
    (late,) = add(store, text(BOB, NOW + 2, what="late"), unread=True)  # with the clock of one that was read
    assert ranges(store) == [(1, 1), (3, 3)]
    store.reads.mark(DM.id, late)
    assert ranges(store) == [(1, 9)]
    assert ranges(store, since=NOW + 3) == [(3, 9)]
    assert store.reads.ranges(DM.id, CLEO.peer_id, 0) == []


def test_others_and_what_is_no_line_of_its_own_do_not_end_one(store: Store) -> None:
    add(store, text(BOB, NOW), text(BOB, NOW + 4), unread=True)
    store.reads.mark(DM.id, store.messages.last_seq())
    add(store, text(ME, NOW + 1), text(BOB, NOW + 2, kind=EDIT), text(BOB, NOW + 3, kind=TOPIC))
    assert ranges(store) == [(0, 4)]


def test_what_is_hidden_or_void_is_not_read(store: Store) -> None:
    add(store, text(BOB, NOW), unread=True)
    (void,) = add(store, text(BOB, NOW + 1), unread=True, void=True)
    add(store, text(BOB, NOW + 2), unread=True)
    add(store, text(BOB, NOW + FUTURE_MS + 9), unread=True)
    store.reads.mark(DM.id, store.messages.last_seq())
    assert ranges(store) == [(0, 0), (2, 2)]
    store.standing.set_void([void], False)
    assert ranges(store) == [(0, 2)]


def test_what_was_erased_after_it_was_read_has_been_read_and_before_has_not(store: Store) -> None:
    read, unread = text(BOB, NOW), text(BOB, NOW + 1)
    add(store, read, unread=True)
    store.reads.mark(DM.id, store.messages.last_seq())
    add(store, unread, unread=True)
    content = text_content("", NOW + 5, bytes)
    for target in (read, unread):
        add(
            store,
            seal(BOB, DM.id, parents=[], clock=NOW + 5, kind=DELETE, content=content, target=target.id),
        )
    assert ranges(store) == [(0, 0)]
    assert store.messages.count(DM.id, "unread") == 0
    assert store.standing.expire(DM.id, NOW + 5) == 0
    assert ranges(store) == [(0, 0)]


def test_only_the_newest_ranges_are_told(store: Store) -> None:
    for n in range(2 * MAX_READS):
        add(store, text(BOB, NOW + 2 * n), unread=True)
        add(store, text(BOB, NOW + 2 * n + 1))
    store.reads.mark(DM.id, store.messages.last_seq())
    told = ranges(store)
    assert len(told) == MAX_READS
    assert told[-1] == (4 * MAX_READS - 2, 4 * MAX_READS - 2)


def test_the_window_begins_where_the_newest_messages_do(store: Store) -> None:
    add(store, *(text(BOB, NOW + n) for n in range(WINDOW - 1)))
    assert store.reads.window(DM.id) == 0
    add(store, text(BOB, NOW + WINDOW))
    assert store.reads.window(DM.id) == NOW
    add(store, text(BOB, NOW + WINDOW + 1))
    assert store.reads.window(DM.id) == NOW + 1


def told(store: Store, *some: tuple[int, int], at: int = 7) -> list[int]:
    where = [(NOW + low, NOW + high) for low, high in some]
    return store.reads.told(ME.peer_id, BOB.peer_id, DM.id, where, now_ms=at)


def test_only_what_is_stored_there_counts_as_read_there(store: Store) -> None:
    mine = [text(ME, NOW + n) for n in range(4)]
    seqs = add(store, *mine, waiting=True)
    add(store, text(BOB, NOW + 1))
    topic = text(ME, NOW + 2, kind=TOPIC)
    add(store, topic, waiting=True)
    store.deliveries.acknowledge(ME.peer_id, BOB.peer_id, DM.id, [topic.id], code=STORED, now_ms=5)

    def answer(number: int, code: int) -> None:
        ids = [mine[number].id]
        store.deliveries.acknowledge(ME.peer_id, BOB.peer_id, DM.id, ids, code=code, now_ms=5)

    answer(0, STORED)
    answer(1, NOT_ACCEPTED)
    answer(3, STORED)
    assert told(store, (0, 2)) == seqs[:1]
    assert told(store, (0, 2)) == []
    assert store.deliveries.of(seqs[:1])[seqs[0]][0].read == 7
    answer(1, STORED)
    answer(0, STORED)
    assert store.deliveries.of(seqs[:1])[seqs[0]][0].read == 7
    assert store.deliveries.of(seqs[1:2])[seqs[1]][0].read is None, (
        "what is said goes for what was known then"
    )
    assert sorted(told(store, (0, 0), (1, 3), at=8)) == [seqs[1], seqs[3]]
    assert told(store, (3, 0)) == []


def test_one_telling_looks_at_so_many_messages_and_no_more(store: Store) -> None:
    mine = [text(ME, NOW + n) for n in range(2 * WINDOW + 10)]
    seqs = add(store, *mine, waiting=True)
    for part in (mine[:900], mine[900:]):
        store.deliveries.acknowledge(
            ME.peer_id, BOB.peer_id, DM.id, [m.id for m in part], code=STORED, now_ms=5
        )
    assert sorted(told(store, (0, 500), (501, 9_999))) == seqs[10:]
