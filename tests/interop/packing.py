"""A MessagePack coder of its own: it shows that nothing but the public format is needed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias, Union

Value: TypeAlias = Union[bool, int, float, str, bytes, "tuple[Value, ...]", "Map", "Ext", None]

DEPTH = 32


class Refused(Exception):
    """What was read breaks a rule."""


@dataclass(frozen=True)
class Map:
    """Pairs as they came: keys may be of any type, and come twice."""

    pairs: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True)
class Ext:
    """An extension, or a str that is no UTF-8 (kind None): skipped, never understood."""

    kind: int | None
    data: bytes


def pack(value: Value) -> bytes:
    """Encode in the shortest way."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return _pack_int(value)
    if isinstance(value, bytes):
        return _head(len(value), None, 0, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(len(data), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + data
    if isinstance(value, tuple):
        return _head(len(value), 0x90, 16, (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    if isinstance(value, Map):
        body = b"".join(pack(key) + pack(item) for key, item in value.pairs)
        return _head(len(value.pairs), 0x80, 16, (None, 0xDE, 0xDF)) + body
    raise TypeError(f"never written: {type(value)}")


def _head(size: int, fix: int | None, fixed: int, codes: tuple[int | None, int, int]) -> bytes:
    if fix is not None and size < fixed:
        return bytes([fix | size])
    for code, form in zip(codes, (">BB", ">BH", ">BI"), strict=True):
        if code is not None and size < 1 << (8 * (struct.calcsize(form) - 1)):
            return struct.pack(form, code, size)
    raise ValueError("too long")


def _pack_int(value: int) -> bytes:
    if -32 <= value < 128:
        return struct.pack(">b", value)
    if value < 0:
        forms = [(0xD0, "b", 7), (0xD1, "h", 15), (0xD2, "i", 31), (0xD3, "q", 63)]
        code, form = next((code, form) for code, form, bits in forms if value >= -(1 << bits))
    else:
        forms = [(0xCC, "B", 8), (0xCD, "H", 16), (0xCE, "I", 32), (0xCF, "Q", 64)]
        code, form = next((code, form) for code, form, bits in forms if value < 1 << bits)
    return struct.pack(">B" + form, code, value)


def unpack(data: bytes) -> Value:
    """Decode one value and nothing after it."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise Refused("trailing bytes")
    return value


_NUMBERS = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q"} | {
    0xD0: "b",
    0xD1: "h",
    0xD2: "i",
    0xD3: "q",
}
_CONSTANTS: dict[int, Value] = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZED = {0xC4: ("bin", "B"), 0xC5: ("bin", "H"), 0xC6: ("bin", "I")} | {
    0xD9: ("str", "B"),
    0xDA: ("str", "H"),
    0xDB: ("str", "I"),
    0xDC: ("array", "H"),
    0xDD: ("array", "I"),
    0xDE: ("map", "H"),
    0xDF: ("map", "I"),
    0xC7: ("ext", "B"),
    0xC8: ("ext", "H"),
    0xC9: ("ext", "I"),
}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise Refused("cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, form: str) -> int | float:
        result: int | float = struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]
        return result

    def value(self, depth: int) -> Value:
        code = self.take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 256
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _NUMBERS:
            return self.number(_NUMBERS[code])
        return self.sized(*self.size(code), depth)

    def size(self, code: int) -> tuple[str, int]:
        if code < 0xC0:
            return (
                ("map", code & 15)
                if code < 0x90
                else ("array", code & 15)
                if code < 0xA0
                else ("str", code & 31)
            )
        if 0xD4 <= code <= 0xD8:
            return "ext", 1 << (code - 0xD4)
        if code not in _SIZED:
            raise Refused("0xc1 is no MessagePack")
        name, form = _SIZED[code]
        return name, int(self.number(form))

    def sized(self, name: str, size: int, depth: int) -> Value:
        if name == "bin":
            return self.take(size)
        if name == "str":
            data = self.take(size)
            try:
                return data.decode()
            except UnicodeDecodeError:
                return Ext(None, data)  # no text, but nothing that could not be skipped
        if name == "ext":
            return Ext(int(self.number("b")), self.take(size))
        if size > len(self.data) - self.at:
            raise Refused("more elements than bytes")
        if depth >= DEPTH:
            raise Refused("nested too deep")
        if name == "array":
            return tuple(self.value(depth + 1) for _ in range(size))
        return Map(tuple((self.value(depth + 1), self.value(depth + 1)) for _ in range(size)))
