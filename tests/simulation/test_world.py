"""The simulator itself."""

from __future__ import annotations

from tests.simulation.office import play


def test_a_story_is_the_same_each_time_it_is_told() -> None:
    one, two = play(1), play(1)
    assert one.count == two.count
    assert [m.disk.serialize() for m in one.machines] == [m.disk.serialize() for m in two.machines]
