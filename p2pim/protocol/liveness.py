"""Is the other side still there, and is the session still young enough? Only times, no bytes."""

from __future__ import annotations

from enum import Enum, auto
from math import inf
from typing import Final

RECORD_PATIENCE: Final = 30.0
"""A frame that has begun must be whole after this many seconds."""
DEAD_AFTER: Final = 10.0
URGENT_LIMIT: Final = 2.0


class Verdict(Enum):
    """What to do about the other side now."""

    ASK = auto()
    DEAD = auto()
    SLOW = auto()
    OLD = auto()


class Liveness:
    """The clock of a session.

    Anything heard ends a question, since only who is alive can have sent it; but an urgent question is about
    the path as it is now, and what was on its way before proves nothing: it wants its own answer.
    """

    __slots__ = ("_begun_at", "_dead_at", "_echo", "_heard_at", "_idle", "_old_at", "_urgent")

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._echo = b""
        self.stop()

    def start(self, now: float, old_at: float) -> None:
        """Begin to count."""
        self._heard_at = now
        self._old_at = old_at

    def stop(self) -> None:
        """Count no more: there is no deadline until the next start."""
        self._heard_at = self._old_at = self._begun_at = self._dead_at = inf
        self._urgent = False

    def heard(self, now: float) -> None:
        """Note that bytes arrived."""
        if self._heard_at != inf:
            self._heard_at = now
        if not self._urgent:
            self._dead_at = inf

    def frame_begun(self, now: float) -> None:
        """Note that a part of a frame waits for its rest."""
        self._begun_at = min(self._begun_at, now)

    def frame_ended(self) -> None:
        """Note that a frame was whole."""
        self._begun_at = inf

    def ask(self, echo: bytes, now: float) -> None:
        """Note that a question was sent because nothing was heard for long."""
        self._echo = echo
        self._dead_at = now + DEAD_AFTER

    def ask_urgently(self, echo: bytes, now: float, limit: float) -> None:
        """Note that a question was sent which wants its own answer; one before it keeps its earlier end."""
        self._echo = echo
        self._urgent = True
        self._dead_at = min(self._dead_at, now + limit)

    def answered(self, echo: bytes) -> None:
        """Note an answer; one to an earlier question proves nothing."""
        if echo == self._echo:
            self._urgent = False
            self._dead_at = inf

    def deadline(self) -> float:
        """When there will be a verdict, if nothing happens before."""
        question = self._heard_at + self._idle if self._dead_at == inf else self._dead_at
        return min(question, self._begun_at + RECORD_PATIENCE, self._old_at)

    def verdict(self, now: float) -> Verdict | None:
        """Say what to do; None before the deadline."""
        if now < self.deadline():
            return None
        if now >= self._dead_at:
            return Verdict.DEAD
        if now >= self._begun_at + RECORD_PATIENCE:
            return Verdict.SLOW
        if now >= self._old_at:
            return Verdict.OLD
        return Verdict.ASK
