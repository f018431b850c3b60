from __future__ import annotations

import msgspec
import pytest

from p2pim.errors import DecodeError
from p2pim.protocol.callback import CONNECTED, Callback, Called
from p2pim.protocol.records import decode, encode

V4, V6 = bytes((10, 0, 0, 1)), bytes(16)


def test_question_and_answer_come_back() -> None:
    for record in (Callback(7, [(V4, 1024), (V6, 65535)]), Called(7, [CONNECTED, 255]), Called(0, [])):
        assert decode(encode(record)) == record


@pytest.mark.parametrize("addresses", [[], [(V4, 80)], [(V4 + b"x", 2000)], [(V4, 2000)] * 9])
def test_what_cannot_be_tried_is_no_question(addresses: list[tuple[bytes, int]]) -> None:
    with pytest.raises(DecodeError):
        decode(b"\x29" + msgspec.msgpack.encode([1, addresses]))
