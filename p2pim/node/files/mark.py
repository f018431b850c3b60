"""The mark that a system gives to what came from elsewhere. Everything here blocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from p2pim.node.files.placing import files_of

#: Writes a mark: the file, the name of the mark, its value.
Mark = Callable[[Path, str, bytes], None]


def mark_downloaded(
    path: Path, source: str, *, platform: str = sys.platform, write: Mark | None = None
) -> None:
    """Tell the system that a file, or all in a folder, came from elsewhere, so that it asks before it runs any.

    On Linux there is nothing that programs heed but a mode without the right to execute, which is there already.

    Args:
        source: the name that macOS shows as where the file came from.
        write: stands in for what writes a mark.
    """
    writers = {"win32": _write_stream, "darwin": _write_attribute}
    if platform not in writers:
        return
    with suppress(OSError):  # it was moved away in the meantime
        for file in files_of(path):
            # FAT disks and shares may have no place for a mark: the file is as good without
            with suppress(OSError):
                (write or writers[platform])(file, *_mark(file, source, platform))


def _mark(file: Path, source: str, platform: str) -> tuple[str, bytes]:
    if platform == "win32":
        return "Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\n"
    agent = "".join(c for c in source if c.isalnum() or c in " -_.")[:64] or "p2pim"  # ";" parts the fields
    return "com.apple.quarantine", f"0081;{int(file.lstat().st_mtime):08x};{agent};".encode()


def _write_stream(path: Path, name: str, value: bytes) -> None:
    Path(f"{path}:{name}").write_bytes(value)


def _write_attribute(path: Path, name: str, value: bytes) -> None:
    import ctypes  # noqa: PLC0415 (only macOS needs it)

    system = ctypes.CDLL(None, use_errno=True)
    # position 0; 1 is XATTR_NOFOLLOW
    if system.setxattr(os.fsencode(path), name.encode(), value, ctypes.c_size_t(len(value)), 0, 1):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
