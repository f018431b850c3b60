from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from p2pim import __version__
from p2pim.api.client import Client
from p2pim.config import Paths
from p2pim.config.policy import machine_policy
from p2pim.daemon.main import main
from p2pim.errors import StoreCorrupt
from tests.fake_assembly import FakeAssembly

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def daemon(home: Path) -> Iterator[subprocess.Popen[str]]:
    """The real daemon over a fake node, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_daemon", "--home", str(home), "--ready-fd", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"pid": process.pid}
            yield process
        finally:
            process.kill()


def test_it_serves_until_it_is_told_to_stop(short_tmp: Path) -> None:
    with daemon(short_tmp) as process, Client(Paths(short_tmp)) as client:
        assert client.status()["pid"] == process.pid
        client.stop()
        assert process.wait(10) == 0
    assert not Paths(short_tmp).socket_file.exists()
    assert "ended" in Paths(short_tmp).log_file.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_well(short_tmp: Path, number: signal.Signals) -> None:
    with daemon(short_tmp) as process:
        process.send_signal(number)
        assert process.wait(10) == 0
    assert not Paths(short_tmp).socket_file.exists()


def test_after_a_kill_the_next_one_starts(short_tmp: Path) -> None:
    with daemon(short_tmp) as process:
        process.kill()
        process.wait()
    assert Paths(short_tmp).socket_file.exists()
    with daemon(short_tmp), Client(Paths(short_tmp)) as client:
        assert client.identity()["nickname"] == "ann"


def test_a_second_one_is_told_of_the_first(short_tmp: Path) -> None:
    with daemon(short_tmp) as process:
        second = subprocess.run(
            [sys.executable, "-m", "tests.fake_daemon", "--home", str(short_tmp)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        assert second.returncode == 6
        assert second.stdout == ""
        assert second.stderr.startswith(
            f"p2pim: p2pim is already running for this profile (process {process.pid})"
        )
        assert second.stderr.count("\n") == 1
        with Client(Paths(short_tmp)) as client:
            assert client.status()["pid"] == process.pid


def test_its_process_dumps_no_core_and_its_files_are_private(short_tmp: Path) -> None:
    with daemon(short_tmp) as process:
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, 0)
        for path in short_tmp.rglob("*"):
            assert path.lstat().st_mode & 0o077 == 0, path


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What ``main`` sets for its whole process is set back."""
    umask, folder, limit = os.umask(0o022), Path.cwd(), resource.getrlimit(resource.RLIMIT_CORE)
    os.umask(umask)
    monkeypatch.setattr("p2pim.daemon.main.forbid_core_dumps", lambda: None)
    yield
    os.umask(umask)
    os.chdir(folder)
    assert resource.getrlimit(resource.RLIMIT_CORE) == limit


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (
            StoreCorrupt("The database is damaged: restore a backup."),
            7,
            "The database is damaged: restore a backup.",
        ),
        (ValueError("secret"), 1, "The daemon failed unexpectedly: ValueError at "),
    ],
)
def test_a_failed_start_is_one_sentence_and_a_code(
    short_tmp: Path, capfd: pytest.CaptureFixture[str], error: Exception, code: int, says: str
) -> None:
    def fail(*_: Any) -> FakeAssembly:
        raise error

    assert main(["--home", str(short_tmp)], fail) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"p2pim: {says}")
    assert err.count("\n") == 1
    assert "secret" not in err
    reader, writer = os.pipe()
    assert main(["--home", str(short_tmp), "--ready-fd", str(writer)], fail) == code
    os.close(writer)
    with os.fdopen(reader) as told:
        outcome = json.loads(told.read())
    assert outcome["exit"] == code
    assert outcome["error"].startswith(says)


@pytest.mark.usefixtures("kept")
def test_wrong_settings(short_tmp: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (short_tmp / "config.toml").write_text("prot = 1")
    assert main(["--home", str(short_tmp)], FakeAssembly) == 7
    assert "Unknown setting 'prot'" in capfd.readouterr().err


@pytest.mark.usefixtures("kept")
def test_a_version_that_the_machine_no_longer_wants(
    short_tmp: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wants = machine_policy({"minimum_version": "99.1"}, "/p.toml")
    monkeypatch.setattr("p2pim.daemon.main.load_machine_policy", lambda: wants)
    assert main(["--home", str(short_tmp)], FakeAssembly) == 7
    assert capfd.readouterr().err == (
        f"p2pim: This is p2pim {__version__}, and minimum_version is set to 99.1 "
        "by the machine policy (/p.toml): update it.\n"
    )
    assert list(short_tmp.iterdir()) == [], "nothing was made"


@pytest.mark.usefixtures("kept")
def test_a_squatted_runtime_folder(short_tmp: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (short_tmp / "run").mkdir(mode=0o700)
    os.chown(short_tmp / "run", 65534, 65534)
    assert main(["--home", str(short_tmp)], FakeAssembly) == 7
    assert "belongs to another user (uid 65534)" in capfd.readouterr().err


@pytest.mark.usefixtures("kept")
def test_a_socket_that_cannot_be_made(short_tmp: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Paths(short_tmp).prepare()
    Paths(short_tmp).socket_file.mkdir()
    assert main(["--home", str(short_tmp)], FakeAssembly) == 7
    assert "Cannot open the local socket" in capfd.readouterr().err
