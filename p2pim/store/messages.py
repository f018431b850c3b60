"""Messages and rooms as they are kept: exactly once by id, in one order, with what is still missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FOLLOWERS,
    FUTURE_MS,
    LASTING,
    MAX_PARENTS,
    SILENT,
    TOPIC,
    Header,
    Message,
    MessageId,
    RoomId,
    is_future,
    reopen,
)
from p2pim.protocol.reconcile import key
from p2pim.protocol.room import LOBBY, Room, RoomKind
from p2pim.store.database import Database, Row, chunks, marks
from p2pim.store.followers import Followers
from p2pim.store.sets import Sets

COLUMNS: Final = (
    "seq, id, header, signature, content, received, hidden, unread, waiting, token, followed, void"
)
#: Kinds that are lines of a conversation.
IS_LINE: Final = f"kind NOT IN ({', '.join(map(str, sorted(FOLLOWERS)))})"
_NOT_BLOCKED: Final = " AND author NOT IN (SELECT id FROM peers WHERE blocked = 1)"


class Stored(Struct, frozen=True):
    """A message with what this machine knows about it. ``followed``: others that are here name it as target."""

    seq: int
    message: Message
    received_ms: int
    hidden: bool
    unread: bool
    waiting: bool
    token: str | None
    followed: bool
    void: bool = False


def stored_of(row: Row) -> Stored:
    """A message from its row of COLUMNS."""
    seq, message_id, header, signature, content, received, hidden, unread, waiting, token, followed, void = (
        row
    )
    message = reopen(message_id, header, signature, content)
    return Stored(
        seq, message, received, bool(hidden), unread == 1, bool(waiting), token, bool(followed), bool(void)
    )


class Messages:
    """The ``messages``, ``rooms`` and ``gaps`` tables."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._numbers: dict[RoomId, tuple[int, Room]] = {}
        self.sets = Sets(database, self.number)
        self.items = self.sets.items
        self._known_seq = self.last_seq()
        self.followers = Followers(database, self.number)
        #: By room, a clock below which no message has content, but for what lasts.
        self.kept_from: dict[RoomId, int] = {}

    # -- rooms

    def room(self, room_id: RoomId) -> Room | None:
        """The room of that id, if this machine has it."""
        if (known := self._numbers.get(room_id)) is not None:
            return known[1]
        row = self._db.row("SELECT number, kind, peer, parent FROM rooms WHERE id = ?", [room_id])
        if row is None:
            return None
        room = Room(room_id, RoomKind(row[1]), row[2], row[3])
        self._db.on_known(lambda: self._numbers.__setitem__(room_id, (row[0], room)))
        return room

    def rooms(self) -> list[Room]:
        """Every room held."""
        rows = self._db.rows("SELECT id, kind, peer, parent FROM rooms ORDER BY number")
        return [Room(r[0], RoomKind(r[1]), r[2], r[3]) for r in rows]

    def ensure_room(self, room: Room) -> None:
        """Create the room unless it is here."""
        if room.id not in self._numbers:
            self._db.execute(
                "INSERT INTO rooms (id, kind, peer, parent) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [room.id, room.kind, room.peer, room.parent],
            )

    def number(self, room_id: RoomId) -> int:
        """The number by which the tables know a room; 0 for one that is not here."""
        if (known := self._numbers.get(room_id)) is not None:
            return known[0]
        self.room(room_id)
        number: int = self._db.value("SELECT number FROM rooms WHERE id = ?", [room_id], 0)
        return number

    # -- writing

    def add(
        self,
        message: Message,
        *,
        now_ms: int,
        unread: bool = False,
        waiting: bool = False,
        sealed: bool = False,
        mention: bool = False,
        token: str | None = None,
        void: bool = False,
    ) -> Stored | None:
        """Store a message whose room exists; None if it was here already (then nothing changes).

        Its content is not kept where a delete that is here erases it; a message without content needs such a delete.

        Args:
            void: its author had no right to write it; kept, never shown.
        """
        header, number = message.header, self.number(message.header.room)
        hidden = is_future(header.clock, now_ms) and not sealed
        awaited, followed, stub = (False, False, False) if sealed else self._expected(message.id)
        awaited = awaited and not hidden
        follows = header.kind in FOLLOWERS and header.target is not None
        if (followed or header.kind == EDIT) and self.followers.is_deleted(message.id, header):
            message, unread, mention = dataclasses.replace(message, content=None), False, False
        unread = unread and not hidden and message.content is not None and header.kind not in SILENT
        # One that does not count, not yet or not at all. A delete erases before it is due.
        stale = follows and (void or (hidden and header.kind != DELETE))
        cursor = self._db.execute(
            "INSERT INTO messages (id, room, author, clock, kind, target, header, signature, content, received, "
            "hidden, unread, waiting, sealed, head, followed, stale, mention, token, void) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                message.id,
                number,
                header.author,
                header.clock,
                header.kind,
                header.target,
                message.raw_header,
                message.signature,
                message.content,
                now_ms,
                hidden,
                unread,
                waiting,
                sealed,
                not hidden and not awaited,
                followed,
                stale,
                mention,
                token,
                void,
            ],
        )
        if not cursor.rowcount or cursor.lastrowid is None:
            return None
        place, author, seq = key(header.clock, message.id), header.author, cursor.lastrowid
        if stub:
            self.followers.drop_stub(message.id)
        if not hidden:
            self._link(seq, message, awaited)
        if follows:
            self.followers.added(header, stale)
        self._db.on_known(lambda: self._committed(header.room, author, place, seq))
        if message.content is not None and header.kind not in LASTING:
            self.keeps(header)
        return Stored(seq, message, now_ms, hidden, unread, waiting, token, followed, void)

    def keeps(self, header: Header) -> None:
        """A message is here with its content from now on, however old it is."""

        def lower() -> None:
            if header.clock < self.kept_from.get(header.room, 0):
                self.kept_from[header.room] = header.clock

        lower()
        self._db.on_known(lower)  # again: what this transaction erased before is noted only after it

    def _expected(self, message_id: MessageId) -> tuple[bool, bool, bool]:
        """Whether messages here name this one as parent, whether some do as target, and whether it is a stub."""
        awaited, followed, stub = self._db.rows(
            "SELECT EXISTS (SELECT 1 FROM gaps WHERE parent = ?1), EXISTS (SELECT 1 FROM messages WHERE target = ?1), "
            "EXISTS (SELECT 1 FROM stubs WHERE id = ?1)",
            [message_id],
        )[0]
        return bool(awaited), bool(followed), bool(stub)

    def set_mention(self, seq: int, mention: bool) -> None:
        """Note whether a message mentions the user, now that it is edited."""
        self._db.execute("UPDATE messages SET mention = ? WHERE seq = ?", [mention, seq])

    def _link(self, seq: int, message: Message, awaited: bool) -> None:
        """Keep heads and gaps right around a message that counts from now on."""
        number = self.number(message.header.room)
        if awaited:
            self._db.execute("DELETE FROM gaps WHERE parent = ?", [message.id])
        for parent in message.header.parents:
            held = self._db.execute(
                "UPDATE messages SET head = 0 WHERE id = ? AND room = ?", [parent, number]
            )
            if not held.rowcount:
                self._db.execute("INSERT OR IGNORE INTO gaps (parent, child) VALUES (?, ?)", [parent, seq])

    def due(self, me: PeerId, now_ms: int) -> list[Stored]:
        """Show what was hidden for its clock and has become due; unread where others wrote it."""
        sql = f"SELECT {COLUMNS} FROM messages WHERE hidden = 1 AND clock <= ? ORDER BY clock, id"
        hidden = [stored_of(row) for row in self._db.rows(sql, [now_ms + FUTURE_MS])]
        due = []
        for stored in hidden:
            header = stored.message.header
            unread = header.author != me and header.kind not in SILENT and stored.message.content is not None
            awaited = self._expected(stored.message.id)[0]
            self._db.execute(
                "UPDATE messages SET hidden = 0, stale = void, unread = ?, head = ? WHERE seq = ?",
                [unread, not awaited, stored.seq],
            )
            self._link(stored.seq, stored.message, awaited)
            if header.kind in FOLLOWERS and header.target is not None:
                self.followers.added(header, hidden=stored.void)
            due.append(replace(stored, hidden=False, unread=unread))
        return due

    def forget(self, seqs: Sequence[int]) -> None:
        """Delete messages for good (a lobby message past its time, an own one nobody has taken)."""
        for part in chunks(seqs):
            self._db.execute(f"DELETE FROM messages WHERE seq IN ({marks(len(part))})", part)
        self.sets.forget()

    # -- reading

    def held(self, ids: Sequence[MessageId]) -> set[MessageId]:
        """Which of these are here: with their content, or with a delete that erased it."""
        found: set[MessageId] = set()
        for part in chunks(ids):
            sql = f"SELECT id FROM messages WHERE id IN ({marks(len(part))})"
            found.update(row[0] for row in self._db.rows(sql, part))
        return found

    def authors(self, room_id: RoomId, ids: Sequence[MessageId]) -> list[tuple[MessageId, PeerId]]:
        """(id, author) of those of these messages that are here, in this room; in order."""
        number = self.number(room_id)
        found: list[tuple[int, MessageId, PeerId]] = []
        for part in chunks(ids):
            sql = (
                "SELECT clock, id, author FROM messages WHERE +room = ? "  # +: by id
                f"AND id IN ({marks(len(part))})"
            )
            found += self._db.rows(sql, [number, *part])
        return [(message_id, author) for _, message_id, author in sorted(found)]

    def get(self, ids: Sequence[MessageId]) -> list[Stored]:
        """Those of these messages that are here, in order."""
        found: list[Stored] = []
        for part in chunks(ids):
            sql = f"SELECT {COLUMNS} FROM messages WHERE id IN ({marks(len(part))}) ORDER BY clock, id"
            found += [stored_of(row) for row in self._db.rows(sql, part)]
        return found

    def at(self, seqs: Sequence[int]) -> list[Stored]:
        """The messages at these places in order of arrival."""
        found: list[Stored] = []
        for part in chunks(seqs):
            found += map(
                stored_of,
                self._db.rows(f"SELECT {COLUMNS} FROM messages WHERE seq IN ({marks(len(part))})", part),
            )
        return found

    def by_token(self, token: str) -> Stored | None:
        """The message a client stored under this token."""
        row = self._db.row(f"SELECT {COLUMNS} FROM messages WHERE token = ?", [token])
        return stored_of(row) if row else None

    def history(
        self, room_id: RoomId, limit: int, before: tuple[int, MessageId] | None, skip_blocked: bool
    ) -> list[Stored]:
        """The newest ``limit`` visible lines before a place in the order, oldest first."""
        sql = f"SELECT {COLUMNS} FROM messages WHERE room = ? AND hidden = 0 AND void = 0 AND {IS_LINE}"
        values: list[object] = [self.number(room_id)]
        if before is not None:
            sql += " AND (clock, id) < (?, ?)"
            values += before
        if skip_blocked:
            sql += _NOT_BLOCKED
        rows = self._db.rows(sql + " ORDER BY clock DESC, id DESC LIMIT ?", [*values, limit])
        return [stored_of(row) for row in reversed(rows)]

    def offers(self, root: bytes) -> list[Stored]:
        """The messages that offer the file or folder with this root."""
        sql = f"SELECT {COLUMNS} FROM messages WHERE seq IN (SELECT message FROM offers WHERE root = ?)"
        return [stored_of(row) for row in self._db.rows(sql, [root])]

    def topic(self, room_id: RoomId, skip_blocked: bool) -> Stored | None:
        """The newest message of a room that sets its topic."""
        sql = f"SELECT {COLUMNS} FROM messages WHERE room = ? AND kind = {TOPIC} AND hidden = 0"
        sql += (_NOT_BLOCKED if skip_blocked else "") + " ORDER BY clock DESC, id DESC LIMIT 1"
        row = self._db.row(sql, [self.number(room_id)])
        return stored_of(row) if row else None

    def beginning_with(self, digits: str, limit: int) -> list[Stored]:
        """Lines whose ids begin with these hexadecimal digits, ``limit`` at most."""
        rows = self._db.rows(
            f"SELECT {COLUMNS} FROM messages WHERE id BETWEEN ? AND ? AND {IS_LINE} AND hidden = 0 LIMIT ?",
            [*(bytes.fromhex(digits.ljust(64, end)) for end in "0f"), limit],
        )
        return [stored_of(row) for row in rows]

    def heads(self, room_id: RoomId, upto: int) -> list[MessageId]:
        """Parents for a new message: what no message up to that clock names as parent, the newest sixteen."""
        rows = self._db.rows(
            "SELECT id FROM messages INDEXED BY messages_head WHERE room = ? AND head = 1 AND clock <= ? "
            "ORDER BY clock DESC, id DESC LIMIT ?",
            [self.number(room_id), upto, MAX_PARENTS],
        )
        return [row[0] for row in rows]

    def highest(self, room_id: RoomId, me: PeerId, now_ms: int) -> int:
        """The highest clock in a room, but for what is not yet due; 0 in an empty one.

        What I wrote while my clock was far ahead is not due either: it is hidden everywhere else, and must not push
        what I write now out of sight too. Unless others have come that far: then it is today's clock that is wrong.
        """
        sql = "SELECT clock FROM messages WHERE room = ? AND hidden = 0"
        last, number = " ORDER BY clock DESC LIMIT 1", self.number(room_id)
        highest: int = self._db.value(sql + last, [number], 0)
        if is_future(highest, now_ms):
            others: int = self._db.value(f"{sql} AND author <> ?{last}", [number, me], 0)
            horizon = max(now_ms, others) + FUTURE_MS
            highest = self._db.value(f"{sql} AND clock <= ?{last}", [number, horizon], 0)
        return highest

    def last_seq(self) -> int:
        """Place in order of arrival of the newest message."""
        last: int = self._db.value("SELECT seq FROM messages ORDER BY seq DESC LIMIT 1", (), 0)
        return last

    def _committed(self, room_id: RoomId, author: PeerId, place: bytes, seq: int) -> None:
        self._known_seq = max(self._known_seq, seq)
        self.sets.add(room_id, author, place)

    def known_seq(self) -> int:
        """As last_seq, but of what has committed: every set holds all up to there, and none more is promised."""
        return self._known_seq

    def count(self, room_id: RoomId, what: str) -> int:
        """How many messages of a room are "unread", "mentions" of the user among these, or "waiting".

        What somebody blocked wrote in the lobby is not shown there and does not count.
        """
        which = {"unread": "unread = 1", "mentions": "unread = 1 AND mention = 1", "waiting": "waiting = 1"}[
            what
        ]
        sql = f"SELECT count(*) FROM messages WHERE room = ? AND void = 0 AND {which}"
        sql += _NOT_BLOCKED if room_id == LOBBY else ""
        counted: int = self._db.value(sql, [self.number(room_id)], 0)
        return counted

    def written_by(self, room_id: RoomId, author: PeerId) -> bool:
        """Whether somebody ever wrote in a room."""
        sql = "SELECT 1 FROM messages WHERE room = ? AND author = ? LIMIT 1"
        return self._db.value(sql, [self.number(room_id), author]) is not None

    def known_there(self, room_id: RoomId, me: PeerId) -> bool:
        """Whether the other party of a DM wrote here, or has stored something of mine."""
        sql = "SELECT 1 FROM messages WHERE room = ? AND (author <> ? OR waiting = 0) LIMIT 1"
        return self._db.value(sql, [self.number(room_id), me]) is not None

    def overdue(self, now_ms: int) -> list[Stored]:
        """Messages sealed here that nobody has taken and whose clock is too far ahead: it was wrong then."""
        sql = f"SELECT {COLUMNS} FROM messages WHERE waiting = 1 AND sealed = 1 AND clock > ? ORDER BY clock, id"
        return [stored_of(row) for row in self._db.rows(sql, [now_ms + FUTURE_MS])]
