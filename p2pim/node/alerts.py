"""Muted conversations, and those of which only mentions matter: nothing changes but what is announced and counted.

All of it is received, stored, acknowledged and read as ever; nobody else learns of it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput
from p2pim.node import events
from p2pim.protocol.message import RoomId
from p2pim.store.alerts import Alert

if TYPE_CHECKING:
    from p2pim.node.node import Node

WORDS: Final = {alert.name.lower(): alert for alert in Alert}


class Alerts:
    """What of which room draws attention."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def set(self, room_id: RoomId, alerts: str) -> events.RoomView:
        """Choose what of a room draws attention: "all", "mentions" of the user, "none".

        Raises:
            BadInput: no such choice.
            NotNow: the disk is full.
            UnknownTarget: no such room.
        """
        if alerts not in WORDS:
            raise BadInput(f"{alerts[:70]!r} is no choice of alerts. Choose one of: {', '.join(WORDS)}.")
        with self._node.writing():
            room = self._node.room(room_id)
            if alerts != self.of(room.id):
                self._store.alerts.set(room.id, WORDS[alerts])
                self._store.on_commit(partial(self._node.emit, events.RoomChanged(room.id)))
            return self._node.views.room(room)

    def of(self, room_id: RoomId) -> str:
        """The choice for a room."""
        return self._store.alerts.of(room_id).name.lower()

    def announces(self, message: events.MessageView) -> bool:
        """Whether the choice for its room lets a message draw attention; nothing does while the user is busy."""
        if self._node.presence.own[0] == "busy":
            return False
        alert = self._store.alerts.of(message.room)
        return alert is Alert.ALL or (alert is Alert.MENTIONS and message.mentions_me)

    def unread(self, room_id: RoomId) -> int:
        """What a room adds to the total of what is unread."""
        what = {Alert.ALL: "unread", Alert.MENTIONS: "mentions"}.get(self._store.alerts.of(room_id))
        return 0 if what is None else self._store.messages.count(room_id, what)
