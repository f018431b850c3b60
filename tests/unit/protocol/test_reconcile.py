"""Range-based set reconciliation: sets, answers, runs, and what breaks the rules."""

from __future__ import annotations

import pytest

from p2pim.errors import RemoteProtocolError
from p2pim.protocol import reconcile as module
from p2pim.protocol.identity import digest
from p2pim.protocol.message import MAX_CLOCK, MessageId
from p2pim.protocol.reconcile import (
    END,
    FANOUT,
    FINGERPRINT,
    IDS,
    LEAF,
    MAX_RANGES,
    SKIP,
    ItemSet,
    Run,
    answer,
    ask,
    bound_of,
    key,
)
from p2pim.protocol.records import CONTENT, MAX_PLAINTEXT, Range, Reconcile, encode


def message_id(n: int) -> MessageId:
    return digest("test", n.to_bytes(8, "big"))


def item(n: int, clock: int | None = None) -> bytes:
    return key(n + 1 if clock is None else clock, message_id(n))


def items(*numbers: int) -> ItemSet:
    return ItemSet(item(n) for n in numbers)


def reconcile(
    driver: ItemSet, answerer: ItemSet, floor: int = 0
) -> tuple[set[MessageId], set[MessageId], int]:
    """Run to the end: (needed here, lacking there, rounds)."""
    run, need, have = Run(floor), list[MessageId](), list[MessageId]()
    asks = run.start(driver)
    while asks:
        answered = answer(answerer, asks)
        for ranges in (asks, answered):
            assert len(encode(Reconcile(bytes(32), CONTENT, 2**53, 0, ranges))) <= MAX_PLAINTEXT
        more, theirs, asks = run.step(driver, answered)
        need += more
        have += [i for i, _ in theirs]
    assert run.finished
    assert len(need) == len(set(need))
    assert len(have) == len(set(have))
    return set(need), set(have), run.rounds


def ids(*numbers: int) -> set[MessageId]:
    return {message_id(n) for n in numbers}


# the set


def test_a_set_keeps_its_order_and_holds_each_key_once() -> None:
    one = ItemSet()
    for n in (5, 1, 9, 5, 3, 9, 1):
        one.add(item(n))
    assert len(one) == 4
    assert [clock for _, clock in one.entries(0, 4)] == [2, 4, 6, 10]
    assert one.ids(1, 3) == [message_id(3), message_id(5)]
    assert item(5) in one
    assert item(6) not in one
    assert 5 not in one
    assert one.span(key(4, b""), key(10, b"")) == (1, 3)


def test_equal_clocks_are_ordered_by_id() -> None:
    keys = [key(7, message_id(n)) for n in range(9)]
    assert ItemSet(keys).ids(0, 9) == sorted(message_id(n) for n in range(9))


def test_a_fingerprint_is_the_hash_of_the_ids_in_order() -> None:
    one = items(1, 2, 3)
    assert one.fingerprint(0, 3) == digest("fingerprint", message_id(1) + message_id(2) + message_id(3))
    assert one.fingerprint(1, 2) == digest("fingerprint", message_id(2))
    assert ItemSet().fingerprint(0, 0) == digest("fingerprint", b"")
    before = one.fingerprint(0, 3)
    one.add(item(2))
    assert one.fingerprint(0, 3) == before
    one.add(item(4))
    assert one.fingerprint(0, 4) == items(1, 2, 3, 4).fingerprint(0, 4) != before
    one.add(item(0))
    assert one.fingerprint(0, 5) == items(0, 1, 2, 3, 4).fingerprint(0, 5)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 31, 257, 1000])
def test_a_cut_covers_everything_in_at_most_sixteen_parts(count: int) -> None:
    one = items(*range(count))
    parts = one.cut(0, count, FANOUT)
    assert len(parts) <= FANOUT
    assert [start for start, _, _ in parts] == [0, *(stop for _, stop, _ in parts[:-1])]
    assert parts[-1][1:] == (count, None)
    assert [bound for _, _, bound in parts[:-1]] == [item(stop) for _, stop, _ in parts[:-1]]


# asking and answering


def test_a_question_is_one_fingerprint_above_the_floor() -> None:
    one = items(1, 2, 3)
    assert ask(one) == [Range(MAX_CLOCK, b"", FINGERPRINT, one.fingerprint(0, 3))]
    assert ask(one, 3) == [
        Range(3, b"", SKIP, b""),
        Range(MAX_CLOCK, b"", FINGERPRINT, one.fingerprint(1, 3)),
    ]


def test_equal_sets_are_answered_by_nothing() -> None:
    assert answer(items(1, 2), ask(items(1, 2))) == []
    assert answer(ItemSet(), ask(ItemSet())) == []


def test_a_small_set_is_answered_by_its_ids_and_a_large_one_by_sixteen_fingerprints() -> None:
    small, large = items(*range(LEAF)), items(*range(LEAF + 1))
    assert answer(small, ask(ItemSet())) == [Range(MAX_CLOCK, b"", IDS, b"".join(small.ids(0, LEAF)))]
    parts = answer(large, ask(ItemSet()))
    assert [r.mode for r in parts] == [FINGERPRINT] * FANOUT
    assert bound_of(parts[-1]) == END
    assert parts[0].payload == large.fingerprint(0, 17)
    assert bound_of(parts[0]) == item(17)


def test_what_is_equal_between_is_skipped_and_what_is_equal_at_the_end_is_not_mentioned() -> None:
    one, other = items(*range(10)), items(*range(4), *range(5, 10))
    bounds = [item(2), item(4), item(6), item(8), END]
    low, asked = 0, []
    for bound in bounds:
        high = one.span(b"", bound)[1]
        asked.append(
            Range(int.from_bytes(bound[:8], "big"), bound[8:], FINGERPRINT, one.fingerprint(low, high))
        )
        low = high
    answered = answer(other, asked)
    assert [(bound_of(r), r.mode) for r in answered] == [(item(4), SKIP), (item(6), IDS)]


def test_what_does_not_fit_into_one_record_stays_a_fingerprint() -> None:
    theirs = items(*range(3_000))
    asked = [Range(200 * (n + 1), b"", FINGERPRINT, bytes(32)) for n in range(15)]
    answered = answer(theirs, asked)
    modes = [r.mode for r in answered]
    assert IDS in modes
    assert modes[-1] == FINGERPRINT
    assert len(answered) == 15
    assert answered[-1].payload == theirs.fingerprint(*theirs.span(key(2800, b""), key(3000, b"")))
    assert len(encode(Reconcile(bytes(32), CONTENT, 1, 1, answered))) <= MAX_PLAINTEXT


# whole runs


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ([], []),
        ([], [1]),
        ([1], []),
        ([1, 2, 3], [3, 4, 5]),
        (list(range(1000)), list(range(1000))),
        (list(range(1000)), list(range(500, 1500))),
        ([], list(range(2000))),
        (list(range(2000)), []),
        (list(range(0, 3000, 2)), list(range(1, 3000, 2))),
    ],
)
def test_a_run_finds_exactly_what_differs(mine: list[int], theirs: list[int]) -> None:
    need, have, rounds = reconcile(items(*mine), items(*theirs))
    assert need == ids(*theirs) - ids(*mine)
    assert have == ids(*mine) - ids(*theirs)
    assert rounds <= 20


def test_nothing_below_the_floor_is_compared() -> None:
    need, have, rounds = reconcile(items(1, 2, 10, 12), items(3, 4, 10, 13), floor=11)
    assert (need, have, rounds) == (ids(13), ids(12), 1)
    assert reconcile(items(1), items(2), floor=100) == (set(), set(), 1)


def test_sets_that_grow_during_a_run_do_not_disturb_it() -> None:
    mine, theirs = items(*range(0, 2000)), items(*range(1000, 3000))
    run, need, have = Run(), set[MessageId](), set[MessageId]()
    asks, n = run.start(mine), 5_000
    while asks:
        more, found, asks = run.step(mine, answer(theirs, asks))
        need.update(more)
        have.update(i for i, _ in found)
        mine.add(item(n))
        theirs.add(item(n + 1, clock=n % 3000))
        n += 2
    assert ids(*range(2000, 3000)) <= need
    assert ids(*range(1000)) <= have


# broken rules


def r(clock: int, mode: int = FINGERPRINT, payload: bytes | None = None, prefix: bytes = b"") -> Range:
    return Range(clock, prefix, mode, bytes(32) if payload is None else payload)


@pytest.mark.parametrize(
    "ranges",
    [
        [r(5), r(5)],
        [r(6), r(5)],
        [r(5, prefix=b"b"), r(5, prefix=b"a")],
        [r(MAX_CLOCK, prefix=b"\x00")],
        [r(5, mode=IDS, payload=bytes(32))],
        [r(n + 1) for n in range(MAX_RANGES + 1)],
    ],
    ids=["twice", "falling", "falling prefix", "beyond the end", "a wrong mode", "too many"],
)
def test_a_question_that_breaks_the_rules_is_refused(ranges: list[Range]) -> None:
    with pytest.raises(RemoteProtocolError):
        answer(items(1), ranges)


@pytest.mark.parametrize(("mode", "size"), [(SKIP, 1), (FINGERPRINT, 31), (FINGERPRINT, 0), (IDS, 33)])
def test_a_payload_that_does_not_fit_its_mode_makes_no_range(mode: int, size: int) -> None:
    with pytest.raises(RemoteProtocolError):
        r(5, mode=mode, payload=bytes(size))


def test_an_answer_about_what_was_not_asked_is_refused() -> None:
    run = Run(floor=10)
    run.start(items(1))
    with pytest.raises(RemoteProtocolError, match="outside"):
        run.step(items(1), [r(5)])


def test_an_answer_may_not_ask_about_more_than_the_question() -> None:
    run = Run()
    mine = items(*range(1000))
    run.step(mine, answer(items(*range(500)), run.start(mine)))
    with pytest.raises(RemoteProtocolError, match="outside"):
        run.step(mine, [r(MAX_CLOCK, mode=IDS, payload=b"")])


def test_a_run_that_splits_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 100)
    run, mine = Run(), items(1)
    run.start(mine)
    run.step(mine, [r(n) for n in range(10, 101)])  # each differs, and more than an honest end makes of one
    with pytest.raises(RemoteProtocolError, match="splits"):
        run.step(mine, [r(5, prefix=bytes((n,))) for n in range(1, 40)])


def test_a_run_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROUNDS", 50)
    run, mine = Run(), items(1)
    run.start(mine)
    for _ in range(50):
        _, _, asks = run.step(mine, [r(MAX_CLOCK)])  # "it differs", without ever saying how
        assert len(asks) == 1
    with pytest.raises(RemoteProtocolError, match="does not end"):
        run.step(mine, [r(MAX_CLOCK)])
