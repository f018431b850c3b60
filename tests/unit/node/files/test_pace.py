from __future__ import annotations

from p2pim.node.files.pace import Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(0, Clock())
    pace.spend(10**12)
    assert pace.allows()
    assert pace.wait() == 0


def test_a_piece_runs_into_debt_that_is_paid_first() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    pace.spend(1250)
    assert not pace.allows()
    assert pace.wait() == 1.0
    clock.now = 1.0
    assert pace.allows()
    clock.now = 100.0
    pace.spend(350)
    assert pace.wait() == 0.1, "no more than a quarter of a second is saved up"
