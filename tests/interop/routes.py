"""Section 14: route records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .keys import Identity, digest, refused, verify
from .packing import Refused, Value, pack, unpack
from .records import MAX_CLOCK, blob, ident, many, number, row


def _address(value: Value) -> bytes:
    address: bytes = blob(4, 16)(value)
    if len(address) not in (4, 16):
        raise Refused("no IP address")
    return address


ROUTE = row(
    ident,
    blob(8, 8),
    number(1, MAX_CLOCK - 1),
    number(0, MAX_CLOCK),
    many(row(_address, number(1_024, 65_535), exact=True), 8),
)


def write_route(identity: Identity, *fields: Value) -> tuple[bytes, bytes]:
    """Make a record and its signature."""
    record = pack((identity.peer_id, *fields))
    return record, identity.sign("route", record)


def read_route(record: bytes, signature: bytes) -> tuple[Any, ...]:
    """Check a record and give its fields."""
    fields: tuple[Any, ...] = ROUTE(unpack(record))
    if refused(fields[0]) or not verify(fields[0], "route", record, signature):
        raise Refused("not signed by its subject")
    return fields


def sum_of(items: Iterable[tuple[bytes, bytes, int]]) -> bytes:
    """The sum over (peer_id, boot id, seq)."""
    return digest("routes", b"".join(sorted(p + b + s.to_bytes(8, "big") for p, b, s in items)))[:8]
