"""Section 9.1 and 9.2: comparing two sets by fingerprints of ranges."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeAlias

from .keys import digest
from .packing import Refused

Bound: TypeAlias = tuple[int, bytes]  # clock and prefix compare like the bytes of section 9.1
Range: TypeAlias = tuple[int, bytes, int, bytes]

SKIP, FINGERPRINT, IDS = 0, 1, 2
LOWEST: Bound = (0, b"")
END: Bound = (2**53, b"")


def key(item: Bound) -> bytes:
    """Write an item or a bound as bytes."""
    return item[0].to_bytes(8, "big") + item[1]


def fingerprint(items: Iterable[Bound]) -> bytes:
    """Give the fingerprint of items in order."""
    return digest("fingerprint", b"".join(id_ for _, id_ in items))


def within(items: list[Bound], low: Bound, high: Bound) -> list[Bound]:
    """Give the items of a range."""
    return items[bisect_left(items, low) : bisect_left(items, high)]


def check(ranges: Iterable[Range], *, question: bool) -> None:
    """Check the rules of the ranges of a record."""
    low = LOWEST
    for i, (clock, prefix, mode, _) in enumerate(ranges):
        if i >= 625 or not low < (clock, prefix) <= END or (question and mode == IDS):
            raise Refused("ranges that break a rule")
        low = (clock, prefix)


def answer(items: list[Bound], asked: tuple[Range, ...]) -> tuple[Range, ...]:
    """Answer a question about a sorted set."""
    check(asked, question=True)
    budget = 60_000 - 96 * len(asked)
    result: list[Range] = []
    low = LOWEST
    for clock, prefix, mode, payload in asked:
        high = (clock, prefix)
        mine = within(items, low, high)
        low = high
        if mode == SKIP or payload == fingerprint(mine):
            if result and result[-1][2] == SKIP:
                result.pop()
            result.append((clock, prefix, SKIP, b""))
            continue
        cut = _cut(mine, high)
        cost = sum(len(part[3]) if part[2] == IDS else 96 for part in cut)
        if cost > budget:
            cut, cost = [(clock, prefix, FINGERPRINT, fingerprint(mine))], 0
        budget -= cost
        result += cut
    if result and result[-1][2] == SKIP:
        result.pop()
    return tuple(result)


def _cut(mine: list[Bound], high: Bound) -> list[Range]:
    if len(mine) <= 256:
        return [(*high, IDS, b"".join(id_ for _, id_ in mine))]
    size = -(-len(mine) // 16)
    starts = range(0, len(mine), size)
    highs = [mine[start] for start in starts[1:]] + [high]
    return [
        (*upper, FINGERPRINT, fingerprint(mine[start : start + size]))
        for start, upper in zip(starts, highs, strict=True)
    ]


class Driver:
    """The driving end of one run."""

    def __init__(self, items: list[Bound], floor: int = 0) -> None:
        self.needed: list[bytes] = []
        self.lacking: list[Bound] = []
        self.open: list[tuple[Bound, Bound]] = [((floor, b""), END)]
        self.asked: list[tuple[Bound, Bound]] = []
        self.rounds = 0
        self.question = self._ask(items)

    def _ask(self, items: list[Bound]) -> tuple[Range, ...]:
        self.rounds += 1
        if self.rounds > 1_024:
            raise Refused("a run without end")
        self.asked, self.open = self.open[:16], self.open[16:]
        result: list[Range] = []
        at = LOWEST
        for low, high in self.asked:
            if low != at:
                result.append((*low, SKIP, b""))
            result.append((*high, FINGERPRINT, fingerprint(within(items, low, high))))
            at = high
        return tuple(result)

    def take(self, items: list[Bound], answered: tuple[Range, ...]) -> tuple[Range, ...] | None:
        """Go through an answer; give the next question, or None at the end."""
        check(answered, question=False)
        found: list[tuple[Bound, Bound]] = []
        low = LOWEST
        for clock, prefix, mode, payload in answered:
            high = (clock, prefix)
            if mode != SKIP:
                self._settle(items, low, high, mode, payload, found)
            low = high
        self.open = found + self.open
        if not self.open:
            return None
        self.question = self._ask(items)
        return self.question

    def _settle(
        self,
        items: list[Bound],
        low: Bound,
        high: Bound,
        mode: int,
        payload: bytes,
        found: list[tuple[Bound, Bound]],
    ) -> None:
        if not any(first <= low and high <= last for first, last in self.asked):
            raise Refused("an answer to what was not asked")
        mine = within(items, low, high)
        if mode == FINGERPRINT:
            if payload != fingerprint(mine):
                found.append((low, high))
            return
        theirs = [payload[i : i + 32] for i in range(0, len(payload), 32)]
        held = {id_ for _, id_ in mine}
        self.needed += [id_ for id_ in theirs if id_ not in held]
        self.lacking += [item for item in mine if item[1] not in set(theirs)]
