"""Conversations: listed, muted; and those in rooms of a team: channels for everybody in it, groups for some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import excerpt, table
from p2pim.cli.run import Run, target
from p2pim.cli.team import ROLES, room_of

if TYPE_CHECKING:
    from p2pim.api import schema

_KINDS = {"dm": "person", "group": "private"}
_ALERTS = {"mentions": "mentions only", "none": "muted"}


def create(run: Run) -> int:
    """Found a channel or private group."""
    options = run.options
    with run.client() as client:
        team = room_of(run, client, None)
        made: schema.Room = client.call(
            "room.create",
            team=team["room"],
            name=options.name,
            private=options.private is not None,
            members=options.private or [],
        )
    name = made["name"]
    who = (
        f"private, with {made['members']} in it"
        if made["kind"] == "group"
        else "open to everybody in the team"
    )
    run.output.result(made, [f"{name} is {who}.", f"    p2pim chat '{name}'   opens it"])
    return exits.OK


def archive(run: Run) -> int:
    """Close a room to new messages, or open it again."""
    with run.client() as client:
        room = room_of(run, client, run.options.room)
        shown: schema.Room = client.call("room.archive", room=room["room"], archived=not run.options.undo)
    state = "archived: it can be read, not written to" if shown["archived"] else "open again"
    run.output.result(shown, [f"{shown['name']} is {state}."])
    return exits.OK


def list_rooms(run: Run) -> int:
    """Every conversation, the one with the newest message first."""
    with run.client() as client:
        known = client.rooms()
    rows = [["NAME", "KIND", "UNREAD", "MENTIONS", "WAITING", "NOTE", "TOPIC"]]
    for room in known:
        counts = [str(room[key] or "") for key in ("unread", "mentions", "waiting")]
        kind = _KINDS.get(room["kind"], room["kind"])
        rows.append([room["name"], kind, *counts, _note(room), excerpt(room["topic"])])
    run.output.result(known, table(rows))
    return exits.OK


def _note(room: schema.Room) -> str:
    notes = [ROLES[room["role"]]] if room["role"] in ROLES else []
    notes += ["archived"] if room["archived"] else []
    notes += [_ALERTS[room["alerts"]]] if room["alerts"] in _ALERTS else []
    return ", ".join(notes)


def mute(run: Run) -> int:
    """Let a conversation draw no attention, or only where it mentions the user."""
    if run.options.mentions:
        return _choose(run, "mentions", "draws attention only where it mentions you, or @room.")
    return _choose(run, "none", "is muted: it neither notifies nor counts, and can be read as before.")


def unmute(run: Run) -> int:
    """Let it draw attention again."""
    return _choose(run, "all", "draws attention again.")


def _choose(run: Run, alerts: str, done: str) -> int:
    with run.client() as client:
        shown: schema.Room = client.call("rooms.alerts", room=target(run.options.room), alerts=alerts)
    run.output.result(shown, [f"{shown['name']} {done}"])
    return exits.OK
