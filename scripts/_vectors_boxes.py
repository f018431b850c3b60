"""Test vectors of SPEC.md, section 13: peer records and sealed boxes. Used by vectors.py."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from p2pim.protocol.box import PROLOGUE, box_digest, open_box, public_key, seal_box, write_record
from p2pim.protocol.handshake import seal_to
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import TEXT, seal, text_content
from p2pim.protocol.records import Signed, SignedPeer
from p2pim.protocol.room import dm_room

ALICE, BOB = Identity(b"\x0a" * 32), Identity(b"\x0b" * 32)
NOW = 1_700_000_000_000
LOW_ORDER = (bytes(32), b"\x01" + bytes(31), (2**255 - 20).to_bytes(32, "little"))
TOO_LARGE = ((2**255 - 19 + 9).to_bytes(32, "little"), b"\xff" * 32)


def key(name: str) -> bytes:
    """A private key for this name."""
    return hashlib.sha256(name.encode()).digest()


KEY = key("bob box")


def _record(seq: int, nickname: str, made_ms: int) -> dict[str, Any]:
    signed = write_record(BOB, seq, nickname, public_key(KEY), made_ms)
    return {
        "seed": BOB.seed.reveal().hex(),
        "fields": [BOB.peer_id.hex(), seq, nickname, public_key(KEY).hex(), made_ms],
        "record": signed.record.hex(),
        "signature": signed.signature.hex(),
    }


def _signed(fields: list[Any], context: str = "peer") -> SignedPeer:
    raw = msgspec.msgpack.encode(fields)
    return SignedPeer(raw, BOB.sign(context, raw))


def _refused_records() -> dict[str, SignedPeer]:
    me, mine = BOB.peer_id, public_key(KEY)
    good = _signed([me, 1, "bob", mine, NOW])
    refused = {
        "signed in another context": _signed([me, 1, "bob", mine, NOW], "message"),
        "signed by somebody else": _signed([ALICE.peer_id, 1, "bob", mine, NOW]),
        "changed": SignedPeer(good.record[:-1] + b"\x01", good.signature),
        "a refused peer_id": _signed([bytes(32), 1, "bob", mine, NOW]),
        "a seq of 0": _signed([me, 0, "bob", mine, NOW]),
        "a seq of 2^53": _signed([me, 2**53, "bob", mine, NOW]),
        "a nickname of 65 bytes": _signed([me, 1, "é" * 32 + "x", mine, NOW]),
        "a key of 31 bytes": _signed([me, 1, "bob", mine[:31], NOW]),
        "a field is missing": _signed([me, 1, "bob", mine]),
        "a map": SignedPeer(b"\x80", BOB.sign("peer", b"\x80")),
    }
    keys = {f"a key of low order ({k[:1].hex()}…)": k for k in LOW_ORDER}
    keys |= {f"a key that is not below p ({k[:1].hex()}…)": k for k in TOO_LARGE}
    return refused | {why: _signed([me, 1, "bob", k, NOW]) for why, k in keys.items()}


def _text(number: int) -> Signed:
    content = text_content(f"message {number}", NOW + number, lambda size: bytes((number,)) * size)
    room = dm_room(ALICE.peer_id, BOB.peer_id)
    return seal(ALICE, room, parents=[], clock=NOW + number, kind=TEXT, content=content).signed()


def _box(count: int) -> dict[str, Any]:
    messages = [_text(number) for number in range(count)]
    ephemeral = key(f"ephemeral {count}")
    sealed = seal_box(BOB.peer_id, public_key(KEY), messages, lambda _size: ephemeral)
    return {
        "recipient": BOB.peer_id.hex(),
        "box_private": KEY.hex(),
        "box_public": public_key(KEY).hex(),
        "ephemeral_private": ephemeral.hex(),
        "prologue": (PROLOGUE + BOB.peer_id).hex(),
        "messages": [[m.header.hex(), m.signature.hex(), (m.content or b"").hex()] for m in messages],
        "plaintext": msgspec.msgpack.encode(messages).hex(),
        "box": sealed.hex(),
        "digest": box_digest(sealed).hex(),
    }


def _sealed(plaintext: bytes, prologue: bytes = PROLOGUE + BOB.peer_id) -> bytes:
    return seal_to(public_key(KEY), prologue, plaintext, lambda _size: key("junk"))


def boxes() -> dict[str, Any]:
    """Records, boxes, what opens but holds nothing that may be taken, and what does not open."""
    one = msgspec.msgpack.encode([_text(0)])
    malformed = {
        "no messages": b"\x90",
        "nothing": b"",
        "a message by itself": msgspec.msgpack.encode(_text(0)),
        "a byte too many": one + b"\x00",
    }
    good = _sealed(one)
    unopened = {
        "for another recipient": _sealed(one, PROLOGUE + ALICE.peer_id),
        "one bit changed in the ephemeral key": bytes((good[0] ^ 1,)) + good[1:],
        "one bit changed at the end": good[:-1] + bytes((good[-1] ^ 1,)),
        "cut": good[:-1],
        "longer": good + b"\x00",
        "an ephemeral key of low order": bytes(32) + good[32:],
        "an ephemeral key with bit 255 set": good[:31] + bytes((good[31] | 0x80,)) + good[32:],
    }
    assert all(open_box(BOB.peer_id, [KEY], sealed) is None for sealed in unopened.values())
    return {
        "peer_records": [_record(1, "bob", NOW), _record(2**53 - 1, "", 0)],
        "refused_peer_records": [
            {"why": why, "record": signed.record.hex(), "signature": signed.signature.hex()}
            for why, signed in _refused_records().items()
        ],
        "boxes": [_box(1), _box(3)],
        "malformed": [{"why": why, "box": _sealed(text).hex()} for why, text in malformed.items()],
        "unopened": [{"why": why, "box": sealed.hex()} for why, sealed in unopened.items()],
    }
