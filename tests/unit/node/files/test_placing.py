"""What is complete gets its place: attack 22, links and files planted at the names that will be tried."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pim.errors import BadInput, Forbidden, NotNow
from p2pim.node.files import landing as module
from p2pim.node.files import placing
from p2pim.node.files.landing import PARTIAL, Landing
from tests.received import complete, complete_folder, failing, mode, state


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


@pytest.fixture
def landing(downloads: Path) -> Landing:
    return Landing(downloads)


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


# -- publishing files


def test_a_file_is_published_under_a_safe_name(downloads: Path, landing: Landing) -> None:
    partial = complete(landing)
    partial.chmod(0o700)
    target = landing.publish_file(partial, "../../evil\u202egpj.exe ")
    assert target == downloads / "evilgpj.exe"
    assert target.read_bytes() == b"new"
    assert mode(target) == 0o644
    assert list(partial.parent.iterdir()) == []


@pytest.mark.parametrize(("umask", "expected"), [(0o077, 0o600), (0o027, 0o640), (0o002, 0o664), (0, 0o666)])
def test_the_umask_says_who_may_read(landing: Landing, umask: int, expected: int) -> None:
    os.umask(umask)
    assert mode(landing.publish_file(complete(landing), "a")) == expected
    folder = landing.publish_folder(complete_folder(landing), "b")
    assert mode(folder) == mode(folder / "inner") == expected | (expected & 0o444) >> 2
    assert mode(folder / "one") == mode(folder / "inner" / "two") == expected
    assert os.umask(umask) == umask


def plant(downloads: Path, tmp_path: Path) -> dict[str, tuple[int, str]]:
    """Something at each name that will be tried; what is there then, and outside."""
    downloads.mkdir(exist_ok=True)
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "victims").mkdir()
    (downloads / "a.txt").write_text("mine")
    (downloads / "a (1).txt").symlink_to("nowhere")
    (downloads / "a (2).txt").symlink_to(tmp_path / "victim")
    (downloads / "a (3).txt").symlink_to(tmp_path / "victims")
    (downloads / "a (4).txt").mkdir()
    (downloads / "a (5).txt").mkdir()
    (downloads / "a (5).txt" / "inside").touch()
    os.mkfifo(downloads / "a (6).txt")
    return state(tmp_path)


@pytest.mark.parametrize(
    "number", [None, errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS]
)
def test_nothing_that_is_there_is_replaced(
    downloads: Path, landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    partial = complete(landing)
    before = plant(downloads, tmp_path)
    if number:
        monkeypatch.setattr(os, "link", failing(number))
    target = landing.publish_file(partial, "a.txt")
    assert target == downloads / "a (7).txt"
    assert target.read_bytes() == b"new"
    assert mode(target) == 0o644
    after = state(tmp_path)
    assert {name: after.get(name) for name in before if not name.endswith("/part")} == {
        name: found for name, found in before.items() if not name.endswith("/part")
    }
    assert len(after) == len(before)  # one gone, one come


def test_a_system_that_cannot_link_a_link(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(os, "link", unknown)
    assert landing.publish_file(complete(landing), "a").read_bytes() == b"new"


def test_what_took_the_place_of_our_empty_file_is_not_replaced(
    downloads: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = complete(landing)
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    opened = os.open

    def racing(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened(path, flags, mode)
        if Path(path) == downloads / "a":
            (downloads / "a").unlink()
            (downloads / "a").symlink_to("theirs")
        if Path(path) == downloads / "a (1)":
            (downloads / "a (1)").unlink()
        return descriptor

    monkeypatch.setattr(os, "open", racing)
    assert landing.publish_file(partial, "a") == downloads / "a (2)"
    assert (downloads / "a").readlink() == Path("theirs")


@pytest.mark.parametrize("swapped", [False, True])
def test_our_empty_file_does_not_stay_behind(
    downloads: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch, swapped: bool
) -> None:
    partial = complete(landing)
    monkeypatch.setattr(os, "link", failing(errno.EPERM))

    def fail(_self: Path, target: Path) -> None:
        if swapped:
            target.unlink()
            target.symlink_to("theirs")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(BadInput, match="input/output error"):
        landing.publish_file(partial, "a")
    assert partial.read_bytes() == b"new"
    assert (downloads / "a").is_symlink() == swapped
    assert os.path.lexists(downloads / "a") == swapped


def test_a_folder_full_of_one_name(
    downloads: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "_LAST_NUMBER", 3)
    for name in ("a", "a (1)", "a (2)", "a (3)"):
        assert landing.publish_file(complete(landing), "a") == downloads / name
    with pytest.raises(BadInput, match=r"too many files called a in .*: move them away"):
        landing.publish_file(complete(landing), "a")
    with pytest.raises(BadInput, match="too many"):
        landing.publish_folder(complete_folder(landing), "a")


def test_a_disk_that_fails_is_named(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    partial, tree = complete(landing), complete_folder(landing)
    monkeypatch.setattr(os, "link", failing(errno.ENOSPC))
    monkeypatch.setattr(Path, "rename", failing(errno.EIO))
    with pytest.raises(BadInput, match="no space left on device"):
        landing.publish_file(partial, "a")
    with pytest.raises(BadInput, match="input/output error"):
        landing.publish_folder(tree, "b")
    assert [path.name for path in landing.new_folder().parent.parent.iterdir()] == [PARTIAL]


# -- publishing folders


def test_a_folder_is_published_whole(downloads: Path, landing: Landing) -> None:
    partial = complete_folder(landing)
    target = landing.publish_folder(partial, "../.git")
    assert target == downloads / "git"
    assert {str(path.relative_to(target)) for path in target.rglob("*")} == {"one", "inner", "inner/two"}
    assert (mode(target), mode(target / "inner"), mode(target / "one")) == (0o755, 0o755, 0o644)
    assert not partial.exists()


def test_no_folder_goes_over_or_into_what_is_there(downloads: Path, landing: Landing, tmp_path: Path) -> None:
    partial = complete_folder(landing)
    before = plant(downloads, tmp_path)
    target = landing.publish_folder(partial, "a.txt")
    assert target == downloads / "a (7).txt"
    after = state(tmp_path)
    assert {name: found for name, found in after.items() if name in before} == {
        name: found for name, found in before.items() if "/tree" not in name
    }


@pytest.mark.parametrize("planted", ["file inside", "link instead", "file instead"])
def test_a_folder_into_which_somebody_puts_something_is_theirs(
    downloads: Path, landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    partial = complete_folder(landing)
    made = Path.mkdir

    def racing(path: Path, *args: Any, **options: Any) -> None:
        made(path, *args, **options)
        if path == downloads / "a":
            if planted == "file inside":
                (path / "theirs").touch()
                return
            path.rmdir()
            path.symlink_to(tmp_path) if planted == "link instead" else path.touch()

    monkeypatch.setattr(Path, "mkdir", racing)
    assert landing.publish_folder(partial, "a") == downloads / "a (1)"
    assert not (downloads / "a" / "one").exists()
    assert (downloads / "a (1)" / "inner" / "two").read_text() == "two"
    assert (downloads / "a").is_symlink() == (planted == "link instead")


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe", "hard link"])
def test_a_folder_that_holds_other_things_than_files_is_not_published(
    downloads: Path, landing: Landing, tmp_path: Path, kind: str
) -> None:
    partial = complete_folder(landing)
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "victim").chmod(0o600)
    evil = partial / "inner" / "evil"
    if kind == "pipe":
        os.mkfifo(evil)
    elif kind == "hard link":
        os.link(tmp_path / "victim", evil)
    else:
        evil.symlink_to(tmp_path / "victim" if kind == "link" else tmp_path)
    with pytest.raises(Forbidden):
        landing.publish_folder(partial, "a")
    assert mode(tmp_path / "victim") == 0o600
    assert [path.name for path in downloads.iterdir()] == [PARTIAL]


# -- elsewhere


def test_what_is_saved_elsewhere_follows_the_same_rules(landing: Landing, tmp_path: Path) -> None:
    into = tmp_path / "elsewhere"
    assert landing.publish_file(complete(landing), "a.txt", into) == into / "a.txt"
    assert landing.publish_file(complete(landing), "a.txt", into) == into / "a (1).txt"
    assert landing.publish_folder(complete_folder(landing), "b", into) == into / "b"
    assert sorted(path.name for path in into.iterdir()) == ["a (1).txt", "a.txt", "b"]
    (into / "c").touch()
    with pytest.raises(BadInput, match="is not a folder"):
        landing.publish_file(complete(landing), "a.txt", into / "c")


def other_disk(monkeypatch: pytest.MonkeyPatch, downloads: Path) -> None:
    """Nothing can be linked or moved from the download folder's disk."""
    for where, name in ((os, "link"), (Path, "replace"), (Path, "rename")):
        real = getattr(where, name)

        def act(source: Path, target: Path, _real: Callable[..., Any] = real, **options: Any) -> Any:
            if source.is_relative_to(downloads) != target.is_relative_to(downloads):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            return _real(source, target, **options)

        monkeypatch.setattr(where, name, act)


def test_another_disk_gets_a_copy(
    downloads: Path, landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_disk(monkeypatch, downloads)
    into = tmp_path / "elsewhere"
    into.mkdir()
    (into / "a.txt").symlink_to("nowhere")
    partial, tree = complete(landing), complete_folder(landing)
    assert landing.publish_file(partial, "a.txt", into) == into / "a (1).txt"
    assert landing.publish_folder(tree, "b", into) == into / "b"
    assert (into / "a (1).txt").read_bytes() == b"new"
    assert (into / "b" / "inner" / "two").read_text() == "two"
    assert (mode(into / "a (1).txt"), mode(into / "b"), mode(into / "b" / "one")) == (0o644, 0o755, 0o644)
    assert sorted(path.name for path in into.iterdir()) == ["a (1).txt", "a.txt", "b"]
    assert not partial.exists()
    assert not tree.exists()


def test_another_disk_may_be_full(downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other_disk(monkeypatch, downloads)
    into = tmp_path / "elsewhere"
    landing = Landing(downloads, free=lambda folder: (10**9 if folder == downloads else 1, 10))
    partial = complete(landing)
    with pytest.raises(NotNow, match=f"not enough space for this in {into}"):
        landing.publish_file(partial, "a", into)
    landing = Landing(downloads)
    monkeypatch.setattr(shutil, "copyfile", failing(errno.ENOSPC))
    with pytest.raises(BadInput, match="no space left on device"):
        landing.publish_file(partial, "a", into)
    tree = complete_folder(landing)
    monkeypatch.setattr(shutil, "copytree", failing(errno.EIO))
    with pytest.raises(BadInput, match="input/output error"):
        landing.publish_folder(tree, "a", into)
    assert list(into.iterdir()) == []
    assert partial.read_bytes() == b"new"


# -- somebody who is quick


def put_theirs(path: Path, at: int, outside: Path) -> None:
    """A file, a link to one, or a link to where none is; FileExistsError if something has the name."""
    if at % 3 == 2:
        with path.open("x") as stream:
            stream.write(f"theirs {at}")
    else:
        path.symlink_to(outside / ("victim" if at % 3 == 0 else f"new{at}"))


def is_theirs(path: Path, at: int, outside: Path) -> bool:
    if at % 3 == 2:
        return path.read_text() == f"theirs {at}"
    return path.readlink() == outside / ("victim" if at % 3 == 0 else f"new{at}")


@pytest.mark.parametrize("number", [None, errno.EPERM])
def test_somebody_quick_gets_nothing_changed_and_nothing_outside(
    downloads: Path, landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    if number:
        monkeypatch.setattr(os, "link", failing(number))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("precious")
    files = [complete(landing, f"new {at}".encode()) for at in range(180)]
    trees = [complete_folder(landing) for _ in range(20)]
    names = ["a.txt", *(f"a ({at}).txt" for at in range(1, 600))]
    for at in range(0, 600, 7):  # some are there from the beginning
        (downloads / names[at]).write_text(f"theirs {at}")
    before, planted, stop = state(outside), {}, threading.Event()

    def race() -> None:
        for at, name in enumerate(names):
            with contextlib.suppress(FileExistsError):
                put_theirs(downloads / name, at, outside)
                planted[name] = at
            if stop.wait(0.0005):
                return

    racer = threading.Thread(target=race)
    racer.start()
    try:
        published = [landing.publish_file(partial, "a.txt") for partial in files[:90]]
        placed = [landing.publish_folder(partial, "a.txt") for partial in trees]
        published += [landing.publish_file(partial, "a.txt") for partial in files[90:]]
    finally:
        stop.set()
        racer.join()
    assert [path.read_text() for path in published] == [f"new {at}" for at in range(180)]
    assert all((path / "inner" / "two").read_text() == "two" for path in placed)
    assert not any(path.is_symlink() for path in (*published, *placed))
    assert state(outside) == before
    assert planted
    ours = {path.name for path in (*published, *placed)}
    assert len(ours) == 200
    assert not ours & set(planted)
    for name, at in planted.items():
        assert is_theirs(downloads / name, at, outside)
    for at in range(0, 600, 7):
        assert (downloads / names[at]).read_text() == f"theirs {at}"


# -- Windows


def test_without_posix_a_rename_does_not_replace(
    downloads: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def windows(path: Path, target: Path) -> Path:
        if target.exists():
            raise FileExistsError
        return rename(path, target)

    for part in (placing, module):
        monkeypatch.setattr(part, "POSIX", False)
    monkeypatch.setattr(Path, "rename", windows)
    (downloads / PARTIAL).mkdir(parents=True)
    (downloads / "a").mkdir()
    assert landing.publish_folder(complete_folder(landing), "a") == downloads / "a (1)"
    assert landing.publish_file(complete(landing), "a") == downloads / "a (2)"
    monkeypatch.setattr(os, "link", failing(errno.EINVAL))  # a FAT disk
    assert landing.publish_file(complete(landing), "a") == downloads / "a (3)"
