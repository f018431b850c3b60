"""The depth of MessagePack, counted without recursion, against a decoder where that can tell."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.protocol.nesting import MAX_LEVELS, is_plain_array, is_shallow

pack = msgspec.msgpack.encode


def nested(levels: int, opening: bytes = b"\x91") -> bytes:
    return opening * levels + b"\x01"


def levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((levels(x) for pair in value.items() for x in pair), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


@pytest.mark.parametrize(
    "opening",
    [
        b"\x91",
        b"\xdc\x00\x01",
        b"\xdd\x00\x00\x00\x01",
        b"\x81\x01",
        b"\xde\x00\x01\x01",
        b"\xdf\x00\x00\x00\x01\x01",
    ],
)
def test_32_levels_of_any_kind_are_allowed(opening: bytes) -> None:
    assert is_shallow(nested(MAX_LEVELS, opening))
    assert not is_shallow(nested(MAX_LEVELS + 1, opening))
    assert not is_shallow(nested(10_000, opening))


def test_what_stands_before_a_deep_place_is_passed_over() -> None:
    for before in (
        *(1, -1, 200, 2**16, 2**40, -100, -(2**10), -(2**20), -(2**40), None, True, 1.5),
        *("x", "x" * 40, "x" * 300, "x" * 70_000, b"x", b"x" * 300, b"x" * 70_000, [], {}, [1, 2], {1: 2}),
        *(msgspec.msgpack.Ext(1, bytes(size)) for size in (1, 2, 3, 4, 8, 16, 300, 70_000)),
    ):
        start = b"\x92" + pack(before)
        assert is_shallow(start + nested(MAX_LEVELS - 1))
        assert not is_shallow(start + nested(MAX_LEVELS))
    assert not is_shallow(b"\x92\xca" + bytes(4) + nested(MAX_LEVELS))  # a float of four bytes


def test_what_is_cut_off_or_senseless_is_left_to_the_decoder() -> None:
    for raw in (
        b"",
        b"\x91",
        b"\xdc",
        b"\xdf\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc1",
        b"\x92\xc1\x01",
        b"\x01\x91",
    ):
        assert is_shallow(raw)


@given(
    st.recursive(
        st.integers(-(2**63), 2**63) | st.text() | st.binary() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=50,
    ),
    st.integers(0, 40),
)
def test_it_counts_as_a_decoder_does(value: object, more: int) -> None:
    for _ in range(more):
        value = [0, value]
    assert is_shallow(pack(value)) is (levels(value) <= MAX_LEVELS)


def test_an_array_that_is_known_by_its_first_byte() -> None:
    assert is_plain_array(pack([1] * 9), 9)
    assert is_plain_array(pack([]), 9)
    assert not any(is_plain_array(raw, 9) for raw in (b"", pack([1] * 10), pack([1] * 16), pack({}), pack(1)))
