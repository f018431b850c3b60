from __future__ import annotations

import msgspec
import pytest

from p2pim.errors import DecodeError
from p2pim.protocol.identity import Identity
from p2pim.protocol.route import (
    AHEAD_MS,
    LIFE_MS,
    MAX_ADDRESSES,
    MAX_ROUTE,
    RouteKey,
    SignedRoute,
    is_genuine,
    read_route,
    sum_of,
    write_route,
)

ANNA, BEN = Identity(b"\1" * 32), Identity(b"\2" * 32)
BOOT, NOW = b"bootboot", 1_800_000_000_000
WHERE = [("10.99.0.2", 26747), ("fd00::2", 1024)]


def signed(seq: int = NOW, expiry: int = NOW + LIFE_MS) -> SignedRoute:
    return write_route(BEN, BOOT, seq, expiry, WHERE)


def test_what_is_written_is_read() -> None:
    route = read_route(signed())
    assert route.key == RouteKey(BEN.peer_id, BOOT)
    assert route.key.short == BEN.peer_id[:8] + BOOT
    assert (route.seq, route.expiry_ms, route.endpoints()) == (NOW, NOW + LIFE_MS, WHERE)


def test_the_first_addresses_are_told_and_fit() -> None:
    many = [(f"fd00::{n:x}", 65535) for n in range(1, 40)]
    one = write_route(BEN, BOOT, NOW, NOW + 1, many)
    assert read_route(one).endpoints() == many[:MAX_ADDRESSES]
    assert len(one.record) < MAX_ROUTE // 2


def test_only_its_subject_can_sign_it() -> None:
    one = signed()
    route = read_route(one)
    assert is_genuine(one, route)
    assert not is_genuine(SignedRoute(one.record, ANNA.sign("route", one.record)), route)
    assert not is_genuine(SignedRoute(one.record, BEN.sign("peer", one.record)), route)


@pytest.mark.parametrize(
    ("seq", "expiry", "current"),
    [
        (NOW, NOW + LIFE_MS, True),
        (NOW - LIFE_MS + 1, NOW + 1, True),
        (NOW - 1, NOW, False),
        (NOW, NOW + LIFE_MS + 1, False),
        (NOW + AHEAD_MS, NOW + AHEAD_MS + 1, True),
        (NOW + AHEAD_MS + 1, NOW + AHEAD_MS + 2, False),
    ],
)
def test_it_is_good_for_its_time(seq: int, expiry: int, current: bool) -> None:
    assert read_route(signed(seq, expiry)).is_current(NOW) is current


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\xc1", msgspec.msgpack.encode([BEN.peer_id, BOOT, 1, 2])])
def test_what_is_no_record_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        read_route(SignedRoute(raw, bytes(64)))


def test_an_address_is_of_a_length_that_addresses_have_and_a_key_a_point() -> None:
    for fields in (
        [BEN.peer_id, BOOT, 1, 2, [[bytes(5), 26747]]],
        [bytes(32), BOOT, 1, 2, []],
    ):
        with pytest.raises(DecodeError):
            read_route(SignedRoute(msgspec.msgpack.encode(fields), bytes(64)))


def test_a_sum_is_of_a_set() -> None:
    items = [(RouteKey(who.peer_id, boot), NOW) for who in (ANNA, BEN) for boot in (BOOT, bytes(8))]
    assert sum_of(items) == sum_of(reversed(items))
    assert (
        len({sum_of(items), sum_of(items[:3]), sum_of([]), sum_of([(items[0][0], NOW + 1), *items[1:]])}) == 4
    )
