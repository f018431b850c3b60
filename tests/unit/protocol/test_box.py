from __future__ import annotations

import itertools

import msgspec
import pytest

from p2pim.errors import DecodeError, HandshakeError, LocalProtocolError
from p2pim.protocol.box import (
    MAX_PLAINTEXT,
    PROLOGUE,
    is_genuine,
    open_box,
    packed_size,
    public_key,
    read_record,
    seal_box,
    write_record,
)
from p2pim.protocol.handshake import MAX_PLAINTEXT as MAX_NOISE
from p2pim.protocol.handshake import SEAL_LENGTH, open_with, seal_to
from p2pim.protocol.identity import Identity
from p2pim.protocol.records import MAX_BOX, MIN_BOX, Box, Boxput, Signed, SignedPeer, decode, encode

ANNA, BEN = Identity(b"\1" * 32), Identity(b"\2" * 32)
KEY, OLD = b"\3" * 32, b"\4" * 32
MESSAGE = Signed(b"header", bytes(64), b"content")
LOW_ORDER = bytes(32)


def random(size: int) -> bytes:
    return b"\5" * size


def sealed_with(plaintext: bytes) -> bytes:
    return seal_to(public_key(KEY), PROLOGUE + BEN.peer_id, plaintext, random)


def seal(*messages: Signed) -> bytes:
    return seal_box(BEN.peer_id, public_key(KEY), list(messages), random)


def test_only_its_recipient_opens_a_box() -> None:
    sealed = seal(MESSAGE, MESSAGE)
    assert len(sealed) == SEAL_LENGTH + 1 + 2 * packed_size(MESSAGE)
    assert open_box(BEN.peer_id, [KEY], sealed) == [MESSAGE, MESSAGE]
    assert open_box(BEN.peer_id, [OLD, KEY], sealed) == [MESSAGE, MESSAGE]
    assert open_box(BEN.peer_id, [OLD], sealed) is None
    assert open_box(BEN.peer_id, [], sealed) is None
    assert open_box(ANNA.peer_id, [KEY], sealed) is None
    assert b"content" not in sealed


def test_the_same_twice_are_two_boxes() -> None:
    count = itertools.count(1)
    one, two = (
        seal_box(BEN.peer_id, public_key(KEY), [MESSAGE], lambda size: bytes((next(count),)) * size)
        for _ in range(2)
    )
    assert one != two


def test_a_full_box_fits_a_record() -> None:
    half = Signed(b"h", bytes(64), bytes(30_000))
    rest = MAX_PLAINTEXT - 1 - 2 * packed_size(half)
    messages = [half, Signed(b"h", bytes(64), bytes(30_000 + rest))]
    sealed = seal(*messages)
    assert len(sealed) == MAX_BOX
    for record in (Box(sealed), Boxput(BEN.peer_id, 2**53, sealed)):
        assert decode(encode(record)) == record
    assert open_box(BEN.peer_id, [KEY], sealed) == messages


@pytest.mark.parametrize(
    "messages",
    [[], [MESSAGE] * 513, [Signed(b"h", bytes(64), bytes(40_000))] * 2],
    ids=["none", "too many", "too long"],
)
def test_what_does_not_fit_is_our_own_mistake(messages: list[Signed]) -> None:
    with pytest.raises(LocalProtocolError, match="does not fit"):
        seal(*messages)


def test_what_noise_cannot_carry_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="too long"):
        seal_to(public_key(KEY), PROLOGUE, bytes(MAX_NOISE - SEAL_LENGTH + 1), random)
    sealed = seal_to(public_key(KEY), PROLOGUE, bytes(MAX_NOISE - SEAL_LENGTH), random)
    assert open_with(KEY, PROLOGUE, sealed) == bytes(MAX_NOISE - SEAL_LENGTH)
    with pytest.raises(DecodeError, match="too much"):
        open_box(BEN.peer_id, [KEY], sealed_with(bytes(MAX_PLAINTEXT + 1)))


@pytest.mark.parametrize("key", [LOW_ORDER, b"\xff" * 32, b"", bytes(31)])
def test_nothing_is_sealed_to_what_is_no_key(key: bytes) -> None:
    with pytest.raises(HandshakeError):
        seal_box(BEN.peer_id, key, [MESSAGE], random)


@pytest.mark.parametrize("size", [0, 1, MIN_BOX - 1, MIN_BOX, MAX_NOISE, MAX_NOISE + 1])
def test_what_is_no_box_is_not_opened(size: int) -> None:
    for byte in (b"\0", b"\1", b"\xff"):
        assert open_box(BEN.peer_id, [KEY], byte * size) is None


def test_no_changed_bit_goes_unnoticed() -> None:
    sealed = seal(MESSAGE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1 << position % 8
        assert open_box(BEN.peer_id, [KEY], bytes(changed)) is None


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\x90",
        b"\xc0",
        b"\x91" * 50_000,
        msgspec.msgpack.encode([MESSAGE]) + b"\0",
        msgspec.msgpack.encode([MESSAGE] * 513),
        msgspec.msgpack.encode([[b"h", bytes(63), None]]),
        msgspec.msgpack.encode([[b"", bytes(64), None]]),
    ],
)
def test_what_holds_no_messages_says_so(plaintext: bytes) -> None:
    with pytest.raises(DecodeError):
        open_box(BEN.peer_id, [KEY], sealed_with(plaintext))


def test_messages_of_a_newer_version_are_read() -> None:
    newer = msgspec.msgpack.encode([[b"header", bytes(64), b"content", {"more": 1}]])
    assert open_box(BEN.peer_id, [KEY], sealed_with(newer)) == [MESSAGE]


def test_a_record_of_oneself() -> None:
    signed = write_record(ANNA, 7, "Zoë", public_key(KEY), 1_700_000_000_000)
    record = read_record(signed)
    assert (record.peer_id, record.seq, record.nickname) == (ANNA.peer_id, 7, "Zoë")
    assert (record.box_key, record.made_ms) == (public_key(KEY), 1_700_000_000_000)
    assert is_genuine(signed, record)
    assert not is_genuine(SignedPeer(signed.record, bytes(64)), record)
    assert not is_genuine(SignedPeer(signed.record + b"\0", signed.signature), record)


def test_a_record_of_a_newer_version_is_read() -> None:
    fields = [ANNA.peer_id, 1, "", public_key(KEY), 0, "later"]
    raw = msgspec.msgpack.encode(fields)
    signed = SignedPeer(raw, ANNA.sign("peer", raw))
    assert is_genuine(signed, read_record(signed))


@pytest.mark.parametrize("key", [LOW_ORDER, b"\1" + bytes(31), b"\xff" * 32])
def test_a_key_that_anybody_could_open_is_no_key(key: bytes) -> None:
    signed = write_record(ANNA, 1, "", key, 0)
    assert not is_genuine(signed, read_record(signed))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [ANNA.peer_id, 1, "", public_key(KEY)],
        [bytes(32), 1, "", public_key(KEY), 0],
        [ANNA.peer_id, 0, "", public_key(KEY), 0],
        [ANNA.peer_id, 2**53, "", public_key(KEY), 0],
        [ANNA.peer_id, 1, "é" * 33, public_key(KEY), 0],
        [ANNA.peer_id, 1, "", public_key(KEY), 2**53 + 1],
        [ANNA.peer_id, 1, "", public_key(KEY)[1:], 0],
        [ANNA.peer_id, "1", "", public_key(KEY), 0],
    ],
)
def test_what_is_no_record(fields: list[object]) -> None:
    raw = msgspec.msgpack.encode(fields)
    with pytest.raises(DecodeError):
        read_record(SignedPeer(raw, ANNA.sign("peer", raw)))


def test_bytes_that_are_no_record() -> None:
    for raw in (b"\xc1", b"\x91" * 4096, b"\x95\xa1\xff"):
        with pytest.raises(DecodeError):
            read_record(SignedPeer(raw, bytes(64)))
