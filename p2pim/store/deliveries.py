"""Who has stored what I wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from p2pim.store.database import Database

#: Ack codes (SPEC section 5).
STORED: Final = 0
NO_SPACE: Final = 1
NOT_ACCEPTED: Final = 3


class Deliveries:
    """The ``deliveries`` table: one row per own message and peer that answered for it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def acknowledge(
        self, me: PeerId, peer: PeerId, room: RoomId, ids: Iterable[MessageId], *, code: int, now_ms: int
    ) -> list[int]:
        """Note a peer's answer for some of my messages in a room.

        Returns:
            The places of the messages for which this says something new. A refusal never undoes a delivery.
        """
        number = self._db.value("SELECT number FROM rooms WHERE id = ?", [room], 0)
        changed: list[int] = []
        for message_id in ids:
            sql = "SELECT seq FROM messages WHERE id = ? AND author = ? AND room = ?"
            seq = self._db.value(sql, [message_id, me, number])
            if seq is not None and self._note(seq, peer, code, now_ms):
                changed.append(seq)
        return changed

    def _note(self, seq: int, peer: PeerId, code: int, now_ms: int) -> bool:
        noted = self._db.execute(
            "INSERT INTO deliveries (message, peer, code, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET code = excluded.code, at = excluded.at WHERE code <> 0 AND code <> excluded.code",
            [seq, peer, code, now_ms],
        )
        if noted.rowcount and code == STORED:
            self._db.execute("UPDATE messages SET waiting = 0 WHERE seq = ? AND waiting = 1", [seq])
        return noted.rowcount > 0

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
            f"AND seq <= ? AND clock >= ? AND content IS NOT NULL {'AND waiting = 1' if dm else ''} AND NOT EXISTS "
            "(SELECT 1 FROM deliveries WHERE message = seq AND deliveries.peer = ? AND code = 0)",
            [room, me, upto, floor, peer],
        )
        lacking = set(but)
        return [
            seq
            for seq, message_id in rows
            if message_id not in lacking and self._note(seq, peer, STORED, now_ms)
        ]

    def of(self, seqs: Sequence[int]) -> dict[int, list[tuple[PeerId, int, int]]]:
        """(peer, code, when in ms) for each of these messages."""
        found: dict[int, list[tuple[PeerId, int, int]]] = {}
        marks = ",".join("?" * len(seqs))
        sql = f"SELECT message, peer, code, at FROM deliveries WHERE message IN ({marks}) ORDER BY at, peer"
        for seq, peer, code, at in self._db.rows(sql, seqs):
            found.setdefault(seq, []).append((peer, code, at))
        return found
