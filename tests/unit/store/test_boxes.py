from __future__ import annotations

import pytest

from p2pim.protocol.box import public_key, write_record
from p2pim.protocol.message import FUTURE_MS
from p2pim.protocol.records import BOX_HANDED_OVER, BOX_STORED, NOT_ACCEPTED, STORED
from p2pim.store.boxes import MAX_OTHERS, Held
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, new_store, text
from tests.unit.store.test_cost import steps

ONE, TWO = b"1" * 32, b"2" * 32
BOX = b"sealed" * 10


@pytest.fixture
def store() -> Store:
    return new_store()


def write(store: Store, *clocks: int, sealed: bool = True) -> list[int]:
    """Messages of ours to Bob; their places."""
    with store.transaction():
        added = [
            store.messages.add(text(ME, clock), now_ms=NOW, waiting=True, sealed=sealed) for clock in clocks
        ]
    return [stored.seq for stored in added if stored is not None]


def answer(store: Store, clock: int, code: int) -> None:
    with store.transaction():
        store.deliveries.acknowledge(
            ME.peer_id, BOB.peer_id, DM.id, [text(ME, clock).id], code=code, now_ms=NOW
        )


def unboxed(store: Store, since_ms: int | None = None) -> list[int]:
    return [one.clock for one in store.boxes.unboxed(DM.id, BOB.peer_id, NOW, since_ms)]


# -- keys and records


def test_the_current_key_comes_first_and_old_ones_go(store: Store) -> None:
    assert store.boxes.own_keys() == []
    with store.transaction():
        for number in range(3):
            store.boxes.change_key(bytes([number]) * 32, NOW + number)
    assert [(key[0], made - NOW) for key, made in store.boxes.own_keys()] == [(2, 2), (1, 1), (0, 0)]
    with store.transaction():
        store.boxes.forget_keys(NOW + 2)
    assert [key[0] for key, _ in store.boxes.own_keys()] == [2, 1]
    with store.transaction():
        store.boxes.forget_keys(NOW + 1_000)
    assert [key[0] for key, _ in store.boxes.own_keys()] == [2]


def test_the_record_with_the_highest_number_is_kept_by_whoever_calls(store: Store) -> None:
    boxes, key = store.boxes, public_key(b"k" * 32)
    assert (boxes.seq_of(BOB.peer_id), boxes.record_of(BOB.peer_id)) == (0, None)
    for seq in (1, 7):
        with store.transaction():
            boxes.put_record(BOB.peer_id, seq, write_record(BOB, seq, "bob", key, NOW), NOW)
    assert boxes.seq_of(BOB.peer_id) == 7
    assert boxes.record_of(BOB.peer_id) == write_record(BOB, 7, "bob", key, NOW)


def test_of_strangers_only_so_many_records_are_kept(store: Store) -> None:
    signed = write_record(BOB, 1, "", public_key(b"k" * 32), NOW)
    with store.transaction():
        store.boxes.put_record(BOB.peer_id, 1, signed, NOW - 9)
        for number in range(MAX_OTHERS + 2):
            store.boxes.put_record(number.to_bytes(32, "big"), 1, signed, NOW + number)
        store.boxes.forget_records([BOB.peer_id])
    assert store.boxes.seq_of(BOB.peer_id) == 1
    assert [store.boxes.seq_of(number.to_bytes(32, "big")) for number in (0, 1, 2, MAX_OTHERS + 1)] == [
        0,
        0,
        1,
        1,
    ]


# -- held for others


def test_a_box_is_held_until_it_is_handed_over_and_that_until_it_is_told(store: Store) -> None:
    boxes, sender, recipient = store.boxes, CLEO.peer_id, BOB.peer_id
    with store.transaction():
        boxes.hold(TWO, sender, recipient, NOW + 5, BOX)
        boxes.hold(ONE, sender, recipient, NOW + 9, BOX)
    assert boxes.held(ONE) == Held(ONE, sender, recipient, BOX)
    assert boxes.held_for(recipient) == [TWO, ONE]
    assert boxes.held_for(sender) == boxes.to_tell(sender) == []
    assert boxes.usage(sender) == (2, 120, 120)
    assert boxes.usage(recipient) == (0, 0, 120)
    with store.transaction():
        boxes.handed_over(TWO)
    assert boxes.held(TWO) == Held(TWO, sender, recipient, None)
    assert (boxes.held_for(recipient), boxes.to_tell(sender)) == ([ONE], [TWO])
    assert boxes.usage(sender) == (2, 60, 60)
    with store.transaction():
        boxes.drop([TWO])
        boxes.drop_expired(NOW + 8)
    assert boxes.usage(sender) == (1, 60, 60)
    with store.transaction():
        boxes.drop_expired(NOW + 9)
    assert boxes.held(ONE) is None


# -- ours


def test_what_can_be_boxed_is_ours_sealed_here_due_and_unanswered(store: Store) -> None:
    write(store, NOW - 2, NOW - 1, NOW, NOW + FUTURE_MS + 1)
    write(store, NOW - 3, sealed=False)  # from our other machine, which makes its own boxes
    with store.transaction():
        store.messages.add(text(BOB, NOW + 1), now_ms=NOW)
    assert unboxed(store) == [NOW, NOW - 1, NOW - 2]
    assert unboxed(store, NOW - 1) == [NOW, NOW - 1]
    answer(store, NOW - 1, STORED)
    answer(store, NOW, NOT_ACCEPTED)
    assert unboxed(store) == unboxed(store, 0) == [NOW - 2]
    (one,) = store.boxes.unboxed(DM.id, BOB.peer_id, NOW)
    assert (one.signed, one.room) == (text(ME, NOW - 2).signed(), DM.id)


def test_what_is_void_or_in_a_box_for_them_is_not_boxed_again(store: Store) -> None:
    seqs = write(store, NOW, NOW + 1)
    with store.transaction():
        store.standing.set_void(seqs[:1], True)
    assert unboxed(store) == [NOW + 1]
    with store.transaction():
        store.boxes.send(ONE, BOB.peer_id, NOW + 9, BOX, seqs[1:])
    assert unboxed(store) == []
    assert [one.clock for one in store.boxes.unboxed(DM.id, CLEO.peer_id, NOW)] == [NOW + 1]


def test_a_box_of_ours_until_all_in_it_is_answered_for(store: Store) -> None:
    boxes, seqs = store.boxes, write(store, NOW, NOW + 1)
    with store.transaction():
        boxes.send(TWO, BOB.peer_id, NOW + 9, BOX, seqs)
        boxes.send(ONE, CLEO.peer_id, NOW + 9, BOX, seqs[:1])
    assert boxes.sent() == [(TWO, BOB.peer_id), (ONE, CLEO.peer_id)]
    assert (boxes.sent_to(BOB.peer_id), boxes.sent_usage()) == ([TWO], (2, 120))
    assert boxes.sent_box(TWO) == (BOB.peer_id, NOW + 9, BOX)
    assert boxes.sent_box(bytes(32)) is None
    assert boxes.rooms_in(TWO) == [DM.id]
    answer(store, NOW, STORED)
    answer(store, NOW + 1, NOT_ACCEPTED)
    assert boxes.finished(NOW) == []
    answer(store, NOW + 1, STORED)
    assert boxes.finished(NOW) == [TWO]
    assert boxes.finished(NOW + 9) == [TWO, ONE]
    with store.transaction():
        assert boxes.forget_sent(TWO) == seqs
    assert boxes.sent() == [(ONE, CLEO.peer_id)]
    with store.transaction():
        store.messages.forget(seqs)
    assert boxes.finished(NOW) == [ONE]


def test_who_holds_what_until_its_recipient_answers(store: Store) -> None:
    boxes, (seq, other) = store.boxes, write(store, NOW, NOW + 1)
    with store.transaction():
        boxes.send(ONE, BOB.peer_id, NOW + 9, BOX, [seq, other])
        assert boxes.note_holder(ONE, CLEO.peer_id, BOX_STORED, NOW) == [seq, other]
        assert boxes.note_holder(ONE, CLEO.peer_id, BOX_STORED, NOW + 1) == []
        assert boxes.note_holder(TWO, CLEO.peer_id, BOX_STORED, NOW) == []  # no box of ours
    assert boxes.holders(ONE) == [CLEO.peer_id]
    assert boxes.holders_of([seq, other]) == {key: [(CLEO.peer_id, False, NOW)] for key in (seq, other)}
    with store.transaction():
        assert boxes.note_holder(ONE, CLEO.peer_id, BOX_HANDED_OVER, NOW + 2) == [seq, other]
        assert boxes.note_holder(ONE, CLEO.peer_id, BOX_STORED, NOW + 3) == []
    assert boxes.holders_of([seq]) == {seq: [(CLEO.peer_id, True, NOW + 2)]}
    answer(store, NOW, NOT_ACCEPTED)
    assert boxes.holders_of([seq, other]).keys() == {other}
    with store.transaction():
        assert boxes.forget_holder(ONE, CLEO.peer_id) == [seq, other]
    assert boxes.holders(ONE) == []
    assert boxes.holders_of([other]) == {}


def test_looking_for_what_to_box_costs_nothing_in_a_long_conversation(store: Store) -> None:
    with store.transaction():
        for number in range(2_000):
            store.messages.add(text(ME, NOW - number), now_ms=NOW, sealed=True)
    boxes = store.boxes
    assert steps(store, lambda: boxes.unboxed(DM.id, BOB.peer_id, NOW)) < 200
    assert steps(store, lambda: boxes.unboxed(DM.id, BOB.peer_id, NOW, NOW)) < 200
