from __future__ import annotations

import pytest

from p2pim.errors import DecodeError
from p2pim.protocol import bech32

# from BIP-350, those that hold whole bytes
VALID = [
    ("A1LQFN3A", "a", ""),
    ("a1lqfn3a", "a", ""),
    (
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber1",
        "",
    ),
    (
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "abcdef",
        "ffbbcdeb38bdab49ca307b9ac5a928398a418820",
    ),
    (
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "split",
        "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d",
    ),
    ("?1v759aa", "?", ""),
]

# from BIP-350 too, and what decoding to bytes adds to it
INVALID = [
    (
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
        "too long",
    ),
    ("\u00801vctc34", "too long, or"),
    ("A1lqfn3a", "mixed"),
    ("qyrz8wqd2c9m", "incomplete"),
    ("1qyrz8wqd2c9m", "incomplete"),
    ("in1muywd", "incomplete"),
    ("\x201xj0phk", "never occurs"),
    ("\x7f1g6xzxy", "never occurs"),
    ("y1b0jsk6g", "never occurs"),
    ("lt1igcx5c0", "never occurs"),
    ("mm1crxm3i", "never occurs"),
    ("M1VUXWEZ", "check characters"),
    ("a12uel5l", "check characters"),  # right for bech32, not for bech32m
    ("11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8", "last"),
]


@pytest.mark.parametrize(("text", "hrp", "raw"), VALID)
def test_reads_and_writes_the_published_examples(text: str, hrp: str, raw: str) -> None:
    assert bech32.decode(text) == (hrp, bytes.fromhex(raw))
    assert bech32.encode(hrp, bytes.fromhex(raw)) == text.lower()


@pytest.mark.parametrize(("text", "sentence"), INVALID)
def test_refuses_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DecodeError, match=sentence):
        bech32.decode(text)


def test_a_text_with_a_needless_symbol_is_refused() -> None:
    # "aq": one symbol of five zero bits, which hold no byte, under a right checksum
    values = [*bech32._expand("a"), 0]
    checksum = bech32._polymod([*values, *[0] * 6]) ^ bech32._CHECKSUM_CONSTANT
    tail = "".join(bech32.ALPHABET[checksum >> 5 * (5 - i) & 31] for i in range(6))
    with pytest.raises(DecodeError, match="last"):
        bech32.decode("a1q" + tail)


@pytest.mark.parametrize("size", range(33))
def test_round_trip(size: int) -> None:
    raw = bytes(range(200, 200 + size))
    assert bech32.decode(bech32.encode("p2pim", raw)) == ("p2pim", raw)


def test_every_mistyped_character_is_found() -> None:
    text = bech32.encode("p2pim", bytes(range(32)))
    for position in range(6, len(text)):
        for other in bech32.ALPHABET:
            if other != text[position]:
                with pytest.raises(DecodeError):
                    bech32.decode(text[:position] + other + text[position + 1 :])
