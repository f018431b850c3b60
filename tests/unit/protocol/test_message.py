"""Messages: sealed, opened, and every bound of a header."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from p2pim.errors import DecodeError, LocalProtocolError
from p2pim.protocol import message as messages
from p2pim.protocol.identity import Identity, digest, verify
from p2pim.protocol.message import (
    FUTURE_MS,
    MAX_CLOCK,
    MAX_CONTENT,
    MAX_HEADER,
    MAX_PARENTS,
    TEXT,
    Message,
    check_content,
    decode_reaction,
    decode_text,
    is_future,
    next_clock,
    reaction_content,
    read_header,
    reopen,
    seal,
    target_of,
    text_content,
)
from p2pim.protocol.records import Signed
from tests.wire import open_message

ANN = Identity(b"\x0a" * 32)
ROOM = digest("test", b"room")
IDS = [digest("test", bytes([n])) for n in range(MAX_PARENTS + 1)]
encode = msgspec.msgpack.encode


def text(what: str = "hello", **changes: Any) -> Message:
    content = text_content(what, 7, bytes)
    how = {"parents": [], "clock": 5, "kind": TEXT, "content": content, **changes}
    return seal(ANN, ROOM, **how)


def fields(**changes: Any) -> dict[str, Any]:
    good = {
        "version": 1,
        "room": ROOM,
        "author": ANN.peer_id,
        "clock": 5,
        "parents": [],
        "kind": 1,
        "content_hash": bytes(32),
        "content_size": 3,
        "target": None,
    }
    return {**good, **changes}


def header(**changes: Any) -> bytes:
    return encode(list(fields(**changes).values()))


def test_a_message_is_what_its_bytes_say() -> None:
    message = text(parents=IDS[:2], target=IDS[2])
    assert msgspec.msgpack.decode(message.raw_header) == [
        1,
        ROOM,
        ANN.peer_id,
        5,
        IDS[:2],
        TEXT,
        digest("content", message.content or b""),
        len(message.content or b""),
        IDS[2],
    ]
    assert message.id == digest("message", message.raw_header)
    assert verify(ANN.peer_id, "message", message.raw_header, message.signature)
    assert message.order == (5, message.id)
    assert open_message(message.signed()) == message
    assert reopen(message.id, message.raw_header, message.signature, message.content) == message


def test_content_can_be_missing() -> None:
    message = replace(text(), content=None)
    assert open_message(message.signed()) == message


def test_the_content_of_a_text() -> None:
    content = text_content("héllo", 7, lambda size: b"s" * size)
    assert content == encode([b"s" * 16, 7, "héllo"])
    read = decode_text(content)
    assert read is not None
    assert (read.salt, read.wall_ms, read.text) == (b"s" * 16, 7, "héllo")
    assert decode_text(encode([b"s" * 16, 7, "héllo", [], False, "newer"])) == read


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        encode([b"s" * 15, 7, "x"]),
        encode([b"s" * 16, 7]),
        encode([b"s" * 16, "7", "x"]),
        encode({"text": "x"}),
        b"\x93\xc4\x10" + b"s" * 16 + b"\x07\xa1\xff",
        b"\x91" * 5_000,
        b"\x94\xc4\x10" + b"s" * 16 + b"\x07\xa1x" + b"\x91" * 5_000,
    ],
)
def test_content_that_is_no_text_is_none(content: bytes) -> None:
    assert decode_text(content) is None


def test_the_same_words_twice_are_two_messages() -> None:
    random = iter((b"a" * 16, b"b" * 16))
    one, two = (text(content=text_content("hi", 7, lambda _: next(random))) for _ in range(2))
    assert one.id != two.id


@pytest.mark.parametrize(
    "changes",
    [
        {"content": bytes(MAX_CONTENT + 1)},
        {"parents": IDS},
        {"clock": 0},
        {"clock": MAX_CLOCK},
    ],
)
def test_nothing_beyond_a_limit_is_sealed(changes: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        text(**changes)


def test_everything_up_to_the_limits_is_sealed_and_opened() -> None:
    for changes in (
        {"content": bytes(MAX_CONTENT)},
        {"parents": IDS[:16], "target": IDS[0], "clock": MAX_CLOCK - 1},
    ):
        message = text(**changes)
        assert open_message(message.signed()) == message


def test_a_header_is_read_with_what_newer_versions_append() -> None:
    read = read_header(encode([*fields().values(), "newer", [1]]))
    assert (read.clock, read.target) == (5, None)
    assert read_header(encode(list(fields().values())[:-1])).target is None


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": 2},
        {"version": "1"},
        {"room": bytes(31)},
        {"room": "x" * 32},
        {"author": bytes(33)},
        {"clock": 0},
        {"clock": -1},
        {"clock": MAX_CLOCK},
        {"clock": 5.0},
        {"parents": [bytes(31)]},
        {"parents": IDS},
        {"parents": [IDS[0], IDS[0]]},
        {"parents": None},
        {"kind": 0},
        {"kind": 256},
        {"content_hash": bytes(31)},
        {"content_size": -1},
        {"content_size": MAX_CONTENT + 1},
        {"target": bytes(31)},
        {"target": 5},
    ],
)
def test_a_header_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    read_header(header())
    with pytest.raises(DecodeError):
        read_header(header(**changes))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\x90",
        encode({"version": 1}),
        encode(list(fields().values())[:7]),
        encode(list(fields().values())) + b"\x00",
        encode([*fields().values(), bytes(MAX_HEADER)]),
        b"\x91" * MAX_HEADER,
        encode(list(fields().values()))[:-1] + b"\x91" * 700,
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_bytes_that_are_no_header_are_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        read_header(raw)


def test_how_deep_a_header_may_be_does_not_depend_on_who_reads_it() -> None:
    """Else one machine would pass on what the next takes for a broken rule, and be cut off for it."""

    def deeper(calls: int, raw: bytes) -> int:
        return deeper(calls - 1, raw) if calls else read_header(raw).clock

    def nested(levels: int) -> bytes:
        return encode([*fields().values(), 1])[:-1] + b"\x91" * levels + b"\x01"

    assert read_header(nested(31)).clock == deeper(500, nested(31)) == 5
    for calls in (0, 500):
        with pytest.raises(DecodeError):
            deeper(calls, nested(32))


def test_a_message_that_was_changed_is_refused() -> None:
    message = text()
    assert message.content is not None
    other = text(clock=6)
    for signed in (
        Signed(message.raw_header, other.signature, message.content),
        Signed(other.raw_header, message.signature, message.content),
        Signed(message.raw_header, message.signature, message.content + b"x"),
        Signed(message.raw_header, message.signature, b"x" + message.content[1:]),
        Signed(message.raw_header + b"\x00", message.signature, message.content),
    ):
        with pytest.raises(DecodeError):
            open_message(signed)


def test_a_key_of_small_order_signs_nothing() -> None:
    raw = header(author=bytes(32))
    with pytest.raises(DecodeError, match="signature"):
        open_message(Signed(raw, bytes(64), None))


def test_content_is_checked_by_size_and_hash() -> None:
    message = text()
    check_content(message.header, message.content or b"")
    with pytest.raises(DecodeError):
        check_content(message.header, b"")


def test_clocks_rise_and_follow_the_time_of_day() -> None:
    assert next_clock(100, 50) == 100
    assert next_clock(100, 100) == 101
    assert next_clock(100, 500) == 501
    assert not is_future(100 + FUTURE_MS, 100)
    assert is_future(101 + FUTURE_MS, 100)
    assert messages.FUTURE_MS == 86_400_000


# mentions and reactions


def test_a_text_says_whom_it_means_and_an_older_reader_sees_the_text_alone() -> None:
    plain = text_content("hi", 7, bytes)
    assert msgspec.msgpack.decode(plain) == [bytes(16), 7, "hi"]
    raw = text_content("hi @Ann", 7, bytes, (ANN.peer_id,))
    assert msgspec.msgpack.decode(raw) == [bytes(16), 7, "hi @Ann", [ANN.peer_id], False]
    for content, ann, bob in (
        (plain, False, False),
        (raw, True, False),
        (text_content("@room", 7, bytes, (), True), True, True),
    ):
        read = decode_text(content)
        assert read is not None
        assert (read.means(ANN.peer_id), read.means(bytes(32))) == (ann, bob)


@pytest.mark.parametrize(
    "more", [["x"], [[bytes(31)]], [[bytes(32)] * 65], [[], 1], [{}], [None]], ids=lambda more: str(more)[:20]
)
def test_mentions_that_are_none_make_a_text_unreadable(more: list[Any]) -> None:
    assert decode_text(encode([bytes(16), 7, "hi", [bytes(32)] * 64, True, "newer"])) is not None
    assert decode_text(encode([bytes(16), 7, "hi", *more])) is None


def test_a_reaction() -> None:
    raw = reaction_content("👍", True, 7, bytes)
    assert msgspec.msgpack.decode(raw) == [bytes(16), 7, "👍", True]
    read = decode_reaction(raw)
    assert read is not None
    assert (read.text, read.stands) == ("👍", True)
    assert decode_reaction(encode([bytes(16), 7, "👍", False, "newer"])) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x94\xc4\x10" + bytes(16) + b"\x07\xa1\xff\xc3",
        encode([bytes(15), 7, "👍", True]),
        encode([bytes(16), 7, "👍"]),
        encode([bytes(16), 7, "👍", 1]),
        encode([bytes(16), 7, "a\nb", True]),
        encode([bytes(16), 7, "x" * 33, True]),
        b"\x95\xc4\x10" + bytes(16) + b"\x07\xa1x\xc3" + b"\x91" * 5000,
    ],
)
def test_what_is_no_reaction(content: bytes) -> None:
    assert decode_reaction(content) is None


def test_the_target_is_read_from_stored_bytes() -> None:
    assert target_of(text(target=IDS[2]).raw_header) == IDS[2]
    assert target_of(text().raw_header) is None
