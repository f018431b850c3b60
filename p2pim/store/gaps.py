"""What is known to exist in a room and is not here, and what of one's own is not known to be with somebody."""

from __future__ import annotations

from collections.abc import Callable

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from p2pim.store.database import Database
from p2pim.store.deliveries import STORED


class Gaps:
    """Read-only: over ``gaps``, ``stubs`` and ``deliveries``."""

    def __init__(self, database: Database, number: Callable[[RoomId], int]) -> None:
        self._db = database
        self._number = number

    def missing(self, room: RoomId, since: int = 0) -> set[MessageId]:
        """Parents that messages here name and that are not here; what came without content, for no reason known.

        ``since``: the clock below which no content is kept, so that what came before it need not come at all.
        """
        rows = self._db.rows(
            "SELECT parent FROM gaps JOIN messages ON seq = child WHERE room = ?1 AND hidden = 0 AND void = 0 "
            "AND clock >= ?2 AND NOT EXISTS (SELECT 1 FROM messages AS held WHERE held.id = parent) "
            "UNION SELECT id FROM stubs WHERE room = ?1",
            [self._number(room), since],
        )
        return {row[0] for row in rows}

    def untaken(self, room: RoomId, me: PeerId, peer: PeerId) -> set[MessageId]:
        """What I wrote in a room, and a peer has not said to have stored."""
        rows = self._db.rows(
            "SELECT id FROM messages WHERE room = ? AND author = ? AND void = 0 AND NOT EXISTS "
            "(SELECT 1 FROM deliveries WHERE message = seq AND deliveries.peer = ? AND code = ?)",
            [self._number(room), me, peer, STORED],
        )
        return {row[0] for row in rows}
