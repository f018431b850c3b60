from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.daemon.requests import BadRequest, Request, parse_request


def line(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, **fields}).encode()


def test_a_request() -> None:
    request = parse_request(line(method="message.send", params={"room": "ben", "text": "x"}))
    assert request == Request("message.send", {"room": "ben", "text": "x"}, 1, True)
    assert request.writes
    assert not parse_request(line(method="status")).writes


@pytest.mark.parametrize("number", [1, "a", None])
def test_any_id_is_given_back(number: int | str | None) -> None:
    request = parse_request(line(method="status", id=number))
    assert request.id == number
    assert request.answered


def test_without_id_no_answer() -> None:
    assert not parse_request(b'{"jsonrpc":"2.0","method":"status"}').answered


def test_optional_parameters_may_be_left_out_or_null() -> None:
    assert parse_request(line(method="message.history", params={"room": "x"})).params == {"room": "x"}
    params = {"room": "x", "limit": 5, "before": [3, "aa"]}
    assert parse_request(line(method="message.history", params=params)).params["before"] == (3, "aa")
    assert parse_request(line(method="message.history", params={"room": "x", "before": None}))


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"method": "status", "params": {"x": 1}}, -32602, "status: unknown parameter; known: none."),
        (
            {"method": "message.send", "params": {"room": "x"}},
            -32602,
            "message.send: .*missing required field text",
        ),
        (
            {"method": "message.send", "params": {"room": 1, "text": ""}},
            -32602,
            r"expected str, got int \(room\)",
        ),
        ({"method": "status", "params": [1]}, -32602, "status: expected object, got array"),
        ({"method": "presence.set", "params": {"presence": "here"}}, -32602, "invalid enum value 'here'"),
        ({"method": "nope"}, -32601, "No such method; known: hello, status, "),
        ({"method": 1}, -32600, "expected str, got int"),
        ({"method": "status", "jsonrpc": "1.0"}, -32600, "must be"),
        ({"method": "status", "id": [1]}, -32600, "No JSON-RPC request"),
        ({"method": "status", "id": 1.5}, -32600, "No JSON-RPC request"),
        ({}, -32600, "missing required field method"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], code: int, says: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){says}") as caught:
        parse_request(line(**fields))
    assert caught.value.code == code


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(BadRequest):
        parse_request(b'{"jsonrpc":"2.0","id":1,"method":"identity.name","params":{"nickname":"\\ud800"}}')


@given(st.binary(max_size=200))
def test_bytes_of_any_kind(data: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_request(data)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from(["message.send", "message.history", "rooms.read", "hello", "status"]), anything)
def test_parameters_of_any_kind(method: str, params: Any) -> None:
    try:
        request = parse_request(line(method=method, params=params))
    except BadRequest as error:
        refused = error
    else:
        assert set(request.params) <= set(params)
        return
    assert refused.sentence.endswith(".")
    assert refused.number == 1
