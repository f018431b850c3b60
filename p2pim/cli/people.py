"""People: who is known, what they are called, and whom to trust."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

from p2pim.api import exits
from p2pim.cli.output import moment, table
from p2pim.cli.run import Run
from p2pim.cli.talk import Names, event_lines
from p2pim.errors import BadInput

if TYPE_CHECKING:
    from p2pim.api import schema

_TRUST = {"new": "not verified, new", "accepted": "not verified", "team": "team", "verified": "verified"}


def peers(run: Run) -> int:
    """Everybody known here, those online first."""
    with run.client() as client:
        names = Names(client) if run.options.watch else None
        known = client.peers() if names is None else list(names.peers.values())
        known.sort(key=lambda peer: (peer["presence"] == "offline", peer["name"].casefold(), peer["peer_id"]))
        run.output.result(known, _peer_table(known))
        if names is not None:
            for event in client.events():
                if event["type"] not in ("peer.changed", "resync"):
                    continue
                if run.output.as_json:
                    run.output.json(event)
                else:
                    run.output.lines(event_lines(event, names))
    return exits.OK


def _peer_table(known: list[schema.Peer]) -> list[str]:
    if not known:
        return [
            "Nobody yet: others on this network appear by themselves; p2pim doctor tells what may hinder."
        ]
    rows = [["NAME", "ID", "PRESENCE", "TRUST", "UNREAD", "NOTE"]]
    for peer in known:
        presence = _away(peer) if peer["presence"] == "offline" else peer["presence"]
        presence += f" through {peer['via']}" if peer["via"] else ""
        unread = str(peer["unread"]) if peer["unread"] else ""
        trust = "blocked" if peer["blocked"] else _TRUST.get(peer["trust"], peer["trust"])
        rows.append([peer["name"], peer["short_id"], presence, trust, unread, _note(peer)])
    return table(rows)


#: What is shown of somebody who is not online.
_REACH = {
    "connecting": "connecting",
    "no-answer": "no answer (off, or a firewall?)",
    "never-met": "never met",
}


def _away(peer: schema.Peer) -> str:
    shown = _REACH.get(peer["reach"], "offline")
    return f"{shown}, seen {moment(peer['last_seen_ms'])}" if peer["last_seen_ms"] else shown


def _note(peer: schema.Peer) -> str:
    notes = []
    if peer["lookalike"]:
        notes.append(f"!! looks like {peer['lookalike']}, but is somebody else")
    if peer["request"] == "pending":
        notes.append(f"asks to talk: p2pim accept {peer['short_id']}")
    if peer["waiting"]:
        notes.append(f"{peer['waiting']} waiting for them")
    if peer["status_text"]:
        notes.append(peer["status_text"])
    return "; ".join(notes)


def name(run: Run) -> int:
    """One's own name, or one's own name for a peer."""
    words: list[str] = run.options.words
    if len(words) > 2:
        run.options.usage("too many names: put quotes around one that has spaces")
    with run.client() as client:
        if len(words) == 2:
            named: schema.Named = client.call("peers.name", peer=words[0], name=words[1])
            run.output.result(named, [f"{named['peer_id'][6:14]} is {named['name']} here."])
            return exits.OK
        me: schema.Identity = client.call("identity.name", nickname=words[0]) if words else client.identity()
        run.output.result(me, [me["nickname"] or f"(no name: others see {me['short_id']})"])
    return exits.OK


def presence(run: Run) -> int:
    """One's own presence."""
    options = run.options
    with run.client() as client:
        if options.presence is None:
            status = client.status()
        else:
            until = None if options.until is None else until_ms(options.until, time.time())
            text = " ".join(options.text)
            status = client.call("presence.set", presence=options.presence, text=text, until_ms=until)
        shown = {key: status[key] for key in ("presence", "status_text")}
        run.output.result(shown, [" ".join(filter(None, (status["presence"], status["status_text"])))])
    return exits.OK


def until_ms(text: str, now: float) -> int:
    """15:30 (today, or else tomorrow), 45m or 2h as a moment."""
    if match := re.fullmatch(r"(\d{1,4})([mh])", text):
        return int((now + int(match[1]) * (60 if match[2] == "m" else 3600)) * 1000)
    if (match := re.fullmatch(r"(\d{1,2}):(\d{2})", text)) and int(match[1]) < 24 and int(match[2]) < 60:
        today = time.localtime(now)
        for day in (today.tm_mday, today.tm_mday + 1):  # mktime carries the 32nd over
            parts = (today.tm_year, today.tm_mon, day, int(match[1]), int(match[2]), 0, 0, 0, -1)
            if (then := time.mktime(parts)) > now:
                return int(then * 1000)
    raise BadInput(f"{text!r} is no time: write 15:30, 45m or 2h.")


def show_id(run: Run) -> int:
    """One's own id; with a peer also theirs and the number to compare."""
    with run.client() as client:
        me = client.identity()
        if run.options.peer is None:
            run.output.result(me, [me["peer_id"]])
            return exits.OK
        number = client.safety_number(run.options.peer)
        value = {"me": me, "peer": number}
        lines = [
            f"you        {me['peer_id']}",
            f"{number['name']}  {number['peer_id']}",
            *_number_lines(number),
        ]
        run.output.result(value, lines)
    return exits.OK


def _number_lines(number: schema.SafetyNumber) -> list[str]:
    groups = [number["number"][i : i + 5] for i in range(0, 60, 5)]
    return [f"safety number with {number['name']}:"] + [
        "    " + " ".join(groups[row : row + 4]) for row in range(0, 12, 4)
    ]


def verify(run: Run) -> int:
    """Compare the safety number and remember that it is equal."""
    options = run.options
    with run.client() as client:
        if options.undo:
            return _say(
                run,
                client.call("peers.verify", peer=options.peer, verified=False),
                "is not verified any more.",
            )
        number = client.safety_number(options.peer)
        if not options.yes:
            if run.output.as_json or not sys.stdin.isatty():
                options.usage("compare the numbers that `p2pim id PEER` shows, then add --yes")
            run.output.lines(_number_lines(number))
            run.output.line("Read it to each other, by voice or face to face, not in this chat.")
            run.output.line("Are all twelve groups equal? Type yes:")
            if sys.stdin.readline().strip().lower() != "yes":
                run.output.line("Not verified.")
                return exits.REFUSED
        # By id, not by what was typed: a name may have come to mean somebody else meanwhile.
        named = client.call("peers.verify", peer=number["peer_id"], verified=True)
        return _say(run, named, "is verified.")


def accept(run: Run) -> int:
    """Accept a message request."""
    return _act(run, "peers.accept", "may write to you.")


def decline(run: Run) -> int:
    """Decline a message request."""
    return _act(run, "peers.decline", "is declined.")


def block(run: Run) -> int:
    """Block a peer."""
    return _act(
        run, "peers.block", "is blocked: nothing of theirs is shown, nothing of yours is sent to them."
    )


def unblock(run: Run) -> int:
    """Take a block back."""
    return _act(run, "peers.unblock", "is no longer blocked.")


def _act(run: Run, method: str, done: str) -> int:
    with run.client() as client:
        return _say(run, client.call(method, peer=run.options.peer), done)


def _say(run: Run, named: schema.Named, done: str) -> int:
    run.output.result(named, [f"{named['name']} {done}"])
    return exits.OK
