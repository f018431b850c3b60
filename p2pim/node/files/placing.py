"""A place for what is complete: a name that nothing has, taken so that nothing can be replaced.

Others may be at work in the same folder, and mean harm. Everything here blocks.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from p2pim.errors import BadInput
from p2pim.protocol.filename import numbered, safe_filename

#: The last number that is tried for a name that is taken.
_LAST_NUMBER: Final = 9_999

POSIX: Final = os.name == "posix"
AGAIN: Final = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
NEW: Final = AGAIN | os.O_CREAT | os.O_EXCL
#: How file systems say that they have no hard links, or none from there to here.
_NO_LINKS: Final = frozenset(
    {
        errno.EPERM,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.EXDEV,
        errno.EMLINK,
        errno.ENOSYS,
        errno.EINVAL,  # Windows on a FAT disk
    }
)


def place(folder: Path, name: str, put: Callable[[Path], None]) -> Path:
    """Have something put into a folder under a safe name that nothing there has.

    Args:
        put: raises FileExistsError if the target that it gets is taken.

    Raises:
        BadInput: too many things there have that name.
    """
    safe = safe_filename(name)
    for number in range(_LAST_NUMBER + 1):
        target = folder / (numbered(safe, number) if number else safe)
        with suppress(FileExistsError):
            put(target)
            return target
    raise BadInput(f"There are too many files called {safe} in {folder}: move them away, then try again.")


def put_file(partial: Path, target: Path) -> None:
    """Give a file its place; FileExistsError if anything has it, be it a link to nowhere."""
    try:
        os.link(partial, target, follow_symlinks=False)
    except NotImplementedError:  # no way to say that links are not followed
        _replace_own(partial, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _replace_own(partial, target)
    else:
        partial.unlink()


def _replace_own(partial: Path, target: Path) -> None:
    """Move a file over an empty one that was made for this."""
    if not POSIX:
        partial.rename(target)  # refuses a target that is there
        return
    descriptor = os.open(target, NEW, 0o600)
    try:  # while it is open no other file gets its number
        status = os.fstat(descriptor)
        if not _is_still(target, status):
            raise _taken(target)
        try:
            partial.replace(target)
        except OSError:
            if _is_still(target, status):
                target.unlink()
            raise
    finally:
        os.close(descriptor)


def _is_still(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.lstat(), status)
    except OSError:
        return False


def _taken(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def put_folder(partial: Path, target: Path) -> None:
    """The same for a folder."""
    if not POSIX:
        partial.rename(target)  # refuses a target that is there
        return
    target.mkdir(mode=0o700)
    try:
        partial.rename(target)  # over our own, as long as that is empty
    except OSError as error:
        with suppress(OSError):  # somebody has put something in, or something else in its place: it is theirs
            target.rmdir()
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _taken(target) from error
        raise


def all_of(path: Path) -> Iterator[Path]:
    """A file; or a folder and all in it, no link followed."""
    yield path
    if not path.is_symlink() and path.is_dir():
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))


def files_of(path: Path) -> Iterator[Path]:
    """The files among these."""
    return (found for found in all_of(path) if stat.S_ISREG(found.lstat().st_mode))
