"""A backup becomes a profile, or nothing happens."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from p2pim.config import Paths
from p2pim.daemon import restore as module
from p2pim.daemon import sealed
from p2pim.daemon.backup import Backup
from p2pim.daemon.files import write_private
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.lock import ProfileLock
from p2pim.daemon.restore import Restored, main, restore
from p2pim.errors import BadInput, NotNow, ProfileError, StoreTooNew
from p2pim.protocol.identity import encode_peer_id
from p2pim.store.database import MIGRATIONS, Database
from p2pim.store.folding import offer_root, search_terms
from p2pim.store.recheck import Rechecked
from p2pim.store.store import Store
from tests.served import CHEAP
from tests.unit.daemon.test_backup import filled
from tests.unit.store.people import DM, ME, NOW

SECRET = "a secret for later"
CONFIG = b"port = 0\n"


@pytest.fixture
def source(tmp_path: Path) -> Paths:
    """The profile that was backed up, closed now."""
    filled(tmp_path / "source").close()
    paths = Paths(tmp_path / "source")
    paths.config_file.write_bytes(CONFIG)
    KeyFile(paths.identity_key, cost=CHEAP).write(ME)
    return paths


def backed_up(source: Paths) -> Path:
    file = source.data.parent / "backup"
    key = KeyFile(source.identity_key, cost=CHEAP)
    Backup(source, ME, key, cost=CHEAP).write(file, SECRET, NOW, lambda: False)
    return file


@pytest.fixture
def empty(tmp_path: Path) -> Paths:
    """The profile to fill."""
    paths = Paths(tmp_path / "empty")
    paths.prepare()
    return paths


def key_of(paths: Paths) -> KeyFile:
    return KeyFile(paths.identity_key, cost=CHEAP)


def filled_from(file: Path, empty: Paths, passphrase: str = SECRET) -> Restored:
    return restore(empty, file, passphrase, key_of(empty))


def untouched(empty: Paths) -> bool:
    return sorted(path.name for path in empty.data.iterdir()) == ["log", "run"]


def tables(paths: Paths) -> dict[str, list[Any]]:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'search'"
        ).fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}


# what goes well


def test_everything_is_back(source: Paths, empty: Paths) -> None:
    done = filled_from(backed_up(source), empty)
    assert done.identity.peer_id == ME.peer_id
    assert (done.messages, done.settings, done.has_passphrase) == (Rechecked(3, 0), "restored", False)
    assert tables(empty) == tables(source)
    assert empty.config_file.read_bytes() == CONFIG
    assert key_of(empty).load_or_make().peer_id == ME.peer_id
    files = {"config.toml", "identity.key", "p2pim.db"}
    assert {path.name for path in empty.data.iterdir()} == files | {"log", "run"}
    assert all((empty.data / name).stat().st_mode & 0o777 == 0o600 for name in files)


def test_a_key_that_had_a_passphrase_gets_that_of_the_backup(source: Paths, empty: Paths) -> None:
    key_of(source).change_passphrase(ME, None, "of the key")
    assert filled_from(backed_up(source), empty).has_passphrase
    assert key_of(empty).has_passphrase
    assert key_of(empty).unlock(SECRET).peer_id == ME.peer_id


def test_settings_that_are_here_stay(source: Paths, empty: Paths) -> None:
    empty.config_file.write_bytes(b"port = 30000\n")
    assert filled_from(backed_up(source), empty).settings == "kept"
    assert empty.config_file.read_bytes() == b"port = 30000\n"


def test_no_settings_are_none(source: Paths, empty: Paths) -> None:
    source.config_file.unlink()
    assert filled_from(backed_up(source), empty).settings == "none"
    assert not empty.config_file.exists()


def change(source: Paths, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(source.database, isolation_level=None)) as connection:
        connection.create_function("search_terms", 1, search_terms)
        connection.create_function("offer_root", 1, offer_root)
        connection.execute(sql)


def test_bad_messages_are_left_out_and_counted(source: Paths, empty: Paths) -> None:
    change(source, "UPDATE messages SET content = x'00' WHERE seq = 2")
    assert filled_from(backed_up(source), empty).messages == Rechecked(2, 1)
    with contextlib.closing(Database(empty.database)) as database:
        assert [s.seq for s in Store(database).messages.history(DM.id, 9, None, False)] == [1, 3]


def test_an_older_database_is_brought_to_this_version(
    source: Paths, empty: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = backed_up(source)
    newer = tmp_path / "migrations"
    newer.mkdir()
    count = len(list(MIGRATIONS.iterdir()))
    for script in MIGRATIONS.glob("*.sql"):
        (newer / script.name).write_bytes(script.read_bytes())
    (newer / f"{count + 1:04}.sql").write_text("CREATE TABLE more (x INT) STRICT;", "ascii")
    monkeypatch.setattr("p2pim.store.database.MIGRATIONS", newer)
    filled_from(file, empty)
    assert tables(empty)["more"] == []


# what does not


def test_only_into_an_empty_profile(source: Paths, empty: Paths) -> None:
    file = backed_up(source)
    before = tables(source)
    with pytest.raises(BadInput, match=r"in use \(.*identity\.key is there\): restore into an empty one"):
        filled_from(file, source)
    source.identity_key.unlink()
    with pytest.raises(BadInput, match=r"in use \(.*p2pim\.db is there\)"):
        filled_from(file, source)
    assert tables(source) == before
    empty.identity_key.symlink_to("nowhere")
    with pytest.raises(BadInput, match="in use"):
        filled_from(file, empty)


def changed_at(place: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


@pytest.mark.parametrize(
    ("change", "passphrase", "says"),
    [
        (lambda raw: raw, "a secret for late", "^Wrong passphrase, or "),
        (changed_at(20), SECRET, "^Wrong passphrase, or "),
        (changed_at(1000), SECRET, "^Wrong passphrase, or "),
        (changed_at(-1000), SECRET, "is damaged or incomplete"),
        (lambda raw: raw[:-1], SECRET, "is damaged or incomplete"),
        (lambda raw: raw[: 28 + 65552], SECRET, "is damaged"),
        (lambda raw: raw + b"x", SECRET, "is damaged or incomplete"),
        (lambda raw: b"", SECRET, "is no such file"),
        (lambda raw: b"SQLite format 3\0" * 9, SECRET, "is no such file"),
        (lambda raw: raw[:8] + b"\x07" + raw[9:], SECRET, r"newer p2pim \(version 7"),
    ],
)
def test_a_wrong_file_or_passphrase_is_one_sentence_and_nothing_is_written(
    source: Paths, empty: Paths, change: Callable[[bytes], bytes], passphrase: str, says: str
) -> None:
    file = backed_up(source)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(BadInput, match=says) as caught:
        filled_from(file, empty, passphrase)
    assert "\n" not in str(caught.value)
    assert untouched(empty)


def sealed_by_hand(file: Path, plain: bytes) -> Path:
    file.write_bytes(b"".join(sealed.seal(sealed.BACKUP, SECRET, [plain], cost=CHEAP, random=bytes)))
    return file


def manifest(**changes: Any) -> bytes:
    known = {
        "made_ms": 0,
        "program": "",
        "seed": ME.seed.reveal(),
        "has_passphrase": False,
        "config": None,
        "database": 4,
    }
    raw = msgspec.msgpack.encode(known | changes)
    return len(raw).to_bytes(4, "big") + raw


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\0\0",
        b"\0\0\0\0",
        b"\xff\xff\xff\xffxx",
        b"\0\0\0\x05abc",
        b"\0\0\0\x03abc",
        manifest(seed=b"short") + b"base",
        manifest(database="4") + b"base",
        manifest(database=-1) + b"base",
        manifest(database=10**18) + b"base",
        manifest() + b"bas",
        manifest() + b"bases",
    ],
)
def test_parts_that_do_not_fit(tmp_path: Path, empty: Paths, plain: bytes) -> None:
    with pytest.raises(BadInput, match="its parts do not fit"):
        filled_from(sealed_by_hand(tmp_path / "b", plain), empty)
    assert untouched(empty)


def test_what_a_later_version_adds_to_the_manifest_is_skipped(
    source: Paths, empty: Paths, tmp_path: Path
) -> None:
    database = source.database.read_bytes()
    file = sealed_by_hand(tmp_path / "b", manifest(database=len(database), more={"new": 1}) + database)
    assert filled_from(file, empty).messages == Rechecked(3, 0)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM peers; END",
        "UPDATE profile SET value = 'somebody else'",
        "PRAGMA application_id = 42",
    ],
)
def test_a_database_that_cannot_be_used(source: Paths, empty: Paths, sql: str) -> None:
    change(source, sql)
    with pytest.raises(BadInput, match="nothing was restored"):
        filled_from(backed_up(source), empty)
    assert untouched(empty)


def test_no_database_at_all(tmp_path: Path, empty: Paths) -> None:
    for content in (b"base", b"base" * 1000):
        file = sealed_by_hand(tmp_path / "b", manifest(database=len(content)) + content)
        with pytest.raises(BadInput, match="nothing was restored"):
            filled_from(file, empty)
    assert untouched(empty)


def test_a_newer_database(source: Paths, empty: Paths) -> None:
    change(source, "PRAGMA user_version = 9999")
    with pytest.raises(StoreTooNew, match="update p2pim"):
        filled_from(backed_up(source), empty)
    assert untouched(empty)


def test_a_file_that_cannot_be_read(tmp_path: Path, empty: Paths) -> None:
    for name in ("none", "empty"):
        with pytest.raises(BadInput, match="Cannot read"):
            filled_from(tmp_path / name, empty)


def test_a_disk_that_fills_up(source: Paths, empty: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    file = backed_up(source)
    monkeypatch.setattr(module, "write_private", full)
    with pytest.raises(NotNow, match="No space left on device"):
        filled_from(file, empty)
    assert untouched(empty)


@pytest.mark.parametrize("at", ["the settings", "the key"])
def test_if_a_part_cannot_be_placed_none_is(
    source: Paths, empty: Paths, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    file = backed_up(source)
    place = empty.config_file if at == "the settings" else empty.identity_key.with_suffix(".new")

    def full(path: Path, parts: Iterator[bytes]) -> int:
        if path == place:
            raise OSError(28, "No space left on device")
        return write_private(path, parts)

    monkeypatch.setattr(module, "write_private", full)
    monkeypatch.setattr("p2pim.daemon.keyfile.write_private", full)
    with pytest.raises((NotNow, ProfileError), match="No space left on device"):
        filled_from(file, empty)
    assert untouched(empty)


# the program


def run(home: Path, file: Path, stdin: bytes = SECRET.encode()) -> tuple[int, dict[str, Any]]:
    argv = [sys.executable, "-m", "p2pim.daemon.restore", "--home", str(home), str(file)]
    done = subprocess.run(argv, input=stdin, capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)


def test_the_program_says_in_one_line_what_became_of_it(source: Paths, tmp_path: Path) -> None:
    file = backed_up(source)
    code, told = run(tmp_path / "new", file)
    assert (code, told) == (
        0,
        {
            "peer_id": encode_peer_id(ME.peer_id),
            "messages": 3,
            "left_out": 0,
            "settings": "restored",
            "passphrase": False,
        },
    )
    code, told = run(tmp_path / "new", file)
    assert (code, told["exit"]) == (4, 4)
    assert "in use" in told["error"]
    assert run(tmp_path / "other", file, b"\xff")[1]["error"] == "A passphrase must be UTF-8 text."


class Typed:
    """Standard input in which a passphrase waits."""

    def __init__(self) -> None:
        read, write = os.pipe()
        os.write(write, SECRET.encode())
        os.close(write)
        self.buffer = os.fdopen(read, "rb")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    stdin, umask = Typed(), os.umask(0o022)
    os.umask(umask)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(module, "forbid_core_dumps", lambda: None)
    yield
    os.umask(umask)
    stdin.buffer.close()


@pytest.mark.usefixtures("typed")
def test_not_while_a_daemon_runs_there(
    source: Paths, empty: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = ProfileLock(empty.lock_file)
    lock.acquire()
    assert main(["--home", str(empty.home), str(backed_up(source))]) == 6
    lock.release()
    assert "already running" in json.loads(capsys.readouterr().out)["error"]
    assert not empty.identity_key.exists()


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize(("error", "code"), [(KeyError("secret text"), 1), (KeyboardInterrupt(), 130)])
def test_what_nobody_expected(
    empty: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    def fail(*_: object) -> Restored:
        raise error

    monkeypatch.setattr(module, "restore", fail)
    assert main(["--home", str(empty.home), "b"]) == code
    out = capsys.readouterr().out
    assert "secret" not in out
    assert code == 130 or json.loads(out)["error"].startswith("The restore failed unexpectedly: KeyError at ")
    lock = ProfileLock(empty.lock_file)
    lock.acquire()
    lock.release()
