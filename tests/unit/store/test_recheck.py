"""A database that comes from elsewhere: sound it stays as it is, and each lie in it is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.errors import StoreCorrupt
from p2pim.protocol.message import FUTURE_MS, Message
from p2pim.protocol.room import LOBBY, dm_room, lobby
from p2pim.store import recheck as module
from p2pim.store.alerts import Alert
from p2pim.store.database import Database
from p2pim.store.recheck import Rechecked, recheck
from p2pim.store.store import Store
from tests.unit.store.people import BOB, CLEO, DM, ME, NOW, gaps, new_store, text

TABLES = ("profile", "peers", "rooms", "messages", "gaps", "deliveries", "addresses")


@pytest.fixture
def store() -> Iterator[Store]:
    """A chain of four in the DM, one of Cleo's in the lobby."""
    store = mine()
    parents: tuple[bytes, ...] = ()
    with store.transaction():
        store.messages.ensure_room(lobby())
        for n in range(4):
            message = text(BOB if n % 2 else ME, NOW + n, parents=parents)
            store.messages.add(message, now_ms=NOW)
            parents = (message.id,)
        store.messages.add(text(CLEO, NOW, room=LOBBY), now_ms=NOW)
    yield store
    store.close()


def mine() -> Store:
    store = new_store()
    with store.transaction():
        store.set_profile("identity", ME.peer_id.hex())
    return store


def contents(store: Store) -> dict[str, list[Any]]:
    return {table: store.database.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}


def change(store: Store, sql: str, *values: Any) -> None:
    """What nobody but an attacker does."""
    with store.transaction():
        store.database.execute(sql, values)


def clocks(store: Store) -> list[int]:
    return [s.message.header.clock - NOW for s in store.messages.history(DM.id, 50, None, False)]


def test_a_sound_one_stays_as_it_is(store: Store) -> None:
    with store.transaction():
        store.alerts.set(LOBBY, Alert.MENTIONS)
    before = contents(store)
    assert recheck(store.database, ME.peer_id) == Rechecked(5, 0)
    assert contents(store) == before
    assert store.alerts.of(LOBBY) is Alert.MENTIONS


LIES = {
    "another id": ("UPDATE messages SET id = ? WHERE seq = 2", bytes(32)),
    "another author": ("UPDATE messages SET author = ? WHERE seq = 2", ME.peer_id),
    "another clock": ("UPDATE messages SET clock = ? WHERE seq = 2", NOW + 50),
    "another kind": ("UPDATE messages SET kind = ? WHERE seq = 2", 2),
    "another room": (f"UPDATE messages SET room = (SELECT number FROM rooms WHERE id = x'{LOBBY.hex()}') "
                     "WHERE seq = 2 AND ?", 1),
    "another signature": ("UPDATE messages SET signature = ? WHERE seq = 2", bytes(64)),
    "another content": ("UPDATE messages SET content = ? WHERE seq = 2", b"forged"),
    "no header": ("UPDATE messages SET header = ? WHERE seq = 2", b""),
    "another header": ("UPDATE messages SET header = ? WHERE seq = 2", text(BOB, NOW + 1).raw_header),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_found_and_left_out(store: Store, lie: str) -> None:
    with store.transaction():
        store.deliveries.acknowledge(BOB.peer_id, ME.peer_id, DM.id, [], code=0, now_ms=NOW)
    change(store, "INSERT INTO deliveries VALUES (2, ?, 0, 0, NULL)", ME.peer_id)
    change(store, *LIES[lie])
    missing = text(BOB, NOW + 1, parents=(text(ME, NOW).id,)).id
    assert recheck(store.database, ME.peer_id) == Rechecked(4, 1)
    fresh = Store(store.database)
    assert clocks(fresh) == [0, 2, 3]
    assert gaps(fresh) == [missing]  # colleagues are asked for it again
    assert fresh.database.rows("SELECT * FROM deliveries") == []
    assert recheck(store.database, ME.peer_id) == Rechecked(4, 0)


def test_content_that_is_not_here_is_no_lie(store: Store) -> None:
    change(store, "UPDATE messages SET content = NULL WHERE seq = 2")
    assert recheck(store.database, ME.peer_id) == Rechecked(5, 0)


def test_what_was_signed_but_does_not_belong_there(store: Store) -> None:
    with store.transaction():
        store.messages.add(text(CLEO, NOW + 9), now_ms=NOW)  # in a DM of two others
    assert recheck(store.database, ME.peer_id) == Rechecked(5, 1)
    assert clocks(Store(store.database)) == [0, 1, 2, 3]


def test_in_many_pages_it_is_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 1)
    change(store, *LIES["another content"])
    assert recheck(store.database, ME.peer_id) == Rechecked(4, 1)
    assert clocks(Store(store.database)) == [0, 2, 3]
    assert [row[14] for row in contents(store)["messages"]] == [1, 0, 1, 1]  # heads


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_heads_and_gaps_are_as_if_the_bad_had_never_come(
    order: list[int], bad: set[int], ahead: set[int]
) -> None:
    """Whatever the order of arrival, and with some hidden because their clock is far ahead."""
    made: list[Message] = []
    for n in range(8):
        clock = NOW + n + (2 * FUTURE_MS if n in ahead else 0)
        due = [made[i].id for i in range(n) if i not in ahead]  # what is hidden is nobody's parent
        made.append(text(ME, clock, parents=due[-2:]))
    one, other = mine(), mine()
    for store, left_out in ((one, set[int]()), (other, bad)):
        with store.transaction():
            for n in order:
                if n not in left_out:
                    store.messages.add(made[n], now_ms=NOW)
    for n in bad:
        change(one, "UPDATE messages SET content = x'00' WHERE id = ?", made[n].id)
    assert recheck(one.database, ME.peer_id) == Rechecked(8 - len(bad), len(bad))
    for sql in (
        "SELECT id, head, hidden FROM messages ORDER BY id",
        "SELECT parent, id FROM gaps JOIN messages ON seq = child ORDER BY 1, 2",
    ):
        assert one.database.rows(sql) == other.database.rows(sql)
    one.close()
    other.close()


WHOLE = {
    "somebody else's": f"UPDATE profile SET value = '{BOB.peer_id.hex()}'",
    "nobody's": "DELETE FROM profile",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM peers; END",
    "a view": "CREATE VIEW v AS SELECT 1",
    "a table more": "CREATE TABLE more (x)",
    "an index less": "DROP INDEX messages_order",
    "another kind of room": "UPDATE rooms SET kind = 99",
    "alerts without a meaning": "UPDATE rooms SET alerts = 99",
    "a trust without a meaning": "UPDATE peers SET trust = 99",
    "a DM that is a lobby": f"UPDATE rooms SET kind = 2, peer = NULL WHERE id = x'{DM.id.hex()}'",
    "a DM of others": f"UPDATE rooms SET id = x'{dm_room(BOB.peer_id, CLEO.peer_id).hex()}' "
    f"WHERE id = x'{DM.id.hex()}'",
    "a DM with nobody": f"UPDATE rooms SET peer = NULL WHERE id = x'{DM.id.hex()}'",
}


@pytest.mark.parametrize("what", WHOLE)
def test_what_is_no_database_of_mine_is_refused_as_a_whole(store: Store, what: str) -> None:
    store.database.connection.execute(WHOLE[what])
    with pytest.raises(StoreCorrupt, match="The database"):
        recheck(store.database, ME.peer_id)


def test_rows_that_refer_to_nothing(store: Store) -> None:
    connection: sqlite3.Connection = store.database.connection
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("UPDATE messages SET room = 99")
    connection.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(StoreCorrupt, match="refers to nothing"):
        recheck(store.database, ME.peer_id)


def test_an_index_that_is_damaged(store: Store) -> None:
    connection: sqlite3.Connection = store.database.connection
    connection.execute("PRAGMA writable_schema = ON")
    sql = "UPDATE sqlite_schema SET sql = replace(sql, 'clock, id', 'clock, author') WHERE name = 'messages_order'"
    connection.execute(sql)
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA writable_schema = OFF")
    copy.deserialize(connection.serialize())
    with pytest.raises(StoreCorrupt, match="is damaged"):
        recheck(Database(connection=copy), ME.peer_id)
    copy.close()
