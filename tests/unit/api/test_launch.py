from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from p2pim.api import launch
from p2pim.api.client import Client, is_listening
from p2pim.api.jsonrpc import NotRunning
from p2pim.api.launch import Starting, ensure_running
from p2pim.config import Paths
from p2pim.errors import NotNow, ProfileError


@pytest.fixture
def paths(short_tmp: Path) -> Paths:
    (short_tmp / "config.toml").write_text('port = 0\ninterfaces = ["127.0.0.1"]\n')
    return Paths(short_tmp)


def test_it_is_started_once_and_outlives_who_started_it(paths: Paths, python: str) -> None:
    code = "import sys; from p2pim.config import Paths; from p2pim.api.launch import ensure_running; "
    code += f"print(ensure_running(Paths({str(paths.home)!r})))"
    start = [python, "-c", code]
    try:
        assert subprocess.run(start, capture_output=True, text=True, check=True).stdout == "True\n"
        assert subprocess.run(start, capture_output=True, text=True, check=True).stdout == "False\n"
        with Client(paths) as client:
            pid = client.status()["pid"]
            assert os.getsid(pid) == pid
    finally:
        with Client(paths) as client:
            client.stop()
            with pytest.raises(NotRunning):
                list(client.events(10))
    assert not is_listening(paths)


def test_why_it_could_not_start_is_told_as_it_said(paths: Paths) -> None:
    paths.config_file.write_text("prot = 1")
    with pytest.raises(ProfileError, match="Unknown setting 'prot'"):
        ensure_running(paths)


def test_another_one_holds_the_profile(paths: Paths) -> None:
    first, second = Starting(paths), Starting(paths)
    outcomes: list[int | NotNow] = []
    for daemon in (first, second):
        try:
            outcomes.append(daemon.wait())
        except NotNow as error:
            outcomes.append(error)
    (pid,) = [outcome for outcome in outcomes if isinstance(outcome, int)]
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, NotNow)]
    assert f"process {pid}" in str(refused)
    running = first if first.process.pid == pid else second
    running.process.terminate()
    assert running.process.wait(10) == 0


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Something else in place of the interpreter that is to run the daemon."""
    script = folder / "python"
    script.write_text(f"#!{sys.executable}\n{code}\n")
    script.chmod(0o700)
    monkeypatch.setattr("p2pim.api.launch.sys.executable", str(script))


def test_one_that_ends_without_a_word(paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "")
    with pytest.raises(NotRunning, match="ended while it started: see"):
        ensure_running(paths)


def test_one_that_hangs_is_ended(paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(60)")
    monkeypatch.setattr(launch, "PATIENCE", 0.3)
    daemon = Starting(paths)
    with pytest.raises(NotRunning, match="did not start within"):
        daemon.wait()
    assert daemon.process.returncode == -9


def test_files_where_the_user_stands_are_no_part_of_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    daemon = Starting(paths)
    assert daemon.wait() == daemon.process.pid
    daemon.process.terminate()
    assert daemon.process.wait(10) == 0
