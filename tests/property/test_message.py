"""Messages from arbitrary bytes, and rooms filled in arbitrary order."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol.fold import fold
from p2pim.protocol.identity import Identity, verify
from p2pim.protocol.message import (
    MAX_CLOCK,
    MAX_CONTENT,
    Message,
    decode_text,
    read_header,
    seal,
    text_content,
)
from p2pim.protocol.records import CONTENT, Messages, Signed, decode, encode
from p2pim.protocol.room import dm, lobby
from tests.wire import open_message

ANN, BOB, CLEO = (Identity(bytes([n]) * 32) for n in (1, 2, 3))
DM = dm(ANN.peer_id, BOB.peer_id)

ids = st.binary(min_size=32, max_size=32)
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.binary(max_size=40)
    | st.text(),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
).map(msgspec.msgpack.encode)
almost = st.tuples(
    st.integers(0, 2),
    ids,
    st.sampled_from([ANN.peer_id, bytes(32)]) | ids,
    st.integers(-1, MAX_CLOCK + 1),
    st.lists(ids, max_size=18),
    st.integers(-1, 257),
    ids,
    st.integers(-1, MAX_CONTENT + 1),
    st.none() | ids,
).map(msgspec.msgpack.encode)
texts = st.text(max_size=200)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    author = draw(st.sampled_from([ANN, BOB, CLEO]))
    room = draw(st.sampled_from([DM.id, lobby().id]))
    content = text_content(
        draw(texts), draw(st.integers(0, 2**40)), lambda size: draw(st.binary(min_size=size, max_size=size))
    )
    return seal(
        author,
        room,
        parents=draw(st.lists(ids, max_size=3, unique=True)),
        clock=draw(st.integers(1, 20)),
        kind=draw(st.sampled_from([1, 2, 127, 128, 255])),
        content=content,
        target=draw(st.none() | ids),
    )


@given(st.binary(max_size=1100) | junk | almost)
@example(b"\x91" * 1024)
@example(b"\xdd\xff\xff\xff\xff")
def test_any_bytes_are_a_header_or_refused(raw: bytes) -> None:
    try:
        header = read_header(raw)
    except DecodeError:
        return
    assert 0 < header.clock < MAX_CLOCK
    assert len(header.parents) <= 16


@given(
    st.binary(max_size=100) | junk | almost,
    st.binary(min_size=64, max_size=64),
    st.none() | st.binary(max_size=60),
)
def test_any_bytes_are_refused_as_a_message(raw: bytes, signature: bytes, content: bytes | None) -> None:
    try:
        open_message(Signed(raw, signature, content))
    except DecodeError:
        return
    raise AssertionError("nobody signed that")


@given(st.binary(max_size=200) | junk)
@example(b"\x93\xc4\x10" + bytes(16) + b"\x07\xa1\xff")
def test_any_content_is_a_text_or_none(content: bytes) -> None:
    read = decode_text(content)
    assert read is None or isinstance(read.text, str)


@given(messages())
def test_what_was_signed_travels_unchanged(message: Message) -> None:
    record = decode(encode(Messages(message.header.room, CONTENT, [message.signed()])))
    assert isinstance(record, Messages)
    opened = open_message(record.messages[0])
    assert opened == message
    assert opened.signed() == message.signed()
    assert verify(message.header.author, "message", opened.raw_header, opened.signature)


@given(messages(), st.data())
def test_any_flipped_bit_is_noticed(message: Message, data: st.DataObject) -> None:
    parts: list[Any] = [message.raw_header, message.signature, message.content or b""]
    which = data.draw(st.integers(0, 2))
    bit = data.draw(st.integers(0, len(parts[which]) * 8 - 1))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(changed)
    try:
        open_message(Signed(*parts))
    except DecodeError:
        return
    raise AssertionError("nobody noticed")


@given(st.lists(messages(), max_size=8), st.randoms(use_true_random=False))
def test_a_room_is_the_same_whatever_the_order_of_arrival(some: list[Message], rng: Any) -> None:
    for room in (DM, lobby()):
        shown = fold(room, ANN.peer_id, some, 20)
        assert [(e.clock, e.id) for e in shown] == sorted({(e.clock, e.id) for e in shown})
        again = [*some, *some]
        rng.shuffle(again)
        assert fold(room, ANN.peer_id, again, 20) == shown


@given(texts, st.integers(0, 2**53))
def test_a_text_is_read_as_it_was_written(text: str, wall_ms: int) -> None:
    read = decode_text(text_content(text, wall_ms, bytes))
    assert read is not None
    assert (read.text, read.wall_ms) == (text, wall_ms)
