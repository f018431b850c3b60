"""What the user writes and reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput, Forbidden, NotNow
from p2pim.node import events
from p2pim.node.session import SetId
from p2pim.protocol.message import (
    MAX_CONTENT,
    TEXT,
    Message,
    RoomId,
    decode_text,
    is_future,
    next_clock,
    seal,
    text_content,
)
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import REQUEST_BYTES, Room, RoomKind
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Bytes of text in one message: the rest of its content is salt and time.
MAX_TEXT: Final = MAX_CONTENT - 64
MAX_REQUEST_TEXT: Final = REQUEST_BYTES - 64
MAX_TOKEN: Final = 128


class Author:
    """Writing: seal, store, commit, then push."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def send_text(self, room_id: RoomId, text: str, token: str | None = None) -> events.MessageView:
        """Write a text. It is stored when this returns, and travels whenever a Link allows.

        Args:
            token: the same one again returns what was stored the first time and stores nothing.

        Raises:
            BadInput: empty, too long, or not text.
            Forbidden: against a policy.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such room.
        """
        with self._node.writing():
            if token is not None:
                if not 0 < len(token) <= MAX_TOKEN:
                    raise BadInput(f"A token has 1 to {MAX_TOKEN} characters.")
                if (stored := self._store.messages.by_token(token)) is not None:
                    return self._node.views.message(stored)
            room = self._node.room(room_id)
            self._check(room, text)
            if room.peer is not None:
                self._node.people.wrote_to(room.peer)
            content = text_content(text, self._node.clock.wall_ms(), self._node.random)
            stored = self._seal_and_store(room, content, token)
            view = self._node.views.fresh(stored)
            self._store.on_commit(lambda: self._node.message_stored(stored, False, view))
            return view

    def _check(self, room: Room, text: str) -> None:
        if not text.strip():
            raise BadInput("There is nothing to send: the text is empty.")
        try:
            size = len(text.encode("utf-8"))
        except UnicodeEncodeError:
            raise BadInput(
                "That is not valid text (UTF-8). Send it as a file, or mend its encoding."
            ) from None
        if size > MAX_TEXT:
            raise BadInput(
                f"The text is too long: {size:,} bytes, at most {MAX_TEXT:,} fit. Send it in parts."
            )
        if room.is_governed:
            self._node.rooms.check_may_write(room.id)
            return
        if room.peer is None:
            if self._node.policy.value("open_network") is False:
                raise Forbidden(
                    f"The lobby belongs to the open network, and {self._node.policy.refuse('open_network')}"
                )
            if not self._node.open_network:
                raise NotNow(
                    "The lobby belongs to the open network, which is off here (open_network in the settings)."
                )
            return
        if self._node.people.contact(room.peer).blocked:
            raise NotNow("You have blocked them. Unblock them first: p2pim unblock NAME.")
        if size > MAX_REQUEST_TEXT and not self._store.messages.known_there(room.id, self._node.peer_id):
            raise BadInput(
                f"A first message to somebody who has not accepted you may have {MAX_REQUEST_TEXT} bytes; "
                f"this has {size:,}. Say hello first."
            )

    def _seal_and_store(self, room: Room, content: bytes, token: str | None) -> Stored:
        messages = self._store.messages
        me, now = self._node.peer_id, self._node.clock.wall_ms()
        highest = messages.highest(room.id, me, now)
        governed = self._node.rooms.highest(room.id) if room.is_governed else 0
        clock = next_clock(now, max(highest, governed))
        parents = [] if room.kind is RoomKind.LOBBY else messages.heads(room.id, highest)
        message = seal(self._node.identity, room.id, parents=parents, clock=clock, kind=TEXT, content=content)
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

        Not where others have written by such clocks too: then today's is wrong, and it would never end.
        """
        now = self._node.clock.wall_ms()
        for old in stored:
            room = self._node.room(old.message.header.room)
            if is_future(self._store.messages.highest(room.id, self._node.peer_id, now), now):
                continue
            self._store.messages.forget([old.seq])
            content = old.message.content or b""
            if (text := decode_text(content)) is not None:  # its time was as wrong as its clock
                content = text_content(text.text, now, self._node.random)
            new = self._seal_and_store(room, content, old.token)
            self._store.on_commit(partial(self._node.message_stored, new, request=False))

    def mark_read(self, room_id: RoomId, seq: int) -> None:
        """The user has read everything that arrived up to ``seq``."""
        room = self._node.room(room_id)
        if self._node.writable:
            with self._store.transaction():
                self._store.messages.read(room.id, seq)
                unread = self._store.messages.count(room.id, "unread")
                self._store.on_commit(lambda: self._node.emit(events.RoomRead(room.id, unread)))
