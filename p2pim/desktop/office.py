"""What the window knows of the daemon's world: people, rooms, oneself; and the list at its left made from it.

Nothing here knows of Qt. ``load`` takes a snapshot, ``apply`` one event after the other; what an event does not tell
is asked for anew, and ``apply`` says so.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from p2pim.desktop.markup import one_line
from p2pim.desktop.words import presence_word, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from p2pim.api import schema

Part = Literal["people", "rooms", "self"]
#: What other events than those of people and typing may have changed.
_ALL: Final[frozenset[Part]] = frozenset({"people", "rooms", "self"})
_TOLD: Final[dict[str, frozenset[Part]]] = {
    "message.added": frozenset({"rooms", "self"}),
    "message.changed": frozenset({"rooms", "self"}),
    "room.changed": frozenset({"people", "rooms", "self"}),
    "room.read": frozenset({"rooms", "self"}),
    "join.changed": frozenset({"rooms", "self"}),
    "storage.changed": frozenset({"self"}),
    "network.changed": frozenset({"self"}),
    "profile.changed": frozenset({"self"}),
    "profile.unlocked": _ALL,
}


class Entry(NamedTuple):
    """One line of the list: a heading (``room`` is empty) or a conversation."""

    kind: Literal["heading", "request", "room", "channel", "person"]
    room: str
    name: str
    about: str = ""
    presence: str = ""
    unread: int = 0
    mentions: int = 0
    muted: bool = False
    trust: str = ""
    peer_id: str = ""


class Office:
    """People, rooms and oneself, as last told."""

    def __init__(self) -> None:
        self.status: schema.Status | None = None
        self.peers: dict[str, schema.Peer] = {}
        self.rooms: dict[str, schema.Room] = {}
        self._seq = 0

    def load(self, snapshot: schema.Snapshot) -> None:
        """Everything anew."""
        self._seq = snapshot["seq"]
        self.status = snapshot["status"]
        self.peers = {peer["peer_id"]: peer for peer in snapshot["peers"]}
        self.rooms = {room["room"]: room for room in snapshot["rooms"]}

    def is_old(self, event: schema.Event) -> bool:
        """Whether the snapshot held this already."""
        return event["seq"] <= self._seq

    def apply(self, event: schema.Event) -> frozenset[Part]:
        """Take an event in; which parts must be asked for anew, as it does not tell them."""
        kind = event["type"]
        if kind == "peer.changed":
            peer = event["peer"]
            before = self.peers.get(peer["peer_id"])
            is_new = before is None or before["request"] != peer["request"]
            self.peers[peer["peer_id"]] = peer
            if (room := self.rooms.get(peer["room"])) is not None:
                room["name"] = peer["name"]
            return frozenset({"self"}) if is_new else frozenset()
        if kind == "room.read" and (room := self.rooms.get(event["room"])) is not None:
            room["unread"], room["mentions"] = event["unread"], event["mentions"]
            return frozenset({"self"})
        return _TOLD.get(kind, frozenset())

    # -- what is drawn

    @property
    def unread(self) -> int:
        """What the badge shows: messages that draw attention, and people who ask."""
        return 0 if self.status is None else self.status["unread"] + self.status["requests"]

    def peer_of(self, room: str) -> schema.Peer | None:
        """With whom a conversation of two is."""
        return next((peer for peer in self.peers.values() if peer["room"] == room), None)

    def name_of(self, room: str) -> str:
        """What a conversation is called: a person, or a room with its team before it."""
        if (peer := self.peer_of(room)) is not None:
            return one_line(peer["name"])
        return one_line(self.rooms[room]["name"]) if room in self.rooms else ""

    def entries(self, wanted: str = "") -> list[Entry]:
        """The list, or what of it has a text in its name."""
        found: list[Entry] = []
        parts = (
            (translate("Office", "Requests"), self._requests()),
            (translate("Office", "Rooms"), self._rooms()),
            (translate("Office", "People"), self._people()),
        )
        for heading, part in parts:
            fitting = [entry for entry in part if fits(wanted, entry.name)]
            if fitting:
                found += [Entry("heading", "", heading), *fitting]
        return found

    def _requests(self) -> Iterator[Entry]:
        for peer in sorted(self.peers.values(), key=_by_name):
            if peer["request"] == "pending" and not peer["blocked"]:
                yield self._person(peer)._replace(
                    kind="request", about=translate("Office", "wants to write to you")
                )

    def _rooms(self) -> Iterator[Entry]:
        tops = [r for r in self.rooms.values() if r["kind"] != "dm" and r["team"] not in self.rooms]
        order = {"team": 0, "lobby": 1}
        for room in sorted(tops, key=lambda r: (order.get(r["kind"], 2), r["name"].casefold())):
            yield self._room(room, "room")
            children = [r for r in self.rooms.values() if r["team"] == room["room"]]
            for child in sorted(children, key=lambda r: r["name"].casefold()):
                if child["role"] in ("owner", "admin", "member"):
                    short = child["name"].removeprefix(room["name"] + "/")
                    yield self._room(child, "channel")._replace(name=f"#{one_line(short).removeprefix('#')}")

    def _room(self, room: schema.Room, kind: Literal["room", "channel"]) -> Entry:
        about = translate("Office", "archived") if room["archived"] else one_line(room["topic"])
        if room["role"] in ("none", "damaged"):
            gone = translate("Office", "you are no member any more")
            about = gone if room["role"] == "none" else translate("Office", "damaged: see team log")
        return Entry(
            kind,
            room["room"],
            one_line(room["name"]),
            about,
            unread=room["unread"],
            mentions=room["mentions"],
            muted=room["alerts"] != "all",
        )

    def _people(self) -> Iterator[Entry]:
        shown = [p for p in self.peers.values() if p["request"] != "pending" and not p["blocked"]]
        for peer in sorted(shown, key=lambda p: (p["presence"] == "offline", *_by_name(p))):
            yield self._person(peer)

    def _person(self, peer: schema.Peer) -> Entry:
        room = self.rooms.get(peer["room"])
        return Entry(
            "person",
            peer["room"],
            one_line(peer["name"]),
            one_line(peer["status_text"]) or reach_of(peer),
            peer["presence"],
            peer["unread"] if room is None else room["unread"],
            0 if room is None else room["mentions"],
            room is not None and room["alerts"] != "all",
            "lookalike" if peer["lookalike"] else peer["trust"],
            peer["peer_id"],
        )


def _by_name(peer: schema.Peer) -> tuple[str, str]:
    return one_line(peer["name"]).casefold(), peer["peer_id"]


def fits(wanted: str, name: str) -> bool:
    """Whether a name has all words of a text in it, whatever their case and accents."""
    shown = _folded(name)
    return all(word in shown for word in _folded(wanted).split())


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def reach_of(peer: schema.Peer) -> str:
    """Where somebody is, or why they cannot be reached."""
    if peer["presence"] == "offline":
        why = {
            "connecting": translate("Office", "connecting …"),
            "no-answer": translate("Office", "no answer: off, or a firewall?"),
            "never-met": translate("Office", "not met yet"),
        }
        return why.get(peer["reach"], presence_word("offline"))
    if peer["via"]:
        through = translate("Office", "{presence}, through {name}")
        return through.format(presence=presence_word(peer["presence"]), name=one_line(peer["via"]))
    return presence_word(peer["presence"])
