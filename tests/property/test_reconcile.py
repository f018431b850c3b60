"""Reconciliation of arbitrary sets, and of honest ends with hostile ones."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2pim.errors import RemoteProtocolError
from p2pim.protocol.identity import digest
from p2pim.protocol.message import MAX_CLOCK, MessageId
from p2pim.protocol.reconcile import (
    FINGERPRINT,
    IDS,
    MAX_OPEN,
    MAX_ROUNDS,
    SKIP,
    ItemSet,
    Run,
    answer,
    key,
)
from p2pim.protocol.records import CONTENT, MAX_PLAINTEXT, Range, Reconcile, encode

Item = tuple[int, MessageId]

POOL = [
    (clock, digest("test", clock.to_bytes(2, "big") + bytes([n])))
    for clock in range(1, 300)
    for n in range(4)
]
subsets = st.builds(
    lambda seed, share: set(random.Random(seed).sample(POOL, int(share * len(POOL)))),
    st.integers(0, 2**32),
    st.floats(0, 1),
)
# An id names one clock: those that two sets share have the same there.
wild = st.sets(
    st.binary(min_size=32, max_size=32).map(
        lambda i: (1 + int.from_bytes(i[-8:], "big") % (MAX_CLOCK - 1), i)
    ),
    max_size=40,
)


def items(some: Iterable[Item]) -> ItemSet:
    return ItemSet(key(clock, i) for clock, i in some)


def run_to_end(
    driver: ItemSet, answerer: ItemSet, floor: int = 0
) -> tuple[list[MessageId], list[MessageId], int]:
    run, need, have = Run(floor), list[MessageId](), list[MessageId]()
    asks = run.start(driver)
    while asks:
        answered = answer(answerer, asks)
        for ranges in (asks, answered):
            assert len(encode(Reconcile(bytes(32), CONTENT, 2**53, 1, ranges))) <= MAX_PLAINTEXT
        found, lacking, asks = run.step(driver, answered)
        need += found
        have += [i for i, _ in lacking]
    assert run.finished
    return need, have, run.rounds


def ids(some: Iterable[Item]) -> list[MessageId]:
    return sorted(i for _, i in some)


@given(st.one_of(subsets, wild), st.one_of(subsets, wild))
def test_a_run_finds_exactly_what_differs_once(mine: set[Item], theirs: set[Item]) -> None:
    need, have, _ = run_to_end(items(mine), items(theirs))
    assert sorted(need) == ids(theirs - mine)
    assert sorted(have) == ids(mine - theirs)


@given(subsets, subsets, st.integers(0, 310))
def test_with_a_floor_nothing_below_it_is_found(mine: set[Item], theirs: set[Item], floor: int) -> None:
    need, have, _ = run_to_end(items(mine), items(theirs), floor)
    assert sorted(need) == ids(item for item in theirs - mine if item[0] >= floor)
    assert sorted(have) == ids(item for item in mine - theirs if item[0] >= floor)


@given(st.lists(st.sampled_from(POOL)), st.lists(st.sampled_from(POOL)))
def test_a_set_is_the_same_whatever_the_order_it_grew_in(one: list[Item], other: list[Item]) -> None:
    grown, sorted_set = ItemSet(), items(set(one) | set(other))
    for clock, i in one:
        grown.add(key(clock, i))
    grown.fingerprint(0, len(grown))
    for clock, i in reversed(other):
        grown.add(key(clock, i))
    assert grown.entries(0, len(grown)) == sorted_set.entries(0, len(sorted_set))
    assert grown.fingerprint(0, len(grown)) == sorted_set.fingerprint(0, len(sorted_set))


@pytest.mark.parametrize("seed", range(3))
def test_forty_missing_of_twenty_thousand_are_found_in_few_rounds(seed: int) -> None:
    rng = random.Random(seed)
    shared = [(1_000 + n // 2, rng.randbytes(32)) for n in range(20_000)]
    rng.shuffle(shared)
    mine, theirs = set(shared[:-20]), set(shared[20:])
    need, have, rounds = run_to_end(items(mine), items(theirs))
    assert (sorted(need), sorted(have)) == (ids(theirs - mine), ids(mine - theirs))
    assert rounds <= 8


# hostile ends

ranges = st.lists(
    st.tuples(st.integers(0, MAX_CLOCK), st.binary(max_size=32), st.integers(0, 2), st.integers(0, 40)),
    max_size=30,
).flatmap(
    lambda rows: st.just([Range(c, p, m, bytes(n * 32 if m == IDS else m * 32)) for c, p, m, n in rows])
)
rising = ranges.map(lambda some: sorted(some, key=lambda r: key(r.clock, r.prefix)))


@given(subsets, st.one_of(ranges, rising))
def test_any_question_is_answered_or_refused(mine: set[Item], asked: list[Range]) -> None:
    try:
        answered = answer(items(mine), asked)
    except RemoteProtocolError:
        return
    assert len(encode(Reconcile(bytes(32), CONTENT, 1, 1, answered))) <= MAX_PLAINTEXT


@given(subsets, st.lists(st.one_of(ranges, rising), max_size=10))
def test_any_answer_is_taken_or_refused(mine: set[Item], answers: list[list[Range]]) -> None:
    run, driver = Run(), items(mine)
    run.start(driver)
    try:
        for answered in answers:
            run.step(driver, answered)
    except RemoteProtocolError:
        pass


@settings(max_examples=20)
@given(subsets, st.integers(0, 2**32))
def test_an_end_that_never_agrees_is_given_up(mine: set[Item], seed: int) -> None:
    rng, run, driver = random.Random(seed), Run(), items(mine)
    asks = run.start(driver)
    for _ in range(MAX_ROUNDS):
        lies = [Range(r.clock, r.prefix, FINGERPRINT, rng.randbytes(32)) if r.mode else r for r in asks]
        _, _, asks = run.step(driver, lies)
        assert asks
    with pytest.raises(RemoteProtocolError):
        run.step(driver, asks)


def place(bound: bytes) -> int:
    return int.from_bytes(bound.ljust(40, b"\0"), "big")


def cut_widest(asks: list[Range]) -> list[Range]:
    """An answer that cuts the widest range asked about into as many as fit; the others count as closed."""
    low, spans = 0, []
    for r in asks:
        high = place(key(r.clock, r.prefix))
        spans += [(high - low, low)] * (r.mode == FINGERPRINT)
        low = high
    width, low = max(spans)
    bounds = [(low + width * n // 600).to_bytes(40, "big") for n in range(1, 600)] if width > 2**20 else []
    cut = [Range(int.from_bytes(b[:8], "big"), b[8:], FINGERPRINT, bytes(32)) for b in bounds]
    start = low.to_bytes(40, "big")
    return [Range(int.from_bytes(start[:8], "big"), start[8:], SKIP, b""), *cut] if low else cut


def test_an_end_that_cuts_ever_finer_does_not_fill_the_memory() -> None:
    run, driver = Run(), items(POOL[:100])
    asks = run.start(driver)
    with pytest.raises(RemoteProtocolError, match="splits without end"):  # noqa: PT012 (at which step is open)
        for _ in range(MAX_ROUNDS - 1):
            _, _, asks = run.step(driver, cut_widest(asks))
            assert len(run._open) <= MAX_OPEN
