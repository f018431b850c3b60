"""What of each conversation is to draw the user's attention: a matter of this profile, told to nobody."""

from __future__ import annotations

from enum import IntEnum

from p2pim.protocol.message import RoomId
from p2pim.store.database import Database


class Alert(IntEnum):
    """What of a conversation is announced, and counts in totals."""

    ALL = 0
    MENTIONS = 1
    NONE = 2


class Alerts:
    """The column ``alerts`` of ``rooms``."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, room_id: RoomId) -> Alert:
        """What the user chose for a room; all where nothing was chosen, or the room is not here.

        Raises:
            ValueError: no version of this program wrote what is there.
        """
        return Alert(self._db.value("SELECT alerts FROM rooms WHERE id = ?", [room_id], Alert.ALL))

    def set(self, room_id: RoomId, alert: Alert) -> None:
        """Choose for a room that is here."""
        self._db.execute("UPDATE rooms SET alerts = ? WHERE id = ?", [alert, room_id])
