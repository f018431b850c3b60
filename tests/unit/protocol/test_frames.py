from __future__ import annotations

import pytest

from p2pim.errors import DecodeError
from p2pim.protocol.frames import MAX_FRAME, MIN_FRAME, FrameReader, frame


def take_all(reader: FrameReader) -> list[bytes]:
    frames = []
    while (message := reader.take_frame(1, MAX_FRAME)) is not None:
        frames.append(message)
    return frames


def test_a_frame_is_its_length_and_its_bytes() -> None:
    assert frame(b"abc") == b"\0\x03abc"
    assert frame(bytes(MAX_FRAME))[:2] == b"\xff\xff"


def test_several_at_once_come_out_one_by_one() -> None:
    reader = FrameReader()
    reader.feed(frame(b"one") + frame(b"two") + b"\0")
    assert take_all(reader) == [b"one", b"two"]
    assert reader.buffered == 1


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 100])
def test_any_split_gives_the_same(step: int) -> None:
    messages = [bytes((i,)) * (i + 1) for i in range(20)]
    stream = b"".join(map(frame, messages))
    reader = FrameReader()
    taken = []
    for start in range(0, len(stream), step):
        reader.feed(stream[start : start + step])
        taken += take_all(reader)
    assert taken == messages
    assert reader.buffered == 0


def test_take_gives_exactly_so_many_bytes() -> None:
    reader = FrameReader()
    reader.feed(b"abc")
    assert reader.take(4) is None
    reader.feed(b"def")
    assert reader.take(4) == b"abcd"
    assert reader.buffered == 2
    assert reader.take(2) == b"ef"


def test_a_length_out_of_bounds_is_found_by_the_prefix_alone() -> None:
    for size in (MIN_FRAME - 1, 101):
        reader = FrameReader()
        reader.feed(size.to_bytes(2, "big"))
        with pytest.raises(DecodeError, match=f"{size} bytes"):
            reader.take_frame(MIN_FRAME, 100)


def test_the_bounds_themselves_are_allowed() -> None:
    reader = FrameReader()
    reader.feed(frame(b"a" * 17) + frame(b"b" * 100))
    assert reader.take_frame(17, 100) == b"a" * 17
    assert reader.take_frame(17, 100) == b"b" * 100
    assert reader.take_frame(17, 100) is None
