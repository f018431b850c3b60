"""Looks through a file or folder that is to be offered, and hashes it. Blocking, for a thread of its own."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from p2pim.errors import BadInput
from p2pim.node.files.tree import Entry, SourceChanged, Tree
from p2pim.protocol.offer import (
    CHUNK,
    MAX_ENTRIES,
    MAX_MANIFEST,
    MAX_SIZE,
    ManifestEntry,
    chunk_size,
    chunks_of,
    encode_manifest,
)

#: Threads that read and hash, and chunks each takes at a time: a disk that is faster than one core is used.
_HASHERS: Final = 2
_RUN: Final = 32


class Offered(NamedTuple):
    """What was looked through: ``entries`` as they were then, ``skipped`` what cannot be sent (links, devices)."""

    name: str
    entries: list[Entry]
    size: int
    listing: bytes
    skipped: list[str]
    is_folder: bool


def look_through(path: Path, stopped: Callable[[], bool] = lambda: False) -> Offered:
    """Find all files and hash them.

    Raises:
        BadInput: there is no such file, it cannot be read, is no file or folder, is too large, or has just changed.
    """
    skipped: list[str] = []
    try:
        path = path.resolve(strict=True)
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            entries, manifest = [_entry(path, status)], b""
        elif stat.S_ISDIR(status.st_mode):
            entries, skipped, manifest = _walk(path)
        else:
            raise BadInput(f"{path.name} is neither a file nor a folder.")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    size = sum(entry.size for entry in entries)
    if size > MAX_SIZE or len(manifest) > MAX_MANIFEST:
        raise BadInput(f"{path.name} is too large: at most 1 TiB can be sent at once. Send it in parts.")
    try:
        listing = _hash(entries, size, stopped) + manifest
    except SourceChanged as changed:
        raise BadInput(f"{changed} cannot be read, or was changed just now. Try again.") from None
    return Offered(path.name, entries, size, listing, skipped, bool(manifest))


def _entry(path: Path, status: os.stat_result) -> Entry:
    return Entry(path, status.st_size, status.st_mtime_ns)


def _walk(top: Path) -> tuple[list[Entry], list[str], bytes]:
    """All files below a folder, in a fixed order; empty folders are named, links and devices are not followed."""
    entries: list[Entry] = []
    skipped: list[str] = []
    manifest: list[ManifestEntry] = []

    def failed(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(top, onerror=failed):
        folders.sort()
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        skipped += [_relative(here / name, top) for name in links]
        if not (folders or names) and here != top:
            manifest.append(ManifestEntry(_relative(here, top), None))
        for name in sorted(names):
            path = here / name
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                skipped.append(_relative(path, top))
                continue
            entries.append(_entry(path, status))
            manifest.append(ManifestEntry(_relative(path, top), status.st_size))
            if len(manifest) > MAX_ENTRIES:
                raise BadInput(
                    f"{top.name} has more than {MAX_ENTRIES:,} files. Pack it, and send the archive."
                )
    return entries, skipped, encode_manifest(manifest)


def _relative(path: Path, top: Path) -> str:
    # A name that is no text would be no MessagePack either.
    return path.relative_to(top).as_posix().encode("utf-8", "replace").decode()


def _hash(entries: list[Entry], size: int, stopped: Callable[[], bool]) -> bytes:
    from blake3 import blake3  # noqa: PLC0415  # only who sends files pays for it

    chunks = chunks_of(size)

    def run(first: int) -> bytes:
        tree, buffer = Tree(entries), memoryview(bytearray(CHUNK))
        hashes = []
        try:
            for chunk in range(first, min(first + _RUN, chunks)):
                if stopped():
                    raise SourceChanged("It")
                view = buffer[: chunk_size(size, chunk)]
                tree.read(chunk, [view])
                hashes.append(blake3(view).digest())
        finally:
            tree.close()
        return b"".join(hashes)

    if chunks <= _RUN:
        return run(0) if chunks else b""
    with ThreadPoolExecutor(_HASHERS, "hasher") as pool:
        return b"".join(pool.map(run, range(0, chunks, _RUN)))
