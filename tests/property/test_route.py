"""Route records of any bytes: read or refused, and never anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol.identity import Identity
from p2pim.protocol.records import CLOCK_END
from p2pim.protocol.route import SignedRoute, is_genuine, read_route, write_route
from tests.property.test_wire import anything

BEN = Identity(b"\2" * 32)
hosts = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
endpoints = st.lists(st.tuples(hosts, st.integers(1024, 65535)), max_size=8)


@given(st.integers(1, CLOCK_END - 1), st.integers(0, CLOCK_END), endpoints)
def test_a_record_comes_back(seq: int, expiry: int, where: list[tuple[str, int]]) -> None:
    signed = write_route(BEN, bytes(8), seq, expiry, where)
    route = read_route(signed)
    assert is_genuine(signed, route)
    assert (route.seq, route.expiry_ms, route.endpoints()) == (seq, expiry, where)


@given(st.binary(max_size=200))
def test_records_of_any_bytes(raw: bytes) -> None:
    with suppress(DecodeError):
        read_route(SignedRoute(raw, bytes(64)))


@given(st.lists(anything, max_size=7))
def test_records_of_any_fields(fields: list[Any]) -> None:
    with suppress(DecodeError):
        read_route(SignedRoute(msgspec.msgpack.encode(fields), bytes(64)))
