"""The one thread's time, shared."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from p2pim.node.turns import TURN_SECONDS, Turns

LONG = TURN_SECONDS * 1.5


class Loop:
    """A clock that moves by work alone, and rounds that come when told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = Turns(self)
        self.done: list[str] = []
        self._deferred: deque[Callable[[], None]] = deque()

    def monotonic(self) -> float:
        return self.now

    def wall_ms(self) -> int:
        return 0

    def defer(self, call: Callable[[], None]) -> None:
        self._deferred.append(call)

    def work(self, name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds
            self.done.append(name)

        return run

    def take(self, name: str, seconds: float) -> bool:
        work = self.work(name, seconds)
        taken = self.turns.take(work, self.defer)
        if not taken:
            self.turns.wait(name, work, self.defer)
        return taken

    def next_round(self) -> list[str]:
        self.done.clear()
        for call in [self._deferred.popleft() for _ in range(len(self._deferred))]:
            call()
        return list(self.done)


def test_a_round_that_is_young_works_at_once() -> None:
    loop = Loop()
    assert loop.take("ann", TURN_SECONDS / 4)
    assert loop.take("ben", TURN_SECONDS / 4)
    assert loop.done == ["ann", "ben"]


def test_later_work_waits_for_its_round_oldest_first() -> None:
    loop = Loop()
    assert loop.take("ann", LONG)
    assert [loop.take(name, LONG) for name in ("ben", "cy", "dan")] == [False] * 3
    assert [loop.next_round() for _ in range(4)] == [["ben"], ["cy"], ["dan"], []]


def test_a_round_takes_as_many_as_have_room() -> None:
    loop = Loop()
    loop.take("ann", LONG)
    for name in ("ben", "cy", "dan"):
        loop.take(name, TURN_SECONDS * 0.6)
    assert loop.next_round() == ["ben", "cy"]
    assert loop.next_round() == ["dan"]


def test_nobody_overtakes_who_waits() -> None:
    loop = Loop()
    loop.take("ann", LONG)
    loop.take("ben", LONG)
    loop.take("cy", LONG)
    loop.next_round()
    assert not loop.take("dan", 0.0)
    assert loop.next_round() == ["cy"]
    assert loop.next_round() == ["dan"]


def test_who_waits_already_is_not_queued_again() -> None:
    loop = Loop()
    for _ in range(3):
        loop.turns.wait("ann", loop.work("ann", 0.0), loop.defer)
    assert loop.next_round() == ["ann"]
    assert loop.next_round() == []


def test_a_fault_holds_up_nobody_else() -> None:
    loop = Loop()

    def fail() -> None:
        raise RuntimeError

    loop.turns.wait("ann", fail, loop.defer)
    loop.turns.wait("ben", loop.work("ben", 0.0), loop.defer)
    with pytest.raises(RuntimeError):
        loop.next_round()
    assert loop.next_round() == ["ben"]


def test_without_work_no_round_is_asked_for() -> None:
    loop = Loop()
    loop.take("ann", 0.0)
    assert loop.next_round() == []
    assert loop.take("ben", LONG)
    loop.next_round()
    assert not loop._deferred
