"""What the front ends see: views built from the store and the live Links, never stored themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from p2pim.node import events
from p2pim.node.link import Link
from p2pim.node.rooms import ARCHIVED
from p2pim.protocol import fold
from p2pim.protocol.fold import Entry
from p2pim.protocol.identity import PeerId, short_id
from p2pim.protocol.message import FILE, FOLLOWERS, SAYING, TEXT, Message, MessageId, RoomId
from p2pim.protocol.room import LOBBY, Room, RoomKind, dm
from p2pim.protocol.trust import Request
from p2pim.store.deliveries import NO_SPACE, NOT_ACCEPTED, STORED, Answer
from p2pim.store.messages import Stored
from p2pim.store.peers import Contact

if TYPE_CHECKING:
    from p2pim.node.node import Node

_STATES: dict[int, events.MessageState] = {
    STORED: "delivered",
    NO_SPACE: "no-space",
    NOT_ACCEPTED: "not-accepted",
}


#: Characters of a message that a reply to it shows.
QUOTED: Final = 200


class Views:
    """Read-only use cases."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        #: How it goes with somebody who is not linked: connecting, no-answer, away. Set by whoever runs the network.
        self.reach: Callable[[PeerId], str] = lambda peer_id: "away"

    # -- messages

    def history(
        self, room_id: RoomId, limit: int = 50, before: tuple[int, MessageId] | None = None
    ) -> list[events.MessageView]:
        """The newest messages of a room (before a place in the order), oldest first."""
        room = self._node.room(room_id)
        return self._views(
            self._store.messages.history(room_id, limit, before, skip_blocked=room.kind is RoomKind.LOBBY)
        )

    def message(self, stored: Stored) -> events.MessageView:
        """One message that is here."""
        return self._views([stored])[0]

    def fresh(self, stored: Stored) -> events.MessageView:
        """A message stored only now: nobody has answered for it yet."""
        if stored.followed or stored.message.header.target is not None:
            return self._shown([stored], {}, {})[0]
        return self._view(stored, fold.entry(stored.message), None, [])

    def messages_at(self, seqs: Sequence[int]) -> list[events.MessageView]:
        """The lines among the messages at these places in order of arrival."""
        return self.lines(self._store.messages.at(seqs))

    def lines(self, stored: Sequence[Stored]) -> list[events.MessageView]:
        """Those of these messages that are lines of a conversation and may be shown."""
        return self._views(
            [s for s in stored if s.message.header.kind not in FOLLOWERS and not self.is_hidden(s)]
        )

    def is_hidden(self, stored: Stored) -> bool:
        """Whether a message must not be shown (yet): not due, or in the lobby by somebody blocked."""
        return stored.hidden or stored.void or self._is_from_blocked(stored.message)

    def _is_from_blocked(self, message: Message) -> bool:
        header = message.header
        return header.room == LOBBY and self._node.people.contact(header.author).blocked

    def entry(self, stored: Stored) -> Entry:
        """What a message says, with all that others say about it."""
        return self._entries([stored])[stored.message.id]

    def _entries(self, stored: Sequence[Stored]) -> dict[MessageId, Entry]:
        followed = [s.message for s in stored if s.followed and s.message.header.kind in SAYING]
        if not followed:
            return {s.message.id: fold.entry(s.message) for s in stored}
        followers, may_delete = self._store.followers.of(followed), self._store.followers.may_delete
        entries = {}
        for one in stored:
            about = [f for f in followers.get(one.message.id, ()) if not self._is_from_blocked(f)]
            entries[one.message.id] = fold.entry(one.message, about, may_delete)
        return entries

    def _quotes(self, stored: Sequence[Stored]) -> dict[MessageId, events.Quote]:
        """By id of the reply: what it answers, as far as that is here and may be shown."""
        headers = {s.message.id: s.message.header for s in stored}
        targets = {i: h.target for i, h in headers.items() if h.target is not None and h.kind == TEXT}
        if not targets:
            return {}
        found = {s.message.id: s for s in self._store.messages.get(list(set(targets.values())))}
        entries = self._entries([s for s in found.values() if not self.is_hidden(s)])
        quotes = {}
        for reply, target in targets.items():
            shown = entries.get(target)
            if shown is None or found[target].message.header.room != headers[reply].room:
                quotes[reply] = events.Quote(target, None, "", None)
            else:
                text = None if shown.text is None else shown.text[:QUOTED]
                quotes[reply] = events.Quote(target, shown.author, self._node.people.name(shown.author), text)
        return quotes

    def _views(self, stored: list[Stored]) -> list[events.MessageView]:
        mine = [s.seq for s in stored if s.message.header.author == self._node.peer_id]
        deliveries = self._store.deliveries.of(mine) if mine else {}
        return self._shown(stored, deliveries, self._store.boxes.holders_of(mine) if mine else {})

    def _shown(
        self,
        stored: list[Stored],
        deliveries: dict[int, list[Answer]],
        holders: Mapping[int, Sequence[tuple[PeerId, bool, int]]],
    ) -> list[events.MessageView]:
        entries, quotes = self._entries(stored), self._quotes(stored)
        return [
            self._view(
                one,
                entries[one.message.id],
                quotes.get(one.message.id),
                deliveries.get(one.seq, []),
                holders.get(one.seq, []),
            )
            for one in stored
        ]

    def _view(
        self,
        stored: Stored,
        shown: Entry,
        quote: events.Quote | None,
        answers: Sequence[Answer],
        holders: Sequence[tuple[PeerId, bool, int]] = (),
    ) -> events.MessageView:
        name = self._node.people.name
        mine = shown.author == self._node.peer_id
        got = tuple(
            events.Delivery(peer, name(peer), _STATES.get(code, "waiting"), at)
            if read is None
            else events.Delivery(peer, name(peer), "read", read)
            for peer, code, at, read in answers
        ) + tuple(
            events.Delivery(peer, name(peer), "handed-over" if given else "held", at)
            for peer, given, at in holders
        )
        note = shown.note
        if shown.deleted_by not in (None, shown.author):
            note = f"deleted by {name(shown.deleted_by)}"
        return events.MessageView(
            seq=stored.seq,
            id=shown.id,
            room=stored.message.header.room,
            author=shown.author,
            author_name=name(shown.author),
            mine=mine,
            clock=shown.clock,
            wall_ms=shown.wall_ms,
            kind=stored.message.header.kind,
            text=shown.text,
            note=note,
            unread=stored.unread,
            state=_state(mine, got),
            deliveries=got,
            reply_to=quote,
            edited=shown.edited,
            deleted_by=shown.deleted_by,
            reactions=shown.reactions,
            mentions_me=not mine and shown.means(self._node.peer_id),
            file=self._file(stored),
        )

    def _file(self, stored: Stored) -> events.FileView | None:
        return self._node.transfers.view(stored) if stored.message.header.kind == FILE else None

    # -- peers and rooms

    def peers(self) -> list[events.PeerView]:
        """Everybody known, the reachable first."""
        contacts = [c for c in self._store.peers.all() if c.peer_id != self._node.peer_id]
        alike = self._node.people.lookalikes(contacts)
        views = [self._peer(c, alike.get(c.peer_id)) for c in contacts]
        return sorted(views, key=lambda p: (p.presence == "offline", p.name.casefold(), p.peer_id))

    def peer(self, peer_id: PeerId) -> events.PeerView:
        """One peer."""
        contact = self._store.peers.get(peer_id)
        return self._peer(contact, self._node.people.lookalike(contact))

    def _peer(self, contact: Contact, lookalike: str | None) -> events.PeerView:
        peer_id = contact.peer_id
        room = dm(self._node.peer_id, peer_id)
        presence, status = self._node.presence.of(peer_id)
        links = [link for link in self._node.sync.sessions if link.peer_id == peer_id]
        return events.PeerView(
            peer_id=peer_id,
            name=self._node.people.name(peer_id),
            nickname=contact.nickname,
            petname=contact.petname,
            short_id=short_id(peer_id),
            trust=self._node.people.trust(contact).name.lower(),
            blocked=contact.blocked,
            request=contact.request.name.lower(),
            presence=presence,
            status_text=status,
            last_seen_ms=contact.last_seen_ms,
            address=_shown_address(links) if presence != "offline" else None,
            room=room.id,
            unread=self._store.messages.count(room.id, "unread"),
            waiting=self._store.messages.count(room.id, "waiting"),
            lookalike=lookalike,
            via=self._carrier(links) if presence != "offline" else None,
            reach=self._reach(contact, presence),
        )

    def _reach(self, contact: Contact, presence: events.Presence) -> str:
        """Whether somebody is linked, as far as they show it, and else why not."""
        if presence != "offline":
            return "linked"
        if self._node.is_linked(contact.peer_id):
            return "away"  # they are invisible
        state = self.reach(contact.peer_id)
        return "never-met" if state == "away" and contact.last_seen_ms is None else state

    def _carrier(self, links: Sequence[Link]) -> str | None:
        """Who carries the Link to somebody, if all there are are carried."""
        carriers = [link.via for link in links]
        if not carriers or None in carriers or carriers[0] is None:
            return None
        return self._node.people.name(carriers[0])

    def rooms(self) -> list[events.RoomView]:
        """Every conversation, the one with the newest message first; DMs in which nothing was done yet are none."""
        views = [self.room(room) for room in self._store.messages.rooms()]
        used = [v for v in views if v.kind != "dm" or v.last_ms is not None or v.alerts != "all"]
        return sorted(used, key=lambda r: -(r.last_ms or 0))

    def topic(self, room: Room) -> str:
        """What a room is about."""
        newest = self._store.messages.topic(room.id, skip_blocked=room.kind is RoomKind.LOBBY)
        return "" if newest is None else fold.entry(newest.message).text or ""

    def room(self, room: Room) -> events.RoomView:
        """One conversation."""
        messages = self._store.messages
        name = "#lobby" if room.peer is None else self._node.people.name(room.peer)
        view = events.RoomView(
            room.id,
            room.kind.name.lower(),
            name,
            room.peer,
            messages.count(room.id, "unread"),
            messages.count(room.id, "waiting"),
            messages.highest(room.id, self._node.peer_id, self._node.clock.wall_ms()) or None,
            messages.count(room.id, "mentions"),
            self.topic(room),
            alerts=self._node.alerts.of(room.id),
        )
        return self._governed(room, view) if room.is_governed else view

    def _governed(self, room: Room, view: events.RoomView) -> events.RoomView:
        rooms = self._node.rooms
        if rooms.control(room.id) is None:
            return replace(view, name="#(damaged)", team=room.parent, role="damaged")
        return replace(
            view,
            name=f"#{rooms.paths(room)[-1]}",
            team=room.parent,
            role=rooms.role(room.id).name.lower(),
            members=len(rooms.members(room.id)),
            archived=rooms.authority(room.id).policy.get(ARCHIVED) is True,
        )

    def status(self) -> events.Status:
        """The node in one look."""
        presence, text = self._node.presence.own
        rooms = self._store.messages.rooms()
        return events.Status(
            peer_id=self._node.peer_id,
            nickname=self._node.nickname,
            short_id=short_id(self._node.peer_id),
            presence=presence,
            status_text=text,
            port=self._node.port,
            links=len(self._node.links),
            waiting=sum(self._store.messages.count(room.id, "waiting") for room in rooms),
            unread=sum(self._node.alerts.unread(room.id) for room in rooms),
            requests=sum(c.request is Request.PENDING for c in self._store.peers.all()),
            storage="ok" if self._node.writable else "full",
            state_line=self._node.state_line,
        )


def _shown_address(links: list[Link]) -> str | None:
    """Where the newest Link leads; an accepted one has no port to dial."""
    address = links[-1].address if links else None
    return None if address is None else str(address) if address.port else address.host


def _state(mine: bool, deliveries: tuple[events.Delivery, ...]) -> events.MessageState:
    """The state of a message in one word: the best that anybody answered."""
    if not mine:
        return "received"
    states = {"held" if d.state == "handed-over" else d.state for d in deliveries}
    best: tuple[events.MessageState, ...] = ("read", "delivered", "not-accepted", "no-space", "held")
    return next((state for state in best if state in states), "waiting")
