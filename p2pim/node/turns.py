"""The time of the one thread, shared among Links: whoever has more to do waits in a queue.

Theory. A turn of one Link is short, but all Links may have work in the same round of the event loop, and then
their turns add up. So work is done at once only while the round is young; what comes later waits, and each later
round takes from the queue, oldest first, until its own share is used up. However many peers are busy, the local
API and everything else is held up by little more than two turns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from p2pim.node.clock import Clock

#: Seconds of work a round of the event loop takes on, and after which a turn of one Link ends.
TURN_SECONDS: Final = 0.02

Work = Callable[[], None]
Defer = Callable[[Work], None]


class Turns:
    """Who works now and who waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[Hashable, Work] = {}
        self._spent = 0.0
        self._armed = False

    def take(self, work: Work, defer: Defer) -> bool:
        """Do the work now if this round has time left; False: it has none, ``wait``.

        Args:
            defer: calls back in the next round.
        """
        if self._waiting or self._spent >= TURN_SECONDS:
            return False
        self._work(work)
        self._arm(defer)
        return True

    def wait(self, who: Hashable, work: Work, defer: Defer) -> None:
        """Do the work when all who wait already have had their turn; once, however often it is said."""
        self._waiting.setdefault(who, work)
        self._arm(defer)

    def _work(self, work: Work) -> None:
        began = self._clock.monotonic()
        try:
            work()
        finally:
            self._spent += self._clock.monotonic() - began

    def _arm(self, defer: Defer) -> None:
        if not self._armed and (self._waiting or self._spent):
            self._armed = True
            defer(lambda: self._next_round(defer))

    def _next_round(self, defer: Defer) -> None:
        self._armed, self._spent = False, 0.0
        try:
            while self._waiting and self._spent < TURN_SECONDS:
                self._work(self._waiting.pop(next(iter(self._waiting))))
        finally:
            self._arm(defer)
