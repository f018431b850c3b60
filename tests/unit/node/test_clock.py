"""The machine's clocks."""

from __future__ import annotations

import time

from p2pim.node.clock import SystemClock


def test_both_clocks_are_the_machines() -> None:
    clock = SystemClock()
    before, after = time.monotonic(), clock.monotonic()
    assert before <= after <= time.monotonic()
    assert abs(clock.wall_ms() / 1000 - time.time()) < 60
