"""The messages that are held, in order, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from p2pim.desktop.timeline import GROUP_MS, Timeline, day_of, place_of
from tests.unit.desktop.made import DAY, message, mine


def made(*messages: object) -> Timeline:
    timeline = Timeline()
    for each in messages:
        row, is_here = timeline.row_for(each)  # type: ignore[arg-type]
        timeline.put(row, each, replaces=is_here)  # type: ignore[arg-type]
    return timeline


@given(st.lists(st.integers(0, 20)))
def test_each_is_there_once_whatever_comes_how_often(numbers: list[int]) -> None:
    timeline = made(*(message(number) for number in numbers))
    places = [place_of(m) for m in timeline.messages]
    assert places == sorted({place_of(message(number)) for number in numbers})
    assert all(timeline.find(place) == row for row, place in enumerate(places))
    assert (timeline.before, timeline.last) == ((places[0], places[-1]) if places else (None, None))


def test_a_newer_state_replaces_and_an_older_page_comes_first() -> None:
    timeline = made(message(5), message(6))
    row, is_here = timeline.row_for(message(5, "edited"))
    assert is_here
    timeline.put(row, message(5, "edited"), replaces=True)
    assert [m["text"] for m in timeline.messages] == ["edited", "hello"]
    assert timeline.older([message(3), message(4), message(5)]) == [message(3), message(4)]
    assert [m["seq"] for m in timeline.messages] == [4, 5, 6, 7]
    assert timeline.row_of(message(4)["id"]) == 1
    assert timeline.row_of("nothing") is None
    assert timeline.last_seq() == 7
    assert Timeline().last_seq() == 0


def test_what_stands_above() -> None:
    timeline = made(
        message(0),
        message(1),
        message(2, author="cleo"),
        message(3, author="cleo", wall_ms=message(2)["wall_ms"] + GROUP_MS + 1),
        mine(4),
        message(5, unread=True, wall_ms=message(5)["wall_ms"] + DAY),
    )
    timeline.mark_new()
    above = [timeline.above(row) for row in range(6)]
    assert [each.day for each in above] == [True, False, False, False, False, True]
    assert [each.new for each in above] == [False] * 5 + [True]
    assert [each.name for each in above] == [True, False, True, True, False, True]


def test_the_last_that_can_be_edited() -> None:
    assert made(message(0)).newest_of_mine() is None
    timeline = made(mine(0), mine(1), mine(2, None), mine(3, "topic", kind=6), message(4))
    assert timeline.newest_of_mine() == mine(1)


def test_a_time_beyond_all_calendars() -> None:
    assert day_of(2**90) == (0, 0)
