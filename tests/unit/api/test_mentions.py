from __future__ import annotations

from typing import Any

import pytest

from p2pim.api.mentions import mentioned, of


def peer(peer_id: str, nickname: str = "", petname: str = "", name: str = "") -> Any:
    return {
        "peer_id": peer_id,
        "nickname": nickname,
        "petname": petname,
        "name": petname or name or nickname,
        "short_id": f"{peer_id}short",
    }


KNOWN = [
    peer("ann", "Ann"),
    peer("annie", "Ann Other", name="Ann Other (abcd)"),
    peer("bob", "bob", petname="The Boss"),
    peer("dee1", "dee"),
    peer("dee2", "dee"),
    peer("zoe", "Zoë"),
    peer("odd", "c++ (2)"),
    peer("room", "room"),
    peer("none"),
]


@pytest.mark.parametrize(
    ("text", "ids", "everyone"),
    [
        ("@ann look", ["ann"], False),
        ("look, @ANN.", ["ann"], False),
        ("@Ann Other and @ann", ["annie", "ann"], False),
        ("@ann otherwise", ["ann"], False),
        ("@Ann Other (abcd)!", ["annie"], False),
        ("@annotate", [], False),
        ("@the boss, @Bob and @bob", ["bob"], False),
        ("@dee", [], False),
        ("@dee1short", ["dee1"], False),
        ("@zoë (@c++ (2))", ["zoe", "odd"], False),
        ("ask ann@example.org, or @@ann", [], False),
        ("@room: lunch, @ann!", ["ann"], True),
        ("@rooms", [], False),
        ("nobody @ all @nobody", [], False),
        ("", [], False),
    ],
)
def test_who_is_meant(text: str, ids: list[str], everyone: bool) -> None:
    assert mentioned(text, KNOWN) == (ids, everyone)


def test_without_an_at_nobody_is_asked_for() -> None:
    assert of(None, "hello") == {}  # type: ignore[arg-type]
