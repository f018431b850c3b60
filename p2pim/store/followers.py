"""What messages say about others: edits, deletes and reactions, and the one thing they do here, erasing.

A text and those that edit it lose their content once a delete of it is here, whichever came first. They stay held all
the same: ``messages`` has content NULL for them. What others have erased, and no delete here explains, is a *stub*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from p2pim.protocol.fold import REACTIONS_COUNTED, MayDelete, authors_only, subject
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FILE,
    REACTION,
    TEXT,
    Header,
    Message,
    MessageId,
    RoomId,
    reopen,
)
from p2pim.store.database import Database, Row, chunks, marks

#: Of one author's followers of one message so many count, the newest; the others are stale.
_COUNTED: Final = {EDIT: 1, DELETE: 1, REACTION: REACTIONS_COUNTED}
#: Stubs kept in all. One that is dropped is found again by the next run.
MAX_STUBS: Final = 10_000
#: What becomes of a message that loses its content: it waits to be read no longer, but if it was read, it was.
ERASED: Final = "content = NULL, unread = unread & 2, mention = 0"


class Followers:
    """The columns ``target``, ``followed`` and ``stale`` of ``messages``, and the table ``stubs``."""

    def __init__(self, database: Database, number: Callable[[RoomId], int]) -> None:
        self._db = database
        self._number = number
        #: Who may delete whose messages.
        self.may_delete: MayDelete = authors_only

    # -- deletes

    def is_deleted(self, message_id: MessageId, header: Header) -> bool:
        """Whether a delete that is here erases this message."""
        return self._is_deleted(message_id, header, " AND stale = 0")

    def was_deleted(self, message_id: MessageId, header: Header) -> bool:
        """Whether a delete that is here, and may not count, is why it comes without content."""
        return self._is_deleted(message_id, header, "")

    def _is_deleted(self, message_id: MessageId, header: Header, which: str) -> bool:
        rows = self._db.rows(
            f"SELECT author FROM messages WHERE target = ? AND kind = ? AND +room = ?{which}",
            [subject(message_id, header), DELETE, self._number(header.room)],
        )
        return any(self.may_delete(author, header) for (author,) in rows)

    def _erase(self, delete: Header) -> None:
        room = self._number(delete.room)
        found = self._db.rows(
            "SELECT seq, id, header, signature FROM messages "
            f"WHERE id = ? AND kind IN ({TEXT}, {FILE}) AND +room = ? AND content IS NOT NULL UNION ALL "
            "SELECT seq, id, header, signature FROM messages "
            "WHERE target = ? AND kind = ? AND +room = ? AND content IS NOT NULL",
            [delete.target, room, delete.target, EDIT, room],
        )
        erased = [
            seq
            for seq, message_id, header, signature in found
            if self.may_delete(delete.author, reopen(message_id, header, signature, None).header)
        ]
        for part in chunks(erased):
            self._db.execute(f"UPDATE messages SET {ERASED} WHERE seq IN ({marks(len(part))})", part)
        if erased:
            self._db.on_known(self._db.erased)

    # -- followers

    def added(self, header: Header, hidden: bool) -> None:
        """A follower was stored: its target has one, those of its author it replaces are stale, a delete erases.

        Args:
            hidden: it does not count, not yet or not at all.
        """
        self._db.execute("UPDATE messages SET followed = 1 WHERE id = ?", [header.target])
        if not hidden:
            self._db.execute(
                "UPDATE messages SET stale = 1 WHERE seq IN (SELECT seq FROM messages WHERE target = ? AND kind = ? "
                "AND stale = 0 AND author = ? AND +room = ? ORDER BY clock DESC, id DESC LIMIT -1 OFFSET ?)",
                [header.target, header.kind, header.author, self._number(header.room), _COUNTED[header.kind]],
            )
        if header.kind == DELETE and not hidden:
            self._erase(header)

    def judged(self, seq: int, header: Header, void: bool, hidden: bool) -> None:
        """A follower's author had no right to write it, or had it after all."""
        if not void:
            counts = header.kind == DELETE or not hidden
            self._db.execute("UPDATE messages SET stale = ? WHERE seq = ?", [not counts, seq])
            self.added(header, not counts)
            return
        self._db.execute("UPDATE messages SET stale = 1 WHERE seq = ?", [seq])
        self._db.execute(
            "UPDATE messages SET stale = 0 WHERE seq IN (SELECT seq FROM messages WHERE target = ? AND kind = ? "
            "AND author = ? AND +room = ? AND void = 0 AND (hidden = 0 OR kind = ?) "
            "ORDER BY clock DESC, id DESC LIMIT ?)",
            [
                header.target,
                header.kind,
                header.author,
                self._number(header.room),
                DELETE,
                _COUNTED[header.kind],
            ],
        )

    def of(self, messages: Sequence[Message]) -> dict[MessageId, list[Message]]:
        """The followers that count for these messages, by target."""
        rooms = {message.id: message.header.room for message in messages}
        found: dict[MessageId, list[Message]] = {}
        for part in chunks(list(rooms)):
            rows = self._db.rows(
                f"SELECT id, header, signature, content FROM messages WHERE target IN ({marks(len(part))}) "
                f"AND kind IN ({EDIT}, {DELETE}, {REACTION}) AND stale = 0",
                part,
            )
            for row in rows:
                message = reopen(*row)
                target = message.header.target
                if target is not None and rooms[target] == message.header.room:
                    found.setdefault(target, []).append(message)
        return found

    def replies(self, room_id: RoomId, target: MessageId, limit: int) -> list[int]:
        """Places of the newest texts here that answer a message."""
        rows = self._db.rows(
            "SELECT seq FROM messages WHERE target = ? AND kind = ? AND +room = ? AND hidden = 0 "
            "ORDER BY seq DESC LIMIT ?",
            [target, TEXT, self._number(room_id), limit],
        )
        return [seq for (seq,) in rows]

    # -- stubs

    def keep_stub(self, message: Message) -> None:
        """Remember a message that came without content, until something says why or the content comes."""
        header = message.header
        self._db.execute(
            "INSERT INTO stubs (id, room, clock, subject, header, signature) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [
                message.id,
                self._number(header.room),
                header.clock,
                subject(message.id, header),
                message.raw_header,
                message.signature,
            ],
        )
        self._db.execute("DELETE FROM stubs WHERE rowid <= (SELECT max(rowid) FROM stubs) - ?", [MAX_STUBS])

    def drop_stub(self, message_id: MessageId) -> None:
        """It is held now."""
        self._db.execute("DELETE FROM stubs WHERE id = ?", [message_id])

    def drop_stubs_below(self, room: int, clock: int) -> None:
        """The lobby fades."""
        self._db.execute("DELETE FROM stubs WHERE room = ? AND clock < ?", [room, clock])

    def explained(self, delete: Header) -> list[Message]:
        """The stubs that a delete explains."""
        rows = self._db.rows(
            "SELECT id, header, signature FROM stubs WHERE subject = ? AND room = ?",
            [delete.target, self._number(delete.room)],
        )
        return [stub for stub in map(_stub, rows) if self.may_delete(delete.author, stub.header)]

    def stubs_below(self, room_id: RoomId, clock: int) -> list[Message]:
        """The stubs that are older than that in a room."""
        sql = "SELECT id, header, signature FROM stubs WHERE room = ? AND clock < ?"
        return [_stub(row) for row in self._db.rows(sql, [self._number(room_id), clock])]


def _stub(row: Row) -> Message:
    message_id, header, signature = row
    return reopen(message_id, header, signature, None)
