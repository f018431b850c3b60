"""The goals, and whether they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import idle
import rooms
import start
from _common import Figures
from _p2pim import P2pim
from _prosody import Prosody

#: A figure that misses its goal by less than this may stand, if its profile says why.
NEARLY = 1.5


@dataclass(frozen=True)
class Goal:
    """A figure that must not be above (or below) a limit, in itself or as a multiple of somebody else's."""

    figure: str
    name: str
    limit: float
    beside: str | None = None
    least: bool = False

    def line(self, figures: Figures | None) -> str:
        """Draw one line of the table."""
        times = f" x {self.beside}" if self.beside else ""
        goal = f"{'>=' if self.least else '<='} {self.limit:,g}{times}"
        label = f"{self.figure}: {self.name}"
        if figures is None or (self.beside and not figures.has(self.figure, self.beside)):
            return f"{label:<66}{'':>12}  {goal:<42} not measured"
        value = figures.median(self.figure, self.name)
        if self.beside:
            value /= figures.median(self.figure, self.beside)
        return f"{label:<66}{value:>12,.2f}  {goal:<42} {self._verdict(value)}"

    def _verdict(self, value: float) -> str:
        excess = self.limit / value if self.least else value / self.limit
        return (
            "holds"
            if excess <= 1
            else f"nearly ({excess:.2f} x)"
            if excess <= NEARLY
            else f"FAILS ({excess:.2f} x)"
        )


GOALS = (
    Goal("round trip p50, ms", P2pim.name, 1.5),
    Goal("round trip p99, ms", P2pim.name, 6),
    Goal("round trip p50, ms", P2pim.name, 0.5, beside=Prosody.name),
    Goal("answered a second", P2pim.name, 3_000, least=True),
    Goal("answered a second", P2pim.name, 3, beside=Prosody.name, least=True),
    Goal(rooms.TAKEN_IN, rooms.WE, 3_500, least=True),
    Goal(rooms.AGREE, rooms.WE, 5),
    Goal(rooms.RECORDS, rooms.WE, 1),
    Goal(idle.MEMORY, idle.TEN, 48),
    Goal(idle.PROCESSOR, idle.TEN, 0.1),
    Goal(idle.WAKE_UPS, idle.TEN, 3),
    Goal(idle.MEMORY, idle.FIFTY, 60),
    Goal(idle.TRAFFIC, idle.FIFTY, 2),
    Goal(start.COMMAND, start.VERSION, 3, beside=start.PYTHON),
    Goal(start.COMMAND, start.SEND, 80),
    Goal(start.START, start.LISTENING, 600),
    Goal(start.START, start.ADVERTISED, 600),
    Goal(start.MEET, start.WE, 2_000),
)


def verdicts(measured: Sequence[Figures]) -> list[str]:
    """One line a goal."""
    return [goal.line(next((f for f in measured if f.has(goal.figure, goal.name)), None)) for goal in GOALS]
