"""Refilling: content that was erased here, and by what is known now should not have been, is asked for again.

That a clock was ahead, that of two rules made at once the other one holds, that whoever deleted was no member then:
all this may turn out later. Such a message stays held, without content. Each Link on which it may pass is asked for it
once, and again when its other end announces that it has got it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from p2pim.node.session import Session, SetId
from p2pim.protocol.message import Header, Message, MessageId
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import Room

if TYPE_CHECKING:
    from p2pim.node.node import Node


class Refill:
    """Whoever calls it is in a transaction."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def look(self, room: Room) -> None:
        """Ask for what a room lacks on every Link that was not asked yet."""
        place = SetId(room.id, CONTENT)
        if self._node.delivery.is_strangers(room) or not (ids := self._lacking(room)):
            return
        for session in self._node.sync.sessions.values():
            unasked = [i for i in ids if i not in session.refilled]
            if unasked and self._node.sync.sharing.room(session, place) is not None:
                self._ask(session, room, unasked)

    def _lacking(self, room: Room) -> list[MessageId]:
        oldest, now = self._node.retention.oldest(room), self._node.clock.wall_ms()
        hollow = self._store.standing.hollow(room.id, oldest, now)
        return [message.id for message in hollow if self._should_be_here(room, message.id, message.header)]

    def _should_be_here(self, room: Room, message_id: MessageId, header: Header) -> bool:
        """Whether nothing here erases the content of a message."""
        if self._node.retention.covers(room, header):
            return False
        return not self._store.followers.is_deleted(message_id, header)

    def _ask(self, session: Session, room: Room, ids: list[MessageId]) -> None:
        asked = self._node.sync.want(session, room, SetId(room.id, CONTENT), ids)
        session.refilled.update(asked)
        if len(asked) < len(ids):
            self._node.retention.soon()  # some are awaited on another Link: this one is asked if they do not come

    def offered(self, session: Session, room: Room, ids: Iterable[MessageId]) -> None:
        """The other end announces what is held here: it may have content that is lacking."""
        if self._node.writable and not self._node.delivery.is_strangers(room):
            hollow = self._store.standing.hollow_of(list(ids))
            lacking = [m.id for m in hollow if self._should_be_here(room, m.id, m.header)]
            if lacking:
                self._ask(session, room, lacking)

    def take(self, session: Session, room: Room, message: Message) -> None:
        """A message that is held came once more, with content: that may be what is lacking."""
        if not self._node.writable or not self._should_be_here(room, message.id, message.header):
            return
        if self._store.standing.fill(message):
            self._node.changes.many(room.id)
            self._store.on_commit(partial(self._announce, message, session))

    def _announce(self, message: Message, source: Session) -> None:
        sync = self._node.sync
        sync.announce(message, SetId(message.header.room, CONTENT), sync.sharing.concerned(message), source)
