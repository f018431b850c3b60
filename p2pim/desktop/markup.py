"""What people write, as the window shows it: a small, safe part of Markdown, never HTML.

Bold, italic, struck and code, fenced blocks of code, quotes and bare links. A link's text is its address, so that it
cannot lead elsewhere than it says, and only http, https and mailto are links. Everything else stays as it was written.
The text comes from anybody: what would move or reorder its neighbours is made visible.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, Literal, NamedTuple

# C0 but tab and line feed, DEL, C1; line and paragraph separators; embeddings, overrides and isolates
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SEEN: Final = "\ufffd"
_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\ufffd]+", re.IGNORECASE)
_TOKEN: Final = re.compile(
    rf"(?P<code>`[^`\n]+`)|(?P<link>{_LINK.pattern})|(?P<mark>\*\*|~~|\*|_)", re.IGNORECASE
)
_TAIL: Final = ".,;:!?*_~"
#: Links to addresses longer than this stay text.
MAX_LINK: Final = 2_048


class Span(NamedTuple):
    """A piece of a line in one style; ``link``: where a click leads."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


class Block(NamedTuple):
    """Lines of one kind."""

    kind: Literal["text", "code", "quote"]
    spans: list[Span]


def plain(text: str) -> str:
    """Text in which no character moves or reorders its neighbours; line ends are line feeds."""
    return _UNSAFE.sub(_SEEN, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """The same for a name or an excerpt."""
    return " ".join(plain(text).split())


def blocks(text: str) -> list[Block]:
    """What is to be drawn."""
    found: list[Block] = []
    lines = plain(text).split("\n")
    fences = [number for number, line in enumerate(lines) if line.rstrip() == "```"]
    kept: list[str] = []
    quoted = False

    def end() -> None:
        if kept:
            found.append(Block("quote" if quoted else "text", inline("\n".join(kept))))
            kept.clear()

    number = 0
    while number < len(lines):
        line = lines[number]
        following = bisect_right(fences, number)
        if line.startswith("```") and following < len(fences):
            close = fences[following]
            end()
            found.append(Block("code", [Span("\n".join(lines[number + 1 : close]), code=True)]))
            number = close + 1
            continue
        is_quote = line.startswith("> ") or line == ">"
        if is_quote != quoted:
            end()
            quoted = is_quote
        kept.append(line[2:] if is_quote else line)
        number += 1
    end()
    return found


def inline(text: str) -> list[Span]:
    """The spans of some lines. Marks without a partner are text."""
    tokens = list(_TOKEN.finditer(text))
    pairs = _pairs(text, tokens)
    spans: list[Span] = []
    styles = {"**": False, "*": False, "_": False, "~~": False}
    at = 0

    def add(piece: str, *, code: bool = False, link: str = "") -> None:
        if piece:
            italic = styles["*"] or styles["_"]
            spans.append(Span(piece, styles["**"], italic, styles["~~"], code, link))

    for number, token in enumerate(tokens):
        if token.lastgroup == "mark" and number not in pairs:
            continue
        add(text[at : token.start()])
        at = token.end()
        if token.lastgroup == "mark":
            styles[token[0]] = not styles[token[0]]
        elif token.lastgroup == "code":
            add(token[0][1:-1], code=True)
        else:
            address = _without_tail(token[0])
            add(address, link=address if len(address) <= MAX_LINK else "")
            at = token.start() + len(address)
    add(text[at:])
    return spans


def _pairs(text: str, tokens: list[re.Match[str]]) -> set[int]:
    """Which marks open or close something: those that hug it, each with the nearest partner, none across another."""
    found: set[int] = set()
    opened: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if token.lastgroup != "mark":
            continue
        mark = token[0]
        before, after = text[token.start() - 1 : token.start()], text[token.end() : token.end() + 1]
        # within a word an underscore is part of a name
        closes = bool(before.strip()) and not (mark == "_" and after.isalnum())
        opens = bool(after.strip()) and not (mark == "_" and before.isalnum())
        if closes and mark in opened and tokens[opened[mark]].end() < token.start():
            start = opened[mark]
            found |= {start, number}
            opened = {other: at for other, at in opened.items() if at < start}
        elif opens and mark not in opened:
            opened[mark] = number
    return found


def _without_tail(address: str) -> str:
    """An address without the punctuation of the sentence around it."""
    while address and (
        address[-1] in _TAIL or (address[-1] == ")" and address.count(")") > address.count("("))
    ):
        address = address[:-1]
    return address
