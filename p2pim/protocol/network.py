"""A network: a shared secret that gives reachability, and never authority.

From the secret follow three keys: ``psk`` goes into the handshake, ``dial`` tags the preamble and ``mdns``
tags what is advertised, so that only who holds the secret can tell that two tags belong together.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Final

MAGIC: Final = b"P2PM"
MAJOR: Final = 1
NONCE_LENGTH: Final = 16
TAG_LENGTH: Final = 16
PREAMBLE_LENGTH: Final = 40
SLOT_LENGTH: Final = 8
SLOT_COUNT: Final = 8

_SALT: Final = b"p2pim/1 net"
_TAGGED_LENGTH: Final = PREAMBLE_LENGTH - TAG_LENGTH
#: Flag of a preamble: this bulk connection uses AES-GCM. All others are zero, as the reserved bytes are.
AES_GCM: Final = 1
# Everything before the nonce has one of these values today.
_HEADS: Final = tuple(MAGIC + bytes((MAJOR, flags, 0, 0)) for flags in (0, AES_GCM))


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


class Network:
    """One network this node serves, with the keys derived from its secret."""

    __slots__ = ("dial", "mdns", "name", "psk")

    def __init__(self, name: str, secret: bytes) -> None:
        extracted = _hmac(_SALT, secret)
        self.name: Final = name
        # HKDF-SHA256 with 32 bytes of output is one round of its expansion.
        self.psk: Final = _hmac(extracted, b"psk\x01")
        self.dial: Final = _hmac(extracted, b"dial\x01")
        self.mdns: Final = _hmac(extracted, b"mdns\x01")

    def slot(self, label: str) -> bytes:
        """Return the 8 bytes by which holders of the secret recognise an advertisement with this label."""
        # A label heard on the network may hold anything, even what is no text.
        return _hmac(self.mdns, label.encode("utf-8", "surrogatepass"))[:SLOT_LENGTH]

    def __repr__(self) -> str:
        return f"<Network {self.name}>"


OPEN: Final = Network("open", hashlib.sha256(b"p2pim/1 open").digest())
"""Everyone who left the open network on; its secret is public on purpose."""


def make_preamble(network: Network, nonce16: bytes, flags: int = 0) -> bytes:
    """Write the first 40 bytes of a connection, for whoever dials."""
    head = MAGIC + bytes((MAJOR, flags, 0, 0)) + nonce16
    return head + _hmac(network.dial, head)[:TAG_LENGTH]


def names_aes(raw40: bytes) -> bool:
    """Whether a preamble that matched asks for AES-GCM, which only a bulk connection may."""
    return bool(raw40[len(MAGIC) + 1] & AES_GCM)


def match_preamble(raw40: bytes, networks: Sequence[Network]) -> Network | None:
    """Return the network a preamble was made for; None: wrong version, unknown flags, or none of ours.

    Every network is tried, whichever matches, so that the time taken tells a prober nothing.
    """
    if len(raw40) != PREAMBLE_LENGTH or not raw40.startswith(_HEADS):
        return None
    tagged, tag = raw40[:_TAGGED_LENGTH], raw40[_TAGGED_LENGTH:]
    found = None
    for network in networks:
        if hmac.compare_digest(_hmac(network.dial, tagged)[:TAG_LENGTH], tag):
            found = network
    return found


def slots(networks: Sequence[Network], label: str, random: Callable[[int], bytes]) -> bytes:
    """64 bytes to advertise: a slot for each of the first 8 networks, random fillers, in random order."""
    chosen = [network.slot(label) for network in networks[:SLOT_COUNT]]
    chosen += [random(SLOT_LENGTH) for _ in range(SLOT_COUNT - len(chosen))]
    keyed = sorted((random(SLOT_LENGTH), slot) for slot in chosen)
    return b"".join(slot for _, slot in keyed)


def matching(networks: Sequence[Network], label: str, raw64: bytes) -> Network | None:
    """Return the first of ``networks`` that an advertisement names, or None."""
    if len(raw64) != SLOT_LENGTH * SLOT_COUNT:
        return None
    advertised = {raw64[i : i + SLOT_LENGTH] for i in range(0, len(raw64), SLOT_LENGTH)}
    return next((network for network in networks if network.slot(label) in advertised), None)
