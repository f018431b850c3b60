"""The messages of one conversation that the window holds, in their order, and what is drawn above each of them."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from p2pim.api import schema

#: Messages of one author closer together than this (ms) are one group.
GROUP_MS: Final = 5 * 60 * 1000

Place = tuple[int, str]


class Above(NamedTuple):
    """What stands above a message: a new day, the line "new messages", the name of who begins to speak."""

    day: bool
    new: bool
    name: bool


def local_time(ms: int) -> time.struct_time | None:
    """A time here; None where there is no such day: somebody's clock said year 300,000."""
    try:
        return time.localtime(ms / 1000)
    except (OverflowError, OSError, ValueError):
        return None


def day_of(ms: int) -> tuple[int, int]:
    """The local day of a time, (year, day of the year)."""
    then = local_time(ms)
    return (0, 0) if then is None else (then.tm_year, then.tm_yday)


def place_of(message: schema.Message) -> Place:
    """Where a message stands in the order."""
    return message["clock"], message["id"]


class Timeline:
    """A part of one conversation without holes, up to its end.

    Every message is there once, whatever is added how often.
    """

    def __init__(self) -> None:
        self.messages: list[schema.Message] = []
        self._places: list[Place] = []
        #: Above which message the line "new messages" stands.
        self.new_from: Place | None = None
        #: Whether there is nothing older than the first.
        self.complete = False

    def __len__(self) -> int:
        return len(self.messages)

    def find(self, place: Place) -> int | None:
        """The row of a message that is here."""
        row, is_here = self._at(place)
        return row if is_here else None

    def row_of(self, message_id: str) -> int | None:
        """The same by its id alone."""
        return next((row for row, place in enumerate(self._places) if place[1] == message_id), None)

    def row_for(self, message: schema.Message) -> tuple[int, bool]:
        """The row where a message is or belongs, and whether it is there."""
        return self._at(place_of(message))

    def _at(self, place: Place) -> tuple[int, bool]:
        row = bisect_left(self._places, place)
        return row, row < len(self._places) and self._places[row] == place

    def put(self, row: int, message: schema.Message, *, replaces: bool) -> None:
        """Put it there, as ``row_for`` says."""
        if replaces:
            self.messages[row] = message
        else:
            self.messages.insert(row, message)
            self._places.insert(row, place_of(message))

    def older(self, page: Sequence[schema.Message]) -> list[schema.Message]:
        """Put a page of history before the first message; those of it that are news."""
        first = self._places[0] if self._places else None
        fresh = [m for m in page if first is None or place_of(m) < first]
        self.messages[:0] = fresh
        self._places[:0] = [place_of(m) for m in fresh]
        return fresh

    @property
    def before(self) -> Place | None:
        """Where an older page ends."""
        return self._places[0] if self._places else None

    @property
    def last(self) -> Place | None:
        """The place of the newest."""
        return self._places[-1] if self._places else None

    def mark_new(self) -> None:
        """Draw the line above the first unread message; keep the one that is there while nothing was read since."""
        unread = (place for place, m in zip(self._places, self.messages, strict=True) if m["unread"])
        self.new_from = next(unread, None)

    def above(self, row: int) -> Above:
        """What stands above a message."""
        message = self.messages[row]
        new = self.new_from == self._places[row]
        if row == 0:
            return Above(True, new, not message["mine"])
        before = self.messages[row - 1]
        day = day_of(before["wall_ms"]) != day_of(message["wall_ms"])
        apart = abs(message["wall_ms"] - before["wall_ms"]) > GROUP_MS or before["kind"] != message["kind"]
        other = before["author"] != message["author"]
        return Above(day, new, (day or new or apart or other) and not message["mine"])

    def last_seq(self) -> int:
        """The last of those here to arrive; 0 without any."""
        return max((m["seq"] for m in self.messages), default=0)

    def newest_of_mine(self) -> schema.Message | None:
        """What the user wrote last and can still change."""
        mine = (m for m in reversed(self.messages) if m["mine"] and m["text"] is not None and m["kind"] == 1)
        return next(mine, None)
