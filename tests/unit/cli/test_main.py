from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.cli import talk
from tests.served import Served
from tests.unit.cli.conftest import P2pim

SECRET = "the merger is on friday"


def test_faults_are_one_sentence_and_a_code(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("send", "zoe", "hi")
    assert done.code == 3
    assert done.out == ""
    assert done.err == "p2pim: Nobody is called zoe: run `p2pim peers` to see who is known.\n"


def test_faults_for_programs(p2pim: P2pim) -> None:
    done = p2pim("--json", "status")
    assert done.code == 5
    assert json.loads(done.err) == {"error": "p2pim is not running: start it with `p2pim start`.", "exit": 5}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["send", "dee", "hi"], 3),
        (["send", "#nowhere", "hi"], 3),
        (["send", "ben", "x" * 50_000], 4),
        (["send", "ben", "x" * 2_000_000], 4),
        (["send", "ben", "\udcff"], 4),
        (["send", "ben", "blocked"], 6),
        (["nope"], 2),
        (["add", "a b"], 4),
        (["config", "get", "prot"], 7),
        (["presence", "away", "--until", "soon"], 4),
    ],
)
def test_codes(p2pim: P2pim, profile: Served, arguments: list[str], code: int) -> None:
    done = p2pim(*arguments)
    assert done.code == code
    assert done.out == ""
    assert done.err


def test_a_bug_is_one_line_and_its_origin_is_in_a_file(
    p2pim: P2pim, profile: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: object) -> int:
        raise KeyError(SECRET)

    monkeypatch.setattr(talk, "send", broken)
    done = p2pim("send", "ben", SECRET)
    assert done.code == 1
    assert done.err.count("\n") == 1
    file = profile.paths.crash_file
    assert f"Unexpected failure (KeyError): please report it; its origin is in {file}." in done.err
    text = file.read_text()
    assert "test_main.py" in text
    assert " broken" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "merger" not in text + done.err


def test_a_bug_where_nothing_can_be_written(
    p2pim: P2pim, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: object) -> int:
        raise KeyError(SECRET)

    monkeypatch.setattr(talk, "send", broken)
    (short_tmp / "log").write_text("no folder")
    done = p2pim("send", "ben", "x")
    assert done.code == 1
    assert "it came from test_main.py:" in done.err


def test_interrupted(p2pim: P2pim, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(run: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(talk, "listen", interrupted)
    done = p2pim("listen")
    assert done.code == 130
    assert done.err == ""


def test_a_reader_that_has_seen_enough(profile: Served, python: str) -> None:
    with Client(profile.paths) as client:
        client.gather([("message.send", {"room": "#lobby", "text": f"{n}" * 300}) for n in range(300)])
    history = f"{python} -m p2pim --home {profile.paths.home} history lobby -n 300"
    command = f"{history} | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
