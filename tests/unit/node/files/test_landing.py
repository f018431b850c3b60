"""Where received files land: attack 22, links planted where something is going to be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pim.errors import BadInput, Forbidden, LocalProtocolError, NotNow
from p2pim.node.files.landing import PARTIAL, Landing, free_and_total
from tests.as_nobody import NOBODY, as_nobody
from tests.received import complete, complete_folder, failing, mode, state

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can pose as another user")
GB = 10**9


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


# -- the folders


def test_folders_are_made_when_they_are_needed_and_private(downloads: Path) -> None:
    landing = Landing(downloads / "a" / "b")
    assert not downloads.exists()
    folder = landing.new_folder()
    assert folder.parent == downloads / "a" / "b" / PARTIAL
    assert len(folder.name) == 16
    assert int(folder.name, 16) >= 0
    assert mode(folder) == mode(folder.parent) == 0o700
    assert landing.new_folder() != folder


def test_a_transfer_finds_its_folder_again(landing: Landing) -> None:
    folder = landing.new_folder("0123456789abcdef")
    (folder / "kept").touch()
    assert landing.new_folder("0123456789abcdef") == folder
    assert (folder / "kept").exists()


@pytest.mark.parametrize(
    "name", ["", "..", "0123456789abcde", "0123456789ABCDEF", "../456789abcdef0", "x" * 16]
)
def test_a_private_folder_has_no_other_name(landing: Landing, name: str) -> None:
    with pytest.raises(LocalProtocolError):
        landing.new_folder(name)


def test_a_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    landing = Landing(Path("here"))
    monkeypatch.chdir("/")
    assert landing.new_folder().parent == tmp_path / "here" / PARTIAL


def test_a_download_folder_that_is_none(downloads: Path, landing: Landing) -> None:
    downloads.write_text("a file")
    with pytest.raises(BadInput, match="is not a folder: choose another"):
        landing.new_folder()
    downloads.unlink()
    downloads.symlink_to("nowhere")
    with pytest.raises(BadInput, match=r"Cannot write to .* \(no such file or directory\): .*choose another"):
        landing.new_folder()
    with pytest.raises(BadInput, match="Cannot write to"):
        Landing(Path("/dev/null/downloads")).check_space(0)


def test_a_download_folder_behind_a_link_of_ones_own_is_ones_own_business(
    downloads: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    downloads.symlink_to("disk")
    landing = Landing(downloads)
    assert landing.publish_file(complete(landing), "a.txt") == downloads / "a.txt"
    assert (tmp_path / "disk" / "a.txt").read_bytes() == b"new"


@ROOT_ONLY
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_that_somebody_else_made_is_no_download_folder(
    downloads: Path, landing: Landing, tmp_path: Path, exists: bool
) -> None:
    partial = complete(landing)
    other = tmp_path / "other"
    other.symlink_to("trap")
    if exists:
        (tmp_path / "trap").mkdir()
    os.chown(other, NOBODY, NOBODY, follow_symlinks=False)
    for act in (
        lambda: Landing(other).new_folder(),
        lambda: Landing(other).check_space(1),
        lambda: landing.publish_file(partial, "a", other),
        lambda: landing.publish_folder(partial.parent, "a", other),
    ):
        with pytest.raises(
            Forbidden, match=rf"another user \(uid {NOBODY}\).*choose another download folder"
        ):
            act()
    assert list(tmp_path.glob("trap/*")) == []
    assert partial.exists()


@ROOT_ONLY
def test_a_link_of_root_is_trusted_and_a_folder_without_rights_is_refused(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    (short_tmp / "disk").mkdir()
    os.chown(short_tmp / "disk", NOBODY, NOBODY)
    (short_tmp / "link").symlink_to("disk")
    (short_tmp / "closed").mkdir()
    said = as_nobody(
        f"""
from pathlib import Path
from p2pim.errors import UserError
from p2pim.node.files.landing import Landing
print(Landing(Path({str(short_tmp / "link")!r})).new_folder().is_dir())
for name in ("closed", "closed/deeper"):
    try:
        Landing(Path({str(short_tmp)!r}) / name).new_folder()
    except UserError as error:
        print(type(error).__name__, error)
""",
        "p2pim.node.files.landing",
    )
    assert said.splitlines() == [
        "True",
        *(
            f"BadInput Cannot write to {short_tmp / name} (permission denied): "
            "mend its permissions, or choose another download folder."
            for name in ("closed", "closed/deeper")
        ),
    ]


@pytest.mark.parametrize("leads", ["trap", "nowhere"])
def test_a_link_is_no_private_folder(downloads: Path, landing: Landing, tmp_path: Path, leads: str) -> None:
    downloads.mkdir()
    (tmp_path / "trap").mkdir(mode=0o700)
    (tmp_path / "trap" / "precious").touch()
    (downloads / PARTIAL).symlink_to(tmp_path / leads)
    for act in (
        lambda: landing.new_folder("0" * 16),
        lambda: landing.open_new(downloads / PARTIAL / "evil"),
        lambda: landing.open_again(downloads / PARTIAL / "precious"),
        lambda: landing.discard(downloads / PARTIAL / "precious"),
        lambda: landing.publish_file(downloads / PARTIAL / "precious", "a"),
    ):
        with pytest.raises(Forbidden, match=r"was not made by p2pim.*: remove it, then try again"):
            act()
    assert [path.name for path in (tmp_path / "trap").iterdir()] == ["precious"]
    assert [path.name for path in downloads.iterdir()] == [PARTIAL]


def test_a_link_or_a_file_is_no_folder_of_a_transfer(landing: Landing, tmp_path: Path) -> None:
    folder = landing.new_folder()
    folder.rmdir()
    folder.symlink_to(tmp_path, target_is_directory=True)
    for act in (landing.new_folder, lambda name: landing.open_new(folder / name)):
        with pytest.raises((Forbidden, LocalProtocolError)):
            act(folder.name)
    folder.unlink()
    folder.touch()
    with pytest.raises(Forbidden, match="was not made by p2pim"):
        landing.new_folder(folder.name)


@ROOT_ONLY
def test_a_private_folder_of_somebody_else_is_refused(downloads: Path, landing: Landing) -> None:
    landing.new_folder()
    os.chown(downloads / PARTIAL, NOBODY, NOBODY)
    with pytest.raises(Forbidden, match="was not made by p2pim"):
        landing.new_folder()


def test_a_private_folder_that_others_can_enter_is_refused(downloads: Path, landing: Landing) -> None:
    landing.new_folder()
    (downloads / PARTIAL).chmod(0o750)
    with pytest.raises(Forbidden, match=f"open to other users: run `chmod 700 {downloads / PARTIAL}`"):
        landing.new_folder()


@pytest.mark.parametrize(
    ("times", "number", "why"),
    [(9, errno.EROFS, "read-only file system"), (9, errno.ENOENT, "no such file"), (1, errno.ENOENT, None)],
)
def test_a_private_folder_that_cannot_be_made(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, times: int, number: int, why: str | None
) -> None:
    made = Path.mkdir
    failed: list[Path] = []

    def mkdir(path: Path, *args: Any, **options: Any) -> None:
        if path.parent.name == PARTIAL and len(failed) < times:
            failed.append(path)
            failing(number)()
        made(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    if why is None:  # the folder above was removed in that moment
        assert landing.new_folder().is_dir()
        return
    with pytest.raises(
        BadInput, match=rf"Cannot write to .* \({why}.*: mend its permissions, or choose another"
    ):
        landing.new_folder()


def test_a_download_folder_that_cannot_be_written(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(BadInput, match=r"Cannot write to .* \(permission denied\)"):
        landing.new_folder()


# -- space


@pytest.mark.parametrize(
    ("free", "total", "size", "missing"),
    [
        (100 * GB, 1000 * GB, 98 * GB, None),
        (100 * GB, 1000 * GB, 99 * GB, "74 MB"),
        (100 * GB, 1000 * GB, 200 * GB, "102 GB"),
        (100 * GB, 1000 * GB, 100 * GB - (1 << 30), None),
        (100 * GB, 1000 * GB, 100 * GB - (1 << 30) + 1, "1 MB"),
        (GB, 2 * GB, 900_000_000, None),  # a twentieth of a small disk
        (GB, 2 * GB, 900_000_001, "1 MB"),
        (0, 2 * GB, 0, "100 MB"),
        (5, 10, 5, None),
    ],
)
def test_what_does_not_fit_is_refused(
    downloads: Path, free: int, total: int, size: int, missing: str | None
) -> None:
    landing = Landing(downloads, free=lambda folder: (free, total) if folder == downloads else (0, 0))
    if missing is None:
        landing.check_space(size)
        return
    with pytest.raises(
        NotNow, match=f"not enough space for this in {downloads}: free {missing} more there, or"
    ):
        landing.check_space(size)


def test_the_reserve_can_be_chosen_and_a_disk_may_not_say(downloads: Path) -> None:
    Landing(downloads, reserve=0, free=lambda _: (5, 1000)).check_space(5)
    with pytest.raises(BadInput, match="Cannot write"):
        Landing(downloads, free=failing(errno.EIO)).check_space(1)


def test_the_real_disk_tells(downloads: Path, landing: Landing) -> None:
    landing.check_space(0)
    free, total = free_and_total(downloads)
    assert 0 < free <= total
    with pytest.raises(NotNow):
        landing.check_space(total)


# -- partial files


def test_a_partial_file_is_private_and_opened_again(landing: Landing) -> None:
    path = complete(landing, b"12")
    assert mode(path) == 0o600
    with os.fdopen(landing.open_again(path), "r+b") as stream:
        assert stream.read() == b"12"
        stream.write(b"3")
    assert path.read_bytes() == b"123"
    descriptor = landing.open_again(path)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
    with pytest.raises(FileNotFoundError):
        landing.open_again(path.with_name("never"))


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_at_the_name_of_a_partial_file_is_not_followed(
    landing: Landing, tmp_path: Path, exists: bool
) -> None:
    victim = tmp_path / "victim"
    if exists:
        victim.write_text("precious")
    link = landing.new_folder() / "part"
    link.symlink_to(victim)
    with pytest.raises(FileExistsError):
        landing.open_new(link)
    with pytest.raises(Forbidden, match="was not made by p2pim"):
        landing.open_again(link)
    with pytest.raises(Forbidden):
        landing.publish_file(link, "a")
    assert victim.exists() == exists
    landing.discard(link)
    assert not link.is_symlink()
    assert victim.exists() == exists


def test_a_partial_file_with_another_name_elsewhere_is_refused(landing: Landing, tmp_path: Path) -> None:
    path = complete(landing)
    os.link(path, tmp_path / "other")
    for act in (landing.open_again, lambda path: landing.publish_file(path, "a")):
        with pytest.raises(Forbidden):
            act(path)
    with pytest.raises(FileExistsError):
        landing.open_new(path)


@ROOT_ONLY
def test_a_partial_file_of_somebody_else_is_refused(landing: Landing) -> None:
    path = complete(landing)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(Forbidden):
        landing.open_again(path)


def test_what_is_no_file_is_no_partial_file(landing: Landing) -> None:
    folder = landing.new_folder()
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(Forbidden):
            landing.open_again(folder / name)


def test_only_what_is_in_the_private_folder_is_touched(
    downloads: Path, landing: Landing, tmp_path: Path
) -> None:
    folder = landing.new_folder()
    (downloads / "precious").touch()
    (folder / "out").symlink_to(tmp_path)
    (tmp_path / "precious").touch()
    before = state(tmp_path)
    for path in (
        downloads,
        downloads / PARTIAL,
        downloads / "precious",
        downloads / "new",
        folder / ".." / ".." / "precious",
        folder / "out" / "precious",
        Path("relative"),
    ):
        acts: list[Callable[[Path], object]] = [landing.open_new, landing.open_again, landing.discard]
        acts += [lambda path: landing.publish_file(path, "a"), lambda path: landing.publish_folder(path, "a")]
        for act in acts:
            with pytest.raises(LocalProtocolError):
                act(path)
    assert state(tmp_path) == before


def test_what_is_incomplete_is_removed_and_no_link_followed(landing: Landing, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    tree = complete_folder(landing)
    (tree / "link").symlink_to(tmp_path / "precious")
    (tree / "inner" / "link").symlink_to(tmp_path / "precious" / "file")
    landing.discard(tree.parent)
    assert not tree.parent.exists()
    assert (tmp_path / "precious" / "file").exists()
    path = complete(landing)
    landing.discard(path)
    assert not path.exists()
    landing.discard(path)
    Landing(tmp_path / "none").discard(tmp_path / "none" / PARTIAL / "0")


def test_what_is_in_use_stays(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    path = complete(landing)
    monkeypatch.setattr(Path, "unlink", failing(errno.EACCES))
    landing.discard(path)
    assert path.exists()
