"""Route records: where each machine of a team can be reached, signed by whose it is (SPEC section 14).

Members pass them on to each other, so that whoever knows one address of a team comes to know all. An address in one
is a hint, never more: the dial policy says whether it is dialled, and only a handshake says who is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from p2pim.errors import DecodeError
from p2pim.protocol.fields import MAX_LIST, Bound, Clock, Id, read_about
from p2pim.protocol.identity import (
    BOOT_ID_LENGTH,
    SIGNATURE_LENGTH,
    Identity,
    PeerId,
    digest,
    verify,
)

MAX_ROUTE: Final = 1_024
MAX_ROUTES: Final = 32
MAX_ADDRESSES: Final = 8
PREFIX_LENGTH: Final = 8
SUM_LENGTH: Final = 8
#: A record is good for so long at most.
LIFE_MS: Final = 7 * 24 * 3600 * 1000
#: By so much may the clock of who signs it be ahead of ours.
AHEAD_MS: Final = 600 * 1000

Boot = Annotated[bytes, Meta(min_length=BOOT_ID_LENGTH, max_length=BOOT_ID_LENGTH)]
Port = Annotated[int, Meta(ge=1024, le=65535)]
AddressBytes = Annotated[bytes, Meta(min_length=4, max_length=16)]


class Route(Struct, frozen=True, array_like=True, gc=False):
    """Where one machine can be reached, the best first: (4 or 16 bytes of an IP address, TCP port).

    Of two of one machine, which its ``boot_id`` tells while it runs, the one with the higher ``seq`` counts.
    """

    peer_id: Id
    boot_id: Boot
    seq: Clock
    expiry_ms: Bound
    addresses: Annotated[list[tuple[AddressBytes, Port]], Meta(max_length=MAX_ADDRESSES)]

    def __post_init__(self) -> None:
        if any(len(address) not in (4, 16) for address, _ in self.addresses):
            raise DecodeError("An address has 4 or 16 bytes.")

    @property
    def key(self) -> RouteKey:
        """Which machine it is about."""
        return RouteKey(self.peer_id, self.boot_id)

    def is_current(self, now_ms: int) -> bool:
        """Whether it is good at this time: not expired, not for longer than may be, not from the future."""
        return now_ms < self.expiry_ms <= self.seq + LIFE_MS and self.seq <= now_ms + AHEAD_MS

    def endpoints(self) -> list[tuple[str, int]]:
        """The addresses as (host, port) in the usual spelling."""
        return [(str(ip_address(address)), port) for address, port in self.addresses]


class RouteKey(NamedTuple):
    """One machine of somebody, while it runs."""

    peer_id: PeerId
    boot_id: bytes

    @property
    def short(self) -> bytes:
        """As records name it."""
        return self.peer_id[:PREFIX_LENGTH] + self.boot_id


Short = Annotated[
    bytes, Meta(min_length=PREFIX_LENGTH + BOOT_ID_LENGTH, max_length=PREFIX_LENGTH + BOOT_ID_LENGTH)
]


class SignedRoute(Struct, frozen=True, array_like=True, gc=False):
    """A route record as its subject signed it: exact bytes, passed on unchanged."""

    record: Annotated[bytes, Meta(min_length=1, max_length=MAX_ROUTE)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]


class Routes(Struct, frozen=True, array_like=True, gc=False):
    """0x25: route records, of the sender and of those in a team with both ends."""

    routes: Annotated[list[SignedRoute], Meta(max_length=MAX_ROUTES)]


class Routesum(Struct, frozen=True, array_like=True, gc=False):
    """0x26: a sum over all the sender holds of those in a team with both ends, the two ends left out."""

    sum: Annotated[bytes, Meta(min_length=SUM_LENGTH, max_length=SUM_LENGTH)]


class Routehave(Struct, frozen=True, array_like=True, gc=False):
    """0x27: these can be had here (which machine, seq); ``all``: and no others."""

    items: Annotated[list[tuple[Short, Clock]], Meta(max_length=MAX_LIST)]
    all: bool


class Routewant(Struct, frozen=True, array_like=True, gc=False):
    """0x28: send me these."""

    keys: Annotated[list[Short], Meta(max_length=MAX_LIST)]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Route).decode


def write_route(
    identity: Identity, boot_id: bytes, seq: int, expiry_ms: int, endpoints: Sequence[tuple[str, int]]
) -> SignedRoute:
    """Write and sign one's own record; of more than eight addresses the first eight."""
    addresses = [(ip_address(host).packed, port) for host, port in endpoints[:MAX_ADDRESSES]]
    raw = _encode(Route(identity.peer_id, boot_id, seq, expiry_ms, addresses))
    return SignedRoute(raw, identity.sign("route", raw))


RouteRecord = Routes | Routesum | Routehave | Routewant
ROUTE_TYPES: Final[dict[type[Any], int]] = {Routes: 0x25, Routesum: 0x26, Routehave: 0x27, Routewant: 0x28}


def read_route(signed: SignedRoute) -> Route:
    """Decode a record and check what needs neither key nor time.

    Raises:
        DecodeError: it is no such record.
    """
    return read_about(_decode, signed.record, "A route record")


def is_genuine(signed: SignedRoute, route: Route) -> bool:
    """Whether its subject signed it."""
    return verify(route.peer_id, "route", signed.record, signed.signature)


def sum_of(items: Iterable[tuple[RouteKey, int]]) -> bytes:
    """The sum by which two ends find out that they hold the same."""
    rows = sorted(key.peer_id + key.boot_id + seq.to_bytes(8, "big") for key, seq in items)
    return digest("routes", b"".join(rows))[:SUM_LENGTH]
