"""The database: migrations, what is refused, and the rule of effects: commit, then tell."""

# ruff: noqa: PT012  a transaction fails as a whole

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.errors import StoreCorrupt, StoreError, StoreFull, StoreTooNew
from p2pim.store import database as module
from p2pim.store.database import APPLICATION_ID, MIGRATIONS, Database

NEWEST = len(list(MIGRATIONS.glob("*.sql")))


@pytest.fixture
def db() -> Iterator[Database]:
    database = Database()
    yield database
    database.close()


def put(db: Database, key: str, value: str = "x") -> None:
    db.execute("INSERT INTO profile (key, value) VALUES (?, ?)", [key, value])


def keys(db: Database) -> list[str]:
    return [key for (key,) in db.rows("SELECT key FROM profile ORDER BY key")]


# opening


def test_a_new_file_is_ours_durable_and_strict(tmp_path: Path) -> None:
    db = Database(tmp_path / "p2pim.db")
    pragmas = (
        "user_version",
        "application_id",
        "journal_mode",
        "synchronous",
        "foreign_keys",
        "secure_delete",
    )
    assert [db.value(f"PRAGMA {name}") for name in pragmas] == [NEWEST, APPLICATION_ID, "wal", 2, 1, 1]
    tables = db.rows(
        "SELECT name, strict FROM pragma_table_list "
        "WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search%'"  # those are FTS5's own
    )
    assert tables
    assert all(strict for _, strict in tables)
    db.check()
    db.close()
    db.close()


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    db = Database(tmp_path / "p2pim.db")
    with db.transaction():
        put(db, "a")
    db.close()
    db = Database(tmp_path / "p2pim.db")
    assert keys(db) == ["a"]
    db.close()


def test_what_a_crash_left_open_is_rolled_back() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    db = Database(connection=connection)
    connection.execute("BEGIN")
    put(db, "half")
    assert keys(Database(connection=connection)) == []
    connection.close()


def test_each_migration_runs_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    monkeypatch.setattr(module, "MIGRATIONS", folder)
    db = Database(tmp_path / "p2pim.db")
    with db.transaction():
        put(db, "kept")
    db.close()
    (folder / f"{NEWEST + 1:04}.sql").write_text("CREATE TABLE more (x INTEGER) STRICT;", encoding="utf-8")
    (folder / f"{NEWEST + 2:04}.sql").write_text("INSERT INTO more VALUES (7);", encoding="utf-8")
    for _ in range(2):
        db = Database(tmp_path / "p2pim.db")
        assert (keys(db), db.rows("SELECT x FROM more")) == (["kept"], [(7,)])
        assert db.value("PRAGMA user_version") == NEWEST + 2
        db.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    monkeypatch.setattr(module, "MIGRATIONS", folder)
    Database(tmp_path / "p2pim.db").close()
    broken = folder / f"{NEWEST + 1:04}.sql"
    broken.write_text(
        "CREATE TABLE more (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);", encoding="utf-8"
    )
    with pytest.raises(StoreError):
        Database(tmp_path / "p2pim.db")
    broken.unlink()
    db = Database(tmp_path / "p2pim.db")
    assert db.value("PRAGMA user_version") == NEWEST
    assert not db.rows("SELECT 1 FROM sqlite_schema WHERE name = 'more'")
    db.close()


def foreign(path: Path, version: int, application: int) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(
        f"CREATE TABLE theirs (x); PRAGMA user_version = {version}; PRAGMA application_id = {application};"
    )
    connection.close()
    return path.read_bytes()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p2pim.db"
    before = foreign(path, NEWEST + 1, APPLICATION_ID)
    with pytest.raises(StoreTooNew, match="update p2pim"):
        Database(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p2pim.db"
    before = foreign(path, 1, 42)
    with pytest.raises(StoreCorrupt, match="another program"):
        Database(path)
    assert path.read_bytes() == before


def test_a_file_of_garbage_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p2pim.db"
    path.write_bytes(b"not a database at all " * 500)
    with pytest.raises(StoreCorrupt, match="damaged"):
        Database(path)
    assert path.read_bytes() == b"not a database at all " * 500


def test_damage_inside_is_found(tmp_path: Path) -> None:
    path = tmp_path / "p2pim.db"
    db = Database(path)
    with db.transaction():
        for n in range(2_000):
            put(db, f"{n:05}", "x" * 100)
    db.close()
    raw = bytearray(path.read_bytes())
    raw[-30 * 4096 : -20 * 4096] = b"\xff" * (10 * 4096)
    path.write_bytes(raw)
    db = Database(path)
    with pytest.raises(StoreCorrupt):
        db.check()
    db.close()


def test_a_folder_that_is_not_there_or_a_file_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreFull, match="permissions"):
        Database(tmp_path / "none" / "p2pim.db")
    one, two = Database(tmp_path / "p2pim.db"), Database(tmp_path / "p2pim.db")
    with one.transaction(), pytest.raises(StoreError, match="Another program"), two.transaction():
        pass
    one.close()
    two.close()


@pytest.mark.parametrize("ask", ["execute", "row", "rows", "value"])
def test_every_question_that_fails_fails_as_one_of_ours(db: Database, ask: str) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        getattr(db, ask)("SELECT nothing FROM nowhere")


def test_many_at_once(db: Database) -> None:
    db.execute_many("INSERT INTO profile (key, value) VALUES (?, ?)", [["a", "x"], ["b", "x"]])
    assert keys(db) == ["a", "b"]
    with pytest.raises(StoreError, match="cannot be used"):
        db.execute_many("INSERT INTO nowhere VALUES (?)", [["a"]])


def test_values(db: Database) -> None:
    assert db.value("SELECT value FROM profile", (), "default") == "default"
    assert db.value("SELECT max(value) FROM profile", (), "default") == "default"
    put(db, "a", "b")
    assert db.value("SELECT value FROM profile", (), "default") == "b"
    assert db.row("SELECT key, value FROM profile") == ("a", "b")
    assert db.row("SELECT key FROM profile WHERE key = 'z'") is None


# transactions and their effects


def test_effects_run_after_the_outermost_commit_the_known_first(db: Database) -> None:
    told: list[str] = []
    db.settled = lambda: told.append("settled")
    with db.transaction():
        put(db, "a")
        db.on_commit(lambda: told.append("world 1"))
        with db.transaction():
            db.on_commit(lambda: told.append("world 2"))
            db.on_known(lambda: told.append("memory"))
        assert told == []
    assert told == ["memory", "settled", "world 1", "world 2", "settled"]


def test_without_a_transaction_effects_run_at_once(db: Database) -> None:
    told: list[str] = []
    db.on_commit(lambda: told.append("world"))
    db.on_known(lambda: told.append("memory"))
    assert told == ["world", "memory"]


def test_effects_of_one_name_run_once(db: Database) -> None:
    told: list[str] = []
    with db.transaction():
        for name in ("ann", "ben", "ann", None, None):
            db.on_commit(lambda n=name: told.append(str(n)), name)  # type: ignore[misc]
    assert told == ["ann", "ben", "None", "None"]
    with db.transaction():
        db.on_commit(lambda: told.append("ann again"), "ann")
    assert told[-1] == "ann again"


def test_nothing_is_told_of_what_was_rolled_back(db: Database) -> None:
    told: list[str] = []
    with pytest.raises(KeyError), db.transaction():
        put(db, "a")
        db.on_commit(lambda: told.append("world"))
        db.on_known(lambda: told.append("memory"))
        raise KeyError
    assert (keys(db), told) == ([], [])
    with db.transaction():
        put(db, "b")
    assert (keys(db), told) == (["b"], [])


def test_a_savepoint_that_fails_takes_only_its_own_things_back(db: Database) -> None:
    told: list[str] = []
    with db.transaction():
        put(db, "before")
        db.on_commit(lambda: told.append("before"))
        with pytest.raises(KeyError), db.transaction():
            put(db, "inside")
            db.on_commit(lambda: told.append("inside"))
            with db.transaction():
                put(db, "deeper")
                db.on_known(lambda: told.append("deeper"))
            raise KeyError
        put(db, "after")
        db.on_commit(lambda: told.append("after"))
    assert keys(db) == ["after", "before"]
    assert told == ["before", "after"]


def test_a_commit_waits_for_the_disk_unless_others_can_tell_it_again(db: Database) -> None:
    waits: list[int] = []
    for lasting in (True, False, False, True):
        with db.transaction(lasting=lasting), db.transaction():  # the outermost decides
            waits.append(db.value("PRAGMA synchronous"))
    full, normal = 2, 1
    assert waits == [full, normal, normal, full]


def test_an_effect_may_write_too_and_is_told_of_in_turn(db: Database) -> None:
    told: list[str] = []

    def write() -> None:
        with db.transaction():
            put(db, "second")
            db.on_commit(lambda: told.append("second"))

    with db.transaction():
        put(db, "first")
        db.on_commit(write)
        db.on_commit(lambda: told.append("first"))
    assert (keys(db), told) == (["first", "second"], ["second", "first"])


def test_what_effects_see_is_durable(tmp_path: Path) -> None:
    db, other = Database(tmp_path / "p2pim.db"), Database(tmp_path / "p2pim.db")
    seen: list[list[str]] = []
    with db.transaction():
        put(db, "a")
        seen.append(keys(other))
        db.on_commit(lambda: seen.append(keys(other)))
    assert seen == [[], ["a"]]
    db.close()
    other.close()


# a full disk


def test_a_full_disk_takes_nothing_tells_nothing_and_recovers(tmp_path: Path) -> None:
    db = Database(tmp_path / "p2pim.db")
    with db.transaction():
        put(db, "before")
    db.execute(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
    told: list[str] = []
    full: list[StoreFull] = []
    db.full = full.append
    with pytest.raises(StoreFull, match="Free some space"), db.transaction():
        put(db, "small")
        db.on_commit(lambda: told.append("small"))
        put(db, "big", "x" * 100_000)
    assert (keys(db), told, len(full)) == (["before"], [], 1)
    with pytest.raises(StoreFull):
        db.probe()
    db.execute("PRAGMA max_page_count = 100000")
    db.probe()
    with db.transaction():
        put(db, "after", "x" * 100_000)
    assert keys(db) == ["after", "before"]
    db.close()


def test_a_full_disk_within_a_savepoint_fails_the_whole_transaction(tmp_path: Path) -> None:
    db = Database(tmp_path / "p2pim.db")
    db.execute(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
    told: list[str] = []
    with pytest.raises(StoreFull), db.transaction():
        put(db, "before")
        db.on_commit(lambda: told.append("before"))
        with pytest.raises(StoreFull), db.transaction():
            put(db, "big", "x" * 100_000)  # SQLite takes back everything
        for _ in range(2):
            with pytest.raises(StoreFull), db.transaction():
                put(db, "after")
        with pytest.raises(StoreFull):
            put(db, "straight")
        with pytest.raises(StoreFull):
            db.execute_many("INSERT INTO profile (key, value) VALUES (?, 'x')", [["many"]])
    assert (keys(db), told) == ([], [])
    db.close()


def test_once_the_whole_transaction_is_gone_no_part_of_it_goes_on(db: Database) -> None:
    told: list[str] = []
    with pytest.raises(StoreError), db.transaction():
        put(db, "a")
        db.on_commit(lambda: told.append("a"))
        db.connection.rollback()  # as SQLite does on some disks that are full
        with pytest.raises(StoreFull), db.transaction():
            put(db, "b")
    assert (keys(db), told) == ([], [])
    with pytest.raises(KeyError), db.transaction(), db.transaction():
        db.connection.rollback()
        raise KeyError
    with db.transaction():
        put(db, "c")
    assert keys(db) == ["c"]


def test_erased_content_is_not_left_in_the_file(tmp_path: Path) -> None:
    db = Database(tmp_path / "p2pim.db")
    with db.transaction():
        put(db, "a", "a secret that was erased")
    with db.transaction():
        db.execute("DELETE FROM profile")
    db.close()  # the write-ahead log goes into the file and is deleted
    assert b"a secret that was erased" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
