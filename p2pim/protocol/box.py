"""Sealed boxes, and the peer records that say to which key one seals (SPEC section 13).

A box is one message of Noise_N to a key of somebody who is not here. It can be given to anybody to be handed over:
they learn for whom it is and how long, nothing else. What is in it are messages as they always travel, each signed by
its author; so whoever opens a box need not trust who sealed, held or brought it, and gets nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from msgspec import Meta, Struct

from p2pim.errors import DecodeError, LocalProtocolError
from p2pim.protocol.fields import CLOCK_END, MAX_LIST, Bound, Id, read_about
from p2pim.protocol.handshake import open_with, seal_to
from p2pim.protocol.identity import Identity, PeerId, digest, verify
from p2pim.protocol.names import MAX_NAME_BYTES
from p2pim.protocol.records import Signed, SignedPeer

PROLOGUE: Final = b"p2pim/1 box\0"
#: Bytes of messages in one box.
MAX_PLAINTEXT: Final = 60_000
#: How long a box is held at most.
HOLD_MS: Final = 14 * 24 * 3600 * 1000

_P: Final = 2**255 - 19
_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(31) + b"\1")


class PeerRecord(Struct, frozen=True, array_like=True, gc=False):
    """What somebody signs about themselves for those who do not meet them. The highest ``seq`` counts."""

    peer_id: Id
    seq: Annotated[int, Meta(ge=1, lt=CLOCK_END)]
    nickname: str
    box_key: Id
    made_ms: Bound

    def __post_init__(self) -> None:
        if len(self.nickname.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
            raise DecodeError("A nickname is too long.")


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_record: Final = msgspec.msgpack.Decoder(PeerRecord).decode
_decode_messages: Final = msgspec.msgpack.Decoder(
    Annotated[list[Signed], Meta(min_length=1, max_length=MAX_LIST)]
).decode


def public_key(private: bytes) -> bytes:
    """The box key that belongs to a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


# -- peer records


def write_record(identity: Identity, seq: int, nickname: str, box_key: bytes, made_ms: int) -> SignedPeer:
    """Write and sign one's own record."""
    raw = _encode(PeerRecord(identity.peer_id, seq, nickname, box_key, made_ms))
    return SignedPeer(raw, identity.sign("peer", raw))


def read_record(signed: SignedPeer) -> PeerRecord:
    """Decode a record and check what needs no key; its signature is for ``is_genuine``.

    Raises:
        DecodeError: it is no such record.
    """
    return read_about(_decode_record, signed.record, "A peer record")


def is_genuine(signed: SignedPeer, record: PeerRecord) -> bool:
    """Whether its subject signed a record, and its key is one that can be sealed to."""
    return verify(record.peer_id, "peer", signed.record, signed.signature) and _is_usable(record.box_key)


def _is_usable(key: bytes) -> bool:
    """A point has one encoding here, and none of low order is taken: anybody could open what is sealed to it."""
    if int.from_bytes(key, "little") >= _P:
        return False
    try:
        _PROBE.exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        return False
    return True


# -- boxes


def box_digest(sealed: bytes) -> bytes:
    """How a box is named in answers."""
    return digest("box", sealed)


def packed_size(signed: Signed) -> int:
    """What a message takes of a box's room."""
    return len(_encode(signed))


def seal_box(
    recipient: PeerId, box_key: bytes, messages: Sequence[Signed], random: Callable[[int], bytes]
) -> bytes:
    """Seal messages for somebody.

    Raises:
        HandshakeError: the key is no usable one.
        LocalProtocolError: none, or more than fits.
    """
    plaintext = _encode(messages)
    if not 0 < len(messages) <= MAX_LIST or len(plaintext) > MAX_PLAINTEXT:
        raise LocalProtocolError("That does not fit into a box.")
    return seal_to(box_key, PROLOGUE + recipient, plaintext, random)


def open_box(recipient: PeerId, private_keys: Iterable[bytes], sealed: bytes) -> list[Signed] | None:
    """Open a box for us; None if it is for nobody who has one of these keys.

    Raises:
        DecodeError: it was sealed to us, but what is in it are no messages.
    """
    opened = (open_with(key, PROLOGUE + recipient, sealed) for key in private_keys)
    plaintext = next((text for text in opened if text is not None), None)
    if plaintext is None:
        return None
    if len(plaintext) > MAX_PLAINTEXT:
        raise DecodeError("A box holds too much.")
    try:
        messages: list[Signed] = _decode_messages(plaintext)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise DecodeError("A box holds no messages.") from None
    return messages
