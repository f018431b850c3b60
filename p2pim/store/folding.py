"""How texts are compared when one is searched: without case, accents and compatibility forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from p2pim.protocol.message import decode_text
from p2pim.protocol.offer import decode_offer

#: Words of a query that count, and characters of a word.
MAX_WORDS: Final = 16
MAX_WORD: Final = 200
#: Letters of the longest term.
LONGEST: Final = 3
#: FTS5's tokenizer takes these for what stands between terms: they stand for themselves, elsewhere in Unicode.
_AS_LETTERS: Final = {n: chr(0xE000 + n) for n in range(128) if not chr(n).isalnum() and not chr(n).isspace()}
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


def terms_of(word: str) -> list[str]:
    """By which terms of the index a folded word, or a part of one, is found: itself, or all three letters in a row."""
    if len(word) <= LONGEST:
        return [word.translate(_AS_LETTERS)]
    parts = (word[i : i + LONGEST] for i in range(len(word) - LONGEST + 1))
    return [part.translate(_AS_LETTERS) for part in dict.fromkeys(parts)]


def search_terms(content: bytes) -> str:
    """The terms under which a message is found by its content: all one to three letters in a row of each word."""
    text, offer = decode_text(content), decode_offer(content)
    if text is None and offer is None:
        return ""
    said = text.text if text is not None else offer.name if offer is not None else ""
    words = set(folded(said).translate(_AS_LETTERS).split())
    return " ".join(
        {w[i : i + n] for w in words for n in range(1, LONGEST + 1) for i in range(len(w) - n + 1)}
    )


def offer_root(content: bytes | None) -> bytes | None:
    """The root of what a message offers, by which others are found that offer the same; None if it is no offer."""
    offer = None if content is None else decode_offer(content)
    return None if offer is None else offer.root
