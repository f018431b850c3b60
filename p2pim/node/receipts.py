"""Receipts: who has read what (SPEC section 10). The author alone is told, unless the reader or a rule is against it.

Never claimed is what was not read: a message with an old clock that comes late is none of those that were read before
it came, nor is the history from before one came. What is told is about messages that are acknowledged, and so follows
the ACK, or the DONE that stands for it, on the same Link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from p2pim.node.networks import FEATURE_READS
from p2pim.node.session import Session
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import RoomId
from p2pim.protocol.records import Hello, Read
from p2pim.protocol.room import Room, RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node


class Receipts:
    """Both sides of it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def link_up(self, session: Session, hello: Hello) -> None:
        """Whether the other end takes this record."""
        session.reading.able = FEATURE_READS in hello.features

    # -- telling

    def read(self, room: RoomId, authors: Mapping[PeerId, int]) -> None:
        """The user has read something by these, with clocks from these on: tell those who are here."""
        for session in self._node.sync.sessions.values():
            if (since := authors.get(session.link.peer_id)) is not None and room in session.compared:
                self._note(session, room, since)

    def compared(self, session: Session, room: RoomId) -> None:
        """We have said DONE: whatever was read here while the author was away can be told."""
        self._note(session, room, self._store.reads.window(room))

    def _note(self, session: Session, room: RoomId, since: int) -> None:
        if session.reading.able:
            untold = session.reading.untold
            untold[room] = min(since, untold.get(room, since))
            self._node.sync.touch(session)

    def tell(self, session: Session) -> None:
        """Send what has been noted; after the commit, and after the ACKs."""
        untold, session.reading.untold = session.reading.untold, {}
        for room_id, since in untold.items():
            room = self._node.sync.shared_room(session, room_id)
            if room is not None and self._may_tell(session, room):
                ranges = self._store.reads.ranges(room_id, session.link.peer_id, since)
                if ranges:
                    session.link.send(Read(room_id, ranges))

    def _may_tell(self, session: Session, room: Room) -> bool:
        peer, node = session.link.peer_id, self._node
        if room.kind is RoomKind.LOBBY or peer == node.peer_id or node.delivery.is_strangers(room):
            return False
        return node.policy.switch("receipts", node.settings.receipts)

    # -- being told

    def received(self, session: Session, record: Read) -> None:
        """A peer has read something of mine."""
        node, peer = self._node, session.link.peer_id
        session.slow(session.moods, node.clock.monotonic())
        room = node.sync.shared_room(session, record.room)
        if room is None or room.kind is RoomKind.LOBBY or peer == node.peer_id or not node.writable:
            return
        if room.id not in session.compared_there:
            return  # it is told again with the next DONE
        # Another machine of theirs may have said to have what this one lacks.
        lacking = session.lacking_there.get(room.id, {})
        changed = self._store.reads.told(
            node.peer_id, peer, room.id, record.ranges, now_ms=node.clock.wall_ms(), lacking=lacking
        )
        if changed:
            self._store.on_commit(lambda: node.changes.tell(changed, "delivery"))
