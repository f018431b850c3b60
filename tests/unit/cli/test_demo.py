from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from p2pim.cli import demo, main


@pytest.fixture
def folder(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its temporary homes."""
    monkeypatch.setattr(tempfile, "tempdir", str(short_tmp))
    monkeypatch.setenv("TMPDIR", str(short_tmp))
    return short_tmp


def daemons_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "p2pim.daemon" in line and str(folder) in line:
            found.append(line)
    return found


def test_it_shows_what_it_says_and_leaves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert main(["demo", "--json"]) == 0
    assert time.monotonic() - began < 20
    figures = json.loads(capsys.readouterr().out)
    assert figures["messages"] == 148
    assert figures["found_seconds"] < figures["seconds"]
    assert list(folder.iterdir()) == []
    assert daemons_in(folder) == []


def test_what_is_not_so_is_a_fault(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENCE", 1.5)
    monkeypatch.setattr(demo, "_agree", lambda *_: False)
    assert main(["demo"]) == 1
    out, err = capsys.readouterr()
    assert (
        err
        == "p2pim: The demo failed: Not so within 1.5 s: all three hold 15 lobby messages in the same order.\n"
    )
    assert "  ann: " in out  # the end of each log
    assert list(folder.iterdir()) == []
    assert daemons_in(folder) == []


def test_messages_twice_or_not_at_all_are_a_fault() -> None:
    demo._check_once(Counter(["a", "b"]), Counter(["a", "b", "c"]), "here")
    for found in (["a"], ["a", "b", "b"]):
        with pytest.raises(demo.Fault, match="In here 1 messages are missing or there more than once"):
            demo._check_once(Counter(["a", "b"]), Counter(found), "here")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(folder: Path, python: str, number: signal.Signals) -> None:
    with subprocess.Popen(
        [python, "-m", "p2pim", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "found each other" in line:
                break
        process.send_signal(number)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert list(folder.iterdir()) == []
    assert daemons_in(folder) == []
