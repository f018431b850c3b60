"""Names people give themselves: what is allowed, and when two look alike (SPEC section 10)."""

from __future__ import annotations

import unicodedata
from typing import Final

from p2pim.errors import BadInput

MAX_NAME_BYTES: Final = 64
MAX_STATUS_BYTES: Final = 128
MAX_REACTION_BYTES: Final = 32
MAX_TOPIC_BYTES: Final = 256
#: Joins several emoji into one; invisible by itself.
_JOINER: Final = "\u200d"
#: Unicode categories that can hide, reorder or break text.
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: Letters and digits of other scripts that pass for Latin ones, after UTS #39 (the ones keyboards and fonts offer).
_LOOKS_LIKE: Final = str.maketrans(
    {
        **dict(zip("абвгеһіјкԛмнорѕтухԝёсԁӏѵ", "abbreh1jkqmhopstyxwecd1v", strict=True)),
        **dict(zip("αβγεηικνορτυχω", "abyen1kvoptuxw", strict=True)),
        **dict(zip("ıłøđħɡ", "1lodhg", strict=True)),
        "0": "o",
        "l": "1",
        "i": "1",
        "|": "1",
        "!": "1",
        "5": "s",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
    }
)


def is_clean(text: str, limit: int) -> bool:
    """Whether text from elsewhere may be shown as a name or status: NFC, short, nothing invisible."""
    return (
        len(text.encode("utf-8", "surrogatepass")) <= limit
        and not any(unicodedata.category(c) in _REFUSED for c in text)
        and unicodedata.is_normalized("NFC", text)
    )


def received_name(text: str) -> str:
    """A nickname as a peer sent it, or "" where it breaks the rules (the peer then goes by its short id)."""
    return text if is_clean(text, MAX_NAME_BYTES) and text == text.strip() else ""


def received_status(text: str) -> str:
    """A status text as a peer sent it, or "" where it breaks the rules."""
    return text if is_clean(text, MAX_STATUS_BYTES) else ""


def received_topic(text: str) -> str:
    """A topic as a peer sent it, or "" where it breaks the rules."""
    return text if is_clean(text, MAX_TOPIC_BYTES) else ""


def is_reaction(text: str) -> bool:
    """Whether text may stand as a reaction: short and clean, but for what joins emoji (never letters) into one."""
    parts = text.split(_JOINER)
    return (
        0 < len(text.encode("utf-8", "surrogatepass")) <= MAX_REACTION_BYTES
        and text == text.strip()
        and all(part and is_clean(part, MAX_REACTION_BYTES) for part in parts)
        and (len(parts) == 1 or not any(map(str.isalnum, text)))
    )


def own_name(text: str, limit: int = MAX_NAME_BYTES) -> str:
    """Tidy a name typed by the user.

    Raises:
        BadInput: too long, or it holds characters that others could not see.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name.encode("utf-8", "surrogatepass")) > limit:
        raise BadInput(
            f"That is too long: at most {limit} bytes ({limit} plain letters). Choose a shorter one."
        )
    if not is_clean(name, limit):
        raise BadInput(
            "That holds invisible or control characters, which others could not see. Type it again."
        )
    return name


def skeleton(name: str) -> str:
    """Equal for names that a reader could confuse (UTS #39 in spirit: NFKC, case, marks, look-alike letters)."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return "".join(text.translate(_LOOKS_LIKE).split())
