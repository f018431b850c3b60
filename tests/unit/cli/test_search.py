"""``p2pim search``."""

from __future__ import annotations

import datetime

import pytest

from tests.served import Served
from tests.unit.cli.conftest import P2pim


def say(p2pim: P2pim, room: str, *texts: str) -> None:
    for text in texts:
        assert p2pim("send", room, text).code == 0


def test_it_shows_where_and_who_the_newest_last(p2pim: P2pim, profile: Served) -> None:
    say(p2pim, "ben", "one apple", "no fruit")
    say(p2pim, "lobby", "two Apples\nand a pear")
    lines = p2pim("search", "apple").out.splitlines()
    assert lines[0].endswith(" ben: you: one apple")
    assert lines[1].endswith(" #lobby: you: two Apples")
    assert lines[2] == "      | and a pear"
    assert p2pim("search", "pear", "apple", "--ids").out.startswith(profile.node.messages[2].id.hex()[:8])
    assert p2pim("search", "apple", "--in", "ben").out.splitlines() == lines[:1]
    assert p2pim("search", "apple", "--from", "ben").out == "-- nothing found\n"
    assert [m["text"] for m in p2pim("search", "apple", "--json").json["messages"]][1] == "one apple"


def test_it_says_that_there_is_more(p2pim: P2pim, profile: Served) -> None:
    say(p2pim, "ben", "apple 1", "apple 2", "apple 3")
    lines = p2pim("search", "apple", "-n", "2").out.splitlines()
    assert lines[0].startswith("-- there are older ones")
    assert [line[-7:] for line in lines[1:]] == ["apple 2", "apple 3"]


def test_days(p2pim: P2pim, profile: Served) -> None:
    say(p2pim, "ben", "apple")
    day = datetime.datetime.fromtimestamp(profile.node.messages[0].clock / 1000)  # noqa: DTZ006 (days are local)
    before, after = day - datetime.timedelta(days=1), day + datetime.timedelta(days=1)
    for options, is_found in (
        (["--since", f"{day:%Y-%m-%d}"], True),
        (["--until", f"{day:%Y-%m-%d}"], True),
        (["--since", f"{after:%Y-%m-%d}"], False),
        (["--until", f"{before:%Y-%m-%d}"], False),
    ):
        assert p2pim("search", *options).out.endswith("apple\n") is is_found
    for wrong in ("yesterday", "2026-13-01"):
        done = p2pim("search", "--since", wrong)
        assert (done.code, done.err) == (4, f"p2pim: {wrong} is no date: write it as 2026-03-31.\n")


@pytest.mark.parametrize("words", [[], [" "], ["", ""]])
def test_nothing_to_look_for(p2pim: P2pim, profile: Served, words: list[str]) -> None:
    done = p2pim("search", *words)
    assert done.code == 2
    assert "nothing to look for" in done.err


@pytest.mark.parametrize("word", ['"', "NEAR(", "col:x", "%", "-- ", "\\"])
def test_no_word_is_wrong(p2pim: P2pim, profile: Served, word: str) -> None:
    assert p2pim("search", "--", word).out == "-- nothing found\n"
