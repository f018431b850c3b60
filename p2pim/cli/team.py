"""Teams: found one, let people in and out, see who they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import moment, table
from p2pim.cli.run import Run
from p2pim.errors import AmbiguousTarget, BadInput, UnknownTarget

if TYPE_CHECKING:
    from p2pim.api import schema, team_schema
    from p2pim.api.client import Client

_ID = re.compile("[0-9a-f]{64}")
_GOVERNED = ("team", "channel", "group")
#: Roles that are told in other words.
ROLES = {"none": "left", "damaged": "DAMAGED: p2pim team log --verify"}
NONE_YET = "You are in no team yet: p2pim team create NAME founds one, p2pim team join enters a code."


# -- which one is meant


def room_of(run: Run, client: Client, named: str | None) -> schema.Room:
    """The team, channel or group that was named, here or with --team; without a name the one team there is.

    Raises:
        UnknownTarget: there is none.
        AmbiguousTarget: there are several, and none was named.
    """
    wanted = named or run.options.team
    if wanted is None:
        return client.room(_only_team(client))
    room = client.room(wanted if _ID.fullmatch(wanted) else f"#{wanted.removeprefix('#')}")
    if room["kind"] not in _GOVERNED:
        raise BadInput(f"{room['name']} is no team, and no room of one.")
    return room


def _only_team(client: Client) -> str:
    teams = client.teams()
    # Of those left or damaged there is still a log to read, if there is nothing else.
    mine = [each for each in teams if each["mine"]] or teams
    if len(mine) == 1:
        return mine[0]["team"]
    if mine:
        names = ", ".join(each["name"] for each in mine)
        raise AmbiguousTarget(f"You are in several teams ({names}): say which with --team.")
    raise UnknownTarget(NONE_YET)


def plain(room: schema.Room) -> str:
    """The name of a team without the sign, that of a room as it is typed."""
    return room["name"].removeprefix("#") if room["kind"] == "team" else room["name"]


# -- teams


def create(run: Run) -> int:
    """Found a team."""
    with run.client() as client:
        made: team_schema.Founded = client.call("team.create", name=run.options.name)
    next_steps = [
        ["   ", "p2pim team invite", "makes a code that lets a colleague in"],
        ["   ", f"p2pim chat '#{made['name']}'", "opens its room"],
    ]
    run.output.result(made, [f"{made['name']} is founded, and you are its owner.", *table(next_steps)])
    return exits.OK


def list_teams(run: Run) -> int:
    """Every team, those left included."""
    with run.client() as client:
        teams = client.teams()
    rows = [["TEAM", "ROLE", "MEMBERS", "UNREAD", "WAITING"]]
    for each in teams:
        unread, waiting = (str(each[key] or "") for key in ("unread", "waiting"))
        role = ROLES.get(each["role"], each["role"])
        rows.append([each["name"], role, str(each["members"] or ""), unread, waiting])
    run.output.result(teams, table(rows) if teams else [NONE_YET])
    return exits.OK


def rename(run: Run) -> int:
    """Call a team or room otherwise."""
    with run.client() as client:
        room = room_of(run, client, None)
        shown: schema.Room = client.call("team.rename", room=room["room"], name=run.options.name)
    run.output.result(shown, [f"{plain(room)} is now called {plain(shown)}."])
    return exits.OK


def leave(run: Run) -> int:
    """Leave a team or private group."""
    with run.client() as client:
        room = room_of(run, client, None)
        shown: schema.Room = client.call("team.leave", room=room["room"])
    run.output.result(shown, [f"You have left {plain(shown)}. What was written stays here."])
    return exits.OK


# -- people


def members(run: Run) -> int:
    """Who belongs to a team or room."""
    with run.client() as client:
        known = client.members(room_of(run, client, run.options.room)["room"])
    rows = [["NAME", "ROLE", "PRESENCE", "SINCE", "ID", "NOTE"]]
    for each in known:
        notes = ["you"] if each["mine"] else []
        if each["certified"] and each["certified"] != each["name"]:
            notes.append(f"certified as {each['certified']}")
        since = moment(each["since_ms"]) if each["since_ms"] else ""
        presence = "" if each["mine"] else each["presence"]
        rows.append([each["name"], each["role"], presence, since, each["short_id"], "; ".join(notes)])
    run.output.result(known, table(rows))
    return exits.OK


def grant(run: Run) -> int:
    """Make somebody a member or an admin, or certify a name."""
    options = run.options
    with run.client() as client:
        room = room_of(run, client, None)
        named: schema.Named = client.call(
            "team.grant", room=room["room"], peer=options.peer, role=options.role, name=options.name
        )
    role = "an admin" if options.role == "admin" else "a member"
    run.output.result(named, [f"{named['name']} is {role} of {plain(room)} now."])
    return exits.OK


def remove(run: Run) -> int:
    """Remove somebody."""
    with run.client() as client:
        room = room_of(run, client, None)
        named: schema.Named = client.call("team.remove", room=room["room"], peer=run.options.peer)
    removed = f"{named['name']} is removed from {plain(room)}"
    said = [f"{removed}: nothing new is sent to them. What they have already, they keep."]
    if room["kind"] == "team":
        said.append("Its network has a new secret, and invites for several people are revoked.")
    run.output.result(named, said)
    return exits.OK


# -- rules


def policy(run: Run) -> int:
    """Set rules, or show those in force."""
    values = dict(_setting(run, text) for text in run.options.values)
    with run.client() as client:
        room = room_of(run, client, None)
        rules: team_schema.Policy = client.call("team.policy", room=room["room"], values=values)
    rows = [[key, shown(value)] for key, value in sorted(rules["values"].items())]
    run.output.result(rules, table(rows) if rows else [f"{plain(room)} has set no rules."])
    return exits.OK


def _setting(run: Run, text: str) -> tuple[str, team_schema.PolicyValue]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        run.options.usage(f"{text!r} sets nothing: write KEY=VALUE")
    return key.strip(), policy_value(value.strip())


def policy_value(text: str) -> team_schema.PolicyValue:
    """On and off are switches, digits a number; with a comma it is a list (of one: "pdf,"); else a text."""
    if text.casefold() in ("on", "off", "true", "false"):
        return text.casefold() in ("on", "true")
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if "," in text:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def shown(value: team_schema.PolicyValue) -> str:
    """A rule's value as it is typed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, list) else str(value)


# -- what was done


def log(run: Run) -> int:
    """Who did what; with --verify, whether the log is as it was signed."""
    with run.client(60.0) as client:  # checking thousands of signatures takes a moment
        room = room_of(run, client, run.options.room)
        told = client.log(room["room"], verify=run.options.verify)
    run.output.result(told, _log_lines(told))
    return exits.FAILED if told["faults"] else exits.OK


def _log_lines(told: team_schema.Log) -> list[str]:
    lines = table([[moment(line["clock"]), line["id"][:8], line["text"]] for line in told["lines"]])
    if (older := told["total"] - len(told["lines"])) > 0:
        lines.insert(0, f"({older} older ones are not shown)")
    digits = told["fingerprint"]
    groups = " ".join(digits[i : i + 8] for i in range(0, len(digits), 8))
    lines += ["", f"fingerprint  {groups}"]
    if told["faults"] is None:
        return lines
    if told["faults"]:
        lines += ["", "THIS LOG IS DAMAGED, OR SOMEBODY HAS CHANGED IT ON THIS MACHINE:"]
        return lines + [f"    {fault['id'][:8]} {fault['why']}" for fault in told["faults"]]
    return [
        *lines,
        f"checked      {told['total']} messages: each hash, signature and parent is right, none in between is missing",
        "             Whether the newest are missing, only a colleague's fingerprint can tell: it must be the same.",
    ]
