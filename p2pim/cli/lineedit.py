"""One line being typed while others arrive above it. Pure: keys in, lines and control sequences out.

The terminal's own editing cannot be asked what has been typed so far, so an arriving message would cut
through it. Here the line is ours: it is wiped, the message printed, the line drawn again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from p2pim.cli.output import safe_text, width

if TYPE_CHECKING:
    from collections.abc import Callable

WIPE = "\r\x1b[K"
LONGEST_HISTORY = 50

_KEY = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO.|\x1b[^\[O]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+")
# What a terminal may still be in the middle of sending.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*|O)?$")


class LineEditor:
    """The line, its cursor and the lines before it."""

    def __init__(self, prompt: str = "> ", columns: int = 80) -> None:
        self.prompt = prompt
        self.columns = columns
        self.text = ""
        self.cursor = 0
        self.ended = False
        self._rest = ""
        self._history: list[str] = []
        self._place = 0
        self._keys: dict[str, Callable[[], None]] = {
            "\x01": lambda: self._move(0),
            "\x1b[H": lambda: self._move(0),
            "\x1b[1~": lambda: self._move(0),
            "\x05": lambda: self._move(len(self.text)),
            "\x1b[F": lambda: self._move(len(self.text)),
            "\x1b[4~": lambda: self._move(len(self.text)),
            "\x02": lambda: self._move(self.cursor - 1),
            "\x1b[D": lambda: self._move(self.cursor - 1),
            "\x06": lambda: self._move(self.cursor + 1),
            "\x1b[C": lambda: self._move(self.cursor + 1),
            "\x08": lambda: self._cut(self.cursor - 1, self.cursor),
            "\x7f": lambda: self._cut(self.cursor - 1, self.cursor),
            "\x1b[3~": lambda: self._cut(self.cursor, self.cursor + 1),
            "\x15": lambda: self._cut(0, self.cursor),
            "\x0b": lambda: self._cut(self.cursor, len(self.text)),
            "\x17": self._cut_word,
            "\x04": self._end_or_delete,
            "\x1b[A": lambda: self._recall(-1),
            "\x1b[B": lambda: self._recall(1),
        }

    def feed(self, received: str) -> list[str]:
        """Take what the terminal sent; the lines it completed."""
        received = self._rest + received
        unfinished = _UNFINISHED.search(received)
        self._rest = unfinished[0] if unfinished else ""
        lines = []
        for match in _KEY.finditer(received[: len(received) - len(self._rest)]):
            key = match[0]
            if key in ("\r", "\n"):
                lines.append(self._complete())
            elif key in self._keys:
                self._keys[key]()
            elif key[0] >= " " and key != "\x7f":
                self._insert(key)
            elif key == "\t":
                self._insert("    ")
        return lines

    def drawing(self) -> str:
        """What shows the line as it is now: as much of it around the cursor as fits."""
        room = max(8, self.columns - width(self.prompt) - 1)
        start = 0
        while width(safe_text(self.text[start : self.cursor])) > room:
            start += 1
        end = self.cursor
        while end < len(self.text) and width(safe_text(self.text[start : end + 1])) <= room:
            end += 1
        back = width(safe_text(self.text[self.cursor : end]))
        return WIPE + self.prompt + safe_text(self.text[start:end]) + (f"\x1b[{back}D" if back else "")

    def _insert(self, text: str) -> None:
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def _move(self, to: int) -> None:
        self.cursor = max(0, min(len(self.text), to))

    def _cut(self, start: int, end: int) -> None:
        start, end = max(0, start), min(len(self.text), end)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _cut_word(self) -> None:
        start = self.cursor
        while start and self.text[start - 1] == " ":
            start -= 1
        while start and self.text[start - 1] != " ":
            start -= 1
        self._cut(start, self.cursor)

    def _end_or_delete(self) -> None:
        if self.text:
            self._cut(self.cursor, self.cursor + 1)
        else:
            self.ended = True

    def _complete(self) -> str:
        line, self.text, self.cursor = self.text, "", 0
        if line.strip() and line not in self._history[-1:]:
            self._history = [*self._history, line][-LONGEST_HISTORY:]
        self._place = len(self._history)
        return line

    def _recall(self, step: int) -> None:
        place = self._place + step
        if 0 <= place <= len(self._history):
            self._place = place
            self.text = self._history[place] if place < len(self._history) else ""
            self.cursor = len(self.text)
