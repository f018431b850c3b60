"""Bad input and faults: one clear sentence with what to do, the documented exit code, no traceback, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api import exits
from p2pim.config import Paths
from tests.as_nobody import as_nobody
from tests.daemons import LOOPBACK, Daemon
from tests.loopback import own_loopback
from tests.security.hostile import Hostile
from tests.security.test_bad_luck import fill, small_disk

__all__ = ["small_disk"]

QUIET = LOOPBACK + 'visible = "nobody"\n'
needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts and other users take root on Linux"
)


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    with own_loopback():
        yield


@pytest.fixture(scope="module")
def anna(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that knows two Bobs."""
    with Daemon(tmp_path_factory.mktemp("anna"), settings=QUIET) as daemon:
        daemon.start()
        port = daemon.client.status()["port"]
        assert port is not None
        with (
            Hostile(port, name="bob").greet() as one,
            Hostile(port, name="Bob", source="127.0.0.3").greet() as two,
        ):
            one.settle()
            two.settle()
            yield daemon


def p2pim(home: Path | str, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "p2pim", "--home", str(home), *words],
        input=stdin,
        capture_output=True,
        timeout=40,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )


def complaint(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """What a failed command said: one sentence on standard error, nothing else anywhere."""
    said = done.stderr.decode()
    assert done.returncode == code, said + done.stdout.decode()
    assert "Traceback" not in said
    assert "unexpected" not in said.lower()
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert len(lines[0]) < 600
    assert done.stdout == b""
    return lines[0]


WRONG_TARGETS = {
    "unknown peer": (["send", "nobody-here", "hi"], exits.UNKNOWN_TARGET, "p2pim peers"),
    "unknown room": (["send", "#kitchen", "hi"], exits.UNKNOWN_TARGET, "#lobby"),
    "history of an unknown peer": (["history", "nobody-here"], exits.UNKNOWN_TARGET, "p2pim peers"),
    "ambiguous name": (["send", "BOB", "hi"], exits.UNKNOWN_TARGET, "could be any of"),
    "mistyped id": (["send", "p2pim1" + "q" * 58, "hi"], exits.REFUSED, "Copy the whole id again"),
    "too long text": (["send", "#lobby", "x" * 60_000], exits.REFUSED, "at most"),
    "empty text": (["send", "#lobby", "  "], exits.REFUSED, "empty"),
    "too long name": (["name", "n" * 65], exits.REFUSED, "64"),
    "name with a trick in it": (["name", "ann\u202eeb"], exits.REFUSED, ""),
    "no such presence": (["presence", "asleep"], exits.USAGE, "online"),
    "no address": (["add", "http://host/"], exits.REFUSED, "HOST"),
    "privileged port": (["add", "127.0.0.1:80"], exits.REFUSED, "1024"),
    "unknown command": (["sned", "bob", "hi"], exits.USAGE, ""),
    "decline where nobody asked": (["decline", "p2pim1"], exits.REFUSED, ""),
}


@pytest.mark.parametrize("what", WRONG_TARGETS)
def test_wrong_input(anna: Daemon, what: str) -> None:
    words, code, hint = WRONG_TARGETS[what]
    done = p2pim(anna.paths.data, *words)
    if code == exits.USAGE:
        assert done.returncode == code
        assert b"Traceback" not in done.stderr
        assert hint in done.stderr.decode()
    else:
        assert hint in complaint(done, code)
    assert anna.texts("#lobby") == []
    as_json = p2pim(anna.paths.data, "--json", *words)
    assert as_json.returncode == code


def test_too_long_from_standard_input(anna: Daemon) -> None:
    assert "at most" in complaint(
        p2pim(anna.paths.data, "send", "#lobby", "-", stdin=b"x" * 60_000), exits.REFUSED
    )
    assert "1 MiB" in complaint(
        p2pim(anna.paths.data, "send", "#lobby", "-", stdin=b"x" * (2 << 20)), exits.REFUSED
    )
    assert "UTF-8" in complaint(
        p2pim(anna.paths.data, "send", "#lobby", "-", stdin=b"\xff\xfe"), exits.REFUSED
    )


def test_ambiguous_names_are_listed_with_ids_that_work(anna: Daemon) -> None:
    said = complaint(p2pim(anna.paths.data, "send", "bob", "hi"), exits.UNKNOWN_TARGET)
    ids = re.findall(r"\((\w{8})\)", said)
    assert len(ids) == 2
    assert p2pim(anna.paths.data, "send", ids[0], "hi").returncode == exits.OK


def test_no_daemon(tmp_path: Path) -> None:
    for words in (["status"], ["send", "bob", "hi"], ["peers"], ["stop"]):
        assert "p2pim start" in complaint(p2pim(tmp_path, *words), exits.NOT_RUNNING)


def test_a_second_daemon_is_refused_and_the_first_goes_on(anna: Daemon) -> None:
    second = subprocess.run(
        [sys.executable, "-P", "-m", "p2pim.daemon", "--home", str(anna.paths.data)],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert "already running" in complaint(second, exits.NOT_NOW)
    assert str(anna.process.pid) in second.stderr.decode()
    assert anna.client.status()["pid"] == anna.process.pid
    again = p2pim(anna.paths.data, "start")
    assert again.returncode == exits.OK
    assert b"running already" in again.stdout


def test_a_taken_port_is_no_fault(short_tmp: Path) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = first.getsockname()[1]
        with Daemon(short_tmp / "a", settings=QUIET.replace("port = 0", f"port = {port}")) as daemon:
            daemon.start()
            mine = daemon.client.status()["port"]
            assert mine not in (None, port)


def test_a_daemon_of_another_version(short_tmp: Path) -> None:
    paths = Paths(short_tmp)
    paths.prepare()
    sentence = "The running p2pim is version 9.9 (API 2), this one 0.1 (API 1): run `p2pim stop`, then `p2pim start`."

    def serve() -> None:
        for _ in range(2):
            sock, _ = server.accept()
            with sock, sock.makefile("rb") as lines:
                for line in lines:
                    request = json.loads(line)
                    reply: dict[str, object] = {"error": {"code": 1009, "message": sentence}}
                    if request["method"] == "daemon.stop":
                        reply = {"result": {"pid": 1}}
                    sock.sendall(
                        json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}).encode() + b"\n"
                    )
                    if request["method"] != "hello":
                        break

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(paths.socket_file))
        server.listen()
        serving = threading.Thread(target=serve)
        serving.start()
        assert "p2pim stop" in complaint(p2pim(short_tmp, "status"), exits.NOT_NOW)
        assert p2pim(short_tmp, "stop").returncode == exits.OK
        serving.join(10)


# -- profiles that cannot be used: the daemon says so through whoever started it


def profile(home: Path) -> Paths:
    """A profile with one message in it."""
    with Daemon(home, settings=QUIET) as daemon:
        daemon.start()
        daemon.say("#lobby", "keep me")
        daemon.stop()
        return daemon.paths


def corrupt_start(paths: Paths) -> None:
    paths.database.write_bytes(b"this is no database at all" * 400)


def corrupt_middle(paths: Paths) -> None:
    raw = bytearray(paths.database.read_bytes())
    raw[4096:] = os.urandom(len(raw) - 4096)
    paths.database.write_bytes(raw)


def newer(paths: Paths) -> None:
    with contextlib.closing(sqlite3.connect(paths.database)) as database:
        database.execute("PRAGMA user_version = 999")


def config(text: str) -> object:
    return lambda paths: paths.config_file.write_text(text, encoding="utf-8")


UNUSABLE = {
    "corrupt database": (corrupt_start, "p2pim.db"),
    "database with damaged pages": (corrupt_middle, "p2pim.db"),
    "newer database": (newer, "update p2pim"),
    "unknown key": (config("prot = 1"), "did you mean 'port'"),
    "key of a wrong type": (config('port = "many"'), "'port'"),
    "port out of range": (config("port = 22"), "between 1024 and 65535"),
    "no TOML": (config("port = = 1"), "not valid TOML"),
    "damaged identity": (lambda p: p.identity_key.write_text("zz"), "identity.key"),
    "missing identity": (lambda p: p.identity_key.unlink(), "backup"),
    "identity that others can read": (lambda p: p.identity_key.chmod(0o644), "chmod 600"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_unusable_profile(short_tmp: Path, what: str) -> None:
    paths = profile(short_tmp / "a")
    spoil, hint = UNUSABLE[what]
    spoil(paths)  # type: ignore[operator]
    before = {
        f: f.read_bytes() for f in (paths.database, paths.identity_key, paths.config_file) if f.is_file()
    }
    said = complaint(p2pim(paths.data, "start"), exits.UNUSABLE_PROFILE)
    assert hint in said
    assert {f: f.read_bytes() for f in before} == before, "nothing was changed"
    assert not paths.socket_file.exists()


def test_config_of_an_unknown_key(tmp_path: Path) -> None:
    assert "known" in complaint(p2pim(tmp_path, "config", "set", "colour", "red"), exits.UNUSABLE_PROFILE)
    assert "port" in complaint(p2pim(tmp_path, "config", "set", "port", "many"), exits.UNUSABLE_PROFILE)
    assert not (tmp_path / "config.toml").exists()


@needs_root
def test_a_full_disk(short_tmp: Path, small_disk: Path) -> None:
    home = small_disk / "home"
    with Daemon(home, settings=QUIET) as daemon:
        daemon.start()
        daemon.say("#lobby", "before")
        filler = fill(small_disk)
        said = ""
        for _ in range(30):
            done = p2pim(home, "send", "#lobby", "x" * 40_000)
            if done.returncode != exits.OK:
                said = complaint(done, exits.NOT_NOW)
                break
        assert "ree some space" in said
        assert b"FULL" in p2pim(home, "status").stdout
        stored = daemon.texts("#lobby")
        filler.unlink()
        daemon.until(lambda: daemon.client.status()["storage"] == "ok", "writes again")
        assert p2pim(home, "send", "#lobby", "after").returncode == exits.OK
        assert daemon.texts("#lobby") == [*stored, "after"]


@needs_root
def test_a_disk_that_is_full_at_the_start(small_disk: Path) -> None:
    filler = fill(small_disk)
    assert "pace" in complaint(p2pim(small_disk / "home", "start"), exits.NOT_NOW)
    filler.unlink()
    home = small_disk / "home"
    try:
        assert p2pim(home, "start").returncode == exits.OK
    finally:
        p2pim(home, "stop")


@needs_root
@pytest.mark.parametrize("kind", ["folder of another user", "below a folder without write permission"])
def test_a_home_without_write_permission(short_tmp: Path, kind: str) -> None:
    short_tmp.chmod(0o755)
    home = short_tmp / "home"
    if kind == "folder of another user":
        home.mkdir(mode=0o755)
    code = f"""
import contextlib, io
out = io.StringIO()
with contextlib.redirect_stderr(out):
    code = p2pim.daemon.main.main(["--home", {str(home)!r}])
print(code, out.getvalue())
"""
    said = as_nobody(code, modules="p2pim.daemon.main, resource, fcntl, difflib, tomllib")
    number, _, sentence = said.partition(" ")
    assert int(number) == exits.UNUSABLE_PROFILE
    assert "--home" in sentence
    assert "Traceback" not in sentence


def test_no_network_at_all(short_tmp: Path) -> None:
    """An interface that is not there: it starts, says so, keeps what is written, and the doctor names it."""
    with Daemon(short_tmp / "a", settings='port = 0\ninterfaces = ["absent0"]\n') as daemon:
        daemon.start()
        assert "no network" in daemon.client.status()["state_line"]
        assert p2pim(daemon.paths.data, "send", "#lobby", "for later").returncode == exits.OK
        assert daemon.texts("#lobby") == ["for later"]
        doctor = p2pim(daemon.paths.data, "doctor")
        assert doctor.returncode in (exits.OK, exits.FAILED)
        assert b"Traceback" not in doctor.stderr
        assert b"absent0" in doctor.stdout or b"no " in doctor.stdout.lower()
