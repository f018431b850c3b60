"""The sets that are compared with others, in memory, in step with what has committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import RoomId
from p2pim.protocol.reconcile import ItemSet, key
from p2pim.protocol.room import Room, RoomKind
from p2pim.store.database import Database

#: Sets kept in memory, about 80 bytes an id.
CACHED_SETS: Final = 32


class Sets:
    """Content sets by room, in the lobby also by the two who compare; ``number``: what the tables call a room."""

    def __init__(self, database: Database, number: Callable[[RoomId], int]) -> None:
        self._db = database
        self._number = number
        self._sets: dict[tuple[bytes, ...], ItemSet] = {}

    def items(self, room: Room, me: PeerId, other: PeerId) -> ItemSet:
        """The content set that ``me`` and ``other`` reconcile: of the lobby what the two wrote, else all."""
        pair = () if room.kind is not RoomKind.LOBBY else (min(me, other), max(me, other))
        name = (room.id, *pair)
        if (known := self._sets.pop(name, None)) is None:
            sql = "SELECT clock, id FROM messages WHERE room = ?"
            rows = self._db.rows(
                sql + (" AND author IN (?, ?)" if pair else "") + " ORDER BY clock, id",
                [self._number(room.id), *pair],
            )
            known = ItemSet(key(clock, message_id) for clock, message_id in rows)
            loaded = known
            self._db.on_known(lambda: self._keep(name, loaded))
        else:
            self._keep(name, known)
        return known

    def _keep(self, name: tuple[bytes, ...], items: ItemSet) -> None:
        self._sets[name] = items
        while len(self._sets) > CACHED_SETS:
            self._sets.pop(next(iter(self._sets)))

    def add(self, room_id: RoomId, author: PeerId, place: bytes) -> None:
        """A message has committed."""
        for name, items in self._sets.items():
            if name[0] == room_id and (len(name) == 1 or author in name[1:]):
                items.add(place)

    def forget(self) -> None:
        """Messages were deleted: what is in memory is read again, now and after the commit."""
        self.clear()
        self._db.on_known(self.clear)

    def clear(self) -> None:
        """Read everything again when it is next asked for."""
        self._sets.clear()
