"""Section 5: records, each checked against its row of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .keys import refused
from .packing import Refused, Value, pack, unpack

HELLO, PING, PONG, BYE = 0x01, 0x02, 0x03, 0x04
RECONCILE, HAVE, WANT, MESSAGES, ACK, LACK, DONE, CONTACTS, READ = range(0x10, 0x19)
PEERS, STATE, JOINFO, JOIN, JOINED, ROUTES, ROUTESUM, ROUTEHAVE, ROUTEWANT, CALLBACK, CALLED = range(
    0x20, 0x2B
)
BOXPUT, BOXACK, BOX, PEERSUM = range(0x30, 0x34)
FSEEK, FHOLD, FCALL, FSTATE = 0x48, 0x49, 0x4A, 0x4B
SPLICEOPEN, SPLICEDATA, SPLICECLOSE = 0x50, 0x51, 0x52
MAX_CLOCK = 2**53

Check: TypeAlias = Callable[[Value], Any]


def number(low: int, high: int) -> Check:
    """Take an integer in this range, never a boolean."""

    def check(value: Value) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Refused(f"no integer from {low} to {high}")
        return value

    return check


def boolean(value: Value) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise Refused("no boolean")
    return value


def blob(low: int, high: int) -> Check:
    """Take a bin of this length."""

    def check(value: Value) -> bytes:
        if not isinstance(value, bytes) or not low <= len(value) <= high:
            raise Refused(f"no bin of {low} to {high} bytes")
        return value

    return check


def text(most: int) -> Check:
    """Take a str of at most this many bytes."""

    def check(value: Value) -> str:
        if not isinstance(value, str) or len(value.encode()) > most:
            raise Refused(f"no text of at most {most} bytes")
        return value

    return check


def many(item: Check, most: int) -> Check:
    """Take an array of at most this many."""

    def check(value: Value) -> tuple[Any, ...]:
        if not isinstance(value, tuple) or len(value) > most:
            raise Refused(f"no array of at most {most}")
        return tuple(item(each) for each in value)

    return check


def some(item: Check, most: int) -> Check:
    """Take an array of one at least."""

    def check(value: Value) -> tuple[Any, ...]:
        found: tuple[Any, ...] = many(item, most)(value)
        if not found:
            raise Refused("an empty array")
        return found

    return check


def row(*fields: Check, optional: tuple[tuple[Check, Value], ...] = (), exact: bool = False) -> Check:
    """Take an array with these elements, then optional ones (given with their value if missing)."""

    def check(value: Value) -> tuple[Any, ...]:
        if not isinstance(value, tuple) or len(value) < len(fields) or (exact and len(value) > len(fields)):
            raise Refused("no array of this length")
        result = [field(each) for field, each in zip(fields, value, strict=False)]
        for i, (field, default) in enumerate(optional, len(fields)):
            result.append(field(value[i]) if i < len(value) else default)
        return tuple(result)

    return check


def maybe(item: Check) -> Check:
    """Take this or nil."""
    return lambda value: None if value is None else item(value)


ident = blob(32, 32)


def _peer(value: Value) -> bytes:
    peer_id: bytes = ident(value)
    if refused(peer_id):
        raise Refused("a refused key")
    return peer_id


def _address(value: Value) -> bytes:
    address: bytes = blob(4, 16)(value)
    if len(address) not in (4, 16):
        raise Refused("no IP address")
    return address


def _range(value: Value) -> tuple[int, bytes, int, bytes]:
    clock, prefix, mode, payload = row(number(0, MAX_CLOCK), blob(0, 32), number(0, 2), blob(0, 65_535))(
        value
    )
    if not (len(payload) % 32 == 0 if mode == 2 else len(payload) == 32 * mode):
        raise Refused("a payload of a wrong length")
    return clock, prefix, mode, payload


_set = number(0, 1)
_run = number(0, MAX_CLOCK)
SIGNED = row(blob(1, 1_024), blob(64, 64), maybe(blob(0, 49_152)))
BODIES: dict[int, Check] = {
    HELLO: row(many(number(0, 2**32 - 1), 32), number(0, MAX_CLOCK), text(64), text(64)),
    BYE: row(number(0, 255)),
    RECONCILE: row(ident, _set, _run, number(0, 2), many(_range, 4_096)),
    HAVE: row(ident, _set, many(row(ident, number(1, MAX_CLOCK - 1), exact=True), 512)),
    WANT: row(ident, _set, many(ident, 512)),
    MESSAGES: row(ident, _set, many(SIGNED, 512)),
    ACK: row(ident, _set, many(ident, 512), optional=((number(0, 255), 0),)),
    LACK: row(ident, _set, many(ident, 512)),
    DONE: row(ident, _set, _run, many(ident, 1_900)),
    CONTACTS: row(many(_peer, 512)),
    READ: row(ident, many(row(*[number(1, MAX_CLOCK - 1)] * 2, exact=True), 32)),
    JOINFO: row(ident, SIGNED, text(64)),
    JOIN: row(ident, blob(64, 64), blob(64, 64), optional=((maybe(text(64)), None),)),
    JOINED: row(ident, number(0, 255)),
    PEERS: row(many(row(blob(1, 4_096), blob(64, 64)), 64)),
    ROUTES: row(many(row(blob(1, 1_024), blob(64, 64)), 32)),
    ROUTESUM: row(blob(8, 8)),
    ROUTEHAVE: row(many(row(blob(16, 16), number(1, MAX_CLOCK - 1), exact=True), 512), boolean),
    ROUTEWANT: row(many(blob(16, 16), 512)),
    CALLBACK: row(number(0, 2**32 - 1), some(row(_address, number(1_024, 65_535), exact=True), 8)),
    CALLED: row(number(0, 2**32 - 1), many(number(0, 255), 8)),
    SPLICEOPEN: row(number(0, 2**32 - 1), number(0, 255), ident),
    SPLICEDATA: row(number(0, 2**32 - 1), blob(1, 16_384)),
    SPLICECLOSE: row(number(0, 2**32 - 1), number(0, 255)),
    FSEEK: row(ident),
    FHOLD: row(ident, boolean),
    FCALL: row(),
    FSTATE: row(some(row(ident, number(0, 255)), 512)),
    BOXPUT: row(ident, number(0, MAX_CLOCK), blob(48, 60_048)),
    BOXACK: row(ident, number(0, 255)),
    BOX: row(blob(48, 60_048)),
    PEERSUM: row(blob(8, 8), boolean),
    STATE: row(number(0, 3), text(128), optional=((maybe(ident), None), (maybe(text(64)), None))),
}


def encode(kind: int, *fields: Value) -> bytes:
    """Make a record; PING and PONG have one field of raw bytes."""
    if kind in (PING, PONG):
        assert isinstance(fields[0], bytes)
        return bytes([kind]) + fields[0]
    return bytes([kind]) + pack(tuple(fields))


def decode(plaintext: bytes) -> tuple[int, tuple[Any, ...]]:
    """Check a record and give its type and fields; those of an ignored one are empty."""
    if not plaintext:
        raise Refused("nothing at all")
    kind, body = plaintext[0], plaintext[1:]
    if kind in (PING, PONG):
        return kind, (blob(8, 8_192)(body),)
    if kind in BODIES:
        if kind == HELLO and len(plaintext) > 4_096:
            raise Refused("a HELLO that is too long")
        fields: tuple[Any, ...] = BODIES[kind](unpack(body))
        return kind, fields
    if kind < 0x80:
        raise Refused("an unknown type below 0x80")
    return kind, ()
