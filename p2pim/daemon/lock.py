"""One daemon per profile: a lock of the operating system, which ends with its process however that dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path

from p2pim.errors import AlreadyRunning, ProfileError

# Windows locks bytes against reading too; this one is far behind the process id.
_LOCKED_BYTE = 1 << 20


class ProfileLock:
    """Held from start to end of a daemon. The file holds its process id and is never deleted."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle: int | None = None

    def acquire(self, patience: float = 1.0) -> None:
        """Take the profile, or tell who has it; one that is just ending is waited for."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            handle = os.open(self._file, flags, 0o600)
        except OSError as error:
            raise ProfileError(_unusable(self._file, error)) from error
        try:
            self._wait_for(handle, time.monotonic() + patience)
        except BaseException:
            os.close(handle)
            raise
        with contextlib.suppress(OSError):  # a full disk: it holds all the same, its message knows less
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle

    def _wait_for(self, handle: int, end: float) -> None:
        while True:
            try:
                return _lock(handle)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                    raise ProfileError(_unusable(self._file, error)) from error
            if time.monotonic() >= end:
                raise AlreadyRunning(
                    f"p2pim is already running for this profile (process {_pid_in(handle) or 'unknown'}): "
                    "use it, or run `p2pim stop` first."
                )
            time.sleep(0.02)

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
