"""Who is meant by ``@name`` in a text: decided where it is typed, by the people known there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.api.client import Client

ROOM = "room"


def mentioned(text: str, peers: list[schema.Peer]) -> tuple[list[str], bool]:
    """The ids of those a text mentions, and whether it means all (``@room``).

    The longest name wins; a name that several go by means nobody.
    """
    known: dict[str, set[str]] = {ROOM: set()}
    for peer in peers:
        for name in {peer["petname"], peer["nickname"], peer["name"], peer["short_id"]} - {""}:
            if name.casefold() != ROOM:
                known.setdefault(name.casefold(), set()).add(peer["peer_id"])
    longest_first = sorted(known, key=len, reverse=True)
    pattern = rf"(?<![\w@])@({'|'.join(map(re.escape, longest_first))})(?!\w)"
    found = [match[1].casefold() for match in re.finditer(pattern, text, re.IGNORECASE)]
    ids = [next(iter(known[name])) for name in found if len(known.get(name, ())) == 1]
    return list(dict.fromkeys(ids)), ROOM in found


def of(client: Client, text: str) -> dict[str, Any]:
    """The parameters that say whom a text mentions; nothing is asked where there is no @ in it."""
    if "@" not in text:
        return {}
    ids, everyone = mentioned(text, client.peers())
    return ({"mentions": ids} if ids else {}) | ({"mention_room": True} if everyone else {})
