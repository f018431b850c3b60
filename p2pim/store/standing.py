"""What of the messages here is shown, as roles and rules change: what is void, and what is too old to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import FUTURE_MS, LASTING, Message, MessageId, RoomId, reopen
from p2pim.store.database import Database, chunks, marks
from p2pim.store.followers import ERASED
from p2pim.store.messages import COLUMNS, IS_LINE, Messages, stored_of


class Standing:
    """The column ``void`` of ``messages``, and the end of their content."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._db = database
        self._messages = messages

    def expire(self, room_id: RoomId, oldest: int) -> int:
        """Erase the content of what is older in a room, but for what lasts; returns of how many messages.

        What is done stays done: only what is between the last end and this one is looked at, and what has come since.
        """
        since = self._messages.kept_from.get(room_id, 0)
        if oldest <= since:
            return 0
        erased = self._db.execute(
            f"UPDATE messages SET {ERASED} WHERE room = ? AND clock >= ? AND clock < ? "
            f"AND content IS NOT NULL AND kind NOT IN ({marks(len(LASTING))})",
            [self._messages.number(room_id), since, oldest, *LASTING],
        ).rowcount
        self._db.on_known(partial(self._messages.kept_from.__setitem__, room_id, oldest))
        if erased:
            self._db.on_known(self._db.erased)
        return erased

    def hollow(self, room_id: RoomId, oldest: int, now_ms: int) -> list[Message]:
        """What has no content here, is not older and is due."""
        rows = self._db.rows(
            "SELECT id, header, signature, content FROM messages "
            "WHERE room = ? AND clock BETWEEN ? AND ? AND content IS NULL ORDER BY clock, id",
            [self._messages.number(room_id), oldest, now_ms + FUTURE_MS],
        )
        return [reopen(*row) for row in rows]

    def hollow_of(self, ids: Sequence[MessageId]) -> list[Message]:
        """Those of these that are here without content."""
        found: list[Message] = []
        for part in chunks(ids):
            sql = f"SELECT id, header, signature, content FROM messages WHERE id IN ({marks(len(part))})"
            found += [reopen(*row) for row in self._db.rows(f"{sql} AND content IS NULL", part)]
        return found

    def fill(self, message: Message) -> bool:
        """Keep the content of a message that is here; returns whether it was lacking."""
        self._messages.keeps(message.header)
        sql = "UPDATE messages SET content = ? WHERE id = ? AND content IS NULL"
        return self._db.execute(sql, [message.content, message.id]).rowcount > 0

    def written_in(self, room_id: RoomId, author: PeerId) -> list[tuple[int, int, bool]]:
        """(seq, clock, void) of everything somebody wrote in a room."""
        sql = "SELECT seq, clock, void FROM messages WHERE room = ? AND author = ?"
        return [
            (seq, clock, bool(void))
            for seq, clock, void in self._db.rows(sql, [self._messages.number(room_id), author])
        ]

    def authors(self, room_id: RoomId) -> list[PeerId]:
        """Everybody who wrote in a room."""
        sql = "SELECT DISTINCT author FROM messages WHERE room = ?"
        return [row[0] for row in self._db.rows(sql, [self._messages.number(room_id)])]

    def set_void(self, seqs: Sequence[int], void: bool) -> None:
        """What is known of the right of its author has changed for these messages."""
        for part in chunks(seqs):
            self._db.execute(f"UPDATE messages SET void = ? WHERE seq IN ({marks(len(part))})", [void, *part])
            rows = self._db.rows(
                f"SELECT {COLUMNS} FROM messages WHERE seq IN ({marks(len(part))}) AND NOT {IS_LINE}", part
            )
            for stored in map(stored_of, rows):
                self._messages.followers.judged(stored.seq, stored.message.header, void, stored.hidden)
