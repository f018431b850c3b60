"""The mark of what came from elsewhere, as each system has it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from p2pim.node.files import mark
from p2pim.node.files.mark import mark_downloaded
from tests.received import failing


def marked(path: Path, source: str, platform: str) -> list[tuple[Path, str, bytes]]:
    found: list[tuple[Path, str, bytes]] = []
    mark_downloaded(path, source, platform=platform, write=lambda *mark: found.append(mark))
    return found


def test_each_system_gets_its_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.touch()
    os.utime(file, (0x5E0BE100, 0x5E0BE100))
    assert marked(file, "Ann", "linux") == []
    assert marked(file, "Ann", "win32") == [(file, "Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\n")]
    for source, agent in (("Ann; 0000;\n", "Ann 0000"), (";", "p2pim"), ("n" * 100, "n" * 64)):
        value = f"0081;5e0be100;{agent};".encode()
        assert marked(file, source, "darwin") == [(file, "com.apple.quarantine", value)]


def test_all_in_a_folder_is_marked_and_no_link(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").touch()
    (folder / "link").symlink_to("inner", target_is_directory=True)
    (tmp_path / "link").symlink_to(folder / "inner" / "file")
    assert [path for path, _, _ in marked(folder, "Ann", "darwin")] == [folder / "inner" / "file"]
    assert marked(tmp_path / "link", "Ann", "win32") == []


def test_a_disk_without_room_for_marks_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    mark_downloaded(tmp_path / "a", "Ann", platform="win32", write=failing(errno.ENOTSUP))
    mark_downloaded(tmp_path / "a", "Ann")
    mark_downloaded(tmp_path / "moved away", "Ann", platform="darwin")


def test_the_mark_of_windows_is_a_stream_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    mark_downloaded(tmp_path / "a", "Ann", platform="win32")
    assert (tmp_path / "a:Zone.Identifier").read_bytes() == b"[ZoneTransfer]\r\nZoneId=3\r\n"


@pytest.mark.parametrize("answer", [0, -1])
def test_the_mark_of_macos_is_an_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    import ctypes  # noqa: PLC0415

    calls: list[tuple[Any, ...]] = []

    class System:
        @staticmethod
        def setxattr(path: bytes, name: bytes, value: bytes, *rest: Any) -> int:
            calls.append((path, name, value[:5], getattr(rest[0], "value", None), *rest[1:]))
            return answer

    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: System)
    (tmp_path / "a").touch()
    mark_downloaded(tmp_path / "a", "Ann", platform="darwin")
    length = len("0081;5e0be100;Ann;")
    assert calls == [(os.fsencode(tmp_path / "a"), b"com.apple.quarantine", b"0081;", length, 0, 1)]
    if answer:
        with pytest.raises(OSError, match="a"):
            mark._write_attribute(tmp_path / "a", "user.p2pim", b"value")
