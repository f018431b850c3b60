"""Rooms of a team: channels for everybody in it, private groups for some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import table
from p2pim.cli.run import Run
from p2pim.cli.team import room_of

if TYPE_CHECKING:
    from p2pim.api import schema

_KINDS = {"group": "private", "none": "left"}


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
    """The lobby, and every room of every team."""
    with run.client() as client:
        known = [room for room in client.rooms() if room["kind"] != "dm"]
    known.sort(key=lambda room: (room["kind"] != "lobby", room["name"].casefold()))
    rows = [["ROOM", "KIND", "ROLE", "MEMBERS", "UNREAD", "NOTE"]]
    for room in known:
        kind = _KINDS.get(room["kind"], room["kind"])
        role = _KINDS.get(room["role"], room["role"])
        counts = [str(room["members"] or ""), str(room["unread"] or "")]
        notes = ["archived"] if room["archived"] else []
        notes += [f"{room['waiting']} waiting"] if room["waiting"] else []
        rows.append([room["name"], kind, role, *counts, ", ".join(notes)])
    run.output.result(known, table(rows))
    return exits.OK
