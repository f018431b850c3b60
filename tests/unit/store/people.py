"""Messages and people for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from p2pim.protocol.identity import Identity
from p2pim.protocol.message import TEXT, Message, MessageId, RoomId, seal, text_content
from p2pim.protocol.reconcile import ItemSet, key
from p2pim.protocol.room import Room, dm
from p2pim.store.database import Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store

NOW = 1_800_000_000_000
ME, BOB, CLEO = (Identity(bytes([n]) * 32) for n in (1, 2, 3))
DM = dm(ME.peer_id, BOB.peer_id)


def new_store() -> Store:
    """A store in memory with one conversation."""
    store = Store(Database())
    with store.transaction():
        store.peers.put(Contact(BOB.peer_id))
        store.messages.ensure_room(DM)
    return store


def text(
    author: Identity,
    clock: int = NOW,
    room: RoomId = DM.id,
    parents: Sequence[MessageId] = (),
    what: str = "hi",
    kind: int = TEXT,
) -> Message:
    """A text (or something like it, about nothing); the same arguments give the same message."""
    content = text_content(what, clock, bytes)
    return seal(author, room, parents=parents, clock=clock, kind=kind, content=content)


def gaps(store: Store) -> list[bytes]:
    """Parents that messages of the DM name and that are not here."""
    sql = "SELECT DISTINCT gaps.parent FROM gaps JOIN messages ON seq = child JOIN rooms ON room = number"
    sql += " WHERE rooms.id = ?"
    return [row[0] for row in store.database.rows(sql, [DM.id])]


def keys(items: ItemSet) -> list[bytes]:
    return [key(clock, i) for i, clock in items.entries(0, len(items))]


def by_sql(store: Store, room: Room, *authors: Identity) -> list[bytes]:
    sql = "SELECT clock, m.id, author FROM messages m JOIN rooms r ON room = number WHERE r.id = ? AND content NOT NULL"
    rows = store.database.rows(sql, [room.id])
    wanted = {a.peer_id for a in authors}
    return sorted(key(clock, i) for clock, i, author in rows if not authors or author in wanted)


def add(store: Store, *messages: Message, now_ms: int = NOW, **how: Any) -> list[int]:
    seqs = []
    for message in messages:
        stored = store.messages.add(message, now_ms=now_ms, **how)
        assert stored is not None
        seqs.append(stored.seq)
    return seqs
