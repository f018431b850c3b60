"""Delivery: what is taken in, from whom, and what is known of what I wrote (SPEC sections 8 to 10).

The order of effects is always the same: check, store, commit, then Ack, push, notify.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.errors import RemoteProtocolError
from p2pim.node.session import Session, SetId
from p2pim.protocol.message import (
    DELETE,
    ERASABLE,
    TEXT,
    Header,
    Message,
    MessageId,
    decode_text,
    examine,
    id_of,
    prove,
    reopen,
)
from p2pim.protocol.records import AUTHOR_UNKNOWN, CONTENT, FULL, NOT_ACCEPTED, STORED, Ack, Messages, Signed
from p2pim.protocol.room import REQUEST_BYTES, Room, RoomKind, dm
from p2pim.protocol.trust import Request

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Strangers whose requests wait for an answer; more are told "not accepted yet".
MAX_REQUESTS: Final = 500
#: Messages of a stranger that are passed over, on one Link, to find one that can be their request.
MAX_PASSED_OVER: Final = 16


class Delivery:
    """Taking messages in, and noting who has mine."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    # -- taking in

    def worth_asking(self, session: Session, room: Room, ids: Sequence[MessageId]) -> list[MessageId]:
        """Of messages found at the other end, those to ask for; it is told why for the rest."""
        if not self._node.writable:
            self._refuse(session, room, ids, FULL)
            return []
        if not self._is_stranger(session, room):
            return list(ids)
        wanted = [i for i in ids if i not in session.passed_over][:1] if self._may_request(room) else []
        self._refuse(session, room, [i for i in ids if i not in wanted], NOT_ACCEPTED)
        return wanted

    def _refuse(self, session: Session, room: Room, ids: Sequence[MessageId], code: int) -> None:
        for message_id in ids:
            self._node.sync.ack(session, SetId(room.id, CONTENT), message_id, code)

    def _is_stranger(self, session: Session, room: Room) -> bool:
        """Whether this room's messages come from somebody not accepted yet (my other machine never is)."""
        return session.link.peer_id == room.peer and self.is_strangers(room)

    def is_strangers(self, room: Room) -> bool:
        """Whether it is the DM with somebody not accepted yet."""
        return room.kind is RoomKind.DM and room.peer is not None and self._node.people.is_stranger(room.peer)

    def _may_request(self, room: Room) -> bool:
        """Whether a stranger may still leave their one message."""
        if room.peer is None or self._node.people.contact(room.peer).request is not Request.NONE:
            return False
        if self._store.messages.written_by(room.id, room.peer):
            return False
        return self._store.peers.pending_requests() < MAX_REQUESTS

    def receive(self, session: Session, record: Messages) -> None:
        """Take messages in.

        Raises:
            RemoteProtocolError: one of them breaks a rule that no honest peer breaks.
        """
        place = SetId(record.room, CONTENT)
        room = self._node.sync.sharing.room(session, place)
        ids = [id_of(signed) for signed in record.messages]
        held = self._store.messages.held(ids)
        session.has(place.room, ids)
        for signed, message_id in zip(record.messages, ids, strict=True):
            code = self._receive_one(session, room, signed, message_id, message_id in held)
            if code == STORED:
                held.add(message_id)
            if code is not None:
                self._node.sync.ack(session, place, message_id, code)
            if code == STORED:
                # Only then is it here: DONE must not count what a full disk takes back.
                self._store.on_commit(partial(self._node.sync.arrived, session, place, message_id, here=True))
            else:
                self._node.sync.arrived(session, place, message_id, here=False)
                if code == FULL:
                    session.turned_away(place, message_id)

    def _receive_one(
        self, session: Session, room: Room | None, signed: Signed, message_id: MessageId, held: bool
    ) -> int | None:
        """Store one message; returns the code of the Ack it gets, None for none."""
        header = examine(signed)
        if room is None:
            return AUTHOR_UNKNOWN
        me = self._node.peer_id
        if not room.admits(header, me):
            raise RemoteProtocolError("a message that cannot be in its room")
        if not room.carries(header.author, me, session.link.peer_id):
            return AUTHOR_UNKNOWN
        if room.is_governed and not self._node.rooms.names(room.id, header.author):
            self._node.control.refused.add(room.id)
            return AUTHOR_UNKNOWN
        if room.kind is RoomKind.LOBBY and not self._node.fading.admits(header):
            return None
        if held:
            return self._receive_again(session, room, signed, message_id)
        if not self._node.writable:
            return FULL
        if self._is_stranger(session, room) and not self._is_request(room, header, signed):
            self._pass_over(session, room, message_id)
            return NOT_ACCEPTED
        self.slow_strangers(session)
        if signed.content is None and not self._is_explained(room, signed, message_id, header):
            return None
        self._store_one(session, room, prove(signed, message_id, header))
        return STORED

    def _receive_again(self, session: Session, room: Room, signed: Signed, message_id: MessageId) -> int:
        """It is here; what it brings may be lacking all the same."""
        if signed.content is not None:
            again = reopen(message_id, signed.header, signed.signature, signed.content)
            self._node.refill.take(session, room, again)
        return STORED

    def _is_explained(self, room: Room, signed: Signed, message_id: MessageId, header: Header) -> bool:
        """Whether it is known why a message may have no content; if not, its header is kept until that is known."""
        if self._node.retention.explains(room, header):
            return True
        if header.kind not in ERASABLE:
            return False
        if self._store.followers.was_deleted(message_id, header):
            return True
        self._ensure_room(room)
        self._store.followers.keep_stub(prove(signed, message_id, header))
        return False

    def explain(self, delete: Header) -> None:
        """A delete is here: what it erased before it came to us is held from now on."""
        self.take_stubs(self._store.followers.explained(delete))

    def take_stubs(self, stubs: Sequence[Message]) -> None:
        """It is known now why these came without content: they are held."""
        for stub in stubs:
            mine = stub.header.author == self._node.peer_id
            room = self._node.room(stub.header.room)
            stored = self._store.messages.add(
                stub,
                now_ms=self._node.clock.wall_ms(),
                waiting=mine and room.kind is RoomKind.DM,
                void=self._node.rooms.is_void(room, stub),
            )
            assert stored is not None, "a stub is not held"
            self._node.changes.made_by(stored, quiet=True)
            self._store.on_commit(partial(self._node.sync.explained, stub))

    def receive_boxed(self, session: Session, signed: Signed) -> int:
        """Take in one message out of a box, whoever brought it, as if its author had sent it; returns as an Ack would.

        Raises:
            RemoteProtocolError: it breaks a rule that no honest author breaks.
        """
        header, message_id = examine(signed), id_of(signed)
        room = self._room_in_box(header)
        if room is None:
            return AUTHOR_UNKNOWN
        if not room.admits(header, self._node.peer_id) or signed.content is None:
            raise RemoteProtocolError("a message that cannot be in a box")
        place = SetId(room.id, CONTENT)
        if message_id not in self._store.messages.held([message_id]):
            if self._node.people.contact(header.author).blocked:
                return NOT_ACCEPTED
            if self.is_strangers(room) and not self._is_request(room, header, signed):
                return NOT_ACCEPTED
            self._store_one(None, room, prove(signed, message_id, header))
            self._store.on_commit(partial(self._node.sync.arrived, session, place, message_id, here=True))
        return STORED

    def _room_in_box(self, header: Header) -> Room | None:
        """The room of a message in a box: our DM with its author, or one that both are in, in our view."""
        me, author = self._node.peer_id, header.author
        if author == me:
            return None
        if (room := dm(me, author)).id == header.room:
            return room
        known = self._store.messages.room(header.room)
        if known is None or not known.is_governed or not self._node.rooms.is_member(known.id, author):
            return None
        return known

    def _is_request(self, room: Room, header: Header, signed: Signed) -> bool:
        fits = header.kind == TEXT and header.content_size <= REQUEST_BYTES and signed.content is not None
        return fits and self._may_request(room)

    def _pass_over(self, session: Session, room: Room, message_id: MessageId) -> None:
        """What a stranger wrote first is deleted, or no text: look whether their request comes after it."""
        asked = message_id in session.asked and self._may_request(room)
        if asked and len(session.passed_over) < MAX_PASSED_OVER:
            session.passed_over.add(message_id)
            session.unasked.add(SetId(room.id, CONTENT))

    def slow_strangers(self, session: Session) -> None:
        """Checking a signature costs time: whoever is not accepted gets only so much of it."""
        if self._node.people.is_stranger(session.link.peer_id):
            session.slow(session.strangers, self._node.clock.monotonic())

    def _ensure_room(self, room: Room) -> None:
        if room.peer is not None and self._store.messages.room(room.id) is None:
            self._node.people.ensure_room(room.peer)

    def _store_one(self, session: Session | None, room: Room, message: Message) -> None:
        """Store what was checked; ``session``: the Link it came by, none for what came in a box."""
        mine, request = message.header.author == self._node.peer_id, False
        self._ensure_room(room)
        if room.kind is RoomKind.DM and room.peer is not None:
            if mine:
                self._node.people.wrote_to(room.peer)  # on my other machine, or before a restored backup
            elif request := self._node.people.is_stranger(room.peer):
                self._node.people.requested(room.peer)  # also where my other machine took it first
        waiting = (
            mine and session is not None and room.kind is RoomKind.DM and session.link.peer_id != room.peer
        )
        message = self._node.retention.trimmed(room, message)
        void = self._node.rooms.is_void(room, message)
        stored = self._store.messages.add(
            message,
            now_ms=self._node.clock.wall_ms(),
            unread=not mine and not self._node.rooms.is_history(room, message),
            waiting=waiting,
            mention=not mine and self._mentions_me(message),
            void=void,
        )
        if stored is None:
            return
        if room.kind is RoomKind.LOBBY:
            self._node.fading.stored()
        if message.header.kind == DELETE:
            self.explain(message.header)
        self._node.changes.made_by(stored, quiet=request)
        if (
            mine
            and session is not None
            and not waiting
            and session.link.peer_id != self._node.peer_id
            and room.kind is not RoomKind.LOBBY
        ):
            self._note(session, room, [message.id], STORED)
        self._store.on_commit(lambda: self._announce(message, session))

    def _announce(self, message: Message, source: Session | None) -> None:
        sync, place = self._node.sync, SetId(message.header.room, CONTENT)
        sync.announce(message, place, sync.sharing.concerned(message), source)

    def _mentions_me(self, message: Message) -> bool:
        if message.header.kind != TEXT or message.content is None:
            return False
        text = decode_text(message.content)
        return text is not None and text.means(self._node.peer_id)

    # -- what happened to mine

    def acknowledged(self, session: Session, record: Ack) -> None:
        """A peer answered for some of my messages."""
        if session.link.peer_id != self._node.peer_id and self._node.writable:
            room = self._node.sync.shared_room(session, record.room)
            if room is not None and record.code == STORED:
                session.has(room.id, record.ids)
            if room is not None and record.code in (STORED, FULL, NOT_ACCEPTED):
                self._note(session, room, record.ids, record.code)

    def _note(self, session: Session, room: Room, ids: Sequence[MessageId], code: int) -> None:
        me, now = self._node.peer_id, self._node.clock.wall_ms()
        changed = self._store.deliveries.acknowledge(
            me, session.link.peer_id, room.id, ids, code=code, now_ms=now
        )
        if changed:
            self._store.on_commit(lambda: self._node.changes.tell(changed, "delivery"))

    def stored_there(
        self, session: Session, room: Room, *, upto: int, floor: int, lacking: Sequence[MessageId]
    ) -> None:
        """A run ended: everything of mine that it compared and the other end does not lack is stored there."""
        peer, me = session.link.peer_id, self._node.peer_id
        if peer == me or not self._node.writable:
            return
        changed = self._store.deliveries.acknowledge_all(
            me,
            peer,
            room.id,
            upto=upto,
            floor=floor,
            but=lacking,
            dm=room.kind is RoomKind.DM,
            now_ms=self._node.clock.wall_ms(),
        )
        if changed:
            self._store.on_commit(lambda: self._node.changes.tell(changed, "delivery"))
