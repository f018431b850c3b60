"""Section 13: peer records and sealed boxes."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .keys import Identity, refused, verify
from .noise_xx import Cipher, agree, hkdf, public
from .packing import Refused, pack, unpack
from .records import MAX_CLOCK, SIGNED, ident, many, number, row, text

NAME = b"Noise_N_25519_ChaChaPoly_SHA256"
PEER_RECORD = row(ident, number(1, MAX_CLOCK - 1), text(64), ident, number(0, MAX_CLOCK))


def write_peer_record(
    identity: Identity, seq: int, nickname: str, box_key: bytes, made: int
) -> tuple[bytes, bytes]:
    """Make a record and its signature."""
    record = pack((identity.peer_id, seq, nickname, box_key, made))
    return record, identity.sign("peer", record)


def read_peer_record(record: bytes, signature: bytes) -> tuple[Any, ...]:
    """Check a record and give its fields."""
    fields: tuple[Any, ...] = PEER_RECORD(unpack(record))
    if refused(fields[0]) or not verify(fields[0], "peer", record, signature):
        raise Refused("not signed by its subject")
    agree(X25519PrivateKey.generate(), fields[3])
    return fields


def _start(recipient: bytes, box_key: bytes, ephemeral: bytes) -> bytes:
    """The hash of everything before the payload."""
    state = NAME + bytes(32 - len(NAME))
    for part in (b"p2pim/1 box\0" + recipient, box_key, ephemeral):
        state = hashlib.sha256(state + part).digest()
    return state


def _cipher(secret: bytes) -> Cipher:
    return Cipher(hkdf(NAME + bytes(32 - len(NAME)), secret, 2)[1])


def seal_box(recipient: bytes, box_key: bytes, plaintext: bytes, ephemeral: X25519PrivateKey) -> bytes:
    """Seal a payload."""
    opening = public(ephemeral)
    ad = _start(recipient, box_key, opening)
    return opening + _cipher(agree(ephemeral, box_key)).encrypt(plaintext, ad)


def open_box(recipient: bytes, box_key: X25519PrivateKey, box: bytes) -> tuple[Any, ...]:
    """Open a box and give the messages in it."""
    opening, sealed = box[:32], box[32:]
    ad = _start(recipient, public(box_key), opening)
    plaintext = _cipher(agree(box_key, opening)).decrypt(sealed, ad)
    messages: tuple[Any, ...] = many(SIGNED, 512)(unpack(plaintext))
    if not messages or len(plaintext) > 60_000:
        raise Refused("no messages, or too much")
    return messages
