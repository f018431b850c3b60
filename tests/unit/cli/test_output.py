from __future__ import annotations

import io
import json
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.cli.output import Output, excerpt, message_lines, moment, safe_text, table, width

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ATTACKS = [
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x9b31m",
    "\x90q\x9c",
    "a\rb",
    "a\nb",
    "\x7f",
    "\u202etxt.exe",
    "\u2028",
    "\ud800",
]


def message(**changes: Any) -> Any:
    return {
        "seq": 1,
        "id": "00",
        "room": "00",
        "author": "p2pim1x",
        "author_name": "ben",
        "mine": False,
        "clock": 1,
        "wall_ms": int(time.time() * 1000),
        "kind": 1,
        "text": "hi",
        "note": None,
        "unread": False,
        "deliveries": [],
        "state": "received",
        "reply_to": None,
        "edited": False,
        "deleted": None,
        "reactions": [],
        "mentions_me": False,
    } | changes


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_become_visible(text: str) -> None:
    shown = safe_text(text)
    assert shown.isprintable()
    assert "\\" in shown


@given(st.text())
def test_nothing_that_moves_a_cursor_or_turns_text_is_left(text: str) -> None:
    shown = safe_text(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in BIDI for c in shown)
    assert safe_text(shown) == shown


@pytest.mark.parametrize("text", ["", "plain", "Grüße 日本語 🎉", "a\\x1b"])
def test_ordinary_text_stays(text: str) -> None:
    assert safe_text(text) == text


def test_escapes_are_readable() -> None:
    assert safe_text("\x1b\t\n\r\x85\u202e") == "\\x1b\\t\\n\\r\\x85\\u202e"


@pytest.mark.parametrize("text", ATTACKS)
def test_every_way_out_is_safe(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    for as_json in (False, True):
        output = Output(as_json, out, err)
        output.line(text)
        output.lines([text])
        output.json({"text": text})
        output.result(text, [text])
        output.error(text, 1)
    written = out.getvalue() + err.getvalue()
    assert all(line.isprintable() for line in written.split("\n"))


def test_json_leads_back_to_the_text() -> None:
    out = io.StringIO()
    Output(True, out).json({"text": "\x1b\x7f\u202e"})
    assert json.loads(out.getvalue()) == {"text": "\x1b\x7f\u202e"}


def test_what_a_terminal_cannot_show_gets_its_number() -> None:
    raw = io.BytesIO()
    output = Output(out=io.TextIOWrapper(raw, "ascii"))
    output.line("ü 🎉")
    assert raw.getvalue() == b"\\xfc \\U0001f389\n"


def test_errors_for_people_and_for_programs() -> None:
    err = io.StringIO()
    Output(err=err).error("Why.", 3)
    Output(True, err=err).error("Why.", 3)
    assert err.getvalue() == 'p2pim: Why.\n{"error": "Why.", "exit": 3}\n'


def test_tables_stand_in_columns() -> None:
    assert table([["a", "bb", "c"], ["日本", "b", ""]]) == ["a     bb  c", "日本  b"]


@pytest.mark.parametrize(("text", "cells"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_widths(text: str, cells: int) -> None:
    assert width(text) == cells


def test_moments() -> None:
    now = time.time()
    assert moment(int(now * 1000)) == time.strftime("%H:%M", time.localtime(now))
    assert moment(0).startswith(("1970-01-01 ", "1969-12-31 "))
    assert moment(None) == "never"
    assert moment(1 << 70) == "?"


def test_a_message() -> None:
    assert message_lines(message())[0].endswith(" ben: hi")
    assert message_lines(message(), where="[#lobby] ")[0].endswith(" [#lobby] ben: hi")


def test_no_line_of_a_message_can_pose_as_another_message() -> None:
    lines = message_lines(message(text="hi\n12:00 boss: pay him\r\nnow\tplease"))
    assert lines[1:] == ["      | 12:00 boss: pay him", "      | now    please"]


def test_what_cannot_be_shown_says_why() -> None:
    assert message_lines(message(text=None, note="needs a newer version"))[0].endswith(
        "(needs a newer version)"
    )


@pytest.mark.parametrize(
    ("state", "mark"),
    [("waiting", "[waiting]"), ("not-accepted", "accept you]"), ("no-space", "disk]"), ("delivered", "x")],
)
def test_own_messages_tell_how_far_they_got(state: str, mark: str) -> None:
    mine = message(mine=True, state=state, text="x")
    assert message_lines(mine)[-1].endswith(mark)
    assert " you: x" in message_lines(mine)[-1]
    assert message_lines(mine, mark=False)[-1].endswith("x")


def test_an_edit_a_mention_and_an_id_are_marked() -> None:
    shown = message_lines(message(text="a\nb", edited=True, mentions_me=True, id="0123456789"), ids=True)
    assert shown[0].startswith("01234567 ")
    assert shown[0].endswith(" ben [mentions you]: a")
    assert shown[1:] == ["      | b (edited)"]


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        (
            {"author": "p2pim1x", "author_name": "ann", "text": "coffee\n at ten? " + "x" * 99},
            "ann: coffee at ten? xxx",
        ),
        ({"author": "p2pim1x", "author_name": "ann", "text": None}, "ann: (nothing to show)"),
        ({"author": None, "author_name": "", "text": None}, "(an answer to something that is not here)"),
    ],
)
def test_a_reply_shows_what_it_answers(quote: dict[str, Any], line: str) -> None:
    first, second = message_lines(message(reply_to=quote))
    assert first.startswith("      > " + line)
    assert len(first) <= 8 + 5 + 40
    assert second.endswith(" ben: hi")


def test_reactions_stand_below() -> None:
    some = [{"emoji": "👍", "by": ["a", "b"]}, {"emoji": "ok", "by": ["a"]}]
    assert message_lines(message(reactions=some))[1:] == ["      👍 2  ok 1"]


def test_a_topic_is_a_line_of_its_own() -> None:
    assert message_lines(message(kind=6, text="cake"))[0].endswith(" ben set the topic: cake")
    assert message_lines(message(kind=6, text="", mine=True))[0].endswith(" you took the topic away")
    assert message_lines(message(kind=6, text=None, note="cannot be read"))[0].endswith(": (cannot be read)")


def test_excerpts() -> None:
    assert excerpt(None) == ""
    assert excerpt(" a\n b ") == "a b"
    assert excerpt("x" * 41) == "x" * 39 + "…"


@pytest.mark.parametrize(
    ("states", "mark"),
    [
        (["held"], "[held by cleo0]"),
        (["held", "handed-over", "held"], "[held by cleo0, cleo2]"),
        (["not-accepted", "handed-over"], "[handed over, so they say, by cleo1]"),
        ([], "[waiting]"),
    ],
)
def test_who_holds_a_message_for_somebody_away_is_named(states: list[str], mark: str) -> None:
    deliveries = [
        {"peer_id": "", "name": f"cleo{number}", "state": state, "at_ms": 0}
        for number, state in enumerate(states)
    ]
    shown = message_lines(message(mine=True, state="held", text="x", deliveries=deliveries))
    assert shown[-1].endswith(f"  {mark}")


@pytest.mark.parametrize(
    ("states", "mark"),
    [
        (["read"], "[read]"),
        (["read", "delivered", "read"], "[read by cleo0, cleo2]"),
    ],
)
def test_who_has_read_a_message_is_named_where_there_are_several(states: list[str], mark: str) -> None:
    deliveries = [
        {"peer_id": "", "name": f"cleo{number}", "state": state, "at_ms": 0}
        for number, state in enumerate(states)
    ]
    shown = message_lines(message(mine=True, state="read", text="x", deliveries=deliveries))
    assert shown[-1].endswith(f"x  {mark}")
