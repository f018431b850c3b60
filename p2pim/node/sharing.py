"""What the two ends of a Link share: which sets of which rooms may pass on it, in this machine's view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.node.session import Session, SetId
from p2pim.protocol.message import Message, RoomId
from p2pim.protocol.records import CONTENT, CONTROL
from p2pim.protocol.room import LOBBY, Room, RoomKind, dm

if TYPE_CHECKING:
    from p2pim.node.node import Node


class Sharing:
    """The one place that decides to whom anything of a room is shown."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def common(self, session: Session) -> list[SetId]:
        """The sets to compare on a Link, those that say who may before those of what was said."""
        me, other = self._node.peer_id, session.link.peer_id
        governed = [room for room in self._node.rooms.all() if self._serves(session, room)]
        sets = [SetId(room.id, CONTROL) for room in governed]
        if self._node.lobby_open(session):
            sets.append(SetId(LOBBY, CONTENT))
        if other != me:
            sets.append(SetId(dm(me, other).id, CONTENT))
        else:
            known = self._store.messages.rooms()
            sets += [SetId(room.id, CONTENT) for room in known if room.kind is RoomKind.DM]
        return sets + [SetId(room.id, CONTENT) for room in governed]

    def room(self, session: Session, place: SetId) -> Room | None:
        """The room of a set, if the Link's two ends share that set."""
        me, other = self._node.peer_id, session.link.peer_id
        if place.set == CONTENT:
            if place.room == LOBBY:
                return self._node.lobby if self._node.lobby_open(session) else None
            if other != me and (room := dm(me, other)).id == place.room:
                return room
        known = self._store.messages.room(place.room)
        if known is None:
            return None
        if known.is_governed:
            return known if self._serves(session, known) else None
        return known if other == me and known.kind is RoomKind.DM and place.set == CONTENT else None

    def _serves(self, session: Session, room: Room) -> bool:
        return self._node.rooms.is_member(room.id, session.link.peer_id)

    def with_whom(self, room_id: RoomId) -> list[Session]:
        """The Links on which a governed room may pass."""
        return [
            s
            for s in self._node.sync.sessions.values()
            if self._node.rooms.is_member(room_id, s.link.peer_id)
        ]

    def concerned(self, message: Message) -> list[Session]:
        """The Links on which a message may pass."""
        me, author = self._node.peer_id, message.header.author
        room = self._store.messages.room(message.header.room)
        if room is None:
            return []
        place = SetId(room.id, CONTENT)
        return [
            session
            for session in self._node.sync.sessions.values()
            if room.carries(author, me, session.link.peer_id) and self.room(session, place) is not None
        ]
