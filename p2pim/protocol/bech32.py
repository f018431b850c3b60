"""Bech32m (BIP-350): short binary strings as text that survives being read aloud and mistyped.

Only what identities need: whole bytes in, whole bytes out, the checksum constant of bech32m.
"""

from __future__ import annotations

from p2pim.errors import DecodeError

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
MAX_LENGTH = 90
CHECKSUM_LENGTH = 6

_CHECKSUM_CONSTANT = 0x2BC830A3
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= term
    return checksum


def _expand(hrp: str) -> list[int]:
    return [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]


def encode(hrp: str, raw: bytes) -> str:
    """Write ``raw`` as ``hrp`` + ``1`` + data + checksum, all lower case."""
    bits = len(raw) * 8
    padding = -bits % 5
    number = int.from_bytes(raw, "big") << padding
    symbols = (bits + padding) // 5
    values = [number >> 5 * (symbols - 1 - i) & 31 for i in range(symbols)]
    checksum = _polymod([*_expand(hrp), *values, *[0] * CHECKSUM_LENGTH]) ^ _CHECKSUM_CONSTANT
    values += [checksum >> 5 * (CHECKSUM_LENGTH - 1 - i) & 31 for i in range(CHECKSUM_LENGTH)]
    return hrp + "1" + "".join(ALPHABET[value] for value in values)


def decode(text: str) -> tuple[str, bytes]:
    """Return (hrp, bytes); DecodeError, with a sentence for the person who typed it, if anything is off."""
    if len(text) > MAX_LENGTH or not text.isascii():
        raise DecodeError("This is too long, or has characters that cannot be part of it.")
    if text != text.lower() and text != text.upper():
        raise DecodeError("Upper and lower case are mixed: one of them was mistyped.")
    hrp, separator, data = text.lower().rpartition("1")
    if not separator or not hrp or len(data) < CHECKSUM_LENGTH:
        raise DecodeError("This is incomplete: a part of it is missing.")
    if not all(33 <= ord(c) <= 126 for c in hrp) or not all(c in _VALUES for c in data):
        raise DecodeError("This holds a character that never occurs in it.")
    values = [_VALUES[c] for c in data]
    if _polymod(_expand(hrp) + values) != _CHECKSUM_CONSTANT:
        raise DecodeError("The check characters do not fit: it was mistyped or cut.")
    return hrp, _to_bytes(values[:-CHECKSUM_LENGTH])


def _to_bytes(values: list[int]) -> bytes:
    number = 0
    for value in values:
        number = number << 5 | value
    padding = len(values) * 5 % 8
    # One text for one byte string: the bits that fill the last symbol are zero and fewer than a symbol.
    if padding >= 5 or number & ((1 << padding) - 1):
        raise DecodeError("The last character does not fit: it was mistyped or cut.")
    return (number >> padding).to_bytes(len(values) * 5 // 8, "big")
