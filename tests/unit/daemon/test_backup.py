"""Backups as they are written: one encrypted file, of one moment, whole or not there."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from p2pim import __version__
from p2pim.config import Paths
from p2pim.daemon import backup as module
from p2pim.daemon import sealed
from p2pim.daemon.backup import Backup, Written
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput, NotNow, StoreCorrupt
from p2pim.store import snapshot
from p2pim.store.database import Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store
from tests.served import CHEAP
from tests.unit.store.people import BOB, DM, ME, NOW, text

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a secret for later"


def going() -> bool:
    return False


def salt(size: int) -> bytes:
    return bytes(range(size))


class Profile(NamedTuple):
    """My profile, in use."""

    paths: Paths
    store: Store
    key: KeyFile
    backup: Backup


def filled(home: Path, count: int = 3) -> Store:
    """A profile of mine with so many messages."""
    paths = Paths(home)
    paths.prepare()
    store = Store(Database(paths.database))
    with store.transaction():
        store.set_profile("identity", ME.peer_id.hex())
        store.peers.put(Contact(BOB.peer_id))
        store.messages.ensure_room(DM)
        for n in range(count):
            store.messages.add(text(ME, NOW + n), now_ms=NOW, sealed=True)
    return store


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    paths = Paths(tmp_path / "home")
    store = filled(tmp_path / "home")
    paths.config_file.write_text("port = 0\n", encoding="utf-8")
    key = KeyFile(paths.identity_key, cost=CHEAP)
    key.write(ME)
    yield Profile(paths, store, key, Backup(paths, ME, key, cost=CHEAP, random=salt))
    store.close()


def unsealed(file: Path) -> tuple[dict[str, object], bytes]:
    with file.open("rb") as stream:
        plain = b"".join(sealed.unseal(sealed.BACKUP, SECRET, stream, "FILE"))
    size = int.from_bytes(plain[:4], "big")
    return msgspec.msgpack.decode(plain[4 : 4 + size]), plain[4 + size :]


def test_it_holds_everything_and_shows_nothing(profile: Profile, tmp_path: Path) -> None:
    target = tmp_path / "b"
    written = profile.backup.write(target, SECRET, NOW, going)
    assert written == Written(target.stat().st_size, 3)
    assert target.stat().st_mode & 0o777 == 0o600
    manifest, database = unsealed(target)
    assert manifest == {
        "made_ms": NOW,
        "program": f"p2pim {__version__}",
        "seed": ME.seed.reveal(),
        "has_passphrase": False,
        "config": b"port = 0\n",
        "database": len(database),
    }
    assert database.startswith(b"SQLite format 3\0")
    raw = target.read_bytes()
    for secret in (ME.seed.reveal(), b"SQLite", ME.peer_id, SECRET.encode(), b"port"):
        assert secret not in raw


def test_the_format_of_today_is_for_ever(
    profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, backups that people have are no longer read: give the format a new version instead."""

    def take(source: Path, target: Path, stopped: object) -> int:
        target.write_bytes(b"a database")
        return 7

    monkeypatch.setattr(snapshot, "take", take)
    monkeypatch.setattr(module, "__version__", "0.1.0")
    target = tmp_path / "b"
    assert profile.backup.write(target, SECRET, NOW, going) == Written(179, 7)
    plain = (
        b"\x00\x00\x00\x79\x86\xa7made_ms\xcf\x00\x00\x01\xa3\x18\x5c\x50\x00\xa7program\xabp2pim 0.1.0"
        b"\xa4seed\xc4\x20" + bytes([1]) * 32 + b"\xaehas_passphrase\xc2\xa6config\xc4\x09port = 0\n"
        b"\xa8database\x0aa database"
    )
    header = bytes.fromhex("503250494d42414b01040801000102030405060708090a0b0c0d0e0f")
    key = hashlib.scrypt(SECRET.encode(), salt=header[12:], n=16, r=8, p=1, dklen=32)
    cipher = ChaCha20Poly1305(key)
    assert target.read_bytes() == header + cipher.encrypt(bytes(11) + b"\x01", plain, header)


def test_whether_the_key_had_a_passphrase_is_remembered(profile: Profile, tmp_path: Path) -> None:
    profile.key.change_passphrase(ME, None, "of the key")
    profile.paths.config_file.unlink()
    profile.backup.write(tmp_path / "b", SECRET, NOW, going)
    manifest, _ = unsealed(tmp_path / "b")
    assert manifest["has_passphrase"] is True
    assert manifest["config"] is None
    assert manifest["seed"] == ME.seed.reveal()


def left(profile: Profile, folder: Path) -> list[str]:
    """What is in the folder, and no copy of the database in the profile."""
    assert not profile.paths.snapshot_file.exists()
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


def test_what_is_there_is_never_overwritten(profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("precious", encoding="ascii")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("b", "link", "home"):
        with pytest.raises(BadInput, match="is there already"):
            profile.backup.write(tmp_path / name, SECRET, NOW, going)
    assert (tmp_path / "b").read_text(encoding="ascii") == "precious"
    assert left(profile, tmp_path) == ["b", "link"]


def test_not_even_what_came_meanwhile(profile: Profile, tmp_path: Path) -> None:
    def meanwhile() -> bool:
        if profile.paths.snapshot_file.exists() and (tmp_path / "b.part").exists():
            (tmp_path / "b").write_text("precious", encoding="ascii")
        return False

    with pytest.raises(BadInput, match="is there already"):
        profile.backup.write(tmp_path / "b", SECRET, NOW, meanwhile)
    assert (tmp_path / "b").read_text(encoding="ascii") == "precious"
    assert left(profile, tmp_path) == ["b"]


def test_what_a_crash_left_is_no_hindrance(profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "b.part").write_text("half", encoding="ascii")
    profile.paths.snapshot_file.write_text("half", encoding="ascii")
    profile.backup.write(tmp_path / "b", SECRET, NOW, going)
    assert left(profile, tmp_path) == ["b"]


def test_broken_off_there_is_none(profile: Profile, tmp_path: Path) -> None:
    with pytest.raises(NotNow, match="broken off: nothing was written"):
        profile.backup.write(tmp_path / "b", SECRET, NOW, (tmp_path / "b.part").exists)
    assert left(profile, tmp_path) == []


def test_what_cannot_be_is_one_sentence(profile: Profile, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too short"):
        profile.backup.write(tmp_path / "b", "short", NOW, going)
    with pytest.raises(BadInput, match=r"Cannot write .*none/b \(no such file or directory\)\."):
        profile.backup.write(tmp_path / "none" / "b", SECRET, NOW, going)
    profile.paths.config_file.write_bytes(b"#" * (module.LARGEST_SETTINGS + 1))
    with pytest.raises(BadInput, match="too large for a settings file"):
        profile.backup.write(tmp_path / "b", SECRET, NOW, going)
    profile.store.close()
    profile.paths.database.write_bytes(b"no database " * 500)
    with pytest.raises(StoreCorrupt):
        profile.backup.write(tmp_path / "b", SECRET, NOW, going)
    assert left(profile, tmp_path) == []


def test_a_full_disk(profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_private", full)
    with pytest.raises(NotNow, match="no space left on device"):
        profile.backup.write(tmp_path / "b", SECRET, NOW, going)
    assert left(profile, tmp_path) == []


def test_one_at_a_time(profile: Profile, tmp_path: Path) -> None:
    def second() -> bool:
        with pytest.raises(NotNow, match="already: wait for its end"):
            profile.backup.write(tmp_path / "c", SECRET, NOW, going)
        told.set()
        return False

    told = threading.Event()
    profile.backup.write(tmp_path / "b", SECRET, NOW, second)
    assert told.is_set()
    assert left(profile, tmp_path) == ["b"]


MEASURED = """
import os, resource, sys
from pathlib import Path
from p2pim.config import Paths
from p2pim.daemon.backup import Backup
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.restore import restore
from p2pim.protocol.identity import Identity
from tests.served import CHEAP

home, file = Path(sys.argv[1]), Path(sys.argv[2])
def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = used()
if sys.argv[3] == "write":
    paths = Paths(home)
    key = KeyFile(paths.identity_key, cost=CHEAP)
    backup = Backup(paths, key.load_or_make(), key, cost=CHEAP)
    print(backup.write(file, "a secret for later", 1, lambda: False).messages)
else:
    paths = Paths(home / "restored")
    paths.prepare()
    print(restore(paths, file, "a secret for later", KeyFile(paths.identity_key, cost=CHEAP)).messages.kept)
print(used() - before)
"""


def test_memory_stays_the_same_however_large_the_profile(profile: Profile, tmp_path: Path) -> None:
    """40 MB of messages, written and restored by a process whose memory grows by less than half of that."""
    count = 1200
    with profile.store.transaction():
        for n in range(count):
            profile.store.messages.add(text(ME, NOW + 10 + n, what="x" * 33_000), now_ms=NOW)
    for what in ("write", "restore"):
        argv = [sys.executable, "-c", MEASURED, str(profile.paths.home), str(tmp_path / "b"), what]
        done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=True)
        messages, grown = map(int, done.stdout.split())
        assert messages == count + 3
        assert grown < 20, what
    assert (tmp_path / "b").stat().st_size > 39_000_000
