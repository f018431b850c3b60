"""Boxes and peer records of any bytes: opened, not opened or refused, and never anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol.box import PROLOGUE, is_genuine, open_box, public_key, read_record, seal_box, write_record
from p2pim.protocol.handshake import seal_to
from p2pim.protocol.identity import Identity
from p2pim.protocol.records import CLOCK_END, Signed, SignedPeer
from tests.property.test_wire import anything, signed

BEN = Identity(b"\2" * 32)
KEY = b"\3" * 32
keys = st.binary(min_size=32, max_size=32)


def sealed(plaintext: bytes, ephemeral: bytes = b"\5" * 32) -> bytes:
    return seal_to(public_key(KEY), PROLOGUE + BEN.peer_id, plaintext, lambda _size: ephemeral)


@given(st.lists(signed, min_size=1, max_size=5), keys, keys)
def test_a_box_opens_for_its_recipient_alone(
    messages: list[Signed], private: bytes, ephemeral: bytes
) -> None:
    box = seal_box(BEN.peer_id, public_key(private), messages, lambda _size: ephemeral)
    assert open_box(BEN.peer_id, [private], box) == messages
    assert open_box(bytes(32), [private], box) is None


@given(st.binary(max_size=200))
def test_boxes_of_any_bytes(box: bytes) -> None:
    assert open_box(BEN.peer_id, [KEY], box) is None


@given(st.binary(max_size=300))
def test_boxes_with_any_bytes_in_them(plaintext: bytes) -> None:
    with suppress(DecodeError):
        assert open_box(BEN.peer_id, [KEY], sealed(plaintext))


@given(anything)
def test_boxes_with_any_values_in_them(value: Any) -> None:
    with suppress(DecodeError):
        assert open_box(BEN.peer_id, [KEY], sealed(msgspec.msgpack.encode(value)))


@given(st.lists(signed, min_size=1, max_size=3), st.data())
def test_boxes_with_one_byte_changed(messages: list[Signed], data: st.DataObject) -> None:
    box = bytearray(seal_box(BEN.peer_id, public_key(KEY), messages, lambda size: b"\5" * size))
    place = data.draw(st.integers(0, len(box) - 1))
    box[place] ^= data.draw(st.integers(1, 255))
    assert open_box(BEN.peer_id, [KEY], bytes(box)) is None


@given(st.integers(1, CLOCK_END - 1), st.text(max_size=16), keys, st.integers(0, CLOCK_END))
def test_records_survive(seq: int, nickname: str, private: bytes, made: int) -> None:
    written = write_record(BEN, seq, nickname, public_key(private), made)
    record = read_record(written)
    assert (record.seq, record.nickname, record.made_ms) == (seq, nickname, made)
    assert is_genuine(written, record)


@given(st.binary(max_size=200) | st.lists(anything, max_size=6).map(msgspec.msgpack.encode))
def test_records_of_any_bytes(raw: bytes) -> None:
    with suppress(DecodeError):
        assert not is_genuine(SignedPeer(raw, bytes(64)), read_record(SignedPeer(raw, bytes(64))))
