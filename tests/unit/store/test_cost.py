"""What is asked for with every message must not cost more in a long conversation: counted in SQLite's own steps."""

from __future__ import annotations

from collections.abc import Callable

from p2pim.protocol.identity import Identity
from p2pim.protocol.message import TEXT, seal, text_content
from p2pim.protocol.room import dm
from p2pim.store.database import Database
from p2pim.store.deliveries import STORED
from p2pim.store.store import Store

START_MS = 1_800_000_000_000
MANY = 3_000


def steps(store: Store, ask: Callable[[], object]) -> int:
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    store.database.connection.set_progress_handler(step, 1)
    ask()
    store.database.connection.set_progress_handler(None, 1)
    return taken


def test_the_end_of_a_long_conversation_is_found_at_once() -> None:
    store, me, other = Store(Database()), Identity.from_seed(bytes(32)), Identity.from_seed(b"\1" * 32)
    room = dm(me.peer_id, other.peer_id)
    with store.transaction():
        store.peers.put(store.peers.get(other.peer_id))
        store.messages.ensure_room(room)
        parents: list[bytes] = []
        for number in range(MANY):
            content = text_content(str(number), START_MS + number, bytes)
            message = seal(me, room.id, parents=parents, clock=START_MS + number, kind=TEXT, content=content)
            store.messages.add(message, now_ms=START_MS + MANY, unread=True, waiting=True)
            parents = [message.id]
    now = START_MS + MANY
    assert store.messages.heads(room.id, now) == parents
    assert steps(store, lambda: store.messages.heads(room.id, now)) < MANY / 10
    assert steps(store, lambda: store.messages.highest(room.id, me.peer_id, now)) < MANY / 10
    assert steps(store, store.messages.known_seq) < MANY / 10
    assert steps(store, lambda: store.messages.held(parents)) < MANY / 10
    assert steps(store, lambda: store.messages.authors(room.id, parents)) < MANY / 10
    acknowledge = store.deliveries.acknowledge
    assert (
        steps(
            store, lambda: acknowledge(me.peer_id, other.peer_id, room.id, parents, code=STORED, now_ms=now)
        )
        < MANY / 10
    )
    assert steps(store, lambda: store.messages.history(room.id, 50, None, skip_blocked=False)) < MANY
    store.close()
