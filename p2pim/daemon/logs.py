"""The daemon's log: rotating, readable by its user alone, and free of content.

What is logged is written by us; what comes from elsewhere (exceptions' texts, arguments) is cut down here
once more: ids to 8 characters, invite codes gone, control characters visible. An exception is its type and
where it came from, never its text: that may hold a message, a name or a path typed by somebody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import queue
import re
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from p2pim.errors import ProfileError

LARGEST_FILE = 1 << 20
OLD_FILES = 3

_PEER_ID = re.compile(r"\bp2pim1([02-9ac-hj-np-z]{8})[02-9ac-hj-np-z]{10,}")
_HEX_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24,}\b")
_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2,}\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def redact(text: str) -> str:
    """One line without anything that identifies in full, grants access or moves a cursor."""
    text = _PEER_ID.sub(r"\1…", text)
    text = _HEX_ID.sub(r"\1…", text)
    text = _CODE.sub("<code>", text)
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def frames_of(error: BaseException) -> str:
    """Type and origin of an exception in one line, without its text and without values."""
    kinds = [type(error).__name__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(kinds) < 5:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    number = f" errno {error.errno}" if isinstance(error, OSError) and error.errno else ""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    where = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
    return f"{' from '.join(kinds)}{number} at {where or 'unknown'}"


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {frames_of(record.exc_info[1])}"
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        return f"{when}.{int(record.msecs):03d} {record.levelname.lower():7} {record.name} {redact(text)}"


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> Any:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_private_opener)

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk must not end the daemon, and there is nobody to tell."""


def start_logging(file: Path, level: str) -> Callable[[], None]:
    """Send all logging to the file, from a thread of its own so that a slow disk delays nobody.

    Returns:
        What ends it and writes what is left.
    """
    try:
        target = _PrivateFile(file, maxBytes=LARGEST_FILE, backupCount=OLD_FILES, encoding="utf-8")
    except OSError as error:
        raise ProfileError(f"Cannot write {file} ({(error.strerror or 'failed').lower()}).") from error
    target.setFormatter(_Redacting())
    waiting: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    sender = _Sender(waiting)
    listener = logging.handlers.QueueListener(waiting, target)
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.addHandler(sender)
    listener.start()
    previous = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def stop() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = previous
        root.removeHandler(sender)
        listener.stop()
        with contextlib.suppress(OSError):  # a full disk has nothing more to say
            target.close()

    return stop


class _Sender(logging.handlers.QueueHandler):
    """Formats nothing: the stdlib's would paste tracebacks, values and all, into the message."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        return record


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None = None
) -> None:
    where = frames_of(error.with_traceback(trace)) if error is not None else kind.__name__
    logging.getLogger("p2pim").error("uncaught %s", where)


def log_loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's own handler would print the values of the failing call; this one tells only where."""
    error = context.get("exception")
    where = frames_of(error) if isinstance(error, BaseException) else "no exception"
    what = str(context.get("message", "")).partition("(")[0]  # what follows is the call, arguments and all
    logging.getLogger("p2pim").error("event loop: %s: %s", what, where)
