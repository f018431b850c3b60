"""How deep MessagePack is nested: a rule that every reader must answer alike for what is signed and passed on.

Decoders skip elements they do not know by calling themselves, and give up where their stack ends: at a depth that
depends on the version of Python and on who calls. A message that some machines take and others refuse would split those
who hold it from those who do not. So the depth of such bytes is counted first, without recursion.
"""

from __future__ import annotations

from typing import Final

#: Arrays and maps within each other, the outermost included.
MAX_LEVELS: Final = 32

_FIXARRAY, _FIXSTR = 0x90, 0xA0
#: Bytes that follow the first one, where that alone says how many.
_SIZES: Final = dict(zip(range(0xCA, 0xD4), (4, 8, 1, 2, 4, 8, 1, 2, 4, 8), strict=True)) | {
    0xD4 + i: 1 + 2**i for i in range(5)
}
#: Bytes of a length, and how much is added to it.
_LENGTHS: Final = {0xC4 + i: (2**i, 0) for i in range(3)} | {0xC7 + i: (2**i, 1) for i in range(3)}
_LENGTHS.update({0xD9 + i: (2**i, 0) for i in range(3)})
#: Bytes of a count, and how many items each element of it has.
_COUNTS: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def is_plain_array(raw: bytes, most: int) -> bool:
    """Whether it is an array of at most so many elements, by its first byte alone: then a typed decoder skips none."""
    return raw[:1] <= bytes((_FIXARRAY + most,)) and raw[:1] >= bytes((_FIXARRAY,))


def is_shallow(raw: bytes) -> bool:
    """Whether at most 32 levels begin before the bytes end or make no sense: whoever decodes them sees that."""
    left: list[int] = []  # items still to come, of each level
    place, end = 0, len(raw)
    while place < end:
        size, items = _item(raw, place)
        place += size
        if left:
            left[-1] -= 1
        if items is not None:
            left.append(items)
            if len(left) > MAX_LEVELS:
                return False
        while left and not left[-1]:
            left.pop()
        if not left:
            return True
    return True


def _item(raw: bytes, place: int) -> tuple[int, int | None]:
    """Size of what begins here, without its items; and how many items it has, if it can have some."""
    first = raw[place]
    if first < 0x80 or first >= 0xE0:
        return 1, None
    if first < _FIXSTR:
        return 1, (first & 15) * (1 if first >= _FIXARRAY else 2)
    if first < 0xC0:
        return 1 + (first & 31), None
    if first in _COUNTS:
        width, each = _COUNTS[first]
        return 1 + width, each * int.from_bytes(raw[place + 1 : place + 1 + width], "big")
    if first in _LENGTHS:
        width, more = _LENGTHS[first]
        return 1 + width + more + int.from_bytes(raw[place + 1 : place + 1 + width], "big"), None
    return 1 + _SIZES.get(first, 0), None
