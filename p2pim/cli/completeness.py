"""Whether all messages of a room are here, and who lacks some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import moment, table
from p2pim.cli.run import Run, target

if TYPE_CHECKING:
    from p2pim.api import team_schema


def state(run: Run) -> int:
    """Show it."""
    with run.client() as client:
        room = client.room(target(run.options.room))
        shown: team_schema.RoomState = client.call("rooms.state", room=room["room"])
    lines = [f"{room['name']}: {_sentence(shown)}"]
    if shown["full"]:
        lines.append("The disk is full: nothing more can be stored here until there is space.")
    lines += table([["", member["name"], _how_far(member)] for member in shown["members"]])
    run.output.result(shown, lines)
    return exits.OK


def _sentence(shown: team_schema.RoomState) -> str:
    members = shown["members"]
    match shown["state"]:
        case "complete":
            return f"complete, compared with {_names(m for m in members if m['state'] != 'away')}."
        case "missing":
            return f"{_count(shown['missing'], 'message')} known to be missing here, {_where(members)}."
        case "comparing":
            return f"still being compared with {_names(m for m in members if m['state'] == 'comparing')}."
        case "unfinished":
            gone = _names(m for m in members if m["state"] == "cut off")
            return f"not known: {gone} left before all was compared, and may have more."
    return "nobody else is connected, so nobody can tell whether there is more."


def _where(members: Iterable[team_schema.MemberState]) -> str:
    holders = [member for member in members if member["offers"]]
    here = [member for member in holders if member["state"] not in ("away", "cut off")]
    if here:
        return f"to be had from {_names(here)}"
    return "and nobody who is connected has them" + (f"; seen with {_names(holders)}" if holders else "")


def _how_far(member: team_schema.MemberState) -> str:
    lacks, seen = member["lacks"], member["last_seen_ms"]
    match member["state"]:
        case "behind" if lacks is not None:
            return f"{_count(lacks, 'message')} behind"
        case "away" | "cut off":
            since = f"away since {moment(seen)}" if seen is not None else "never met"
            if member["state"] == "cut off":
                since += ", before all was compared"
            return since + (f"; {_count(lacks, 'message')} of yours not known to be there" if lacks else "")
    return member["state"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _names(members: Iterable[team_schema.MemberState]) -> str:
    return ", ".join(member["name"] for member in members)
