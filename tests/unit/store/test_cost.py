"""What is asked for with every message must not cost more in a long conversation: counted in SQLite's own steps."""

from __future__ import annotations

from collections.abc import Callable

from p2pim.protocol.identity import Identity
from p2pim.protocol.message import EDIT, REACTION, TEXT, reaction_content, seal, text_content
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


def test_a_page_of_history_costs_no_more_below_many_reactions() -> None:
    """Three thousand lines, and as many reactions to the last of them by one who never tires."""
    store, me, other = Store(Database()), Identity.from_seed(bytes(32)), Identity.from_seed(b"\1" * 32)
    room = dm(me.peer_id, other.peer_id)

    def add(kind: int, clock: int, content: bytes, target: bytes | None = None) -> bytes:
        message = seal(
            me, room.id, parents=[], clock=START_MS + clock, kind=kind, content=content, target=target
        )
        assert store.messages.add(message, now_ms=START_MS + MANY) is not None
        return message.id

    with store.transaction():
        store.peers.put(store.peers.get(other.peer_id))
        store.messages.ensure_room(room)
        for number in range(MANY):
            last = add(TEXT, number, text_content(str(number), number, bytes))

    def page() -> object:
        lines = store.messages.history(room.id, 50, None, skip_blocked=False)
        return store.followers.of([s.message for s in lines if s.followed])

    assert (before := steps(store, page)) < MANY
    with store.transaction():
        for number in range(MANY):
            content = reaction_content(str(number), True, number, bytes)
            add(REACTION, MANY + number, content, last)
            add(EDIT, MANY + number, text_content(str(number), number, bytes), last)
    assert (
        steps(store, page) < before + 16 * 2 * MANY
    )  # passed over in the index, without a look at what they are
    (text,) = store.messages.get([last])
    assert steps(store, lambda: store.followers.of([text.message])) < MANY
    assert steps(store, lambda: store.messages.topic(room.id, skip_blocked=False)) < MANY / 10
    assert steps(store, lambda: store.messages.count(room.id, "mentions")) < MANY / 10
    add_one = lambda: add(REACTION, 3 * MANY, reaction_content("x", True, 1, bytes), last)  # noqa: E731
    assert steps(store, add_one) < MANY
    store.close()


def test_a_plain_text_costs_as_many_statements_as_it_did_when_there_was_nothing_else() -> None:
    store, me, other = Store(Database()), Identity.from_seed(bytes(32)), Identity.from_seed(b"\1" * 32)
    room = dm(me.peer_id, other.peer_id)
    store.peers.put(store.peers.get(other.peer_id))
    store.messages.ensure_room(room)
    parents: list[bytes] = []
    for sealed, statements in ((True, 1), (False, 3), (True, 2), (False, 3)):
        content = text_content("hello", START_MS, bytes)
        message = seal(
            me, room.id, parents=parents, clock=START_MS + len(parents), kind=TEXT, content=content
        )
        parents = [message.id]
        said: list[str] = []
        store.messages.number(room.id)
        store.database.connection.set_trace_callback(said.append)
        store.messages.add(message, now_ms=START_MS, sealed=sealed)
        store.database.connection.set_trace_callback(None)
        asked = {
            sql for sql in said if not sql.startswith("--")
        }  # not what triggers do, and that it goes on then
        assert len(asked) == statements, asked
    store.close()
