"""The node's values and events as the local API shows them: ids as text, everything a plain dict."""

from __future__ import annotations

from typing import Any

from p2pim import __version__
from p2pim.api import file_schema, schema, team_schema
from p2pim.config.policy import Rule
from p2pim.node import events
from p2pim.node.audit import Fault, Line
from p2pim.node.events import (
    Check,
    InviteView,
    MemberView,
    MessageView,
    PeerView,
    Quote,
    RoomView,
    Status,
)
from p2pim.protocol.identity import digest, encode_peer_id, short_id


def status(view: Status, pid: int) -> schema.Status:
    """One's own state."""
    return {
        "state": "running",
        "peer_id": encode_peer_id(view.peer_id),
        "short_id": view.short_id,
        "nickname": view.nickname,
        "presence": view.presence,
        "status_text": view.status_text,
        "port": view.port,
        "links": view.links,
        "waiting": view.waiting,
        "requests": view.requests,
        "unread": view.unread,
        "storage": view.storage,
        "state_line": view.state_line,
        "version": __version__,
        "pid": pid,
    }


def locked_status(pid: int) -> schema.Status:
    """The state of a daemon that has no identity yet."""
    return {
        "state": "locked",
        "peer_id": "",
        "short_id": "",
        "nickname": "",
        "presence": "offline",
        "status_text": "",
        "port": None,
        "links": 0,
        "waiting": 0,
        "requests": 0,
        "unread": 0,
        "storage": "ok",
        "state_line": "locked: run `p2pim unlock`",
        "version": __version__,
        "pid": pid,
    }


def peer(view: PeerView) -> schema.Peer:
    """Somebody known here."""
    return {
        "peer_id": encode_peer_id(view.peer_id),
        "short_id": view.short_id,
        "name": view.name,
        "nickname": view.nickname,
        "petname": view.petname,
        "trust": view.trust,
        "blocked": view.blocked,
        "request": view.request,
        "presence": view.presence,
        "status_text": view.status_text,
        "last_seen_ms": view.last_seen_ms,
        "address": view.address,
        "room": view.room.hex(),
        "unread": view.unread,
        "waiting": view.waiting,
        "lookalike": view.lookalike,
        "via": view.via,
        "reach": view.reach,
    }


def room(view: RoomView) -> schema.Room:
    """A set of messages."""
    return {
        "room": view.room.hex(),
        "kind": view.kind,
        "name": view.name,
        "peer_id": _peer(view.peer_id),
        "unread": view.unread,
        "mentions": view.mentions,
        "waiting": view.waiting,
        "last_ms": view.last_ms,
        "topic": view.topic,
        "team": None if view.team is None else view.team.hex(),
        "role": view.role,
        "members": view.members,
        "archived": view.archived,
        "alerts": view.alerts,
    }


def _peer(peer_id: bytes | None) -> str | None:
    return None if peer_id is None else encode_peer_id(peer_id)


def _quote(view: Quote | None) -> schema.Quote | None:
    """What a reply answers."""
    if view is None:
        return None
    return {
        "id": view.id.hex(),
        "author": _peer(view.author),
        "author_name": view.author_name,
        "text": view.text,
    }


def team(view: RoomView) -> team_schema.Team:
    """A team, of which its room is shown."""
    return {
        "team": view.room.hex(),
        "name": view.name.removeprefix("#"),
        "role": view.role,
        "members": view.members,
        "mine": view.role in ("owner", "admin", "member"),
        "unread": view.unread,
        "waiting": view.waiting,
    }


def room_state(view: events.Completeness) -> team_schema.RoomState:
    """How complete a room is."""
    return {
        "room": view.room.hex(),
        "state": view.state,
        "missing": view.missing,
        "full": view.full,
        "members": [
            {
                "peer_id": encode_peer_id(member.peer_id),
                "name": member.name,
                "state": member.state,
                "lacks": member.lacks,
                "offers": member.offers,
                "last_seen_ms": member.last_seen_ms,
            }
            for member in view.members
        ],
    }


def member(view: MemberView) -> team_schema.Member:
    """Somebody in a team or room."""
    return {
        "peer_id": encode_peer_id(view.peer_id),
        "short_id": short_id(view.peer_id),
        "name": view.name,
        "certified": view.certified,
        "role": view.role,
        "since_ms": view.since_ms,
        "mine": view.mine,
        "presence": view.presence,
    }


def invite(view: InviteView) -> team_schema.Invite:
    """An invite, without its code, which nobody keeps."""
    return {
        "id": view.id.hex(),
        "by": view.by,
        "label": view.label,
        "uses": view.uses,
        "left": view.left,
        "over": view.over,
        "expiry_ms": view.expiry_ms,
        "approval": view.approval,
        "state": view.state,
        "admitted": list(view.admitted),
    }


def log_line(line: Line) -> team_schema.LogLine:
    """What somebody did."""
    return {
        "id": line.id.hex(),
        "clock": line.clock,
        "author": encode_peer_id(line.author),
        "author_name": line.author_name,
        "text": line.sentence,
        "counts": line.counts,
    }


def log_fault(fault: Fault) -> team_schema.LogFault:
    """A message of a log that is not what was signed."""
    return {"id": fault.id.hex(), "why": fault.why}


def message(view: MessageView) -> schema.Message:
    """One message."""
    return {
        "seq": view.seq,
        "id": view.id.hex(),
        "room": view.room.hex(),
        "author": encode_peer_id(view.author),
        "author_name": view.author_name,
        "mine": view.mine,
        "clock": view.clock,
        "wall_ms": view.wall_ms,
        "kind": view.kind,
        "text": view.text,
        "note": view.note,
        "unread": view.unread,
        "deliveries": [
            {
                "peer_id": encode_peer_id(each.peer_id),
                "name": each.name,
                "state": each.state,
                "at_ms": each.at_ms,
            }
            for each in view.deliveries
        ],
        "state": view.state,
        "reply_to": _quote(view.reply_to),
        "edited": view.edited,
        "deleted": _peer(view.deleted_by),
        "reactions": [
            {"emoji": each.emoji, "by": [encode_peer_id(peer_id) for peer_id in each.by]}
            for each in view.reactions
        ],
        "mentions_me": view.mentions_me,
        "file": None if view.file is None else file(view.file),
    }


def file(view: events.FileView) -> file_schema.File:
    """What a message offers."""
    return {
        "name": view.name,
        "size": view.size,
        "folder": view.folder,
        "entries": view.entries,
        "root": view.root.hex(),
        "state": view.state,
        "done": view.done,
        "path": view.path,
        "detail": view.detail,
        "reports": [
            {
                "peer_id": encode_peer_id(each.peer_id),
                "name": each.name,
                "state": each.state,
                "at_ms": each.at_ms,
            }
            for each in view.reports
        ],
    }


def check(view: Check) -> schema.Check:
    """One line of the doctor's report."""
    return {"name": view.name, "level": view.level, "text": view.text, "cure": view.cure}


def join_id(secret: bytes) -> str:
    """How a join is named to front ends: not by its secret."""
    return digest("join", secret).hex()


def rule(view: Rule) -> schema.Rule:
    """One rule in force."""
    value = list(view.value) if isinstance(view.value, tuple) else view.value
    return {"key": view.key, "value": value, "source": view.source}


def event(happened: events.Event) -> dict[str, Any]:
    """The type of an event and what it carries; its number is added by who sends it."""
    match happened:
        case events.MessageAdded():
            shown = message(happened.message)
            return {"type": "message.added", "message": shown, "notify": happened.notify}
        case events.MessageChanged():
            changed = message(happened.message)
            return {"type": "message.changed", "message": changed, "what": happened.what}
        case events.PeerChanged():
            return {"type": "peer.changed", "peer": peer(happened.peer)}
        case events.Typing():
            sender = encode_peer_id(happened.peer_id)
            return {"type": "typing", "room": happened.room.hex(), "peer_id": sender}
        case events.RoomRead():
            left = {"unread": happened.unread, "mentions": happened.mentions}
            return {"type": "room.read", "room": happened.room.hex(), **left}
        case events.RoomChanged():
            return {"type": "room.changed", "room": happened.room.hex()}
        case events.JoinChanged():
            team = None if happened.team is None else happened.team.hex()
            return {
                "type": "join.changed",
                "join": join_id(happened.join),
                "state": happened.state,
                "text": happened.text,
                "team": team,
            }
        case _:
            return _own_event(happened)


def _own_event(
    happened: events.StorageChanged | events.NetworkChanged | events.ProfileChanged | events.PolicyChanged,
) -> dict[str, Any]:
    """An event about this machine or its user."""
    match happened:
        case events.StorageChanged():
            return {"type": "storage.changed", "state": happened.state}
        case events.NetworkChanged():
            return {"type": "network.changed", "text": happened.text}
        case events.ProfileChanged():
            return {"type": "profile.changed"}
        case events.PolicyChanged():
            return {"type": "policy.changed"}
