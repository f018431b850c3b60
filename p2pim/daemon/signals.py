"""What the operating system does to a daemon: end it gracefully, and never write its memory to a disk."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator

ENDING = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


def forbid_core_dumps() -> None:
    """A core file would hold keys and messages."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """While inside, the usual signals call ``stop`` in the loop's thread."""
    present = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    previous = {number: signal.getsignal(number) for number in present}
    for number in present:
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in previous.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
