"""One's own other machines: with whom there are conversations, so that each knows every room (SPEC section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.errors import RemoteProtocolError
from p2pim.node.session import Session, SetId
from p2pim.protocol.identity import PeerId
from p2pim.protocol.records import CONTENT, MAX_LIST, Contacts
from p2pim.protocol.room import dm

if TYPE_CHECKING:
    from p2pim.node.node import Node


class OwnMachines:
    """What two machines of one identity tell each other."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def link_up(self, session: Session) -> None:
        """Tell my other machine with whom I have conversations."""
        peers = [room.peer for room in self._store.messages.rooms() if room.peer is not None]
        for start in range(0, len(peers), MAX_LIST):
            session.link.send(Contacts(peers[start : start + MAX_LIST]))

    def tell(self, peer_id: PeerId) -> None:
        """There is a new conversation: my other machines must have it too before its messages come."""
        for session in self._node.sync.sessions.values():
            if session.link.peer_id == self._node.peer_id:
                session.link.send(Contacts([peer_id]))
                self._node.sync.touch(session)

    def received(self, session: Session, record: Contacts) -> None:
        """My other machine has these conversations: have them too."""
        if session.link.peer_id != self._node.peer_id:
            raise RemoteProtocolError("CONTACTS from somebody else")
        for peer_id in record.peers:
            room = dm(self._node.peer_id, peer_id)
            new = peer_id != self._node.peer_id and self._store.messages.room(room.id) is None
            if new and self._node.writable:
                self._node.people.ensure_room(peer_id)
                self._node.sync.runs.drive(session, SetId(room.id, CONTENT))
