"""How texts are compared when one is searched: without case, accents and compatibility forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from p2pim.protocol.message import decode_text

#: Words of a query that count, and characters of a word.
MAX_WORDS: Final = 16
MAX_WORD: Final = 200
_WORD: Final = re.compile(r'"([^"]*)"|(\S+)')


def folded(text: str) -> str:
    """A text as it is compared: without case, accents and compatibility forms."""
    if text.isascii():
        return text.lower().replace("\0", " ")
    text = text.encode("utf-8", "ignore").decode()  # halves of surrogate pairs are no text
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold().replace("\0", " ")


def words_of(query: str) -> list[str]:
    """What a query asks for, folded: its words, and as one what it has in double quotes. Every text is a query."""
    found = (a or b for a, b in _WORD.findall(folded(query[: 64 * MAX_WORD])))
    words = (" ".join(each.split())[:MAX_WORD].strip() for each in found)
    return list(dict.fromkeys(word for word in words if word))[:MAX_WORDS]


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether a text has all of these words, each whole or as a part of another."""
    shown = folded(text)
    return all(word in shown for word in words)


def search_text(content: bytes) -> str:
    """The text in the content of a message, folded; for the triggers."""
    text = decode_text(content)
    return "" if text is None else folded(text.text)
