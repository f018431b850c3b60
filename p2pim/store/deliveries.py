"""Who has stored what I wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from p2pim.protocol import records
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from p2pim.store.database import Database, chunks, marks

#: Ack codes (SPEC section 5).
STORED: Final = records.STORED
NO_SPACE: Final = records.FULL
NOT_ACCEPTED: Final = records.NOT_ACCEPTED


class Answer(NamedTuple):
    """What a peer answered for a message, and since when (ms); ``read``: when they read it, as far as is known."""

    peer: PeerId
    code: int
    at: int
    read: int | None = None


class Deliveries:
    """The ``deliveries`` table: one row per own message and peer that answered for it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def acknowledge(
        self, me: PeerId, peer: PeerId, room: RoomId, ids: Sequence[MessageId], *, code: int, now_ms: int
    ) -> list[int]:
        """Note a peer's answer for some of my messages in a room.

        Returns:
            The places of the messages for which this says something new. A refusal never undoes a delivery.
        """
        changed: list[int] = []
        for part in chunks(ids):
            rows = self._db.rows(
                "SELECT seq FROM messages LEFT JOIN deliveries ON message = seq AND deliveries.peer = ? "
                f"WHERE messages.id IN ({marks(len(part))}) AND author = ? AND (code IS NULL OR code NOT IN (0, ?)) "
                "AND +room = (SELECT number FROM rooms WHERE rooms.id = ?)",  # +: by id, not through all of the room
                [peer, *part, me, code, room],
            )
            changed += [row[0] for row in rows]
        self._note(changed, peer, code, now_ms)
        return changed

    def _note(self, seqs: Sequence[int], peer: PeerId, code: int, now_ms: int) -> None:
        self._db.execute_many(
            "INSERT OR REPLACE INTO deliveries (message, peer, code, at) VALUES (?, ?, ?, ?)",
            [(seq, peer, code, now_ms) for seq in seqs],
        )
        if code == STORED:
            self._db.execute_many(
                "UPDATE messages SET waiting = 0 WHERE seq = ? AND waiting = 1", [(seq,) for seq in seqs]
            )

    def acknowledge_all(
        self,
        me: PeerId,
        peer: PeerId,
        room: RoomId,
        *,
        upto: int,
        floor: int,
        but: Sequence[MessageId],
        dm: bool,
        now_ms: int,
    ) -> list[int]:
        """A run ended: what I held when it began (places up to ``upto``) and is not lacking there is stored there.

        Clocks below ``floor`` were not compared, and nothing follows for them.
        """
        rows = self._db.rows(
            "SELECT seq, messages.id FROM messages JOIN rooms ON room = number WHERE rooms.id = ? AND author = ? "
            f"AND seq <= ? AND clock >= ? {'AND waiting = 1' if dm else ''} AND NOT EXISTS "
            "(SELECT 1 FROM deliveries WHERE message = seq AND deliveries.peer = ? AND code = 0)",
            [room, me, upto, floor, peer],
        )
        lacking = set(but)
        changed = [seq for seq, message_id in rows if message_id not in lacking]
        self._note(changed, peer, STORED, now_ms)
        return changed

    def of(self, seqs: Sequence[int]) -> dict[int, list[Answer]]:
        """What is known of each of these messages."""
        found: dict[int, list[Answer]] = {}
        for part in chunks(seqs):
            sql = "SELECT message, peer, code, at, read FROM deliveries WHERE message IN"
            for seq, *answer in self._db.rows(f"{sql} ({marks(len(part))}) ORDER BY at, peer", part):
                found.setdefault(seq, []).append(Answer(*answer))
        return found
