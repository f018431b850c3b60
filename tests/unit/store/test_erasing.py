"""What was erased is in no file any more: neither in the database nor in its log."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from p2pim.errors import StoreError
from p2pim.store.database import Database


def put(db: Database, key: str, value: str = "x") -> None:
    db.execute("INSERT INTO profile (key, value) VALUES (?, ?)", [key, value])


def test_what_was_erased_is_in_no_file_once_it_is_scrubbed(tmp_path: Path) -> None:
    path, secret = tmp_path / "p2pim.db", "canary" * 2_000

    def on_disk() -> bool:
        return any(b"canarycanary" in file.read_bytes() for file in tmp_path.iterdir())

    db = Database(path)
    with db.transaction():
        put(db, "a", secret)
    db.scrub()  # nothing was erased: nothing is done
    assert (tmp_path / "p2pim.db-wal").stat().st_size > 0
    with db.transaction():
        db.execute("UPDATE profile SET value = ''")
        db.on_known(db.erased)
    assert on_disk()
    db.scrub()
    assert not on_disk()
    with db.transaction():
        put(db, "b", secret)
    with db.transaction():
        db.execute("DELETE FROM profile")
    crashed = tmp_path / "after a crash"
    crashed.mkdir()
    for file in tmp_path.glob("p2pim.db*"):
        shutil.copy(file, crashed / file.name)
    db.close()
    assert any(b"canarycanary" in file.read_bytes() for file in crashed.iterdir())
    again = Database(crashed / "p2pim.db")
    assert not any(b"canarycanary" in file.read_bytes() for file in crashed.iterdir())
    again.close()


def test_a_disk_without_space_keeps_nobody_from_opening() -> None:
    class Full(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if "wal_checkpoint" in sql:
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)  # type: ignore[arg-type]

    db = Database(connection=sqlite3.connect(":memory:", isolation_level=None, factory=Full))
    put(db, "a")
    db.erased()
    with pytest.raises(StoreError):
        db.scrub()
    assert db._to_scrub
    db.close()
