from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from p2pim.errors import DecodeError, LocalProtocolError
from p2pim.protocol import callback, filetalk, route, splice
from p2pim.protocol import records as r
from p2pim.protocol.identity import Identity
from p2pim.protocol.peersum import Peersum

ROOM = b"r" * 32
ID = b"i" * 32
PEER = Identity.from_seed(bytes(32)).peer_id
SIGNED = r.Signed(b"header", b"s" * 64, b"content")
RANGES = [
    r.Range(5, b"", r.SKIP, b""),
    r.Range(6, b"ab", r.FINGERPRINT, bytes(32)),
    r.Range(2**53, ID, r.IDS, ID * 3),
]

EXAMPLES: list[r.Record] = [
    r.Hello([1], 1_700_000_000_000, "Zoë", "p2pim 0.1"),
    r.Ping(b"12345678"),
    r.Pong(bytes(8192)),
    r.Bye(r.SHUTDOWN),
    r.Reconcile(ROOM, r.CONTENT, 7, r.ASK, RANGES),
    r.Have(ROOM, r.CONTENT, [(ID, 1), (ROOM, 2**53 - 1)]),
    r.Want(ROOM, r.CONTROL, [ID] * 512),
    r.Messages(ROOM, r.CONTENT, [SIGNED, r.Signed(b"h" * 1024, bytes(64), None)]),
    r.Ack(ROOM, r.CONTENT, [ID], r.NOT_ACCEPTED),
    r.Lack(ROOM, r.CONTENT, []),
    r.Done(ROOM, r.CONTENT, 7, [ID] * 1900),
    r.Contacts([PEER]),
    r.Read(ID, [(1, 2**53 - 1)] * r.MAX_READS),
    r.State(2, "in a meeting", ROOM, "Zoë"),
    r.Joinfo(ROOM, SIGNED, "Blue"),
    r.Join(ROOM, bytes(64), b"c" * 64, "Zoë"),
    r.Joined(ROOM, r.LET_IN),
    r.Peers([r.SignedPeer(bytes(900), bytes(64))] * 64),
    route.Routes([route.SignedRoute(bytes(1024), bytes(64))] * 32),
    route.Routesum(bytes(8)),
    Peersum(bytes(8), True),
    route.Routehave([(bytes(16), 2**53 - 1)] * 512, all=True),
    route.Routewant([bytes(16)] * 512),
    callback.Callback(2**32 - 1, [(bytes(16), 65_535)] * 8),
    callback.Called(0, [255] * 8),
    splice.Spliceopen(0, splice.ASKED, PEER),
    splice.Splicedata(2**32 - 1, bytes(splice.MAX_DATA)),
    splice.Spliceclose(0, 255),
    filetalk.Fseek(ID),
    filetalk.Fhold(ID, fetching=True),
    filetalk.Fcall(),
    filetalk.Fstate([filetalk.State(ID, 255)] * 512),
    r.Boxput(PEER, 2**53, bytes(60_048)),
    r.Boxack(ID, r.BOX_KEEP),
    r.Box(bytes(48)),
]


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_round_trip(record: r.Record) -> None:
    plaintext = r.encode(record)
    assert plaintext[0] == r.TYPES[type(record)]
    assert r.decode(plaintext) == record


def test_every_type_has_its_example() -> None:
    assert {type(record) for record in EXAMPLES} == set(r.TYPES)


def test_the_specification_has_every_type_and_no_other() -> None:
    spec = (Path(r.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
    written = dict(re.findall(r"^\| 0x([0-9a-f]{2}) \| ([A-Z]+) \|", spec, re.MULTILINE))
    assert written == {f"{code:02x}": record.__name__.upper() for record, code in r.TYPES.items()}


def test_a_body_is_an_array_in_the_order_of_the_fields() -> None:
    assert r.encode(r.Bye(3)) == b"\x04\x91\x03"
    assert r.encode(r.Ping(b"abcdefgh")) == b"\x02abcdefgh"
    assert r.encode(r.State(1, "x")) == b"\x21\x94\x01\xa1x\xc0\xc0"
    assert r.encode(r.Lack(ROOM, 1, [ID])) == b"\x15\x93\xc4\x20" + ROOM + b"\x01\x91\xc4\x20" + ID


def test_later_fields_may_be_missing_and_newer_ones_are_ignored() -> None:
    assert r.decode(b"\x21\x92\x01\xa1x") == r.State(1, "x", None)
    assert r.decode(b"\x21\x96\x01\xa1x\xc0\xc0\x81\x01\x02\xd4\x05\x00") == r.State(1, "x", None)
    body = msgspec.msgpack.encode([ROOM, 1, [ID]])
    assert r.decode(b"\x14" + body) == r.Ack(ROOM, 1, [ID], r.STORED)


def bad(record: type[Any], *fields: Any) -> bytes:
    return bytes((r.TYPES[record],)) + msgspec.msgpack.encode(fields)


REFUSED = {
    "nothing": b"",
    "type only": b"\x10",
    "unknown type": b"\x18\x90",
    "type zero": b"\x00",
    "highest refused type": b"\x7f",
    "map for array": b"\x04\x81\x00\x01",
    "trailing byte": b"\x04\x91\x01\x00",
    "too few fields": b"\x04\x90",
    "length beyond the end": b"\x04\xdd\xff\xff\xff\xff",
    "string beyond the end": b"\x21\x92\x00\xdb\xff\xff\xff\xff",
    "reserved byte": b"\x04\xc1",
    "no UTF-8": b"\x21\x92\x00\xa1\xff",
    "nested arrays in a field to skip": b"\x04\x92\x01" + b"\x91" * 60_000,
    "nested maps in a field to skip": b"\x04\x92\x01" + b"\x81\x01" * 30_000,
    "ping too short": b"\x02" + bytes(7),
    "ping too long": b"\x02" + bytes(8193),
    "pong too short": b"\x03" + bytes(7),
    "bye code": bad(r.Bye, 256),
    "negative code": bad(r.Bye, -1),
    "text for number": bad(r.Bye, "1"),
    "hello features": bad(r.Hello, [1] * 33, 0, "", ""),
    "hello feature": bad(r.Hello, [2**32], 0, "", ""),
    "hello clock": bad(r.Hello, [], 2**53 + 1, "", ""),
    "hello name": bad(r.Hello, [], 0, "n" * 65, ""),
    "hello name in bytes": bad(r.Hello, [], 0, "é" * 33, ""),
    "hello software": bad(r.Hello, [], 0, "", "s" * 65),
    "hello too long": bad(r.Hello, [], 0, "", "", bytes(4096)),
    "room": bad(r.Want, ROOM[:31], 1, []),
    "room as text": bad(r.Want, "r" * 32, 1, []),
    "set": bad(r.Want, ROOM, 2, []),
    "id": bad(r.Want, ROOM, 1, [ID + b"x"]),
    "want": bad(r.Want, ROOM, 1, [ID] * 513),
    "lack": bad(r.Lack, ROOM, 1, [ID] * 513),
    "ack": bad(r.Ack, ROOM, 1, [ID] * 513, 0),
    "ack code": bad(r.Ack, ROOM, 1, [ID], 256),
    "done": bad(r.Done, ROOM, 1, 0, [ID] * 1901),
    "done run": bad(r.Done, ROOM, 1, -1, []),
    "have": bad(r.Have, ROOM, 1, [[ID, 1]] * 513),
    "have clock zero": bad(r.Have, ROOM, 1, [[ID, 0]]),
    "have clock": bad(r.Have, ROOM, 1, [[ID, 2**53]]),
    "have pair": bad(r.Have, ROOM, 1, [[ID]]),
    "messages": bad(r.Messages, ROOM, 1, [[b"h", bytes(64), None]] * 513),
    "empty header": bad(r.Messages, ROOM, 1, [[b"", bytes(64), None]]),
    "long header": bad(r.Messages, ROOM, 1, [[bytes(1025), bytes(64), None]]),
    "signature": bad(r.Messages, ROOM, 1, [[b"h", bytes(63), None]]),
    "content": bad(r.Messages, ROOM, 1, [[b"h", bytes(64), bytes(49_153)]]),
    "contacts": bad(r.Contacts, [PEER] * 513),
    "reads": bad(r.Read, ID, [(1, 2)] * (r.MAX_READS + 1)),
    "read clock": bad(r.Read, ID, [(0, 2)]),
    "read range": bad(r.Read, ID, [(1, 2, 3)]),
    "contact of small order": bad(r.Contacts, [bytes(32)]),
    "presence": bad(r.State, 4, ""),
    "status": bad(r.State, 0, "s" * 129),
    "status in bytes": bad(r.State, 0, "é" * 65),
    "new nickname in bytes": bad(r.State, 0, "", None, "é" * 33),
    "typing": bad(r.State, 0, "", b"short"),
    "team's name in bytes": bad(r.Joinfo, ROOM, [b"h", bytes(64), b""], "é" * 33),
    "joinfo without an invite": bad(r.Joinfo, ROOM, None, "Blue"),
    "proof": bad(r.Join, ROOM, bytes(63), bytes(64)),
    "consent": bad(r.Join, ROOM, bytes(64), bytes(65)),
    "joiner's name in bytes": bad(r.Join, ROOM, bytes(64), bytes(64), "é" * 33),
    "joined status": bad(r.Joined, ROOM, 256),
    "peers": bad(r.Peers, [[b"r", bytes(64)]] * 65),
    "peer record": bad(r.Peers, [[bytes(4097), bytes(64)]]),
    "empty peer record": bad(r.Peers, [[b"", bytes(64)]]),
    "peer record's signature": bad(r.Peers, [[b"r", bytes(65)]]),
    "box for nobody": bad(r.Boxput, ID[1:], 1, bytes(48)),
    "box for too long": bad(r.Boxput, ID, 2**53 + 1, bytes(48)),
    "box too short": bad(r.Box, bytes(47)),
    "box too long": bad(r.Box, bytes(60_049)),
    "put box too long": bad(r.Boxput, ID, 1, bytes(60_049)),
    "routes": bad(route.Routes, [route.SignedRoute(b"r", bytes(64))] * 33),
    "a long route": bad(route.Routes, [route.SignedRoute(bytes(1025), bytes(64))]),
    "peersum": bad(Peersum, bytes(9), True),
    "peersum without its question": bad(Peersum, bytes(8)),
    "routesum": bad(route.Routesum, bytes(9)),
    "routehave": bad(route.Routehave, [(bytes(16), 0)], True),
    "routehave all": bad(route.Routehave, [], 1),
    "routewant": bad(route.Routewant, [bytes(15)]),
    "fseek": bad(filetalk.Fseek, ID[1:]),
    "fhold": bad(filetalk.Fhold, ID, 1),
    "fstate of nothing": bad(filetalk.Fstate, []),
    "fstate": bad(filetalk.Fstate, [filetalk.State(ID, 256)]),
    "fstates": bad(filetalk.Fstate, [filetalk.State(ID, 1)] * 513),
    "box code": bad(r.Boxack, ID, 256),
    "reconcile kind": bad(r.Reconcile, ROOM, 1, 0, 3, []),
    "range clock": bad(r.Reconcile, ROOM, 1, 0, 0, [[2**53 + 1, b"", 0, b""]]),
    "range prefix": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, bytes(33), 0, b""]]),
    "range mode": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 3, b""]]),
    "skip with payload": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 0, bytes(32)]]),
    "fingerprint": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 1, bytes(31)]]),
    "fingerprint of two": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 1, bytes(64)]]),
    "ids": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 2, bytes(33)]]),
    "ranges": bad(r.Reconcile, ROOM, 1, 0, 0, [[1, b"", 0, b""]] * 4097),
}


@pytest.mark.parametrize("plaintext", REFUSED.values(), ids=REFUSED.keys())
def test_refused(plaintext: bytes) -> None:
    with pytest.raises(DecodeError):
        r.decode(plaintext)


def test_a_full_content_is_allowed() -> None:
    whole = r.Messages(ROOM, 1, [r.Signed(bytes(1024), bytes(64), bytes(48 * 1024))])
    assert r.decode(r.encode(whole)) == whole


@pytest.mark.parametrize("code", [0x80, 0xC3, 0xFF])
def test_unknown_types_from_80_on_are_passed_over(code: int) -> None:
    assert r.decode(bytes((code,))) == r.Unknown(code)
    assert r.decode(bytes((code,)) + b"\xc1" * 100) == r.Unknown(code)


def test_a_record_that_does_not_fit_a_frame_is_our_own_mistake() -> None:
    contents = [r.Signed(b"h", bytes(64), bytes(40_000))] * 2
    with pytest.raises(LocalProtocolError, match="does not fit"):
        r.encode(r.Messages(ROOM, 1, contents))
    fitting = r.Messages(ROOM, 1, [SIGNED])
    assert len(r.encode(fitting)) <= r.MAX_PLAINTEXT
