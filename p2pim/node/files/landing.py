"""Where received files land: a download folder, and in it a private one for what is not complete.

Nothing that is there already is ever changed, no link is followed, and nothing is made outside. Blocking.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from p2pim.errors import BadInput, Forbidden, LocalProtocolError, NotNow
from p2pim.protocol.filename import numbered, safe_filename

PARTIAL: Final = ".p2pim-partial"
#: Kept free on the disk, or a twentieth of it if that is less.
RESERVE: Final = 1 << 30
_SHARE: Final = 20
_TRIES: Final = 9_999
_OWN_NAME: Final = re.compile(r"[0-9a-f]{16}")
_FLAGS: Final = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
#: File systems without hard links, or that allow them to nobody.
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS)
_POSIX: Final = os.name == "posix"


def _free_and_total(path: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(path)
    return usage.free, usage.total


class Landing:
    """One download folder.

    Args:
        free: bytes that are free on the disk of a path, and that it has in all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reserve: int = RESERVE,
        free: Callable[[Path], tuple[int, int]] = _free_and_total,
    ) -> None:
        self._folder, self._reserve, self._free = folder, reserve, free

    # -- what is not complete

    def folder_named(self, name: str) -> Path:
        """The private folder of one transfer, made if need be; the name is 16 hexadecimal digits.

        Raises:
            Forbidden: the download folder is not to be trusted.
            BadInput: it is no folder, or cannot be written.
        """
        if _OWN_NAME.fullmatch(name) is None:
            raise LocalProtocolError("That is no name of a private folder.")
        partial = self._private(_checked(self._folder) / PARTIAL)
        return self._private(partial / name)

    def _private(self, path: Path) -> Path:
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            status = path.lstat()
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}.") from None
        ours = not _POSIX or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)
        if not (stat.S_ISDIR(status.st_mode) and ours):
            raise Forbidden(f"{path} is not a private folder of yours: remove it, then try again.")
        return path

    def check_space(self, size: int) -> None:
        """Raise NotNow unless so many bytes fit, and some more."""
        free, total = self._free(self._folder)
        missing = size + min(self._reserve, total // _SHARE) - free
        if missing > 0:
            raise NotNow(f"The disk is full: free {missing // 1_000_000 + 1:,} MB, then try again.")

    def open_new(self, path: Path) -> int:
        """Make a file for what comes; OSError if there is one already, or a link."""
        return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)

    def open_again(self, path: Path) -> int:
        """Open one that an earlier run has made; OSError if there is none, Forbidden if it is not that."""
        descriptor = os.open(path, _FLAGS)
        status = os.fstat(descriptor)
        ours = not _POSIX or (status.st_uid == os.geteuid() and status.st_nlink == 1)
        if stat.S_ISREG(status.st_mode) and ours:
            return descriptor
        os.close(descriptor)
        raise Forbidden(f"{path} is not what p2pim has put there: remove it, then try again.")

    def discard(self, path: Path) -> None:
        """Throw away what is in the private folder, without following links."""
        if path.parent != self._folder / PARTIAL or _OWN_NAME.fullmatch(path.name) is None:
            raise LocalProtocolError("Only what is incomplete is thrown away.")
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):  # others are there
            path.parent.rmdir()

    def discard_folder(self, name: str) -> None:
        """The same, by the name of a transfer's folder."""
        self.discard(self._folder / PARTIAL / name)

    # -- what is complete

    def publish_file(self, partial: Path, name: str) -> Path:
        """Put a finished file into the download folder under a safe name that nothing there has.

        Raises:
            BadInput: the folder cannot be written.
        """
        partial.chmod(0o666 & ~_umask())
        return self._placed(name, lambda target: _link(partial, target))

    def publish_folder(self, partial: Path, name: str) -> Path:
        """The same for a folder."""
        return self._placed(name, lambda target: _move_folder(partial, target))

    def _placed(self, name: str, put: Callable[[Path], None]) -> Path:
        folder, safe = _checked(self._folder), safe_filename(name)
        for number in range(_TRIES + 1):
            target = folder / (numbered(safe, number) if number else safe)
            try:
                put(target)
            except FileExistsError:
                continue
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                    continue
                raise
            return target
        raise BadInput(f"There are too many files called {safe} in {folder}: move them away.")


def _checked(folder: Path) -> Path:
    """A download folder that may be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        link = folder.lstat()
        status = folder.stat()
    except OSError as error:
        raise BadInput(f"{folder} cannot be used for files: {error.strerror}.") from None
    if stat.S_ISLNK(link.st_mode) and _POSIX and link.st_uid not in (0, os.geteuid()):
        raise Forbidden(f"{folder} is a link that somebody else has made: choose another folder.")
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"{folder} cannot be written: choose another folder.")
    return folder


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _link(partial: Path, target: Path) -> None:
    """Give a file its place; FileExistsError if something has it, be it a link to nowhere."""
    try:
        os.link(partial, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        partial.replace(target)  # over our own empty file
    else:
        partial.unlink()


def _move_folder(partial: Path, target: Path) -> None:
    if _POSIX:
        target.mkdir()  # renaming goes over an empty folder: it must be ours
    try:
        partial.chmod(0o777 & ~_umask())
        partial.rename(target)
    except OSError:
        if _POSIX:
            with suppress(OSError):  # somebody has put something in
                target.rmdir()
        raise


def mark_downloaded(path: Path, platform: str = sys.platform) -> None:
    """Tell the system that a file comes from elsewhere, where it asks before it opens such ones."""
    with suppress(OSError):  # a file system without streams or attributes has no place for the mark
        if platform == "win32":
            Path(f"{path}:Zone.Identifier").write_text("[ZoneTransfer]\r\nZoneId=3\r\n", encoding="ascii")
        elif platform == "darwin":
            _set_quarantine(path)


def _set_quarantine(path: Path) -> None:
    import ctypes  # noqa: PLC0415  # only there

    value = b"0081;00000000;p2pim;"
    system = ctypes.CDLL(None, use_errno=True)
    system.setxattr(os.fsencode(path), b"com.apple.quarantine", value, len(value), 0, 0)
