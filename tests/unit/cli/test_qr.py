"""QR codes: what is drawn is the code, in colours of its own, and only where it can be seen."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
import segno

from p2pim.cli.output import Output
from p2pim.cli.qr import print_qr, qr_lines

LINK = "p2pim:join?c=K7QM-2XPA-94TR-6WHY&n=Ops&a=10.99.0.2:26747"
LINE = re.compile("\x1b\\[38;5;16;48;5;231m([ ▀▄█]+)\x1b\\[0m")


class Terminal(io.TextIOWrapper):
    """A terminal with this encoding."""

    def __init__(self, encoding: str = "utf-8", isatty: bool = True) -> None:
        self.written = io.BytesIO()
        self._isatty = isatty
        super().__init__(self.written, encoding=encoding)

    def isatty(self) -> bool:
        return self._isatty

    @property
    def lines(self) -> list[str]:
        return self.written.getvalue().decode(self.encoding).splitlines()


@pytest.fixture(autouse=True)
def ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("WT_SESSION", raising=False)


def seen(lines: list[str]) -> list[list[int]]:
    """What a camera sees: 1 is dark, 0 light."""
    rows = []
    for line in lines:
        match = LINE.fullmatch(line)
        assert match
        rows.append([int(block in "▀█") for block in match[1]])
        rows.append([int(block in "▄█") for block in match[1]])
    return rows


@pytest.mark.parametrize("text", [LINK, "p2pim:join?c=K7QM-2XPA-94TR-6WHY", "x", "Zoë 🦊", LINK * 20])
def test_what_is_drawn_is_the_code_with_light_around_it(text: str) -> None:
    rows = seen(qr_lines(text))
    code = segno.make(text, micro=False, error="l")
    size = len(code.matrix)
    assert [row[2:-2] for row in rows[2 : size + 2]] == [list(row) for row in code.matrix]
    around = rows[:2] + rows[size + 2 :] + [row[:2] + row[-2:] for row in rows]
    assert not any(map(any, around))
    assert {len(row) for row in rows} == {size + 4}
    assert len(rows) - size in (4, 5)


def test_the_code_is_no_larger_than_it_must_be() -> None:
    assert len(qr_lines(LINK)) == 19  # 33 modules: fits a terminal of 24 lines with a prompt


def test_what_no_code_can_hold_has_no_lines() -> None:
    assert qr_lines("x" * 2953) != []
    assert qr_lines("x" * 2954) == []
    out = Terminal()
    assert not print_qr(Output(out=out), "x" * 2954)
    assert out.lines == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp437", "cp850", "utf-16-le"])
def test_it_is_drawn_on_terminals_that_have_blocks(encoding: str) -> None:
    out = Terminal(encoding)
    assert print_qr(Output(out=out), LINK)
    assert out.lines == qr_lines(LINK)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_nothing_is_drawn_where_there_are_no_blocks(encoding: str) -> None:
    out = Terminal(encoding)
    assert not print_qr(Output(out=out), LINK)
    assert out.lines == []


def test_nothing_is_drawn_into_a_file_or_a_pipe() -> None:
    out = Terminal(isatty=False)
    assert not print_qr(Output(out=out), LINK)
    assert not print_qr(Output(out=io.StringIO()), LINK)
    assert out.lines == []


@pytest.mark.parametrize(
    ("term", "windows_terminal", "drawn"),
    [("dumb", False, False), (None, False, False), (None, True, True), ("linux", False, True)],
)
def test_nothing_is_drawn_where_colours_would_show_as_text(
    term: str | None, windows_terminal: bool, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM")
    for name, value in (("TERM", term), ("WT_SESSION", "1" if windows_terminal else None)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert print_qr(Output(out=Terminal()), LINK) is drawn


@pytest.mark.parametrize(("columns", "drawn"), [(36, False), (37, True)])
def test_nothing_is_drawn_that_would_be_wrapped(
    columns: int, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = Terminal()
    assert print_qr(Output(out=out), LINK) is drawn
    assert bool(out.lines) is drawn


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    loaded = "print('segno' in sys.modules)"
    code = f"import sys, p2pim.cli.qr; {loaded}; p2pim.cli.qr.qr_lines('x'); {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
