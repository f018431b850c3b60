"""A database that comes from elsewhere is believed nothing: every message is verified as if a stranger had sent it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final, NamedTuple

from p2pim.errors import DecodeError, StoreCorrupt
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import examine, id_of, prove, read_header
from p2pim.protocol.records import Signed
from p2pim.protocol.room import Room, RoomKind, dm, lobby
from p2pim.store.database import Database, Row
from p2pim.store.store import Store

#: Messages looked at together: with the longest contents about 5 MB.
_PAGE: Final = 100


class Rechecked(NamedTuple):
    """How many messages are sound, and how many were deleted because they are not."""

    kept: int
    left_out: int


def recheck(database: Database, me: PeerId) -> Rechecked:
    """Verify a whole database and delete the messages that are not what they say.

    Args:
        me: whose database it must be.

    Raises:
        StoreCorrupt: it is damaged as a whole, or somebody else's.
    """
    _check_form(database)
    store = Store(database)
    if store.profile("identity") != me.hex():
        raise StoreCorrupt("The database belongs to another identity.")
    rooms = _rooms(store, me)
    kept = left_out = 0
    with database.transaction():
        for page in _pages(database):
            bad = [(row[0],) for row in page if not _is_sound(row, rooms, me)]
            database.execute_many("DELETE FROM messages WHERE seq = ?", bad)
            kept, left_out = kept + len(page) - len(bad), left_out + len(bad)
        if left_out:
            _link_anew(database)
    return Rechecked(kept, left_out)


def _check_form(database: Database) -> None:
    """Damage that SQLite finds, rows that refer to nothing, and whatever this program would not have made."""
    if (found := database.value("PRAGMA integrity_check(1)")) != "ok":
        raise StoreCorrupt(f"The database is damaged ({found}).")
    if database.rows("PRAGMA foreign_key_check"):
        raise StoreCorrupt("The database is damaged: something refers to nothing.")
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    with closing(Database()) as fresh:
        if database.rows(schema) != fresh.rows(schema):
            raise StoreCorrupt("The database has tables or triggers that are not p2pim's.")


def _rooms(store: Store, me: PeerId) -> dict[int, Room]:
    """Every room by its number; reads all that is small, which fails where a value has no meaning."""
    try:
        store.peers.all()
        rooms = {room.id: room for room in store.messages.rooms()}
        for room_id in rooms:
            store.alerts.of(room_id)
    except ValueError:
        raise StoreCorrupt("The database is damaged: it holds a value without a meaning.") from None
    for room in rooms.values():
        right = lobby() if room.kind is RoomKind.LOBBY else room
        if room.kind is RoomKind.DM:
            right = dm(me, room.peer or b"")
        if room != right:
            raise StoreCorrupt("The database is damaged: a conversation is not that of its people.")
    return {number: rooms[room] for number, room in store.database.rows("SELECT number, id FROM rooms")}


def _pages(database: Database) -> Iterator[list[Row]]:
    last = -1
    while page := database.rows(
        "SELECT seq, id, room, author, clock, kind, hidden, header, signature, content FROM messages "
        "WHERE seq > ? ORDER BY seq LIMIT ?",
        [last, _PAGE],
    ):
        last = page[-1][0]
        yield page


def _is_sound(row: Row, rooms: dict[int, Room], me: PeerId) -> bool:
    """Whether a message has its id, its content and its author's signature, and lies where it belongs."""
    _, message_id, number, author, clock, kind, _, raw, signature, content = row
    room, signed = rooms[number], Signed(raw, signature, content)
    try:
        header = examine(signed)
        prove(signed, message_id, header)
    except DecodeError:
        return False
    if room.kind in (RoomKind.DM, RoomKind.LOBBY) and not room.admits(header, me):
        return False
    columns = (id_of(signed), header.room, header.author, header.clock, header.kind)
    return columns == (message_id, room.id, author, clock, kind)


def _link_anew(database: Database) -> None:
    """Find out again which messages nobody names as parent, and which parents are missing."""
    database.execute("DELETE FROM gaps")
    database.execute("UPDATE messages SET head = 1 WHERE head = 0 AND hidden = 0")
    for page in _pages(database):
        for seq, _, number, _, _, _, hidden, raw, _, _ in page:
            for parent in () if hidden else read_header(raw).parents:
                held = database.execute(
                    "UPDATE messages SET head = 0 WHERE id = ? AND room = ?", [parent, number]
                )
                if not held.rowcount:
                    database.execute(
                        "INSERT OR IGNORE INTO gaps (parent, child) VALUES (?, ?)", [parent, seq]
                    )
