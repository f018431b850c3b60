"""Sections 1 to 3: identities, their text form, networks and the preamble."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .packing import Refused

P = 2**255 - 19
SMALL = {
    0,
    1,
    P - 1,
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
}
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIX = "p2pim"
PREAMBLE = b"P2PM\x01\x00\x00\x00"
PREAMBLES = (PREAMBLE, b"P2PM\x01\x01\x00\x00")


def refused(peer_id: bytes) -> bool:
    """Say whether nobody may have this key."""
    y = int.from_bytes(peer_id, "little") & ((1 << 255) - 1)
    return y >= P or y in SMALL


def bound(context: str, data: bytes) -> bytes:
    """Put data into its context."""
    return b"p2pim/1 " + context.encode() + b"\x00" + data


def digest(context: str, data: bytes) -> bytes:
    """H of the specification."""
    return hashlib.sha256(bound(context, data)).digest()


class Identity:
    """An Ed25519 key pair."""

    def __init__(self, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.peer_id = self.key.public_key().public_bytes_raw()

    def sign(self, context: str, data: bytes) -> bytes:
        """Sign data in its context."""
        return self.key.sign(bound(context, data))


def verify(peer_id: bytes, context: str, data: bytes, signature: bytes) -> bool:
    """Verify a signature; a refused key has none."""
    if refused(peer_id):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(peer_id).verify(signature, bound(context, data))
    except (InvalidSignature, ValueError):
        return False
    return True


def _polymod(symbols: list[int]) -> int:
    check = 1
    for symbol in symbols:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ symbol
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


_HRP = [ord(c) >> 5 for c in PREFIX] + [0] + [ord(c) & 31 for c in PREFIX]
_BECH32M = 0x2BC830A3


def to_text(peer_id: bytes) -> str:
    """Write an id in bech32m."""
    bits = int.from_bytes(peer_id, "big") << 4
    symbols = [bits >> (5 * i) & 31 for i in reversed(range(52))]
    check = _polymod(_HRP + symbols + [0] * 6) ^ _BECH32M
    symbols += [check >> (5 * i) & 31 for i in reversed(range(6))]
    return PREFIX + "1" + "".join(ALPHABET[s] for s in symbols)


def from_text(text: str) -> bytes:
    """Read an id in bech32m."""
    if text not in (text.lower(), text.upper()):
        raise Refused("mixed case")
    head, _, tail = text.lower().rpartition("1")
    if head != PREFIX or len(tail) != 58 or any(c not in ALPHABET for c in tail):
        raise Refused("no id")
    symbols = [ALPHABET.index(c) for c in tail]
    if _polymod(_HRP + symbols) != _BECH32M:
        raise Refused("wrong checksum")
    bits = 0
    for symbol in symbols[:52]:
        bits = bits << 5 | symbol
    peer_id = (bits >> 4).to_bytes(32, "big")
    if bits & 15 or refused(peer_id):
        raise Refused("padding, or a refused key")
    return peer_id


def safety_number(one: bytes, other: bytes) -> str:
    """Make the digits that two people compare."""
    digits = ""
    for peer_id in sorted((one, other)):
        h = b"\x00\x01" + peer_id
        for _ in range(5200):
            h = hashlib.sha512(h + peer_id).digest()
        groups = (int.from_bytes(h[5 * i : 5 * i + 5], "big") % 100_000 for i in range(6))
        digits += "".join(f"{group:05}" for group in groups)
    return digits


class Network:
    """What follows from the secret of a network."""

    def __init__(self, secret: bytes) -> None:
        self.psk, self.dial, self.mdns = (
            HKDF(SHA256(), 32, b"p2pim/1 net", info).derive(secret) for info in (b"psk", b"dial", b"mdns")
        )

    def preamble(self, nonce: bytes, flags: int = 0) -> bytes:
        """Make the first 40 bytes of a connection."""
        clear = PREAMBLE[:5] + bytes([flags]) + PREAMBLE[6:] + nonce
        return clear + hmac.digest(self.dial, clear, "sha256")[:16]

    def dialled_by(self, preamble: bytes) -> bool:
        """Say whether this preamble is for this network, and one of this version."""
        tag = hmac.digest(self.dial, preamble[:24], "sha256")[:16]
        return len(preamble) == 40 and preamble[:8] in PREAMBLES and hmac.compare_digest(tag, preamble[24:])

    def slot(self, label: str) -> bytes:
        """Make what an advertisement says of this network."""
        return hmac.digest(self.mdns, label.encode(), "sha256")[:8]


OPEN_SECRET = hashlib.sha256(b"p2pim/1 open").digest()
