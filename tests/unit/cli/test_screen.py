from __future__ import annotations

import io
import os
import pty
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from p2pim.cli.output import Output
from p2pim.cli.screen import PlainScreen, Screen, TerminalScreen, open_screen


def wait_for(screen: Screen) -> list[str]:
    assert select.select([screen], [], [], 10)[0]
    return screen.read()


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pipe as standard input; its writing end."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield writer
        with suppress(OSError):
            os.close(writer)


def test_lines_from_a_pipe(piped: int) -> None:
    out = io.StringIO()
    with open_screen(Output(out=out)) as screen:
        assert isinstance(screen, PlainScreen)
        assert not screen.echoes
        os.write(piped, b"one\nt")
        assert wait_for(screen) == ["one"]
        os.write(piped, b"wo\r\nrest \xff")
        assert wait_for(screen) == ["two"]
        assert not screen.ended
        os.close(piped)
        lines = wait_for(screen)
        if not screen.ended:
            lines += wait_for(screen)
        assert lines == ["rest \ufffd"]
        assert screen.ended
        screen.show(["a\x1b[2J"])
    assert out.getvalue() == "a\\x1b[2J\n"


class Terminal:
    """A pseudo terminal in place of standard input and output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keyboard, self.handle = pty.openpty()
        self.stdin = os.fdopen(os.dup(self.handle))
        self.stdout = os.fdopen(os.dup(self.handle), "w", encoding="utf-8")
        self.before = termios.tcgetattr(self.handle)
        monkeypatch.setattr(sys, "stdin", self.stdin)
        monkeypatch.setenv("TERM", "xterm")
        self.output = Output(out=self.stdout)

    def seen(self, until: str) -> str:
        """What appeared, up to some text."""
        text = ""
        while until not in text:
            assert select.select([self.keyboard], [], [], 10)[0], f"only {text!r}"
            text += os.read(self.keyboard, 4096).decode()
        return text

    def is_as_before(self) -> bool:
        now: Any = termios.tcgetattr(self.handle)
        return bool(now == self.before)

    def close(self) -> None:
        for stream in (self.stdin, self.stdout):
            stream.close()
        os.close(self.keyboard)
        os.close(self.handle)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    opened = Terminal(monkeypatch)
    yield opened
    opened.close()


def test_what_arrives_does_not_cut_through_what_is_typed(terminal: Terminal) -> None:
    with open_screen(terminal.output) as screen:
        assert isinstance(screen, TerminalScreen)
        assert not screen.echoes
        os.write(terminal.keyboard, b"hel")
        assert wait_for(screen) == []
        assert terminal.seen("hel").endswith("\r\x1b[K> hel")
        screen.show(["12:00 ben: hi \x1b[2J"])
        assert terminal.seen("> hel") == "\r\x1b[K12:00 ben: hi \\x1b[2J\r\n\r\x1b[K> hel"
        os.write(terminal.keyboard, b"lo\r")
        assert wait_for(screen) == ["hello"]
        assert not terminal.is_as_before()
    assert terminal.is_as_before()


def test_half_a_letter_waits_for_the_other(terminal: Terminal) -> None:
    with open_screen(terminal.output) as screen:
        os.write(terminal.keyboard, "ü".encode()[:1])
        assert wait_for(screen) == []
        os.write(terminal.keyboard, "ü".encode()[1:] + b"\r")
        assert wait_for(screen) == ["ü"]


def test_control_d_ends(terminal: Terminal) -> None:
    with open_screen(terminal.output) as screen:
        os.write(terminal.keyboard, b"\x04")
        assert wait_for(screen) == []
        assert screen.ended


def test_the_terminal_is_as_before_after_a_fault(terminal: Terminal) -> None:
    with pytest.raises(KeyError), open_screen(terminal.output):
        raise KeyError
    assert terminal.is_as_before()


def test_keys_come_at_once_again_after_a_stop(terminal: Terminal) -> None:
    previous = signal.getsignal(signal.SIGCONT)
    with open_screen(terminal.output) as screen:
        termios.tcsetattr(terminal.handle, termios.TCSANOW, terminal.before)  # as a shell does
        os.kill(os.getpid(), signal.SIGCONT)
        assert "\x1b[K> " in terminal.seen("> ")
        os.write(terminal.keyboard, b"a")
        assert wait_for(screen) == []
    assert signal.getsignal(signal.SIGCONT) is previous


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_dumb_terminal_gets_plain_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("TERM", kind) if kind else monkeypatch.delenv("TERM")
    with open_screen(terminal.output) as screen:
        assert isinstance(screen, PlainScreen)
        assert screen.echoes
        os.write(terminal.keyboard, b"hello\n")
        assert wait_for(screen) == ["hello"]
