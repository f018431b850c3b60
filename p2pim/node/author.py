"""What the user writes and reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput, Forbidden, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.session import SetId
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import (
    FOLLOWERS,
    MAX_CONTENT,
    MAX_MENTIONS,
    REACTION,
    TEXT,
    Message,
    MessageId,
    RoomId,
    decode_reaction,
    decode_text,
    is_future,
    next_clock,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import REQUEST_BYTES, Room, RoomKind
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Bytes of text in one message: the rest of its content is salt and time, and who is mentioned.
MAX_TEXT: Final = MAX_CONTENT - 64
MENTION_BYTES: Final = 34
MAX_REQUEST_TEXT: Final = REQUEST_BYTES - 64
MAX_TOKEN: Final = 128


class Author:
    """Writing: seal, store, commit, then push."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def send_text(
        self,
        room_id: RoomId,
        text: str,
        token: str | None = None,
        *,
        reply_to: MessageId | None = None,
        mentions: Sequence[PeerId] = (),
        everyone: bool = False,
    ) -> events.MessageView:
        """Write a text. It is stored when this returns, and travels whenever a Link allows.

        Args:
            token: the same one again returns what was stored the first time and stores nothing.
            reply_to: the message in the same room that it answers.
            mentions: who is meant in particular; ``everyone``: all who read it.

        Raises:
            BadInput: empty, too long, or not text.
            Forbidden: against a policy.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such room, or no such message to answer.
        """
        with self._node.writing():
            if token is not None:
                if not 0 < len(token) <= MAX_TOKEN:
                    raise BadInput(f"A token has 1 to {MAX_TOKEN} characters.")
                if (stored := self._store.messages.by_token(token)) is not None:
                    return self._node.views.message(stored)
            room = self._node.room(room_id)
            meant = self.check_words(room, text, mentions)
            self.check_room(room)
            if reply_to is not None:
                self._check_reply(room, reply_to)
            content = text_content(text, self._node.clock.wall_ms(), self._node.random, meant, everyone)
            stored = self.write(room, TEXT, content, reply_to, token)
            view = self._node.views.fresh(stored)
            self._node.changes.made_by(stored, view=view)
            return view

    def check_room(self, room: Room) -> None:
        """Raise NotNow, or Forbidden, unless something may be written in a room now."""
        if room.is_governed:
            self._node.rooms.check_may_write(room.id)
        elif room.peer is None:
            if self._node.policy.value("open_network") is False:
                raise Forbidden(
                    f"The lobby belongs to the open network, and {self._node.policy.refuse('open_network')}"
                )
            if not self._node.open_network:
                raise NotNow(
                    "The lobby belongs to the open network, which is off here (open_network in the settings)."
                )
        elif self._node.people.contact(room.peer).blocked:
            raise NotNow("You have blocked them. Unblock them first: p2pim unblock NAME.")

    def check_words(self, room: Room, text: str, mentions: Sequence[PeerId]) -> tuple[PeerId, ...]:
        """Raise BadInput unless a text may be sent in a room; whom it mentions, each once."""
        meant = tuple(dict.fromkeys(mentions))
        if len(meant) > MAX_MENTIONS:
            raise BadInput(
                f"At most {MAX_MENTIONS} people can be mentioned at once. Write @room to mean all."
            )
        if not text.strip():
            raise BadInput("There is nothing to send: the text is empty.")
        try:
            size = len(text.encode("utf-8"))
        except UnicodeEncodeError:
            raise BadInput(
                "That is not valid text (UTF-8). Send it as a file, or mend its encoding."
            ) from None
        most = MAX_TEXT - MENTION_BYTES * len(meant)
        if size > most:
            raise BadInput(f"The text is too long: {size:,} bytes, at most {most:,} fit. Send it in parts.")
        most = max(0, most - (MAX_TEXT - MAX_REQUEST_TEXT))
        if room.peer is not None and size > most:
            self._check_acquaintance(room, size, most)
        return meant

    def _check_acquaintance(self, room: Room, size: int, most: int) -> None:
        if not self._store.messages.known_there(room.id, self._node.peer_id):
            raise BadInput(
                f"A first message to somebody who has not accepted you may have {most} bytes; "
                f"this has {size:,}. Say hello first."
            )

    def _check_reply(self, room: Room, reply_to: MessageId) -> None:
        found = [s.message.header for s in self._store.messages.get([reply_to])]
        if not any(header.room == room.id and header.kind not in FOLLOWERS for header in found):
            raise UnknownTarget(
                "What you answer is not in this conversation. p2pim history NAME --ids shows what is."
            )

    def write(
        self,
        room: Room,
        kind: int,
        content: bytes,
        target: MessageId | None = None,
        token: str | None = None,
    ) -> Stored:
        """Seal a message, store it, push it after the commit. Writing to somebody accepts them."""
        if room.peer is not None:
            self._node.people.wrote_to(room.peer)
        messages = self._store.messages
        me, now = self._node.peer_id, self._node.clock.wall_ms()
        highest = messages.highest(room.id, me, now)
        governed = self._node.rooms.highest(room.id) if room.is_governed else 0
        clock = next_clock(now, max(highest, governed))
        parents = [] if room.kind is RoomKind.LOBBY else messages.heads(room.id, highest)
        message = seal(
            self._node.identity,
            room.id,
            parents=parents,
            clock=clock,
            kind=kind,
            content=content,
            target=target,
        )
        waiting = room.kind is RoomKind.DM or (
            room.is_governed and len(self._node.rooms.members(room.id)) > 1
        )
        stored = messages.add(message, now_ms=now, waiting=waiting, sealed=True, token=token)
        assert stored is not None, "a fresh salt makes a fresh id"
        self._store.database.on_known(lambda: self._push(message))
        return stored

    def _push(self, message: Message) -> None:
        sync = self._node.sync
        sync.push(message, SetId(message.header.room, CONTENT), sync.sharing.concerned(message))

    def seal_anew(self, stored: Sequence[Stored]) -> None:
        """Take back what was sealed while the clock was far ahead and nobody has taken; seal it by today's.

        Not where others have written by such clocks too: then today's is wrong, and it would never end. What was
        erased meanwhile goes for good, with what was said about it.
        """
        now = self._node.clock.wall_ms()
        anew: dict[MessageId | None, MessageId | None] = {}
        for old in stored:
            header = old.message.header
            room = self._node.room(header.room)
            if is_future(self._store.messages.highest(room.id, self._node.peer_id, now), now):
                continue
            self._store.messages.forget([old.seq])
            target = anew.get(header.target, header.target)
            anew[old.message.id] = None
            if old.message.content is not None and (target or header.kind not in FOLLOWERS):
                content = self._stamp(header.kind, old.message.content, now)
                new = self.write(room, header.kind, content, target, old.token)
                anew[old.message.id] = new.message.id
                self._node.changes.made_by(new)

    def _stamp(self, kind: int, content: bytes, now: int) -> bytes:
        """The same content by another time: the old one was as wrong as its clock."""
        random = self._node.random
        if kind == REACTION and (reaction := decode_reaction(content)) is not None:
            return reaction_content(reaction.text, reaction.stands, now, random)
        text = decode_text(content)
        return content if text is None else text_content(text.text, now, random, text.mentions, text.everyone)

    def mark_read(self, room_id: RoomId, seq: int) -> None:
        """The user has read everything that arrived up to ``seq``."""
        room = self._node.room(room_id)
        if self._node.writable:
            with self._store.transaction():
                self._node.receipts.read(room.id, self._store.reads.mark(room.id, seq))
                self._store.on_commit(lambda: self._node.changes.read(room.id))
