"""What reaches the terminal, all of it through ``Output``, and nothing there but plain text.

Names and messages come from other people. ``Output.line`` makes every control character visible whoever
wrote it, so no command has to remember to; only the line editor of ``chat``, which gets its text from here,
and the drawing of a QR code, which writes no text, write control sequences.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from p2pim.api import schema

# C0, DEL, C1; line and paragraph separators; marks, embeddings, overrides and isolates that reorder text;
# halves of surrogate pairs, which no terminal can show.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def safe_text(text: str) -> str:
    """Text in which no character moves a cursor, sets a title, reorders its neighbours or ends the line."""
    return _UNSAFE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    )


class Output:
    """Standard output and standard error of one command, for people or (``as_json``) for programs."""

    def __init__(self, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    def line(self, text: str = "") -> None:
        """One line for a person."""
        _write(self.out, safe_text(text))

    def lines(self, texts: Iterable[str]) -> None:
        """Several."""
        for text in texts:
            self.line(text)

    def json(self, value: Any) -> None:
        """One JSON value on one line, in ASCII: safe on any terminal too."""
        _write(self.out, json.dumps(value).replace("\x7f", "\\u007f"))

    def result(self, value: Any, lines: Iterable[str]) -> None:
        """The value for programs, or the lines for people."""
        if self.as_json:
            self.json(value)
        else:
            self.lines(lines)

    def error(self, sentence: str, code: int) -> None:
        """Why it did not work, on standard error."""
        if self.as_json:
            fault = json.dumps({"error": sentence, "exit": code}).replace("\x7f", "\\u007f")
            _write(self.err, fault)
        else:
            _write(self.err, f"p2pim: {safe_text(sentence)}")


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "utf-8"
    # A terminal that cannot show a letter gets its number instead of ending the command.
    stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under each other; widths count what a terminal shows."""
    shown = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]


def width(text: str) -> int:
    """How many cells a terminal takes for it."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 (most tables need it not)

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def moment(ms: int | None) -> str:
    """A time for a person: hour and minute today, with the date otherwise."""
    if ms is None:
        return "never"
    try:
        then, now = time.localtime(ms / 1000), time.localtime()
    except (OverflowError, OSError, ValueError):
        return "?"  # somebody's clock said year 300,000
    today = (then.tm_year, then.tm_yday) == (now.tm_year, now.tm_yday)
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


_UNDELIVERED = {
    "waiting": "  [waiting]",
    "not-accepted": "  [waiting until they accept you]",
    "no-space": "  [waiting: no space on their disk]",
}


#: States of a message that is stored at whom it is for.
ARRIVED = ("delivered", "read")
#: Digits of a message's id that are shown: enough to tell it from every other one in a profile.
SHOWN_DIGITS = 8
_TOPIC = 6


def excerpt(text: str | None, most: int = 40) -> str:
    """The first words of a text, on one line."""
    words = " ".join((text or "").split())
    return words if len(words) <= most else words[: most - 1] + "…"


def reactions(message: schema.Message) -> str:
    """The emoji below a message with how many put them there."""
    return "  ".join(f"{each['emoji']} {len(each['by'])}" for each in message["reactions"])


def message_lines(
    message: schema.Message, where: str = "", mark: bool = True, ids: bool = False
) -> list[str]:
    """A message as lines; further lines of its text are indented, lest one poses as another message.

    Args:
        where: the room, where lines of several are shown.
        mark: say of one's own how far it got.
        ids: begin with the id.
    """
    who = "you" if message["mine"] else message["author_name"]
    head = f"{moment(message['wall_ms'])} {where}{who}"
    if ids:
        head = f"{message['id'][:SHOWN_DIGITS]} {head}"
    text = message["text"]
    if message["kind"] == _TOPIC and text is not None:
        return [f"{head} set the topic: {text}" if text else f"{head} took the topic away"]
    if text is None:
        text = f"({message['note'] or 'cannot be shown'})"
    first, *more = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    head += " [mentions you]: " if message["mentions_me"] else ": "
    lines = [head + first] + ["      | " + line for line in more]
    if message["edited"]:
        lines[-1] += " (edited)"
    if mark and message["mine"]:
        lines[-1] += _how_far(message)
    if message["reply_to"] is not None:
        lines.insert(0, "      > " + _quoted(message["reply_to"]))
    if message["reactions"]:
        lines.append("      " + reactions(message))
    return lines


def _how_far(message: schema.Message) -> str:
    """How far one's own message got, in brackets; nothing for what has arrived and is not known to be read."""
    if message["state"] == "held":
        return f"  [{held_by(message)}]"
    if message["state"] == "read" and message["text"] is not None:
        readers = [each["name"] for each in message["deliveries"] if each["state"] == "read"]
        return "  [read]" if len(message["deliveries"]) == 1 else f"  [read by {', '.join(readers)}]"
    return _UNDELIVERED.get(message["state"], "")


def _quoted(quote: schema.Quote) -> str:
    if quote["author"] is None:
        return "(an answer to something that is not here)"
    return f"{quote['author_name']}: " + (
        excerpt(quote["text"]) if quote["text"] is not None else "(nothing to show)"
    )


def held_by(message: schema.Message) -> str:
    """Who has a message in a box for somebody who is away. That it was handed over is their word only."""
    for state, said in (("held", "held by"), ("handed-over", "handed over, so they say, by")):
        if names := [each["name"] for each in message["deliveries"] if each["state"] == state]:
            return f"{said} {', '.join(names)}"
    return "waiting"
