"""Time as a node sees it: injected, so that a whole office can be simulated from one seed."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that never jumps, for time-outs, and the wall's, for people."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970; may be wrong and may jump."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """See Clock."""
        return time.time_ns() // 1_000_000
