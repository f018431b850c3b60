"""Where received files land: a download folder, and in it a private one for what is not complete.

Nothing that is there already is ever changed, no link of somebody else is followed. Everything here blocks.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from p2pim.errors import BadInput, Forbidden, LocalProtocolError, NotNow
from p2pim.node.files.placing import AGAIN, NEW, POSIX, all_of, files_of, place, put_file, put_folder

#: The private folder.
PARTIAL: Final = ".p2pim-partial"
#: What stays free on a disk, at most one part in so many of it.
RESERVE: Final = 1 << 30
_RESERVE_PART: Final = 20
_NAME_DIGITS: Final = 16

Free = Callable[[Path], tuple[int, int]]


def free_and_total(folder: Path) -> tuple[int, int]:
    """Bytes that this user may still write to the disk of a folder, and all that it has."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


class Landing:
    """One download folder.

    What is put into it, or refused, raises:
        Forbidden: something there was made by somebody else, who may want to lead files elsewhere.
        BadInput: the folder is none, or cannot be written.

    Args:
        folder: made when it is needed.
        reserve: bytes that stay free on its disk.
        free: tells how much is free on the disk of a folder, and its size.
    """

    def __init__(self, folder: Path, *, reserve: int = RESERVE, free: Free = free_and_total) -> None:
        self._folder, self._reserve, self._free = folder.absolute(), reserve, free
        self._partial = self._folder / PARTIAL

    # -- what is not complete

    def check_space(self, size: int) -> None:
        """Refuse what does not fit.

        Raises:
            NotNow: so many bytes, and the reserve, are not free.
        """
        folder = _usable(self._folder)
        try:
            free, total = self._free(folder)
        except OSError as error:
            raise _unusable(folder, error) from error
        missing = size + min(self._reserve, total // _RESERVE_PART) - free
        if missing > 0:
            raise NotNow(
                f"There is not enough space for this in {folder}: free {_in_words(missing)} more there, "
                "or choose another download folder, then try again."
            )

    def new_folder(self, name: str | None = None) -> Path:
        """A private folder for one transfer; one with a name may be there from an earlier run.

        Raises:
            LocalProtocolError: the name is not 16 hexadecimal digits.
        """
        name = secrets.token_hex(_NAME_DIGITS // 2) if name is None else name
        if len(name) != _NAME_DIGITS or not set(name) <= set("0123456789abcdef"):
            raise LocalProtocolError("a private folder is called by 16 hexadecimal digits")
        _usable(self._folder)
        try:
            try:
                return self._make(name)
            except FileNotFoundError:  # what was copied there is published, the folder was empty and is gone
                return self._make(name)
        except FileExistsError:
            raise Forbidden(_not_ours(self._partial)) from None  # a link or a file, this or in it
        except OSError as error:
            raise _unusable(self._folder, error) from error

    def _make(self, name: str) -> Path:
        for folder in (self._partial, self._partial / name):
            folder.mkdir(mode=0o700, exist_ok=True)
            _refuse_not_private(folder)
        return self._partial / name

    def open_new(self, path: Path) -> int:
        """Make a file in a private folder.

        Raises:
            OSError: it cannot be made; FileExistsError if anything has that name, be it a link.
            LocalProtocolError: it is not in the private folder.
        """
        self._refuse_outside(path)
        return os.open(path, NEW, 0o600)

    def open_again(self, path: Path) -> int:
        """Open a file that an earlier run made in a private folder.

        Raises:
            OSError: it cannot be opened.
            Forbidden: it is not the one file that p2pim made there.
            LocalProtocolError: it is not in the private folder.
        """
        self._refuse_outside(path)
        try:
            descriptor = os.open(path, AGAIN)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EISDIR):  # a link, a folder
                raise Forbidden(_not_ours(path)) from error
            raise
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and _is_mine(status)):
            os.close(descriptor)
            raise Forbidden(_not_ours(path))
        return descriptor

    def discard(self, path: Path) -> None:
        """Remove a file or a tree that is not complete; links are removed and not followed.

        What cannot be removed, since another program on Windows has it open, stays.

        Raises:
            LocalProtocolError: it is not in the private folder.
        """
        with suppress(FileNotFoundError):  # there is nothing to remove
            self._refuse_outside(path)
            if stat.S_ISDIR(path.lstat().st_mode):
                shutil.rmtree(path, ignore_errors=True)
                if path.parent == self._partial:
                    with suppress(OSError):  # others are there
                        self._partial.rmdir()
            else:
                with suppress(PermissionError):
                    path.unlink()

    def _refuse_outside(self, path: Path) -> None:
        if path == self._partial or not path.is_relative_to(self._partial) or ".." in path.parts:
            raise LocalProtocolError(f"{path} is not in the folder for what is not complete")
        _refuse_not_private(self._partial)
        if not path.parent.resolve().is_relative_to(self._partial.resolve()):
            raise LocalProtocolError(f"{path} leads out of the folder for what is not complete")

    # -- what is complete

    def publish_file(self, partial: Path, name: str, into: Path | None = None) -> Path:
        """Put a finished file under a safe name that nothing has into the download folder, or another one.

        Whoever may read new files of this user may read it; nobody may run it.
        """
        return self._publish(partial, name, into, put_file)

    def publish_folder(self, partial: Path, name: str, into: Path | None = None) -> Path:
        """The same for a folder and all that is in it."""
        return self._publish(partial, name, into, put_folder)

    def _publish(
        self, partial: Path, name: str, into: Path | None, put: Callable[[Path, Path], None]
    ) -> Path:
        folder = _usable(into.absolute() if into else self._folder)
        try:
            self._open_to_others(partial)
            return place(folder, name, lambda target: put(partial, target))
        except OSError as error:
            if error.errno == errno.EXDEV and into is not None:
                return self._carry(partial, name, into, put)
            raise _unusable(folder, error) from error

    def _carry(self, partial: Path, name: str, into: Path, put: Callable[[Path, Path], None]) -> Path:
        """Publish on another disk: from a private folder there, so that nobody sees half a file."""
        there = Landing(into, reserve=self._reserve, free=self._free)
        there.check_space(sum(file.lstat().st_size for file in files_of(partial)))
        folder = there.new_folder()
        try:
            copy = folder / "copy"
            if stat.S_ISDIR(partial.lstat().st_mode):
                shutil.copytree(partial, copy, symlinks=True)
            else:
                shutil.copyfile(partial, copy, follow_symlinks=False)
            placed = there._publish(copy, name, None, put)
            self.discard(partial)
            return placed
        except (OSError, shutil.Error) as error:  # the latter is the former with a list
            raise _unusable(into, error) from error
        finally:
            there.discard(folder)

    def _open_to_others(self, partial: Path) -> None:
        """Give what is complete the modes that new files get here, and find out that it holds only files."""
        self._refuse_outside(partial)
        mode = _usual_mode(partial.parent)
        for path in all_of(partial):
            if stat.S_ISDIR(path.lstat().st_mode):
                path.chmod(mode | (mode & 0o444) >> 2)
                continue
            descriptor = self.open_again(path)
            try:
                if POSIX:
                    os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)


def _usable(folder: Path) -> Path:
    """A folder to put files into, made if it is not there."""
    try:
        with suppress(FileExistsError):  # or a file, or a link to nowhere: that shows below
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_link_of_others(folder)
        status = folder.stat()
    except OSError as error:
        raise _unusable(folder, error) from error
    if not stat.S_ISDIR(status.st_mode):
        raise BadInput(f"{folder} is not a folder: choose another download folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return folder


def _refuse_link_of_others(folder: Path) -> None:
    link = folder.lstat()
    # root can lead files elsewhere without links
    if stat.S_ISLNK(link.st_mode) and link.st_uid != 0 and not _is_mine(link):
        raise Forbidden(
            f"{folder} is a link that another user (uid {link.st_uid}) has made, who may want to lead your files "
            "elsewhere: remove it, or choose another download folder."
        )


def _refuse_not_private(folder: Path) -> None:
    status = folder.lstat()
    if not (stat.S_ISDIR(status.st_mode) and _is_mine(status)):
        raise Forbidden(_not_ours(folder))
    if POSIX and stat.S_IMODE(status.st_mode) & 0o077:
        raise Forbidden(
            f"{folder} is open to other users: run `chmod 700 {folder}`, or choose a download folder on a disk "
            "that keeps permissions."
        )


def _is_mine(status: os.stat_result) -> bool:
    return not POSIX or status.st_uid == os.geteuid()  # Windows has no uid: there the folder's ACL protects


def _not_ours(path: Path) -> str:
    return f"{path} was not made by p2pim, somebody may want to lead your files elsewhere: remove it, then try again."


def _unusable(folder: Path, error: OSError) -> BadInput:
    why = (error.strerror or "unusable").lower()
    return BadInput(
        f"Cannot write to {folder} ({why}): mend its permissions, or choose another download folder."
    )


def _in_words(size: int) -> str:
    megabytes = -(-size // 1_000_000)
    return f"{megabytes} MB" if megabytes < 10_000 else f"{-(-megabytes // 1_000)} GB"


def _usual_mode(folder: Path) -> int:
    """What the umask leaves to a new file; asking for the umask would change it for all threads."""
    probe = folder / secrets.token_hex(8)
    descriptor = os.open(probe, NEW, 0o666)
    try:
        return stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o666 | 0o600
    finally:
        os.close(descriptor)
        probe.unlink()
