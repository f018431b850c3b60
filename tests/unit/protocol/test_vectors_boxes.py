"""The published vectors of boxes and peer records, against the specifications alone and against our code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from p2pim.errors import DecodeError
from p2pim.protocol.box import (
    box_digest,
    is_genuine,
    open_box,
    public_key,
    read_record,
    seal_box,
    write_record,
)
from p2pim.protocol.identity import Identity
from p2pim.protocol.records import Signed, SignedPeer
from tests.reference_noise import Cipher, dh, hkdf, public

BOXES = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "boxes.json").read_text(encoding="utf-8")
)
raw = bytes.fromhex


def spec_box(prologue: bytes, ephemeral: bytes, recipient: bytes, plaintext: bytes) -> bytes:
    """Noise_N_25519_ChaChaPoly_SHA256, written from revision 34 of the Noise specification: <- s ... -> e, es."""

    def mix(state: bytes, data: bytes) -> bytes:
        return hashlib.sha256(state + data).digest()

    ck = b"Noise_N_25519_ChaChaPoly_SHA256".ljust(32, b"\0")  # 31 bytes: not hashed, but padded
    h = mix(mix(mix(ck, prologue), recipient), public(ephemeral))
    _, key = hkdf(ck, dh(ephemeral, recipient), 2)
    return public(ephemeral) + Cipher(key).encrypt(plaintext, h)


def test_peer_records() -> None:
    for given in BOXES["peer_records"]:
        peer_id, seq, nickname, box_key, made = given["fields"]
        packed = msgspec.msgpack.encode([raw(peer_id), seq, nickname, raw(box_key), made])
        assert packed.hex() == given["record"]
        private = Ed25519PrivateKey.from_private_bytes(raw(given["seed"]))
        assert private.sign(b"p2pim/1 peer\0" + packed).hex() == given["signature"]
        signed = SignedPeer(packed, raw(given["signature"]))
        assert write_record(Identity(raw(given["seed"])), seq, nickname, raw(box_key), made) == signed
        record = read_record(signed)
        assert is_genuine(signed, record)
        assert msgspec.to_builtins(record, builtin_types=(bytes,)) == [
            raw(peer_id),
            seq,
            nickname,
            raw(box_key),
            made,
        ]


@pytest.mark.parametrize("given", BOXES["refused_peer_records"], ids=lambda given: given["why"])
def test_refused_peer_records(given: dict[str, str]) -> None:
    signed = SignedPeer(raw(given["record"]), raw(given["signature"]))
    try:
        record = read_record(signed)
    except DecodeError:
        return
    assert not is_genuine(signed, record)


@pytest.mark.parametrize("given", BOXES["boxes"], ids=lambda given: f"{len(given['messages'])} messages")
def test_boxes(given: dict[str, Any]) -> None:
    recipient, private, ephemeral = (
        raw(given[name]) for name in ("recipient", "box_private", "ephemeral_private")
    )
    assert public(private) == public_key(private) == raw(given["box_public"])
    fields = [[raw(part) for part in message] for message in given["messages"]]
    plaintext = msgspec.msgpack.encode(fields)
    assert plaintext.hex() == given["plaintext"]
    prologue = b"p2pim/1 box\0" + recipient
    assert prologue.hex() == given["prologue"]
    sealed = spec_box(prologue, ephemeral, public(private), plaintext)
    assert sealed.hex() == given["box"]
    assert (
        hashlib.sha256(b"p2pim/1 box\0" + sealed).hexdigest() == given["digest"] == box_digest(sealed).hex()
    )
    messages = [Signed(*message) for message in fields]
    assert seal_box(recipient, public(private), messages, lambda _size: ephemeral) == sealed
    assert open_box(recipient, [bytes(32), private], sealed) == messages


@pytest.mark.parametrize("given", BOXES["malformed"], ids=lambda given: given["why"])
def test_what_opens_and_holds_no_messages(given: dict[str, str]) -> None:
    recipient = raw(BOXES["boxes"][0]["recipient"])
    with pytest.raises(DecodeError):
        open_box(recipient, [raw(BOXES["boxes"][0]["box_private"])], raw(given["box"]))


@pytest.mark.parametrize("given", BOXES["unopened"], ids=lambda given: given["why"])
def test_what_does_not_open(given: dict[str, str]) -> None:
    recipient = raw(BOXES["boxes"][0]["recipient"])
    assert open_box(recipient, [raw(BOXES["boxes"][0]["box_private"])], raw(given["box"])) is None
