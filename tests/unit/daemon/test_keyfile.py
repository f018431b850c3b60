"""The identity's key file: made once, read by its owner alone, and never replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from p2pim.daemon.keyfile import load_or_make
from p2pim.errors import ProfileError
from p2pim.protocol.identity import Identity

SEED = bytes(range(32))
ANN = Identity(SEED)


def seed(size: int) -> bytes:
    assert size == 32
    return SEED


def never(size: int) -> bytes:
    raise AssertionError("no new key")


def test_a_key_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    path.with_suffix(".new").write_text("what a crash left", encoding="ascii")
    assert load_or_make(path, seed).peer_id == ANN.peer_id
    assert path.read_text(encoding="ascii") == SEED.hex() + "\n"
    assert [p.name for p in tmp_path.iterdir()] == ["identity.key"]
    assert load_or_make(path, never, expected=ANN.peer_id.hex()).peer_id == ANN.peer_id


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    load_or_make(path, seed)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ProfileError, match="chmod 600"):
        load_or_make(path, never)


def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="is missing"):
        load_or_make(tmp_path / "identity.key", never, expected=ANN.peer_id.hex())


@pytest.mark.parametrize("text", [b"", b"not hex", b"00" * 31, b"00" * 33, b"\xff\xfe"])
def test_a_damaged_key_is_said_to_be_so(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "identity.key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(ProfileError, match="backup"):
        load_or_make(path, never)
    assert path.read_bytes() == text


def test_the_key_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    load_or_make(path, bytes)
    with pytest.raises(ProfileError, match="somebody else"):
        load_or_make(path, never, expected=ANN.peer_id.hex())


def test_a_folder_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="Cannot write"):
        load_or_make(tmp_path / "none" / "identity.key", seed)
