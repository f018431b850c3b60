"""Messages, people and rooms as the local API gives them, for the tests of the window."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from p2pim.api import schema

DAY = 24 * 3600 * 1000
NOON = 1_764_000_000_000


def message(number: int = 0, text: str | None = "hello", **more: Any) -> schema.Message:
    """A message of Ben's, a second after the one before."""
    made: dict[str, Any] = {
        "seq": number + 1,
        "id": hashlib.sha256(str(number).encode()).hexdigest(),
        "room": "r",
        "author": "ben",
        "author_name": "Ben",
        "mine": False,
        "clock": NOON + number * 1000,
        "wall_ms": NOON + number * 1000,
        "kind": 1,
        "text": text,
        "note": None if text is not None else "deleted",
        "unread": False,
        "deliveries": [],
        "state": "received",
        "reply_to": None,
        "edited": False,
        "deleted": None,
        "reactions": [],
        "mentions_me": False,
    }
    return cast("schema.Message", made | more)


def mine(number: int = 0, text: str | None = "hi", **more: Any) -> schema.Message:
    """A message of one's own."""
    given: dict[str, Any] = {"mine": True, "author": "me", "author_name": "Ann", "state": "delivered"}
    return message(number, text, **(given | more))


def peer(name: str = "Ben", **more: Any) -> schema.Peer:
    """Somebody online and accepted."""
    made: dict[str, Any] = {
        "peer_id": f"id-{name}",
        "short_id": "abcd",
        "name": name,
        "nickname": name,
        "petname": "",
        "trust": "accepted",
        "blocked": False,
        "request": "none",
        "presence": "online",
        "status_text": "",
        "last_seen_ms": NOON,
        "address": None,
        "room": f"dm-{name}",
        "unread": 0,
        "waiting": 0,
        "lookalike": None,
        "via": None,
        "reach": "linked",
    }
    return cast("schema.Peer", made | more)


def room(name: str = "#lobby", **more: Any) -> schema.Room:
    """The lobby, or something like it."""
    made: dict[str, Any] = {
        "room": name,
        "kind": "lobby",
        "name": name,
        "peer_id": None,
        "unread": 0,
        "mentions": 0,
        "waiting": 0,
        "last_ms": None,
        "topic": "",
        "team": None,
        "role": "",
        "members": None,
        "archived": False,
        "alerts": "all",
    }
    return cast("schema.Room", made | more)


def status(**more: Any) -> schema.Status:
    """Ann, online."""
    made: dict[str, Any] = {
        "state": "running",
        "peer_id": "me",
        "short_id": "aaaa",
        "nickname": "Ann",
        "presence": "online",
        "status_text": "",
        "port": 1,
        "links": 1,
        "waiting": 0,
        "requests": 0,
        "unread": 0,
        "storage": "ok",
        "state_line": "LAN ok",
        "version": "0",
        "pid": 1,
    }
    return cast("schema.Status", made | more)


def snapshot(*things: Any, seq: int = 0, **more: Any) -> schema.Snapshot:
    """A snapshot with these people and rooms."""
    peers = [each for each in things if "peer_id" in each and "kind" not in each]
    rooms = [each for each in things if "kind" in each]
    return {"seq": seq, "status": status(**more), "peers": peers, "rooms": rooms}


def event(kind: str, seq: int = 1, **more: Any) -> schema.Event:
    """An event."""
    return cast("schema.Event", {"seq": seq, "type": kind} | more)
