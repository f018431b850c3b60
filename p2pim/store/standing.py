"""What of the messages here is shown, as roles and rules change: what is void, and what is too old to be kept."""

from __future__ import annotations

from collections.abc import Sequence

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import TOPIC, RoomId
from p2pim.store.database import Database, chunks, marks
from p2pim.store.messages import COLUMNS, IS_LINE, Messages, stored_of


class Standing:
    """The column ``void`` of ``messages``, and the end of their content."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._db = database
        self._messages = messages

    def expire(self, room_id: RoomId, oldest: int) -> int:
        """Erase the content of what is older in a room, but for what sets its topic; returns of how many messages."""
        erased = self._db.execute(
            "UPDATE messages SET content = NULL, unread = 0, mention = 0 "
            f"WHERE room = ? AND clock < ? AND content IS NOT NULL AND kind <> {TOPIC}",
            [self._messages.number(room_id), oldest],
        ).rowcount
        if erased:
            self._db.on_known(self._db.erased)
        return erased

    def written_in(self, room_id: RoomId, author: PeerId) -> list[tuple[int, int, bool]]:
        """(seq, clock, void) of everything somebody wrote in a room."""
        sql = "SELECT seq, clock, void FROM messages WHERE room = ? AND author = ?"
        return [
            (seq, clock, bool(void))
            for seq, clock, void in self._db.rows(sql, [self._messages.number(room_id), author])
        ]

    def set_void(self, seqs: Sequence[int], void: bool) -> bool:
        """What is known of the right of its author has changed for these messages.

        Returns:
            Whether something that was erased is lacking now, and to be fetched again.
        """
        lacking = False
        for part in chunks(seqs):
            self._db.execute(f"UPDATE messages SET void = ? WHERE seq IN ({marks(len(part))})", [void, *part])
            rows = self._db.rows(
                f"SELECT {COLUMNS} FROM messages WHERE seq IN ({marks(len(part))}) AND NOT {IS_LINE}", part
            )
            for stored in map(stored_of, rows):
                lacking |= self._messages.followers.judged(
                    stored.seq, stored.message.header, void, stored.hidden
                )
        if lacking:
            self._messages.sets.forget()
        return lacking
