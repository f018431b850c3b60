"""A copy of a database at one moment, made while its daemon goes on writing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from p2pim.errors import NotNow
from p2pim.store.database import explain

#: Steps of SQLite's machine between two looks at whether to go on.
_STEPS: Final = 10_000


def take(source: Path, target: Path, stopped: Callable[[], bool]) -> int:
    """Copy what has committed in ``source`` to the new file ``target``; for any thread, on a connection of its own.

    Args:
        stopped: asked now and then; True breaks it off.

    Returns:
        How many messages are in it.

    Raises:
        StoreError: the database cannot be read or the copy not written.
        NotNow: it was broken off.
    """
    discard(target)
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # private from its first byte
        uri = f"{source.absolute().as_uri()}?mode=rw"  # never makes a new one
        with contextlib.closing(
            sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
        ) as connection:
            connection.set_progress_handler(stopped, _STEPS)
            connection.execute("VACUUM INTO ?", [str(target)])
        with contextlib.closing(sqlite3.connect(target)) as copy:
            return int(copy.execute("SELECT count(*) FROM messages").fetchone()[0])
    except sqlite3.Error as error:
        if stopped():
            raise NotNow("The backup was broken off: nothing was written.") from None
        raise explain(error, source) from None
    except OSError as error:
        raise NotNow(f"Cannot write {target} ({error.strerror or error}): free some space.") from None


def discard(target: Path) -> None:
    """Delete a copy, and what a crash while it was open may have left beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
