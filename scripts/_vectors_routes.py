"""Test vectors of SPEC.md, section 14: route records and their sum. Used by vectors.py."""

from __future__ import annotations

from typing import Any

import msgspec

from p2pim.protocol.identity import Identity
from p2pim.protocol.route import RouteKey, SignedRoute, read_route, sum_of, write_route

ALICE, BOB = Identity(b"\x0a" * 32), Identity(b"\x0b" * 32)
NOW = 1_700_000_000_000
BOOT = bytes(range(8))
V4, V6 = bytes((10, 99, 0, 2)), bytes.fromhex("fd00" + "00" * 13 + "02")


def _record(seq: int, expiry_ms: int, endpoints: list[tuple[str, int]]) -> dict[str, Any]:
    signed = write_route(BOB, BOOT, seq, expiry_ms, endpoints)
    addresses = [[address.hex(), port] for address, port in read_route(signed).addresses]
    return {
        "seed": BOB.seed.reveal().hex(),
        "fields": [BOB.peer_id.hex(), BOOT.hex(), seq, expiry_ms, addresses],
        "record": signed.record.hex(),
        "signature": signed.signature.hex(),
    }


def _signed(fields: list[Any], context: str = "route") -> SignedRoute:
    raw = msgspec.msgpack.encode(fields)
    return SignedRoute(raw, BOB.sign(context, raw))


def _refused() -> dict[str, SignedRoute]:
    me, where = BOB.peer_id, [[V4, 26747]]
    good = _signed([me, BOOT, 1, 2, where])
    return {
        "signed in another context": _signed([me, BOOT, 1, 2, where], "peer"),
        "signed by somebody else": _signed([ALICE.peer_id, BOOT, 1, 2, where]),
        "changed": SignedRoute(good.record[:-1] + b"\x7c", good.signature),
        "a refused peer_id": _signed([bytes(32), BOOT, 1, 2, where]),
        "a boot id of 7 bytes": _signed([me, BOOT[:7], 1, 2, where]),
        "a seq of 0": _signed([me, BOOT, 0, 2, where]),
        "a seq of 2^53": _signed([me, BOOT, 2**53, 2, where]),
        "nine addresses": _signed([me, BOOT, 1, 2, where * 9]),
        "an address of 5 bytes": _signed([me, BOOT, 1, 2, [[V4 + b"\0", 26747]]]),
        "an address of 17 bytes": _signed([me, BOOT, 1, 2, [[V6 + b"\0", 26747]]]),
        "an address as text": _signed([me, BOOT, 1, 2, [["10.99.0.2", 26747]]]),
        "a port below 1024": _signed([me, BOOT, 1, 2, [[V4, 1023]]]),
        "a port of 65536": _signed([me, BOOT, 1, 2, [[V4, 65536]]]),
        "an address with three elements": _signed([me, BOOT, 1, 2, [[V4, 26747, 0]]]),
        "a field is missing": _signed([me, BOOT, 1, 2]),
        "a map": SignedRoute(b"\x80", BOB.sign("route", b"\x80")),
    }


def routes() -> dict[str, Any]:
    """Records, what is none, and sums."""
    some = [
        (RouteKey(who.peer_id, bytes((boot,)) * 8), NOW + boot) for who in (BOB, ALICE) for boot in (2, 1)
    ]
    return {
        "records": [
            _record(NOW, NOW + 7 * 24 * 3600 * 1000, [("10.99.0.2", 26747), ("fd00::2", 1024)]),
            _record(2**53 - 1, 0, []),
            _record(1, 2, [(f"192.168.1.{n}", 65535) for n in range(8)]),
        ],
        "refused": [
            {"why": why, "record": signed.record.hex(), "signature": signed.signature.hex()}
            for why, signed in _refused().items()
        ],
        "sums": [
            {
                "items": [[key.peer_id.hex(), key.boot_id.hex(), seq] for key, seq in items],
                "sum": sum_of(items).hex(),
            }
            for items in ([], some[:1], some)
        ],
    }
