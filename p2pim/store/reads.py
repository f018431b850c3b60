"""What was read: by the user, of what others wrote, and by others, of what the user wrote (SPEC section 10)."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from itertools import groupby
from typing import Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import SILENT, MessageId, RoomId
from p2pim.protocol.records import MAX_READS
from p2pim.store.database import Database, chunks, marks
from p2pim.store.deliveries import STORED

#: Messages of a room that one telling is about, the newest: of older ones it stays unknown whether they were read.
WINDOW: Final = 500

#: An edit, a delete, a reaction or a topic is not something that waits to be read.
_IS_READ: Final = f"kind NOT IN ({', '.join(map(str, sorted(SILENT)))})"

Range = tuple[int, int]


class Reads:
    """The column ``unread`` of ``messages`` (see 0007.sql), and ``read`` of ``deliveries``."""

    def __init__(self, database: Database, number: Callable[[RoomId], int]) -> None:
        self._db = database
        self._number = number

    # -- here

    def mark(self, room: RoomId, seq: int) -> dict[PeerId, int]:
        """All that had arrived up to ``seq`` has been read; by author, the lowest clock of what was not before."""
        which = "room = ? AND unread = 1 AND seq <= ?"
        values = [self._number(room), seq]
        authors: dict[PeerId, int] = dict(
            self._db.rows(f"SELECT author, min(clock) FROM messages WHERE {which} GROUP BY author", values)
        )
        if authors:
            self._db.execute(f"UPDATE messages SET unread = 2 WHERE {which}", values)
        return authors

    def window(self, room: RoomId) -> int:
        """The clock from which on a room has its newest messages, ``WINDOW`` of them; 0 if it has fewer."""
        sql = "SELECT clock FROM messages WHERE room = ? ORDER BY clock DESC LIMIT 1 OFFSET ?"
        clock: int = self._db.value(sql, [self._number(room), WINDOW - 1], 0)
        return clock

    def ranges(self, room: RoomId, author: PeerId, since: int) -> list[Range]:
        """Clocks between which, ends included, everything somebody wrote in a room was read here; the newest, in order.

        What nobody had to read (history from before the user came, say) was not: it ends a range.
        """
        rows = self._db.rows(
            "SELECT clock, unread = 2 AND hidden = 0 AND void = 0 FROM messages WHERE room = ? AND clock >= ? "
            f"AND author = ? AND {_IS_READ} ORDER BY clock",
            [self._number(room), since, author],
        )
        by_clock = [
            (clock, all(read for _, read in several)) for clock, several in groupby(rows, lambda r: r[0])
        ]
        ranges = []
        for read, run in groupby(by_clock, lambda item: item[1]):
            if read:
                clocks = [clock for clock, _ in run]
                ranges.append((clocks[0], clocks[-1]))
        return ranges[-MAX_READS:]

    # -- elsewhere

    def told(
        self,
        me: PeerId,
        peer: PeerId,
        room: RoomId,
        ranges: Sequence[Range],
        *,
        now_ms: int,
        lacking: Container[MessageId] = (),
    ) -> list[int]:
        """Somebody has read what is stored there of mine with clocks in these ranges, but for what is ``lacking``.

        Returns:
            The places of the messages for which that is news.
        """
        mine, left = [], 2 * WINDOW
        for low, high in reversed(ranges):
            rows = self._db.rows(
                f"SELECT seq, id, author = ? AND {_IS_READ} FROM messages WHERE room = ? AND clock BETWEEN ? AND ? "
                "ORDER BY clock DESC LIMIT ?",
                [me, self._number(room), low, high, left],
            )
            mine += [seq for seq, message_id, is_mine in rows if is_mine and message_id not in lacking]
            left -= len(rows)
        changed: list[int] = []
        for part in chunks(mine):
            rows = self._db.rows(
                f"SELECT message FROM deliveries WHERE message IN ({marks(len(part))}) AND peer = ? AND code = ? "
                "AND read IS NULL",
                [*part, peer, STORED],
            )
            changed += [row[0] for row in rows]
        self._db.execute_many(
            "UPDATE deliveries SET read = ? WHERE message = ? AND peer = ?",
            [(now_ms, seq, peer) for seq in changed],
        )
        return changed
