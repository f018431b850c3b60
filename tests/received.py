"""What a download folder gets, and what it held before."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from p2pim.node.files.landing import Landing


def complete(landing: Landing, content: bytes = b"new", name: str = "part") -> Path:
    """A file that has been received."""
    path = landing.new_folder() / name
    with os.fdopen(landing.open_new(path), "wb") as stream:
        stream.write(content)
    return path


def complete_folder(landing: Landing) -> Path:
    """A folder that has been received."""
    folder = landing.new_folder() / "tree"
    (folder / "inner").mkdir(parents=True, mode=0o700)
    for path in (folder / "one", folder / "inner" / "two"):
        with os.fdopen(landing.open_new(path), "wb") as stream:
            stream.write(path.name.encode())
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """What a folder holds: each name, its kind and mode, and a hash of its content or where it leads."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            str(path.readlink())
            if path.is_symlink()
            else hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest(),
        )
        for path in folder.rglob("*")
    }


def failing(number: int) -> Callable[..., Any]:
    def fail(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail
