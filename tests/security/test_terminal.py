"""Attack 26: nothing that comes from others moves a terminal; captured from a real pseudo terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from p2pim.errors import UnknownTarget
from p2pim.node.events import Check, PeerChanged
from tests.served import Served, served

# OSC 52 (writes the clipboard), title, CSI, C1 CSI and DCS, DEL, carriage return, bidirectional overrides.
EVIL = "\x1b]52;c;cm0gLXJm\x07\x1b]0;t\x07\x1b[2J\x9b31m\x90+q\x9c\x7f\rroot# \u202egpj\u2066\u200f\u2028"
#: What the line editor of chat itself writes: wipe, and move back.
OWN = re.compile(rb"\r\x1b\[K|\x1b\[\d+D")
CONTROLS = re.compile(
    rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)


@pytest.fixture
def profile(short_tmp: Path) -> Iterator[Served]:
    with served(short_tmp) as running:
        node = running.node
        node.nickname = EVIL
        node.presence = ("online", EVIL, None)
        node.checks = [Check(EVIL, "warn", EVIL, EVIL)]
        ben = node.known["ben"]
        node.known["ben"] = replace(ben, name=f"ben{EVIL}", nickname="ben", status_text=EVIL, lookalike=EVIL)
        running.do(lambda: node.receive("ben", f"hi {EVIL}\nthere {EVIL}"))
        running.do(lambda: node.messages.append(replace(node.messages[0], id=b"x" * 32, author_name=EVIL)))
        yield running


class Captured:
    """A command on a pseudo terminal."""

    def __init__(self, profile: Served, *arguments: str) -> None:
        self.keyboard, terminal = pty.openpty()
        command = [sys.executable, "-m", "p2pim", "--home", str(profile.paths.home), *arguments]
        environment = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment
        )
        os.close(terminal)
        self.text = b""

    def read(self, until: bytes | None = None) -> bytes:
        """Everything that appears, up to some bytes or the end."""
        while until is None or until not in self.text:
            assert select.select([self.keyboard], [], [], 5)[0], self.text
            try:
                self.text += os.read(self.keyboard, 65536)
            except OSError:  # how Linux says that the other end is closed
                assert until is None, self.text
                break
        return self.text

    def end(self) -> bytes:
        """Wait for the end; all there was."""
        self.read()
        os.close(self.keyboard)
        self.process.wait(10)
        return self.text


def controls_in(captured: bytes) -> list[bytes]:
    return CONTROLS.findall(OWN.sub(b"", captured))


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["peers"],
        ["peers", "--json"],
        ["history", "lobby"],
        ["history", "lobby", "--json"],
        ["id", "ben"],
        ["name"],
        ["presence"],
        ["doctor"],
        ["block", "ben"],
        ["send", f"zoe{EVIL}", "x"],
        ["send", "ben", "x" * 50_000],
        ["config", "get", EVIL],
        ["add", EVIL],
    ],
    ids=" ".join,
)
def test_no_command_lets_anything_through(profile: Served, arguments: list[str]) -> None:
    arguments = [argument.replace("\x00", "") for argument in arguments]
    captured = Captured(profile, *arguments).end()
    assert captured
    assert controls_in(captured) == []


def test_faults_told_by_the_daemon_are_no_way_either(profile: Served) -> None:
    def refuse(target: str) -> bytes:
        raise UnknownTarget(f"Nobody is called {EVIL}.")

    profile.do(lambda: setattr(profile.node, "resolve", refuse))
    captured = Captured(profile, "send", "x", "y").end()
    assert b"\\x1b]52" in captured
    assert controls_in(captured) == []


@pytest.mark.parametrize("command", [["listen"], ["peers", "--watch"], ["chat", "lobby"], ["chat", "ben"]])
def test_what_is_followed_live_is_no_way_either(profile: Served, command: list[str]) -> None:
    captured = Captured(profile, *command)
    ready = b"TRUST" if command[0] == "peers" else b"Ctrl-D" if command[0] == "chat" else None
    if ready:
        captured.read(ready)
    else:
        while not any(client.subscribed for client in list(profile.server._clients)):
            profile.settle()
    node = profile.node

    def happen() -> None:
        node.receive("ben", f"live {EVIL}")
        node.receive("ben", f"live {EVIL}", node.resolve("ben"))
        node.emit(
            PeerChanged(replace(node.known["ben"], name=f"bob{EVIL}", presence="away", status_text=EVIL))
        )

    profile.do(happen)
    captured.read(b"bob" if command != ["chat", "lobby"] else b"live")
    if command[0] == "chat":
        os.write(captured.keyboard, "typed \u202e\u009b".encode() + b"\x04\x1b[D")
        captured.read(b"typed \\u202e\\x9b")  # drawn, so nothing typed is left for the kernel to echo
    profile.do(profile.stopping.set)
    text = captured.end()
    assert controls_in(text) == []


def test_the_capture_would_show_an_escape() -> None:
    assert len(controls_in(EVIL.encode())) >= 10
    assert controls_in(b"\r\x1b[K> x\x1b[3D plain\r\n") == []
