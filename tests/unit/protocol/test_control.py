"""The contents of control messages: every kind comes back as it went, and what breaks a rule does not come at all."""

from __future__ import annotations

import msgspec
import pytest

from p2pim.errors import DecodeError
from p2pim.protocol import control
from p2pim.protocol.control import (
    Admit,
    Body,
    Genesis,
    Grant,
    Invite,
    Merge,
    Policy,
    Revoke,
    RoomType,
    decode,
    encode,
    kind_of,
)
from p2pim.protocol.identity import Identity

SALT, ID, SIGNATURE = bytes(16), Identity(bytes([7]) * 32).peer_id, bytes(64)
SMALL_ORDER = bytes([1]) + bytes(31)

BODIES: list[Body] = [
    Genesis(SALT, RoomType.TEAM, "team", None, bytes(32)),
    Genesis(SALT, RoomType.CHANNEL, "news", bytes(32)),
    Genesis(SALT, RoomType.GROUP, ""),
    Grant(ID, 1, 2, "Anna"),
    Grant(ID, 2, 0, None, bytes(32)),
    Policy(1, {"relay": True, "retention_days": 30, "motto": "x", "file_types": ["png"]}),
    Invite(ID, bytes(32), bytes(32), 2**40, 1, False, "Bert"),
    Revoke(bytes(32), [bytes(32)] * 1_000),
    Admit(ID, bytes(32), SIGNATURE, SIGNATURE, None),
    Merge(SALT),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_kind_comes_back_and_further_fields_are_ignored(body: Body) -> None:
    kind = kind_of(body)
    assert decode(kind, encode(body)) == body
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode(body)), "of a newer version"])
    missing = len(msgspec.to_builtins(body, builtin_types=(bytes,))) - len(
        msgspec.msgpack.decode(encode(body))
    )
    assert missing == 0
    assert decode(kind, longer) == body


def test_kinds_are_all_in_the_control_set_and_unknown_ones_mean_nothing_yet() -> None:
    assert min(control.KINDS) == 128
    assert decode(255, b"whatever") is None


ODD: list[tuple[type[Body], list[object]]] = [
    (Genesis, [SALT, 1, "team", None, None]),
    (Genesis, [SALT, 2, "news", bytes(32), bytes(32)]),
    (Genesis, [SALT, 2, "news", None, None]),
    (Genesis, [SALT, 1, "team", bytes(32), bytes(32)]),
    (Genesis, [SALT, 4, "?", None, None]),
    (Genesis, [SALT[:-1], 3, "x", None, None]),
    (Genesis, [SALT, 3, "x" * 65, None, None]),
    (Grant, [ID, 0, 1, None, None]),
    (Grant, [ID, 2**32, 1, None, None]),
    (Grant, [ID, 1, 3, None, None]),
    (Grant, [ID, 1, 1, None, bytes(32)]),
    (Grant, [ID, 1, 1, "é" * 33, None]),
    (Grant, [ID, 1, 1, None, None, "of a newer version" * 300]),
    (Grant, [SMALL_ORDER, 1, 1, None, None]),
    (Grant, [ID[:-1], 1, 1, None, None]),
    (Policy, [1, {f"key {n}": 1 for n in range(65)}]),
    (Policy, [1, {"key": 1.5}]),
    (Policy, [1, {"key": "x" * 4_096}]),
    (Invite, [SMALL_ORDER, bytes(32), bytes(32), 1, 1, False, None]),
    (Invite, [ID, bytes(32), bytes(32), 1, 0, False, None]),
    (Invite, [ID, bytes(32), bytes(32), 2**53, 1, False, None]),
    (Invite, [ID, bytes(32), bytes(32), 1, 1, 0, None]),
    (Invite, [ID, bytes(32), bytes(32), 1, 1, False, "x" * 65]),
    (Revoke, [bytes(32), [bytes(32)] * 1_001]),
    (Admit, [ID, bytes(32), SIGNATURE[:-1], SIGNATURE, None]),
    (Admit, [SMALL_ORDER, bytes(32), SIGNATURE, SIGNATURE, None]),
    (Admit, [ID, bytes(32), SIGNATURE, SIGNATURE, "x" * 65]),
    (Merge, [b""]),
    (Merge, []),
]


@pytest.mark.parametrize(("kind", "fields"), ODD, ids=lambda x: getattr(x, "__name__", ""))
def test_what_breaks_a_rule_is_no_body(kind: type[Body], fields: list[object]) -> None:
    number = next(number for number, body in control.KINDS.items() if body is kind)
    with pytest.raises(DecodeError):
        decode(number, msgspec.msgpack.encode(fields))


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x91" * 5000, b"\x90\x00", b"\x93\xa1\xff\x01\x01"])
def test_bytes_that_are_nothing_are_no_body(raw: bytes) -> None:
    for number in control.KINDS:
        with pytest.raises(DecodeError):
            decode(number, raw)


def test_how_deep_a_further_field_may_be_does_not_depend_on_who_reads_it() -> None:
    """Else a message would enter on some machines only, and with it all that follows it."""

    def deeper(calls: int, content: bytes) -> Body | None:
        return deeper(calls - 1, content) if calls else decode(control.MERGE, content)

    def merge(levels: int) -> bytes:
        return b"\x92\xc4\x10" + SALT + b"\x91" * levels + b"\x01"

    assert decode(control.MERGE, merge(31)) == deeper(500, merge(31)) == Merge(SALT)
    for calls in (0, 500):
        with pytest.raises(DecodeError):
            deeper(calls, merge(32))


def test_what_a_name_holds_does_not_decide_whether_it_enters() -> None:
    """Which characters there are depends on the version of Unicode: sets would never be equal."""
    for name in ("\U0001fae8", "\U0010fffe", "turned\u202earound", " ", "\n"):
        body = Grant(ID, 1, 1, name)
        assert decode(control.GRANT, encode(body)) == body
