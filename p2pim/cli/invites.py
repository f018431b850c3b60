"""The way into a team: invites on one side, joining on the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import moment, table
from p2pim.cli.run import Run
from p2pim.cli.team import plain, room_of
from p2pim.errors import BadInput, NotNow

if TYPE_CHECKING:
    from p2pim.api import schema, team_schema
    from p2pim.api.client import Client

#: Far longer than any link.
LONGEST_INVITATION = 1 << 14
NOBODY_YET = (
    "Nobody who can let you in has answered yet: some member's p2pim must run, on this network or at an address in the "
    "link. p2pim goes on trying, and you are in as soon as one answers (p2pim team list)."
)


# -- for who is in


def invite(run: Run) -> int:
    """Make an invite; its code is shown this once."""
    from p2pim.cli.qr import print_qr  # noqa: PLC0415 (nothing else draws)

    options, output = run.options, run.output
    with run.client() as client:
        room = room_of(run, client, options.room)
        made = client.invite(
            room["room"],
            uses=options.uses,
            days=options.days,
            approval=options.approval,
            label=options.label or "",
        )
        known = next(each for each in client.invites(room["room"]) if each["id"] == made["id"])
    if output.as_json:
        output.json({**made, "expiry_ms": known["expiry_ms"], "uses": known["uses"]})
        return exits.OK
    often = "once" if options.uses == 1 else f"{options.uses} times"
    output.lines(
        [
            f"Invite to {plain(room)}, good {often}, until {moment(known['expiry_ms'])}:",
            "",
            f"    {made['code']}",
            "",
            "The same as a link, with this machine's addresses: for a VPN, where machines do not find each other.",
            "",
            f"    {made['link']}",
            "",
        ]
    )
    if print_qr(output, made["link"]):
        output.line()
    who = "an admin's" if options.approval else "any member's"
    output.lines(
        [
            f"Your colleague runs `p2pim team join` and types it; {who} p2pim must run somewhere then.",
            "Whoever has it gets in: hand it over as you would a key. "
            f"`p2pim team revoke {made['id'][:8]}` ends it.",
        ]
    )
    return exits.OK


def invites(run: Run) -> int:
    """The invites of a team."""
    with run.client() as client:
        room = room_of(run, client, run.options.room)
        known = client.invites(room["room"])
    rows = [["ID", "STATE", "USED", "GOOD UNTIL", "BY", "FOR", "CAME IN"]]
    for each in known:
        used = f"{each['uses'] - each['left']} of {each['uses']}" if each["state"] != "revoked" else ""
        state = each["state"] + (" (approval)" if each["approval"] else "")
        came = ", ".join(each["admitted"]) + (f" ({each['over']} too many)" if each["over"] else "")
        row = [each["id"][:8], state, used, moment(each["expiry_ms"]), each["by"], each["label"], came]
        rows.append(row)
    run.output.result(known, table(rows) if known else [f"{plain(room)} has no invites: p2pim team invite."])
    return exits.OK


def revoke(run: Run) -> int:
    """End an invite."""
    with run.client() as client:
        room = room_of(run, client, None)
        client.call("team.revoke", team=room["room"], invite=run.options.invite)
    run.output.result({}, [f"Invite {run.options.invite} is revoked. Who came in by it stays."])
    return exits.OK


# -- for who wants in


def join(run: Run) -> int:
    """Enter a code or link, and wait a while for a member to let us in."""
    text = _invitation(run)
    with run.client() as client:
        client.subscribe()
        begun = client.join(text)
        if not run.output.as_json:
            also = f", also at {' and '.join(begun['addresses'])}" if begun["addresses"] else ""
            run.output.line(f"Looking for a member of the team{also} ...")
        event = _outcome(client, begun["join"], run.options.wait)
        if event is None or event["state"] == "pending":
            raise NotNow(NOBODY_YET if event is None else event["text"])
        if event["state"] != "joined":
            raise BadInput(event["text"])
        room = client.room(str(event["team"]))
    run.output.result(room, [event["text"], f"    p2pim chat '{room['name']}'   opens its room"])
    return exits.OK


def _outcome(client: Client, join_id: str, patience: float) -> schema.Event | None:
    for event in client.events(timeout=patience):
        if event["type"] == "join.changed" and event["join"] == join_id:
            return event
    return None


def _invitation(run: Run) -> str:
    """What was given; best not as an argument, which other users of this machine can see while it runs."""
    words: list[str] = run.options.invitation
    if words and words != ["-"]:
        return " ".join(words)
    if sys.stdin.isatty():
        sys.stderr.write("Invite code or link: ")
        sys.stderr.flush()
        text = sys.stdin.readline(LONGEST_INVITATION)
    else:
        text = sys.stdin.read(LONGEST_INVITATION)
    if not text.strip():
        run.options.usage("no code: type it, or pipe it in")
    return text


def joins(run: Run) -> int:
    """The codes that are still tried."""
    with run.client() as client:
        known: list[team_schema.Join] = client.call("team.joins")
    rows = [["ID", "SINCE"]] + [[each["join"][:8], moment(each["since_ms"])] for each in known]
    run.output.result(known, table(rows) if known else ["No join is under way."])
    return exits.OK


def give_up(run: Run) -> int:
    """Try a code no longer."""
    with run.client() as client:
        client.call("team.give_up", join=run.options.join)
    run.output.result({}, ["That code is no longer tried."])
    return exits.OK
