from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pim.node.files.landing import Landing
from p2pim.node.files.tree import Entry, Partial, SourceChanged, Tree, split
from p2pim.protocol.offer import CHUNK


def entry(path: Path) -> Entry:
    status = path.stat()
    return Entry(path, status.st_size, status.st_mtime_ns)


def files(folder: Path, *sizes: int) -> tuple[list[Entry], bytes]:
    whole = b""
    entries = []
    for number, size in enumerate(sizes):
        path = folder / f"f{number}"
        data = os.urandom(size)
        path.write_bytes(data)
        whole += data
        entries.append(entry(path))
    return entries, whole


def read(tree: Tree, chunk: int, size: int) -> bytes:
    buffer = bytearray(size)
    view = memoryview(buffer)
    tree.read(chunk, [view[: size // 3], view[size // 3 :]])
    return bytes(buffer)


@pytest.fixture(params=["preadv", "windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "windows":
        monkeypatch.delattr("os.preadv")
        monkeypatch.delattr("os.pwritev")


@pytest.mark.usefixtures("system")
def test_files_one_after_the_other(tmp_path: Path) -> None:
    entries, whole = files(tmp_path, 10, 0, CHUNK, 5, 2 * CHUNK)
    tree = Tree(entries)
    assert tree.size == len(whole) == 3 * CHUNK + 15
    assert read(tree, 0, CHUNK) == whole[:CHUNK]
    assert read(tree, 3, 15) == whole[3 * CHUNK :]
    assert read(tree, 1, CHUNK) == whole[CHUNK : 2 * CHUNK]
    tree.close()
    tree.close()


@pytest.mark.usefixtures("system")
def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    entries, whole = files(tmp_path, 10, CHUNK, 5)
    landing = Landing(tmp_path / "in")
    folder = landing.new_folder("0" * 16)
    parts = [Entry(folder / "data" / str(n), e.size, None) for n, e in enumerate(entries)]
    partial = Partial(parts, landing.open_new, landing.open_again)
    buffer = memoryview(bytearray(CHUNK))
    assert not partial.holds(0, buffer)
    partial.write(1, [memoryview(whole[CHUNK:])])
    assert not partial.holds(0, buffer), "a file of it is still missing"
    partial.write(0, [memoryview(whole[:7]), memoryview(whole[7:CHUNK])])
    partial.close()
    again = Partial(parts, landing.open_new, landing.open_again)
    assert again.holds(0, buffer)
    assert bytes(buffer) == whole[:CHUNK]
    again.close()
    parts[1].path.write_bytes(b"short")
    assert not again.holds(0, buffer)
    again.close()


def test_a_source_that_is_another_now_is_noticed(tmp_path: Path) -> None:
    entries, _ = files(tmp_path, 10)
    path = entries[0].path

    def become_a_link() -> None:
        path.rmdir()
        path.symlink_to("/etc/hostname")

    def become_a_pipe() -> None:
        path.unlink()
        os.mkfifo(path)

    changes: list[Callable[[], object]] = [
        lambda: path.write_bytes(b"0123456789"),
        lambda: path.write_bytes(b"longer than it was"),
        path.unlink,
        path.mkdir,
        become_a_link,
        become_a_pipe,
    ]
    for change in changes:
        change()
        os.utime(path, ns=(5, 5), follow_symlinks=False) if path.is_symlink() or path.exists() else None
        with pytest.raises(SourceChanged, match="f0"):
            read(Tree(entries), 0, 10)


def test_it_is_noticed_while_it_is_open(tmp_path: Path) -> None:
    entries, _ = files(tmp_path, 2 * CHUNK)
    tree = Tree(entries)
    read(tree, 0, CHUNK)
    os.truncate(entries[0].path, CHUNK)
    with pytest.raises(SourceChanged):
        read(tree, 1, CHUNK)
    tree.close()


def test_views_are_cut_where_it_is_asked() -> None:
    views = [memoryview(b"abc"), memoryview(b"de")]

    def texts(found: list[memoryview]) -> list[bytes]:
        return [bytes(view) for view in found]

    for size, part, rest in (
        (0, [], [b"abc", b"de"]),
        (2, [b"ab"], [b"c", b"de"]),
        (3, [b"abc"], [b"de"]),
        (5, [b"abc", b"de"], []),
    ):
        found = split(views, size)
        assert (texts(found[0]), texts(found[1])) == (part, rest)
