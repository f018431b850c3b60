"""Messages and people for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence

from p2pim.protocol.identity import Identity
from p2pim.protocol.message import TEXT, Message, MessageId, RoomId, seal, text_content
from p2pim.protocol.room import dm
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
