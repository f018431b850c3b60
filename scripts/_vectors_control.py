"""Test vectors of SPEC.md, sections 11 and 12: contents of control messages, and consent. Used by vectors.py."""

from __future__ import annotations

from typing import Any

import msgspec

from p2pim.protocol.control import (
    KINDS,
    Admit,
    Body,
    Genesis,
    Grant,
    Invite,
    Merge,
    Policy,
    Revoke,
    consent,
    decode,
    encode,
    kind_of,
)
from p2pim.protocol.identity import Identity, digest

ANN, BOB, KEY = (Identity(bytes([n]) * 32) for n in (0x0A, 0x0B, 0x1C))
SALT, ONE, TWO = bytes(range(16)), digest("test", b"one"), digest("test", b"two")
PROOF = KEY.sign("join", ONE + BOB.peer_id)
CONSENT = consent(BOB, TWO, PROOF, "Zoë")
SMALL_ORDER = bytes([1]) + bytes(31)
pack = msgspec.msgpack.encode

BODIES: tuple[Body, ...] = (
    Genesis(SALT, 1, "Blue", None, ONE),
    Genesis(SALT, 2, "news", TWO),
    Genesis(SALT, 3, "plan", TWO),
    Genesis(SALT, 3, ""),
    Grant(BOB.peer_id, 1, 2, "Bob B."),
    Grant(BOB.peer_id, 2**32 - 1, 0, None, ONE),
    Grant(BOB.peer_id, 3, 1, " turned\u202earound\n"),
    Policy(1, {"name": "crew", "archived": False, "days": -1, "most": 2**64 - 1, "types": ["png", ""]}),
    Policy(2, {}),
    Invite(KEY.peer_id, ONE, TWO, 1_700_000_000_000, 1, False, "Bob B."),
    Invite(KEY.peer_id, ONE, TWO, 0, 1_000, True),
    Revoke(TWO, []),
    Revoke(TWO, [ONE, TWO]),
    Admit(BOB.peer_id, TWO, PROOF, CONSENT, "Zoë"),
    Admit(BOB.peer_id, TWO, PROOF, consent(BOB, TWO, PROOF, None)),
    Merge(SALT),
)


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {name: _json(getattr(value, name)) for name in value.__struct_fields__}
    return value


def _nested(start: bytes, levels: int) -> bytes:
    return start + b"\x91" * levels + b"\xc0"


MERGE = b"\x92" + pack(SALT)
PAIRS_64 = b"".join(b"\xa2%02d\xc3" % n for n in range(64))

#: Contents that say the same as a shorter one.
ACCEPTED: dict[str, tuple[int, bytes, Body]] = {
    "elements of a newer version": (
        129,
        pack([BOB.peer_id, 1, 1, None, None, {"more": [1.5]}, b"x"]),
        Grant(BOB.peer_id, 1, 1),
    ),
    "optional elements left out": (129, pack([BOB.peer_id, 1, 1]), Grant(BOB.peer_id, 1, 1)),
    "4,096 bytes": (129, pack([BOB.peer_id, 1, 1, None, None, bytes(4_096 - 42)]), Grant(BOB.peer_id, 1, 1)),
    "long encodings": (
        129,
        b"\xdd\x00\x00\x00\x03\xc6\x00\x00\x00\x20" + BOB.peer_id + b"\xcf" + bytes(7) + b"\x01\xd0\x01",
        Grant(BOB.peer_id, 1, 1),
    ),
    "32 levels": (134, _nested(MERGE, 31), Merge(SALT)),
    "a key of a map twice": (130, b"\x92\x01\x82\xa1a\x01\xa1a\x02", Policy(1, {"a": 2})),
}

REFUSED: dict[str, tuple[int, bytes]] = {
    "a team without a secret": (128, pack([SALT, 1, "x", None, None])),
    "a team with a parent": (128, pack([SALT, 1, "x", ONE, TWO])),
    "a channel without a parent": (128, pack([SALT, 2, "x", None, None])),
    "a channel with a secret": (128, pack([SALT, 2, "x", ONE, TWO])),
    "a group with a secret": (128, pack([SALT, 3, "x", ONE, TWO])),
    "a fourth type": (128, pack([SALT, 4, "x", None, None])),
    "a salt of 15 bytes": (128, pack([SALT[:15], 3, "x"])),
    "a name of 65 bytes": (128, pack([SALT, 3, "é" * 32 + "x"])),
    "a name that is nil": (128, pack([SALT, 3, None])),
    "a refused key": (129, pack([SMALL_ORDER, 1, 1])),
    "a gen of 0": (129, pack([BOB.peer_id, 0, 1])),
    "a gen of 2^32": (129, pack([BOB.peer_id, 2**32, 1])),
    "a gen that is a float": (129, pack([BOB.peer_id, 1.0, 1])),
    "a role that is a boolean": (129, pack([BOB.peer_id, 1, True])),
    "the role of an owner": (129, pack([BOB.peer_id, 1, 3])),
    "a member with a secret": (129, pack([BOB.peer_id, 1, 1, None, ONE])),
    "two elements": (129, pack([BOB.peer_id, 1])),
    "4,097 bytes": (129, pack([BOB.peer_id, 1, 1, None, None, bytes(4_097 - 42)])),
    "a policy of 65 pairs": (130, b"\x92\x01\xde\x00\x41" + PAIRS_64 + b"\xa1x\xc3"),
    "65 pairs of which two have one key": (130, b"\x92\x01\xde\x00\x41" + PAIRS_64 + b"\xa200\xc3"),
    "a policy that is a float": (130, pack([1, {"a": 1.0}])),
    "a policy that is nil": (130, pack([1, {"a": None}])),
    "a policy that lists numbers": (130, pack([1, {"a": [1]}])),
    "a policy with a number as key": (130, pack([1, {1: 1}])),
    "an invite for nobody": (131, pack([KEY.peer_id, ONE, TWO, 1, 0, False])),
    "an invite for 1,001": (131, pack([KEY.peer_id, ONE, TWO, 1, 1_001, False])),
    "an expiry of 2^53": (131, pack([KEY.peer_id, ONE, TWO, 2**53, 1, False])),
    "an approval that is a number": (131, pack([KEY.peer_id, ONE, TWO, 1, 1, 0])),
    "an invite with a refused key": (131, pack([SMALL_ORDER, ONE, TWO, 1, 1, False])),
    "1,001 that are kept": (132, pack([ONE, [TWO] * 1_001])),
    "a proof of 63 bytes": (133, pack([BOB.peer_id, TWO, PROOF[:63], CONSENT])),
    "a byte too many": (134, pack([SALT]) + b"\x00"),
    "33 levels": (134, _nested(MERGE, 32)),
    "33 levels, the last empty": (134, MERGE + b"\x91" * 31 + b"\x90"),
    "a map": (134, pack({"salt": SALT})),
    "nothing": (134, b""),
    "text that is no UTF-8": (128, b"\x93\xc4\x10" + SALT + b"\x03\xa1\xff"),
}


def _accepted(kind: int, content: bytes, body: Body) -> dict[str, Any]:
    assert decode(kind, content) == body
    return {"kind": kind, "content": content.hex(), "same_as": encode(body).hex()}


def control() -> dict[str, Any]:
    """Contents of every kind, what says the same, what must be refused; and the joiner's consent."""
    assert {kind_of(body) for body in BODIES} == set(KINDS)
    return {
        "contents": [
            {
                "kind": kind_of(body),
                "name": type(body).__name__,
                "fields": _json(body),
                "content": encode(body).hex(),
            }
            for body in BODIES
        ],
        "accepted": [{"why": why, **_accepted(*one)} for why, one in ACCEPTED.items()],
        "refused": [
            {"why": why, "kind": kind, "content": content.hex()} for why, (kind, content) in REFUSED.items()
        ],
        "consents": [
            {
                "seed": BOB.seed.reveal().hex(),
                "invite": TWO.hex(),
                "proof": PROOF.hex(),
                "name": name,
                "consent": consent(BOB, TWO, PROOF, name).hex(),
            }
            for name in ("Zoë", None)
        ],
    }
