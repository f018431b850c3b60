"""A copy of a database that is in use."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.errors import NotNow, StoreCorrupt, StoreFull
from p2pim.store import snapshot
from p2pim.store.database import Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, text


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "p2pim.db"


@pytest.fixture
def store(source: Path) -> Iterator[Store]:
    store = Store(Database(source))
    with store.transaction():
        store.peers.put(Contact(BOB.peer_id))
        store.messages.ensure_room(DM)
    write(store, 5)
    yield store
    store.close()


def write(store: Store, count: int) -> None:
    first = store.messages.last_seq()
    with store.transaction():
        for n in range(first, first + count):
            store.messages.add(text(ME, NOW + n), now_ms=NOW, sealed=True)


def going() -> bool:
    return False


def rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'search'"  # the others hold it
        names = [row[0] for row in connection.execute(sql)]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_it_is_the_same_and_a_file_of_its_own(store: Store, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert snapshot.take(source, target, going) == 5
    assert rows(target) == rows(source)
    assert len(rows(target)["messages"]) == 5
    assert target.stat().st_mode & 0o777 == 0o600
    write(store, 3)
    assert len(rows(target)["messages"]) == 5
    with contextlib.closing(Database(target)) as copy:  # version and all
        copy.check()


def test_what_has_not_committed_is_not_in_it(store: Store, source: Path, tmp_path: Path) -> None:
    with store.transaction():
        store.messages.add(text(ME, NOW + 100), now_ms=NOW)
        assert snapshot.take(source, tmp_path / "copy", going) == 5
        store.messages.add(text(ME, NOW + 101), now_ms=NOW)
    assert snapshot.take(source, tmp_path / "copy", going) == 7  # in place of the one before


def test_it_can_be_broken_off(
    store: Store, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_STEPS", 10)
    write(store, 200)
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(NotNow, match="broken off"):
        snapshot.take(source, tmp_path / "copy", stopped)
    assert store.messages.last_seq() == 205
    snapshot.discard(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_what_cannot_be_copied_is_told(source: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreFull):  # that is: cannot be opened; no empty one is made
        snapshot.take(source, tmp_path / "copy", going)
    assert not source.exists()
    source.write_bytes(b"no database " * 500)
    with pytest.raises(StoreCorrupt, match="damaged"):
        snapshot.take(source, tmp_path / "copy", going)
    with pytest.raises(NotNow, match="Cannot write"):
        snapshot.take(source, tmp_path / "none" / "copy", going)


def test_nothing_of_a_copy_is_left_behind(tmp_path: Path) -> None:
    for name in ("copy", "copy-wal", "copy-shm", "copy-journal", "copy-not"):
        (tmp_path / name).write_text("x", encoding="ascii")
    for _ in range(2):
        snapshot.discard(tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["copy-not"]
