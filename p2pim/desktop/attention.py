"""What may draw attention, and how: decided here and nowhere else, from what happened and what the user wants."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from p2pim.desktop.markup import one_line
from p2pim.desktop.words import translate

if TYPE_CHECKING:
    from p2pim.api import schema


class Wishes(NamedTuple):
    """What the user wants of notifications. ``quiet``: minutes of the day in which none are shown, from and to."""

    shown: bool = True
    sound: bool = True
    #: Say neither who wrote nor what.
    discreet: bool = False
    quiet: tuple[int, int] | None = None


class Notice(NamedTuple):
    """A notification."""

    room: str
    title: str
    text: str
    sound: bool


def is_quiet(wishes: Wishes, now: float) -> bool:
    """Whether it is one of the hours in which nothing is shown; they may go past midnight."""
    if wishes.quiet is None:
        return False
    start, end = wishes.quiet
    then = time.localtime(now)
    minute = then.tm_hour * 60 + then.tm_min
    return start <= minute < end if start <= end else minute >= start or minute < end


def notice_of(
    message: schema.Message, where: str, wishes: Wishes, *, in_sight: bool, now: float
) -> Notice | None:
    """How a message that the daemon says draws attention is announced; None: not at all.

    Args:
        where: what its conversation is called.
        in_sight: the user is looking at it.
    """
    if not wishes.shown or in_sight or is_quiet(wishes, now):
        return None
    if wishes.discreet:
        return Notice(message["room"], "p2pim", translate("Attention", "A new message"), wishes.sound)
    who = one_line(message["author_name"])
    title = who if where == who else f"{who} · {where}"
    return Notice(message["room"], title, one_line(message["text"] or ""), wishes.sound)
