"""Attack 28: whatever else runs on this machine, other users and web pages included, cannot use the local API."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from p2pim.api import transport
from p2pim.api.client import Client
from p2pim.api.jsonrpc import NotRunning
from p2pim.config import Paths, Settings
from p2pim.errors import ProfileError
from tests.as_nobody import as_nobody
from tests.cli.home import Home
from tests.served import Served, served

KNOCK = """
import socket
stream = socket.socket(socket.AF_UNIX)
stream.settimeout(10)
try:
    stream.connect({path!r})
    stream.sendall(b'{{"jsonrpc":"2.0","id":1,"method":"daemon.stop"}}\\n')
    print("answer", stream.recv(1000))
except OSError as error:
    print(type(error).__name__)
"""

STOP = b'{"jsonrpc":"2.0","id":1,"method":"daemon.stop"}\n'
SENT_AWAY = ("answer b''", "BrokenPipeError", "ConnectionResetError")
PAGE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\r\n" + STOP


@pytest.fixture
def profile(short_tmp: Path) -> Iterator[Served]:
    with served(short_tmp / "home") as running:
        yield running


@pytest.fixture
def by_tcp(short_tmp: Path) -> Iterator[Served]:
    with served(short_tmp / "home", Settings(api="tcp")) as running:
        yield running


def test_another_user_does_not_even_reach_the_socket(profile: Served, short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    profile.paths.data.chmod(0o755)
    assert as_nobody(KNOCK.format(path=str(profile.paths.socket_file))) == "PermissionError"


def test_another_user_who_reaches_it_is_sent_away(profile: Served, short_tmp: Path) -> None:
    """As if folder and file had been opened up by mistake after the start."""
    short_tmp.chmod(0o755)
    profile.paths.data.chmod(0o755)
    profile.paths.runtime.chmod(0o755)
    profile.paths.socket_file.chmod(0o666)
    assert as_nobody(KNOCK.format(path=str(profile.paths.socket_file))) in SENT_AWAY
    assert not profile.stopping.is_set()
    profile.paths.runtime.chmod(0o700)
    with Client(profile.paths) as client:
        assert client.status()["nickname"] == "ann"


def test_a_client_does_not_talk_to_another_users_daemon(short_tmp: Path) -> None:
    """Somebody who could place a socket in our folder would be asked for our messages."""
    paths = Paths(short_tmp)
    paths.prepare()
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(paths.socket_file))
        listener.listen()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transport, "peer_uid", lambda stream: os.geteuid() + 1)
            with pytest.raises(ProfileError, match="served by another user"):
                transport.connect(paths, 5)


def test_a_squatted_runtime_folder_keeps_both_ends_away(short_tmp: Path) -> None:
    home = Home(short_tmp / "h")
    (home.folder / "run").mkdir(mode=0o700)
    os.chown(home.folder / "run", 65534, 65534)
    for command in ("start", "status"):
        done = home.run(command)
        assert done.code == 7
        assert "belongs to another user (uid 65534)" in done.err
        assert done.err.count("\n") == 1


def port_of(profile: Served) -> int:
    return transport.read_address(profile.paths)[0]


@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        STOP,
        transport.MAGIC + b"n" * 32 + b"x" * 32 + STOP,
    ],
)
def test_no_web_page_and_no_stranger_is_answered_by_tcp(by_tcp: Served, data: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port_of(by_tcp)), 10)) as stream:
        stream.sendall(data)
        heard = b""
        with suppress(ConnectionResetError):
            while chunk := stream.recv(1000):
                heard += chunk
    # To the magic it answers with its own proof, which tells nothing; to anything else with nothing.
    assert len(heard) == (64 if data.startswith(transport.MAGIC) else 0)
    assert not by_tcp.stopping.is_set()
    with Client(by_tcp.paths) as client:
        assert client.status()["nickname"] == "ann"


def test_a_wrong_token_is_refused(by_tcp: Served) -> None:
    port = port_of(by_tcp)
    transport.write_address(by_tcp.paths, port, b"w" * 32)
    with pytest.raises(NotRunning, match="taken the port"):
        Client(by_tcp.paths)


def test_the_token_of_the_last_run_is_worth_nothing(short_tmp: Path) -> None:
    tokens = []
    for _ in range(2):
        with served(short_tmp / "home", Settings(api="tcp")) as profile:
            tokens.append(transport.read_address(profile.paths)[1])
    assert tokens[0] != tokens[1]
    assert all(len(token) == 32 for token in tokens)


def test_another_user_cannot_read_the_token(by_tcp: Served, short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    by_tcp.paths.data.chmod(0o755)
    by_tcp.paths.runtime.chmod(0o755)
    code = f"""
try:
    print(open({str(by_tcp.paths.address_file)!r}).read())
except OSError as error:
    print(type(error).__name__)
"""
    assert as_nobody(code) == "PermissionError"
    by_tcp.paths.runtime.chmod(0o700)


def test_a_crowd_of_silent_strangers_keeps_nobody_out_for_long(
    by_tcp: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2pim.daemon.connection.GREETING_PATIENCE", 0.1)
    strangers = [socket.create_connection(("127.0.0.1", port_of(by_tcp)), 10) for _ in range(80)]
    for stranger in strangers:
        with stranger, suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
    with Client(by_tcp.paths) as client:
        assert client.status()["nickname"] == "ann"
