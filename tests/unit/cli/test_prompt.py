from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from p2pim.cli.prompt import ask, ask_new
from p2pim.errors import BadInput


@pytest.fixture
def piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    opened: list[IO[str]] = []

    def pipe(raw: bytes) -> None:
        (tmp_path / "stdin").write_bytes(raw)
        opened.append((tmp_path / "stdin").open(encoding="utf-8"))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield pipe
    for stream in opened:
        stream.close()


def test_scripts_give_a_line_each(piped: Callable[[bytes], None]) -> None:
    piped(b" the old one \r\nthe new one, \xc3\xa9\nnot this\n")
    assert ask("Passphrase") == " the old one "
    assert ask_new("New passphrase") == "the new one, é"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", r"A passphrase is needed, and standard input has no line for it \(passphrase\)\."),
        (b"\n", "has no line"),
        (b"\xff\n", "not UTF-8"),
    ],
)
def test_scripts_that_give_none(piped: Callable[[bytes], None], raw: bytes, says: str) -> None:
    for asked in (ask, ask_new):
        piped(raw)
        with pytest.raises(BadInput, match=says):
            asked("Passphrase")


@pytest.fixture
def terminal() -> Iterator[Callable[[str, bytes], str]]:
    """Runs code in a process that has a terminal of its own, types there, and gives all that it shows."""
    pids: list[int] = []

    def run(code: str, typed: bytes) -> str:
        pid, master = pty.fork()
        if pid == 0:
            argv = [sys.executable, "-c", f"from p2pim.cli.prompt import ask, ask_new\n{code}"]
            os.execv(sys.executable, argv)
        pids.append(pid)
        shown = b""
        lines = typed.splitlines(keepends=True)
        try:
            while chunk := os.read(master, 1000):
                shown += chunk
                if chunk.endswith(b": ") and lines:  # getpass throws away what was typed before it asked
                    os.write(master, lines.pop(0))
        except OSError:  # how the end of a terminal looks on Linux
            pass
        os.close(master)
        return shown.decode()

    yield run
    for pid in pids:
        os.waitpid(pid, 0)


def test_people_type_unseen(terminal: Callable[[str, bytes], str]) -> None:
    shown = terminal("print(len(ask('Passphrase')))", b"open sesame\n")
    assert "sesame" not in shown
    assert shown.split() == ["Passphrase:", "11"]
    shown = terminal("print(len(ask_new('New')))", b"open sesame\nopen sesame\n")
    assert "sesame" not in shown
    assert shown.split() == ["New:", "The", "same", "again:", "11"]


def test_people_who_mistype_or_type_nothing(terminal: Callable[[str, bytes], str]) -> None:
    assert "BadInput: The two were not the same" in terminal("ask_new('New')", b"open sesame\nopen sesane\n")
    for typed in (b"\n", b"\x04"):
        assert "BadInput: A passphrase is needed, and nothing was typed." in terminal(
            "ask('Passphrase')", typed
        )
