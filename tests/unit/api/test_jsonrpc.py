from __future__ import annotations

import json

import pytest

from p2pim import errors
from p2pim.api import jsonrpc


@pytest.mark.parametrize("kind", [kind for code, kind in jsonrpc.CODES.items() if code > 0])
def test_an_error_survives_the_journey(kind: type[errors.P2pimError]) -> None:
    back = jsonrpc.error_from(jsonrpc.code_of(kind("Why.")), "Why.")
    assert type(back) is kind
    assert str(back) == "Why."


def test_an_error_without_a_number_travels_as_its_parent() -> None:
    class Later(errors.NotNow):
        pass

    assert jsonrpc.code_of(Later("x")) == 1004
    assert jsonrpc.code_of(errors.HandshakeError("x")) == jsonrpc.INTERNAL_ERROR


def test_an_unknown_number_is_a_fault_of_the_daemon() -> None:
    assert type(jsonrpc.error_from(-1, "x")) is jsonrpc.DaemonFault


def test_a_request_is_one_line() -> None:
    line = jsonrpc.request_line(3, "message.send", {"text": "a\nb ü"})
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "message.send",
        "params": {"text": "a\nb ü"},
    }


def test_too_long_a_request_is_refused_here() -> None:
    with pytest.raises(errors.BadInput, match="too long"):
        jsonrpc.request_line(1, "message.send", {"text": "x" * jsonrpc.LONGEST_LINE})


def test_bytes_that_are_no_text_are_refused_here() -> None:
    with pytest.raises(errors.BadInput, match="not valid UTF-8"):
        jsonrpc.request_line(1, "message.send", {"text": "\udcff"})


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"\xff", b"[" * 100_000])
def test_nonsense_from_a_daemon_is_a_sentence(line: bytes) -> None:
    with pytest.raises(jsonrpc.DaemonFault, match="p2pim stop"):
        jsonrpc.parse_line(line)


def test_a_reply_is_its_result_or_its_error() -> None:
    assert jsonrpc.reply_of({"result": [1]}) == [1]
    with pytest.raises(errors.UnknownTarget, match=r"^Nobody\.$"):
        jsonrpc.reply_of({"error": {"code": 1001, "message": "Nobody."}})
    with pytest.raises(jsonrpc.DaemonFault, match="No reason given"):
        jsonrpc.reply_of({"error": {}})
