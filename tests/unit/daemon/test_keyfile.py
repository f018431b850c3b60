"""The identity's key file: made once, read by its owner alone, behind a passphrase if there is one, and never lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pim.daemon import keyfile, sealed
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput, ProfileError
from p2pim.protocol.identity import Identity
from tests.served import CHEAP

SEED = bytes(range(32))
ANN = Identity(SEED)
SECRET = "open sesame"
PLAIN = SEED.hex().encode() + b"\n"


def seed(size: int) -> bytes:
    return SEED[:size]


def never(size: int) -> bytes:
    raise AssertionError("no new key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "identity.key"


@pytest.fixture
def key(path: Path) -> KeyFile:
    """Ann's, without a passphrase."""
    key = KeyFile(path, cost=CHEAP, random=seed)
    key.load_or_make()
    return key


def only(path: Path) -> bytes:
    """What the file holds, which must be all that is there."""
    assert [p.name for p in path.parent.iterdir()] == ["identity.key"]
    return path.read_bytes()


# without a passphrase


def test_a_key_is_made_once_and_read_ever_after(path: Path) -> None:
    path.with_suffix(".new").write_text("what a crash left", encoding="ascii")
    assert KeyFile(path, random=seed).load_or_make().peer_id == ANN.peer_id
    assert only(path) == PLAIN
    read = KeyFile(path, random=never)
    assert read.load_or_make(expected=ANN.peer_id.hex()).peer_id == ANN.peer_id
    assert not read.has_passphrase


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_may_read_it(key: KeyFile, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    key.change_passphrase(ANN, None, SECRET)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    asks: list[Callable[[], object]] = [
        key.load_or_make,
        lambda: key.has_passphrase,
        lambda: key.unlock(SECRET),
    ]
    for ask in asks:
        with pytest.raises(ProfileError, match="chmod 600"):
            ask()


def test_a_lost_key_is_not_replaced_by_a_new_one(path: Path) -> None:
    with pytest.raises(ProfileError, match="is missing"):
        KeyFile(path, random=never).load_or_make(expected=ANN.peer_id.hex())
    with pytest.raises(ProfileError, match="is missing"):
        KeyFile(path).unlock(SECRET)
    assert not KeyFile(path).has_passphrase


@pytest.mark.parametrize("raw", [b"", b"not hex", b"00" * 31, b"00" * 33, b"\xff\xfe"])
def test_a_damaged_key_is_said_to_be_so(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    path.chmod(0o600)
    with pytest.raises(ProfileError, match="backup"):
        KeyFile(path, random=never).load_or_make()
    assert path.read_bytes() == raw


def test_a_key_that_is_no_file(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(ProfileError, match="Cannot read the identity key"):
        KeyFile(path).load_or_make()


def test_the_key_of_somebody_else_is_refused(key: KeyFile) -> None:
    other = Identity(bytes(32)).peer_id.hex()
    with pytest.raises(ProfileError, match="somebody else"):
        key.load_or_make(expected=other)
    with pytest.raises(ProfileError, match="somebody else"):
        key.belonging(ANN, other)
    assert key.belonging(ANN, "") is key.belonging(ANN, ANN.peer_id.hex()) is ANN


def test_a_folder_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="Cannot write"):
        KeyFile(tmp_path / "none" / "identity.key", random=seed).load_or_make()


# with one


def test_a_passphrase_is_set_changed_and_removed(key: KeyFile, path: Path) -> None:
    key.change_passphrase(ANN, None, SECRET)
    first = only(path)
    assert SEED not in first
    assert SEED.hex().encode() not in first
    assert key.has_passphrase
    assert key.unlock(SECRET).peer_id == ANN.peer_id
    with pytest.raises(ProfileError, match="damaged"):
        key.load_or_make()  # never takes it for a key of its own
    key.change_passphrase(ANN, SECRET, "another one")
    assert key.unlock("another one").peer_id == ANN.peer_id
    key.change_passphrase(ANN, "another one", None)
    assert only(path) == PLAIN
    assert not key.has_passphrase


def test_each_change_has_a_salt_of_its_own(path: Path) -> None:
    key = KeyFile(path, cost=CHEAP)
    made = key.load_or_make()
    salts = set()
    for old, new in ((None, SECRET), (SECRET, SECRET), (SECRET, SECRET)):
        key.change_passphrase(made, old, new)
        salts.add(path.read_bytes()[12:28])
    assert len(salts) == 3


def test_whatever_is_wrong_nothing_changes(key: KeyFile, path: Path) -> None:
    with pytest.raises(BadInput, match="has no passphrase"):
        key.change_passphrase(ANN, SECRET, "another one")
    with pytest.raises(BadInput, match="has no passphrase"):
        key.unlock(SECRET)
    with pytest.raises(BadInput, match="too short"):
        key.change_passphrase(ANN, None, "short")
    assert only(path) == PLAIN
    key.change_passphrase(ANN, None, SECRET)
    kept = only(path)
    for old in ("open sesam", "", "\udcff" * 8):
        with pytest.raises(BadInput):
            key.change_passphrase(ANN, old, None)
    with pytest.raises(BadInput, match=f"^Wrong passphrase, or {path} is damaged"):
        key.unlock("open sesame ")
    with pytest.raises(BadInput, match="already: run `p2pim passphrase change`"):
        key.change_passphrase(ANN, None, "another one")
    with pytest.raises(BadInput, match="not that of the running"):
        key.change_passphrase(Identity(bytes(32)), SECRET, None)
    assert only(path) == kept


def test_a_newer_format_is_refused_with_a_sentence(key: KeyFile, path: Path) -> None:
    key.change_passphrase(ANN, None, SECRET)
    raw = path.read_bytes()
    path.write_bytes(raw[:8] + b"\x02" + raw[9:])
    for ask in (lambda: key.has_passphrase, lambda: key.unlock(SECRET)):
        with pytest.raises(ProfileError, match=r"newer p2pim .*: update p2pim"):
            ask()


def test_a_sealed_file_that_holds_no_seed(key: KeyFile, path: Path) -> None:
    parts = sealed.seal(sealed.KEY, SECRET, [b"not 32 bytes"], cost=CHEAP, random=seed)
    path.write_bytes(b"".join(parts))
    with pytest.raises(ProfileError, match="damaged"):
        key.unlock(SECRET)


# crashes, and what is left behind


class Crash(BaseException):
    """The process ends here."""


CHANGES = [(None, SECRET), (SECRET, "another one"), (SECRET, None)]


@pytest.mark.parametrize(("old", "new"), CHANGES)
@pytest.mark.parametrize("where", ["open", "fsync", "replace", "sync_folder", "pwrite", "the end"])
def test_a_crash_never_loses_the_key(
    key: KeyFile, path: Path, monkeypatch: pytest.MonkeyPatch, old: str | None, new: str | None, where: str
) -> None:
    if old is not None:
        key.change_passphrase(ANN, None, old)

    def crash(*_: object) -> None:
        raise Crash

    def leave(file: Path, missing_ok: bool = False) -> None:
        """A process that is gone does not tidy up."""
        if file.exists():
            raise Crash

    with monkeypatch.context() as patch:
        if where == "replace":
            patch.setattr(Path, "replace", crash)
        elif where == "sync_folder":
            patch.setattr(keyfile, "sync_folder", crash)
        elif where == "open":
            patch.setattr(keyfile, "write_private", crash)
        elif where != "the end":
            patch.setattr(os, where, crash)
            patch.setattr(Path, "unlink", leave)
        try:
            key.change_passphrase(ANN, old, new)
        except Crash:
            assert where != "the end"
    after = KeyFile(path, cost=CHEAP, random=never)
    after.discard_draft()
    now = new if where in ("sync_folder", "pwrite", "the end") else old
    assert after.has_passphrase == (now is not None)
    assert (after.load_or_make() if now is None else after.unlock(now)).peer_id == ANN.peer_id
    assert (SEED.hex().encode() in only(path)) == (now is None)


def test_a_full_disk_changes_nothing(key: KeyFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyfile, "write_private", full)
    with pytest.raises(ProfileError, match="No space left on device"):
        key.change_passphrase(ANN, None, SECRET)
    assert only(path) == PLAIN


@pytest.mark.skipif(os.name != "posix", reason="what is open can be replaced on POSIX only")
def test_the_old_content_is_not_left_on_the_disk(key: KeyFile, path: Path) -> None:
    with path.open("rb") as old:
        key.change_passphrase(ANN, None, SECRET)
        assert old.read() == bytes(len(PLAIN))
    draft = path.with_suffix(".new")
    draft.write_bytes(PLAIN)
    with draft.open("rb") as old:
        key.discard_draft()
        assert old.read() == bytes(len(PLAIN))
    assert SEED.hex().encode() not in only(path)


@pytest.mark.skipif(os.name != "posix", reason="what is open can be replaced on POSIX only")
def test_a_copy_under_another_name_is_its_owners(key: KeyFile, path: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").hardlink_to(path)
    key.change_passphrase(ANN, None, SECRET)
    assert (tmp_path / "copy").read_bytes() == PLAIN


def test_a_disk_that_cannot_wipe_is_no_failure(
    key: KeyFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pwrite", fail)
    key.change_passphrase(ANN, None, SECRET)
    assert key.unlock(SECRET).peer_id == ANN.peer_id
