from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.cli.lineedit import WIPE, LineEditor
from p2pim.cli.output import safe_text, width

LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = (
    "\x1b[D",
    "\x1b[C",
    "\x1b[A",
    "\x1b[B",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("hello\r", "hello"),
        ("hello\n", "hello"),
        ("helo" + LEFT + "l\r", "hello"),
        ("hellox\x7f\r", "hello"),
        ("hellox\x08\r", "hello"),
        ("\x7f" * 3 + "hello\r", "hello"),
        ("xhello" + HOME + DELETE + "\r", "hello"),
        ("xhello\x01\x04\r", "hello"),
        ("llo\x01he\r", "hello"),
        ("hel\x01" + END + "lo\r", "hello"),
        ("one two\x17three\r", "one three"),
        ("one  \x17two\r", "two"),
        ("rest\x15hello\r", "hello"),
        ("hellorest" + LEFT * 4 + "\x0b\r", "hello"),
        ("hel\x02\x06lo\r", "hello"),
        ("a\tb\r", "a    b"),
        ("日本\x7f本\r", "日本"),
        ("he\x1b[15~l\x1bOPlo\x1bx\x00\r", "hello"),
        ("hello" + RIGHT * 9 + LEFT * 99 + "\r", "hello"),
    ],
)
def test_keys(keys: str, line: str) -> None:
    assert LineEditor().feed(keys) == [line]


@pytest.mark.parametrize("keys", ["ab" + LEFT + "c\r", "x" + DELETE + "\r", "one\rtwo" + UP + "\r"])
def test_keys_may_come_in_pieces(keys: str) -> None:
    whole, pieces = LineEditor(), LineEditor()
    assert [line for key in keys for line in pieces.feed(key)] == whole.feed(keys)


def test_several_lines_at_once() -> None:
    assert LineEditor().feed("a\rb\rc") == ["a", "b"]


def test_lines_before_can_be_had_again() -> None:
    editor = LineEditor()
    editor.feed("one\rtwo\rtwo\r \r")
    assert editor.feed(UP + "\r") == ["two"]
    assert editor.feed(UP + UP + UP + UP + "\r") == ["one"]
    editor.feed("rest" + UP + DOWN + DOWN)
    assert editor.text == ""


def test_the_end() -> None:
    editor = LineEditor()
    editor.feed("a\x04")
    assert not editor.ended
    editor.feed("\x7f\x04")
    assert editor.ended


def test_the_line_is_drawn_with_its_cursor() -> None:
    editor = LineEditor("> ", 80)
    editor.feed("hello" + LEFT * 2)
    assert editor.drawing() == WIPE + "> hello\x1b[2D"


@given(st.text(max_size=60), st.integers(0, 60), st.integers(12, 40))
def test_a_drawing_fits_and_holds_no_control_of_anybody_else(text: str, back: int, columns: int) -> None:
    editor = LineEditor("> ", columns)
    editor.text, editor.cursor = text, max(0, len(text) - back)
    drawn = editor.drawing().removeprefix(WIPE)
    line, _, moves = drawn.partition("\x1b[")
    assert safe_text(line) == line
    assert width(line) < columns
    assert moves == "" or (moves.endswith("D") and moves[:-1].isdigit())


@given(st.text())
def test_any_keys(keys: str) -> None:
    editor = LineEditor()
    editor.feed(keys)
    assert 0 <= editor.cursor <= len(editor.text)
    assert not any(ord(c) < 32 or ord(c) == 127 for c in editor.text)
