from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.daemon.files import sync_folder, write_private


def test_a_new_file_is_private_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    previous = os.umask(0)
    try:
        assert write_private(file, [b"one ", b"", b"two"]) == 7
    finally:
        os.umask(previous)
    assert file.read_bytes() == b"one two"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for taken in (file, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            write_private(taken, [b"new"])
    assert file.read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()


def test_half_a_file_is_none(tmp_path: Path) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyError

    with pytest.raises(KeyError):
        write_private(tmp_path / "file", breaks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full = os.open

    def onto_the_full_disk(path: str, flags: int, mode: int = 0o777) -> int:
        full_disk = full("/dev/full", os.O_WRONLY)
        os.close(full(path, flags, mode))
        return full_disk

    monkeypatch.setattr("p2pim.daemon.files.os.open", onto_the_full_disk)
    with pytest.raises(OSError, match="space") as caught:
        write_private(tmp_path / "file", [b"x"])
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path) -> None:
    sync_folder(tmp_path)
    sync_folder(tmp_path / "none")
