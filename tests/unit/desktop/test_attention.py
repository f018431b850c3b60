"""What is announced, and what is not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from p2pim.desktop.attention import Notice, Wishes, is_quiet, notice_of
from tests.unit.desktop.made import message

USUAL = Wishes()


def notice(wishes: Wishes = USUAL, where: str = "Ben", **more: Any) -> Notice | None:
    given: dict[str, Any] = {"in_sight": False, "now": 0.0} | more
    return notice_of(message(0, "a\nb"), where, wishes, **given)


def test_who_and_what_and_where() -> None:
    assert notice() == Notice("r", "Ben", "a b", sound=True)
    assert notice(where="#Blue/news") == Notice("r", "Ben · #Blue/news", "a b", sound=True)
    assert notice(Wishes(sound=False)) == Notice("r", "Ben", "a b", sound=False)
    assert notice(Wishes(discreet=True)) == Notice("r", "p2pim", "A new message", sound=True)


def test_nothing_to_who_sees_it_or_wants_none() -> None:
    assert notice(in_sight=True) is None
    assert notice(Wishes(shown=False)) is None
    assert notice(Wishes(quiet=(0, 24 * 60))) is None


@pytest.mark.parametrize(
    ("quiet", "hour", "expected"),
    [
        ((20 * 60, 7 * 60), 23, True),
        ((20 * 60, 7 * 60), 6, True),
        ((20 * 60, 7 * 60), 7, False),
        ((20 * 60, 7 * 60), 12, False),
        ((9 * 60, 17 * 60), 9, True),
        ((9 * 60, 17 * 60), 17, False),
        (None, 3, False),
    ],
)
def test_quiet_hours(quiet: tuple[int, int] | None, hour: int, expected: bool) -> None:
    then = time.mktime((2026, 3, 3, hour, 0, 0, 0, 0, -1))
    assert is_quiet(Wishes(quiet=quiet), then) is expected
