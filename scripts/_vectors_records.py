"""Vectors of the records of a Link: each type, and what must be refused or passed over."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from p2pim.protocol import callback, filetalk, records, route, splice
from p2pim.protocol.identity import Identity
from p2pim.protocol.peersum import Peersum


def as_json(value: Any) -> Any:
    """Bytes become hexadecimal text, records their fields by name."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {name: as_json(getattr(value, name)) for name in value.__struct_fields__}
    return value


def record_examples() -> list[records.Record]:
    """One of each type at least."""
    room, one, two = (hashlib.sha256(text).digest() for text in (b"room", b"one", b"two"))
    peers = [Identity(bytes([seed] * 32)).peer_id for seed in (0x0A, 0x0B)]
    ranges = [
        records.Range(1_700_000_000_000, b"", records.SKIP, b""),
        records.Range(1_700_000_000_500, one[:2], records.FINGERPRINT, two),
        records.Range(2**53, b"", records.IDS, one + two),
    ]
    signed = [records.Signed(b"header", bytes(range(64)), b"content"), records.Signed(b"h", bytes(64), None)]
    return [
        records.Hello([1], 1_700_000_000_000, "Zoë", "p2pim 0.1"),
        records.Hello([], 0, "", ""),
        records.Ping(bytes(range(8))),
        records.Pong(bytes(range(8))),
        records.Bye(records.PROTOCOL),
        records.Reconcile(room, records.CONTENT, 7, records.ASK, ranges),
        records.Reconcile(room, records.CONTROL, 7, records.NOT_SERVED, []),
        records.Have(room, records.CONTENT, [(one, 1), (two, 2**53 - 1)]),
        records.Want(room, records.CONTENT, [one, two]),
        records.Messages(room, records.CONTENT, signed),
        records.Ack(room, records.CONTENT, [one]),
        records.Ack(room, records.CONTENT, [one, two], records.NOT_ACCEPTED),
        records.Lack(room, records.CONTENT, [two]),
        records.Done(room, records.CONTENT, 7, [one]),
        records.Contacts(peers),
        records.Read(room, [(1, 1_700_000_000_000), (1_700_000_000_500, 2**53 - 1)]),
        records.State(1, "back at two", room, "Zoë"),
        records.State(0, ""),
        records.Joinfo(room, signed[0], "Blue"),
        records.Join(room, bytes(range(64)), bytes(64), "Zoë"),
        records.Join(room, bytes(64), bytes(range(64))),
        records.Joined(room, records.PENDING),
        records.Peers([records.SignedPeer(b"record", bytes(range(64)))]),
        route.Routes([route.SignedRoute(b"record", bytes(range(64)))]),
        route.Routesum(bytes(range(8))),
        Peersum(bytes(range(8)), ask=True),
        route.Routehave([(bytes(range(16)), 1_700_000_000_000)], all=True),
        route.Routehave([], all=False),
        route.Routewant([bytes(range(16))]),
        callback.Callback(7, [(bytes((10, 99, 0, 2)), 26747), (bytes(range(16)), 1024)]),
        callback.Called(7, [callback.CONNECTED, callback.NO_ANSWER]),
        splice.Spliceopen(7, splice.ASKED, peers[1]),
        splice.Splicedata(7, b"bytes"),
        splice.Spliceclose(7, splice.NOT_LINKED),
        filetalk.Fseek(one),
        filetalk.Fhold(one, fetching=True),
        filetalk.Fcall(),
        filetalk.Fstate([filetalk.State(one, filetalk.DONE), filetalk.State(two, filetalk.DISK_FULL)]),
        records.Boxput(peers[1], 1_700_000_000_000, bytes(range(48))),
        records.Boxack(one, records.BOX_HANDED_OVER),
        records.Box(bytes(range(49))),
    ]


def record_vectors() -> dict[str, Any]:
    """Every type of record, and what must be refused or passed over."""
    room = bytes(32)
    refused = {
        "nothing at all": b"",
        "an unknown type below 0x80": b"\x7f\x90",
        "a map where an array belongs": b"\x04\x81\x00\x01",
        "a field is missing": b"\x04\x90",
        "a byte too many": b"\x04\x91\x01\x00",
        "an array of four billion": b"\x04\xdd\xff\xff\xff\xff",
        "an id of 31 bytes": b"\x12" + msgspec.msgpack.encode([room, 1, [bytes(31)]]),
        "ids as text": b"\x12" + msgspec.msgpack.encode([room, 1, ["x" * 32]]),
        "a third set": b"\x12" + msgspec.msgpack.encode([room, 2, []]),
        "a clock of 0": b"\x11" + msgspec.msgpack.encode([room, 1, [[room, 0]]]),
        "a clock of 2^53": b"\x11" + msgspec.msgpack.encode([room, 1, [[room, 2**53]]]),
        "a fingerprint of 31 bytes": b"\x10"
        + msgspec.msgpack.encode([room, 1, 0, 0, [[1, b"", 1, bytes(31)]]]),
        "a status of 129 bytes": b"\x21" + msgspec.msgpack.encode([0, "é" * 64 + "x"]),
        "text that is no UTF-8": b"\x21\x92\x00\xa1\xff",
        "an address of 5 bytes": b"\x29" + msgspec.msgpack.encode([1, [[bytes(5), 26747]]]),
        "a call to no address": b"\x29" + msgspec.msgpack.encode([1, []]),
        "no state at all": b"\x4b" + msgspec.msgpack.encode([[]]),
        "a box of 47 bytes": b"\x32" + msgspec.msgpack.encode([bytes(47)]),
        "a ping of 7 bytes": b"\x02" + bytes(7),
        "a proof of 63 bytes": b"\x23" + msgspec.msgpack.encode([room, bytes(63), bytes(64)]),
        "a join without a consent": b"\x23" + msgspec.msgpack.encode([room, bytes(64)]),
    }
    return {
        "records": [
            {
                "type": records.TYPES[type(record)],
                "name": type(record).__name__,
                "fields": as_json(record),
                "plaintext": records.encode(record).hex(),
            }
            for record in record_examples()
        ],
        "with_newer_fields": [
            {
                "plaintext": (b"\x04" + msgspec.msgpack.encode([1, {"a": [2]}, b"x"])).hex(),
                "same_as": records.encode(records.Bye(1)).hex(),
            }
        ],
        "ignored": [b"\x80".hex(), (b"\xff" + b"\xc1" * 20).hex()],
        "refused": [{"why": why, "plaintext": raw.hex()} for why, raw in refused.items()],
    }
