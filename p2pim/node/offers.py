"""Files that are offered: what may be, by whose rules, and how an offer looks to its author and to others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput, Forbidden, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.session import Session, SetId
from p2pim.protocol import filetalk
from p2pim.protocol.filetalk import Fstate
from p2pim.protocol.message import FILE, MessageId, RoomId
from p2pim.protocol.offer import Offer, decode_offer, make_offer, offer_content
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import Room, RoomKind
from p2pim.store import files
from p2pim.store.files import StoredEntry
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.files.offering import Offered
    from p2pim.node.node import Node

_STATES: Final = {
    filetalk.FETCHING: "fetching",
    filetalk.PAUSED: "paused",
    filetalk.DONE: "done",
    filetalk.DECLINED: "declined",
    filetalk.CANCELLED: "cancelled",
    filetalk.FAILED: "failed",
    filetalk.DISK_FULL: "disk full",
    filetalk.FORBIDDEN: "forbidden",
}


class Offers:
    """Ours and those of others."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def check_may_send(self, room: Room, name: str, size: int | None = None) -> None:
        """Raise unless something may be offered in a room."""
        self._node.author.check_room(room)
        if room.kind is RoomKind.LOBBY:
            raise BadInput("The lobby takes no files: send it to somebody, or into a room.")
        if room.peer is not None and self._node.people.is_stranger(room.peer):
            raise NotNow("They have not accepted you yet: a first message to them can only be a text.")
        if reason := self.forbidden(name, size):
            raise Forbidden(reason)

    def forbidden(self, name: str, size: int | None = None) -> str:
        """The rule against a file, or ""."""
        policy = self._node.policy
        if policy.value("files") is False:
            return f"Files cannot be sent or received: {policy.refuse('files')}"
        most = policy.value("file_max_bytes")
        if most is not None and size is not None and size > most:
            return f"It has {size:,} bytes, and {policy.refuse('file_max_bytes')}"
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        allowed, forbidden = policy.value("file_types_allowed"), policy.value("file_types_forbidden")
        if allowed is not None and extension not in allowed:
            return f"It is not of a type that is allowed: {policy.refuse('file_types_allowed')}"
        if forbidden is not None and extension in forbidden:
            return f"It is of a type that is forbidden: {policy.refuse('file_types_forbidden')}"
        return ""

    async def send(self, room_id: RoomId, path: Path) -> events.MessageView:
        """Look through a file or folder, then offer it.

        Raises:
            BadInput: it cannot be read, or not be sent there.
            Forbidden: a rule is against it.
            NotNow: the peer is blocked or has not accepted us, or the disk is full.
        """
        room = self._node.room(room_id)
        self.check_may_send(room, path.name)
        if self._node.transfers.mover is None:
            raise NotNow("p2pim is just starting. Try again.")
        return self.offer(room, await self._node.transfers.mover.look_through(path))

    def offer(self, room: Room, offered: Offered) -> events.MessageView:
        """Offer what was looked through; from now on it is served to those who may see the offer."""
        with self._node.writing():
            self.check_may_send(room, offered.name, offered.size)
            for entry in offered.entries if offered.is_folder else ():
                if reason := self.forbidden(entry.path.name):
                    raise Forbidden(reason)
            now, random = self._node.clock.wall_ms(), self._node.random
            count = len(offered.entries) if offered.is_folder else 0
            offer = make_offer(offered.name, offered.size, offered.listing, count, wall_ms=now, random=random)
            entries = [StoredEntry(str(e.path), e.size, e.mtime_ns or 0) for e in offered.entries]
            self._store.files.hold(offer.root, offer.size, offered.listing, entries)
            stored = self._node.author.write(room, FILE, offer_content(offer))
            view = self._node.views.fresh(stored)
            self._node.changes.made_by(stored, view=view)
            return view

    def find(self, message_id: MessageId) -> tuple[Stored, Offer]:
        """An offer that is here.

        Raises:
            UnknownTarget: there is none.
        """
        for stored in self._store.messages.get([message_id]):
            if not self._node.views.is_hidden(stored):
                offer = offer_of(stored)
                if offer is not None:
                    return stored, offer
        raise UnknownTarget("There is no such file here. p2pim files shows which there are.")

    def shown(self, message_id: MessageId) -> events.MessageView:
        """An offer as it is now."""
        return self._node.views.message(self.find(message_id)[0])

    def said(self, session: Session, record: Fstate) -> None:
        """How it is with what we offered, there."""
        session.slow(session.serving, self._node.clock.monotonic())
        if not self._node.writable:
            return
        for said in record.states:
            for stored in self._store.messages.get([said.offer]):
                header = stored.message.header
                room = self._node.room(header.room)
                if header.author != self._node.peer_id or header.kind != FILE:
                    continue
                if self.shares(session, room) and self._store.files.report(
                    said.offer, session.link.peer_id, said.state, self._node.clock.wall_ms()
                ):
                    seqs = [stored.seq]
                    self._store.on_commit(lambda seqs=seqs: self._node.changes.tell(seqs, "file"))  # type: ignore[misc]

    def shares(self, session: Session, room: Room) -> bool:
        """Whether a room is served on a Link."""
        return self._node.sync.sharing.room(session, SetId(room.id, CONTENT)) is not None

    def view(self, stored: Stored) -> events.FileView | None:
        """A file as somebody sees it, and how far it is."""
        offer = offer_of(stored)
        if offer is None:
            return None
        transfer = self._store.files.transfer(stored.message.id)
        job = self._node.transfers.job(offer.root)
        mine = stored.message.header.author == self._node.peer_id
        state, done, path = "offered", 0, ""
        if transfer is not None:
            state, path = transfer.state, transfer.path
            state = files.FAILED if state in (files.FULL, files.FORBIDDEN) else state
            done = offer.size if state == files.DONE else 0
        if job is not None and job.offer_id == stored.message.id and not job.is_over:
            done = job.bytes_here
            state = "fetching" if self._node.transfers.has_source(offer.root) else files.WANTED
        if mine:
            state = "sent" if self._store.files.holds(offer.root) else "withdrawn"
        name = self._node.people.name
        reports = self._store.files.reports(stored.message.id) if mine else []
        return events.FileView(
            name=offer.name,
            size=offer.size,
            folder=offer.is_folder,
            entries=offer.entries,
            root=offer.root,
            state=state,
            done=done,
            path=path,
            detail=transfer.detail if transfer is not None else "",
            reports=tuple(
                events.FileReport(peer, name(peer), _STATES.get(said, "unknown"), at)
                for peer, said, at in reports
            ),
        )


def offer_of(stored: Stored) -> Offer | None:
    """What a message offers, if it is here and can be read."""
    message = stored.message
    if message.header.kind != FILE or message.content is None:
        return None
    return decode_offer(message.content)
