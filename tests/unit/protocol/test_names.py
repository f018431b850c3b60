"""Names: what is taken from elsewhere, what the user may type, and what looks alike."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput
from p2pim.protocol.names import (
    is_clean,
    is_reaction,
    own_name,
    received_name,
    received_status,
    received_topic,
    skeleton,
)

HIDDEN = [
    "a\u0000b",  # control
    "a\u001b[31mb",  # terminal escape
    "a\nb",
    "a\u202eb",  # right to left override
    "a\u200bb",  # zero width space
    "a\u2066b",
    "\ud800",  # half a surrogate pair
    "\ue000",  # private use
    "a\u0378b",  # unassigned
    "a\u2028b",  # line separator
    "a\u2029b",
    "e\u0301",  # not NFC
]


@pytest.mark.parametrize("text", HIDDEN)
def test_hidden_characters_are_not_taken(text: str) -> None:
    assert (received_name(text), received_status(text)) == ("", "")
    assert not is_clean(text, 64)


@pytest.mark.parametrize("text", ["", "Ann", "Zoë Müller", "王小明", "Ann 🦊", "a" * 64, "é" * 32])
def test_ordinary_names_are_taken(text: str) -> None:
    assert received_name(text) == received_status(text) == own_name(text) == text


@pytest.mark.parametrize("text", ["a" * 65, "é" * 33, " Ann", "Ann "])
def test_too_long_or_padded_names_are_not_taken(text: str) -> None:
    assert received_name(text) == ""


def test_a_status_is_longer_than_a_name() -> None:
    assert received_status("x" * 128) == "x" * 128
    assert received_status("x" * 129) == ""


def test_what_the_user_types_is_tidied_or_refused_with_a_reason() -> None:
    assert own_name("  Ann \t  Other\n") == "Ann Other"
    assert own_name("e\u0301") == "é"
    assert own_name("x" * 128, 128) == "x" * 128
    with pytest.raises(BadInput, match="at most 64 bytes"):
        own_name("é" * 33)
    for text in ("a\u202eb", "a\u200bb", "\ud800", "a\u0007b"):
        with pytest.raises(BadInput, match="invisible"):
            own_name(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Robert", "robert"),
        ("Robert", "R\u043ebert"),  # Cyrillic o
        ("Alice", "\u0410li\u0441e"),  # Cyrillic A and s
        ("Alice", "A1ice"),
        ("Alice", "AIice"),
        ("Bob", "B0b"),
        ("Bob", "B o b"),
        ("Bob", "\uff22\uff4f\uff42"),  # full width
        ("Ann", "\u00c4nn"),
        ("Ann", "A\u0301nn"),
        ("nikos", "\u03bd\u03b9\u03ba\u03bfs".replace("\u03bd", "n")),
        ("strasse", "stra\u00dfe"),
        ("Bill", "Bi|!"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ann", "Bob"), ("Ann", "Anna"), ("王小明", "王小红"), ("Ann", "")]
)
def test_names_that_differ_have_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_a_skeleton_of_a_skeleton_is_itself() -> None:
    for name in ("Zo\u00eb", "R\u043ebert", "B0b", "\u00c6on"):
        assert skeleton(skeleton(name)) == skeleton(name)


@pytest.mark.parametrize("text", ["👍", "+1", "ok", "❤️", "👩‍🔬", "🤷🏽‍♂️", "🇩🇪", "x" * 32, "so so"])
def test_what_may_stand_as_a_reaction(text: str) -> None:
    assert is_reaction(text)


@pytest.mark.parametrize(
    "text", [*HIDDEN, "", " ", " 👍", "👍 ", "x" * 33, "👍\u200d", "\u200d👍", "👍\u200d\u200d👍", "a\u200db"]
)
def test_what_may_not(text: str) -> None:
    assert not is_reaction(text)


def test_a_topic_is_longer_than_a_status() -> None:
    assert received_topic("x" * 256) == "x" * 256
    assert received_topic("x" * 257) == received_topic("a\nb") == ""
