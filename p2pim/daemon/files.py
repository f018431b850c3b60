"""Files that nobody else may read, written so that they are whole and on the disk before they count."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def write_private(file: Path, parts: Iterable[bytes]) -> int:
    """Write a new file, readable by its user alone from its first byte, and wait for the disk; its size.

    Raises:
        OSError: it cannot be written, or was there already; what had been written is deleted.
    """
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(number, "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(number)
            return stream.tell()
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    with contextlib.suppress(OSError):  # Windows has no such thing
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
