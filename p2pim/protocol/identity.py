"""Who somebody is: an Ed25519 key, what it signs, and how it is shown to people.

Every signature and digest carries its context in a prefix, so that one made for a purpose is never valid
for another. Keys are checked wherever one is read: OpenSSL accepts forged signatures under keys of small
order, so those are refused before it sees them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from p2pim.errors import DecodeError
from p2pim.protocol import bech32

PeerId = bytes
"""The 32-byte Ed25519 public key of an identity."""

ID_LENGTH: Final = 32
SIGNATURE_LENGTH: Final = 64
BOOT_ID_LENGTH: Final = 8
HRP: Final = "p2pim"
SHORT_LENGTH: Final = 8

_P: Final = 2**255 - 19
_SIGN_BIT: Final = 1 << 255
_EIGHTH_Y: Final = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
# The y coordinates, with either sign, of the eight points whose order divides 8.
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _EIGHTH_Y, _P - _EIGHTH_Y})
_SAFETY_ROUNDS: Final = 5200
_SAFETY_VERSION: Final = b"\x00\x01"


class Secret:
    """Bytes that never show up in a log, a traceback or a debugger's variable list."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def reveal(self) -> bytes:
        """Return the bytes; the name makes each use easy to find."""
        return self._raw

    def __repr__(self) -> str:
        return "<secret>"


def _bound(context: str, data: bytes) -> bytes:
    return b"p2pim/1 " + context.encode("ascii") + b"\0" + data


def digest(context: str, data: bytes) -> bytes:
    """SHA-256 of ``data`` bound to ``context``."""
    return hashlib.sha256(_bound(context, data)).digest()


def running_digest(context: str, data: bytes) -> Callable[[bytes], bytes]:
    """Return a function that appends to ``data`` and gives the digest of all so far; each call costs its own bytes."""
    running = hashlib.sha256(_bound(context, data))

    def append(more: bytes) -> bytes:
        running.update(more)
        return running.digest()

    return append


def check_peer_id(raw: bytes) -> PeerId:
    """Return ``raw`` if it may be an identity's key; DecodeError if its length, form or order is wrong."""
    if len(raw) != ID_LENGTH:
        raise DecodeError("An identity has 32 bytes.")
    y = int.from_bytes(raw, "little") & ~_SIGN_BIT
    if y >= _P or y in _SMALL_ORDER_Y:
        raise DecodeError("This is no usable identity key.")
    return raw


@lru_cache(maxsize=1024)
def _public_key(peer_id: bytes) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(check_peer_id(peer_id))
    except DecodeError:
        return None


def verify(peer_id: PeerId, context: str, data: bytes, signature: bytes) -> bool:
    """Say whether ``peer_id`` signed ``data`` in ``context``; hostile bytes are simply False."""
    key = _public_key(peer_id)
    if key is None:
        return False
    try:
        key.verify(signature, _bound(context, data))
    except InvalidSignature:
        return False
    return True


class Identity:
    """The private side: one seed of 32 bytes, from which everything else follows."""

    __slots__ = ("_key", "peer_id", "seed")

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.seed: Final = Secret(seed)
        self.peer_id: Final[PeerId] = self._key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> Identity:
        """Make the identity that this seed has always stood for."""
        if len(seed) != ID_LENGTH:
            raise DecodeError("An identity's seed has 32 bytes.")
        return cls(seed)

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> Identity:
        """Make a new identity."""
        return cls(random(ID_LENGTH))

    def sign(self, context: str, data: bytes) -> bytes:
        """Sign ``data`` for ``context`` only."""
        return self._key.sign(_bound(context, data))

    def __repr__(self) -> str:
        return f"<Identity {short_id(self.peer_id)}>"


@lru_cache(maxsize=1024)  # the checksum costs more than storing a message; few people write most of them
def encode_peer_id(peer_id: PeerId) -> str:
    """Write the text form: 64 characters, with a checksum."""
    return bech32.encode(HRP, peer_id)


@lru_cache(
    maxsize=1024
)  # a client that names a room by its peer does so in every request; errors are not kept
def decode_peer_id(text: str) -> PeerId:
    """Read the text form; DecodeError carries a sentence for the person who typed it."""
    hrp, raw = bech32.decode(text.strip())
    if hrp != HRP:
        raise DecodeError(f"An identity starts with {HRP}1.")
    return check_peer_id(raw)


def short_id(peer_id: PeerId) -> str:
    """Return the first 8 data characters: to tell peers apart in a list, never to authenticate one."""
    start = len(HRP) + 1
    return encode_peer_id(peer_id)[start : start + SHORT_LENGTH]


@lru_cache(maxsize=256)
def _safety_half(peer_id: PeerId) -> str:
    state = _SAFETY_VERSION + peer_id
    for _ in range(_SAFETY_ROUNDS):
        state = hashlib.sha512(state + peer_id).digest()
    groups = (int.from_bytes(state[i : i + 5], "big") % 100_000 for i in range(0, 30, 5))
    return "".join(f"{group:05d}" for group in groups)


def safety_number(a: PeerId, b: PeerId) -> str:
    """60 digits that two people compare to know that nobody sits between them."""
    first, second = sorted((a, b))
    return _safety_half(first) + _safety_half(second)
