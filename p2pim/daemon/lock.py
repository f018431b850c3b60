"""One daemon per profile: a lock of the operating system, which ends with its process however that dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from p2pim.errors import AlreadyRunning, ProfileError

# Windows locks bytes against reading too; this one is far behind the process id.
_LOCKED_BYTE = 1 << 20


class ProfileLock:
    """Held from start to end of a daemon. The file holds its process id and is never deleted."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the profile, or tell who has it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            handle = os.open(self._file, flags, 0o600)
        except OSError as error:
            raise ProfileError(_unusable(self._file, error)) from error
        try:
            _lock(handle)
        except OSError as error:
            holder = _pid_in(handle)
            os.close(handle)
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise AlreadyRunning(
                    f"p2pim is already running for this profile (process {holder or 'unknown'}): "
                    "use it, or run `p2pim stop` first."
                ) from None
            raise ProfileError(_unusable(self._file, error)) from error
        try:
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        except OSError:
            pass  # a full disk: the lock holds all the same, only its message knows less
        self._handle = handle

    def release(self) -> None:
        """Give the profile back; safe to call twice."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _pid_in(handle: int) -> str:
    with contextlib.suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        return os.read(handle, 20).decode("ascii", "replace").strip()
    return ""


def _unusable(file: Path, error: OSError) -> str:
    return f"Cannot lock {file} ({(error.strerror or 'failed').lower()}): is the folder local and yours?"
