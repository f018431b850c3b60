"""How fast files may go, where the user has set a limit. Shared by all transfers of one direction."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

#: Seconds of the limit that may go at once.
_BURST: Final = 0.25


class Pace:
    """A bucket of bytes that may run into debt by one piece: whoever comes next waits for it to be paid.

    Args:
        rate: bytes a second; 0 is no limit.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, rate: int, now: Callable[[], float]) -> None:
        self._rate, self._now = rate, now
        self._lock = Lock()
        self._left = rate * _BURST
        self._at = now()

    def allows(self, _size: int = 0) -> bool:
        """Whether something may go now."""
        return self.wait() <= 0

    def wait(self) -> float:
        """Seconds until something may go."""
        if not self._rate:
            return 0.0
        with self._lock:
            self._refill()
            return max(0.0, -self._left / self._rate)

    def spend(self, size: int) -> None:
        """So many bytes go."""
        if self._rate:
            with self._lock:
                self._refill()
                self._left -= size

    def _refill(self) -> None:
        now = self._now()
        self._left = min(self._rate * _BURST, self._left + (now - self._at) * self._rate)
        self._at = now
