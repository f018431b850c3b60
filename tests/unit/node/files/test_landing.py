"""Attack 22: what is planted where files land is neither followed nor changed."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from p2pim.errors import BadInput, Forbidden, LocalProtocolError, NotNow
from p2pim.node.files import landing as module
from p2pim.node.files.landing import PARTIAL, Landing, mark_downloaded

NAME = "0123456789abcdef"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to somebody else")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "in")


def finished(landing: Landing, data: bytes = b"data", name: str = NAME) -> Path:
    path = landing.folder_named(name) / "data"
    descriptor = landing.open_new(path)
    os.write(descriptor, data)
    os.close(descriptor)
    return path


def test_a_file_gets_its_place_and_nothing_is_left(landing: Landing, tmp_path: Path) -> None:
    path = landing.publish_file(finished(landing), "../report.pdf")
    assert path == tmp_path / "in" / "report.pdf"
    assert path.read_bytes() == b"data"
    assert not path.stat().st_mode & 0o111
    landing.discard(tmp_path / "in" / PARTIAL / NAME)
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["report.pdf"]


def test_private_while_incomplete(landing: Landing, tmp_path: Path) -> None:
    path = finished(landing)
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        landing.open_new(path)
    os.close(landing.open_again(path))
    landing.folder_named("f" * 16)
    landing.discard_folder(NAME)
    assert (tmp_path / "in" / PARTIAL).exists(), "another is still there"


def test_nothing_that_is_there_is_replaced(landing: Landing, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"mine")
    (folder / "a (1).txt").symlink_to(tmp_path / "nowhere")
    (folder / "a (2).txt").mkdir()
    path = landing.publish_file(finished(landing), "a.txt")
    assert path.name == "a (3).txt"
    assert (folder / "a.txt").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()
    tree = landing.folder_named("1" * 16) / "data"
    tree.mkdir()
    (tree / "x").write_bytes(b"x")
    (folder / "b").mkdir()
    assert landing.publish_folder(tree, "b").name == "b (1)"
    assert not any((folder / "b").iterdir())


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP])
def test_without_hard_links(
    landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr("os.link", refused)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"mine")
    path = landing.publish_file(finished(landing), "a")
    assert (path.name, path.read_bytes()) == ("a (1)", b"data")
    assert (tmp_path / "in" / "a").read_bytes() == b"mine"


def test_what_fails_otherwise_is_told(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = finished(landing)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("os.link", broken)
    with pytest.raises(OSError, match="broken"):
        landing.publish_file(partial, "a")


def test_too_many_of_one_name(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIES", 1)
    for number in range(2):
        landing.publish_file(finished(landing, name=f"{number}" * 16), "a")
    with pytest.raises(BadInput, match="too many files called a"):
        landing.publish_file(finished(landing), "a")


def test_a_folder_somebody_fills_meanwhile(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = landing.folder_named(NAME) / "data"
    tree.mkdir()
    real, tries = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        tries.append(target)
        if len(tries) == 1:
            (target / "planted").write_bytes(b"x")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert landing.publish_folder(tree, "b").name == "b (1)"
    assert (tries[0] / "planted").read_bytes() == b"x"


def test_links_in_place_of_ours(landing: Landing, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "victim").write_bytes(b"victim")
    path = finished(landing)
    path.unlink()
    path.symlink_to(elsewhere / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        landing.open_again(path)
    with pytest.raises(FileExistsError):
        landing.open_new(path)
    path.unlink()
    os.link(elsewhere / "victim", path)
    with pytest.raises(Forbidden, match="not what p2pim has put there"):
        landing.open_again(path)
    landing.discard(path.parent)
    assert (elsewhere / "victim").read_bytes() == b"victim"
    (folder / PARTIAL).symlink_to(elsewhere)
    with pytest.raises(Forbidden, match="not a private folder of yours"):
        landing.folder_named(NAME)
    assert [p.name for p in elsewhere.iterdir()] == ["victim"]


def test_a_partial_folder_others_can_read(landing: Landing, tmp_path: Path) -> None:
    (tmp_path / "in" / PARTIAL).mkdir(parents=True)
    (tmp_path / "in" / PARTIAL).chmod(0o755)
    with pytest.raises(Forbidden):
        landing.folder_named(NAME)


def test_a_download_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadInput, match="cannot be used for files"):
            Landing(path).folder_named(NAME)


@needs_root
def test_a_link_that_somebody_else_has_made(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    Landing(link).folder_named(NAME)
    os.chown(link, 65534, 65534, follow_symlinks=False)
    with pytest.raises(Forbidden, match="somebody else has made"):
        Landing(link).folder_named(NAME)
    os.chown(tmp_path / "real" / PARTIAL, 65534, 65534)
    with pytest.raises(Forbidden):
        Landing(tmp_path / "real").folder_named(NAME)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(BadInput, match="cannot be written"):
        Landing(tmp_path).folder_named(NAME)


def test_only_what_is_incomplete_is_thrown_away(landing: Landing, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "in" / NAME, tmp_path / "in" / PARTIAL / ".."):
        with pytest.raises(LocalProtocolError):
            landing.discard(path)
    with pytest.raises(LocalProtocolError):
        landing.folder_named("../../x")


def test_space(tmp_path: Path) -> None:
    landing = Landing(tmp_path, reserve=1000, free=lambda _: (5_000_000, 1_000_000_000))
    landing.check_space(4_999_000)
    with pytest.raises(NotNow, match="free 1 MB, then try again"):
        landing.check_space(4_999_001)
    small = Landing(tmp_path, free=lambda _: (100, 1000))
    small.check_space(50)
    with pytest.raises(NotNow):
        small.check_space(51)
    Landing(tmp_path).check_space(0)


def test_a_racer_who_plants_names_changes_nothing(tmp_path: Path) -> None:
    landing, folder = Landing(tmp_path / "in"), tmp_path / "in"
    victims = tmp_path / "victims"
    victims.mkdir()
    for number in range(20):
        (victims / str(number)).write_bytes(b"victim")
    stop = threading.Event()
    folder.mkdir()

    def race() -> None:
        number = 0
        while not stop.is_set():
            target = folder / f"f ({number % 50}).bin"
            try:
                if number % 3:
                    target.symlink_to(victims / str(number % 20))
                else:
                    target.write_bytes(b"") if not target.exists() else None
            except OSError:
                pass
            number += 1

    racer = threading.Thread(target=race)
    racer.start()
    placed = []
    try:
        for number in range(200):
            name = f"{number:016x}"
            placed.append(
                (landing.publish_file(finished(landing, name.encode(), name), "f.bin"), name.encode())
            )
            landing.discard_folder(name)
    finally:
        stop.set()
        racer.join()
    assert all(path.read_bytes() == data and not path.is_symlink() for path, data in placed)
    assert {hashlib.sha256(p.read_bytes()).hexdigest() for p in victims.iterdir()} == {
        hashlib.sha256(b"victim").hexdigest()
    }


def test_marks_of_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.exe"
    path.write_bytes(b"MZ")
    mark_downloaded(path, "win32")
    assert "ZoneId=3" in Path(f"{path}:Zone.Identifier").read_text(encoding="ascii")
    marked: list[Path] = []
    monkeypatch.setattr(module, "_set_quarantine", marked.append)
    mark_downloaded(path, "darwin")
    mark_downloaded(path, "linux")
    assert marked == [path]
    mark_downloaded(tmp_path / "no" / "folder", "win32")
