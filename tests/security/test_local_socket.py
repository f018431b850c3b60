"""Attack 28 on the real daemon: web pages, other users and squatters at its local socket."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.api.jsonrpc import NotRunning
from p2pim.api.transport import MAGIC, read_address
from tests.as_nobody import as_nobody
from tests.daemons import Daemon
from tests.security.test_costs import QUIET, port_of

HTTP = {
    "a page posts a form": "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n",
    "DNS rebinding": "POST /rpc HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n",
    "preflight": "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\n",
    "WebSocket": "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "bare JSON": "",
}
ORDERS = (
    '\r\n{"jsonrpc":"2.0","id":0,"method":"hello","params":{"api":1,"version":"x"}}\n'
    '{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"room":"#lobby","text":"from a web page"}}\n'
    '{"jsonrpc":"2.0","id":2,"method":"daemon.stop","params":{}}\n'
)
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becoming another user takes root"
)


@pytest.fixture
def by_tcp(alone: None, short_tmp: Path) -> Iterator[Daemon]:
    with Daemon(short_tmp / "tcp", settings=QUIET + 'api = "tcp"\n') as daemon:
        yield daemon.start()


@pytest.fixture
def by_socket(alone: None, short_tmp: Path) -> Iterator[Daemon]:
    with Daemon(short_tmp / "unix", settings=QUIET) as daemon:
        yield daemon.start()


def shout(port: int, said: bytes) -> bytes:
    """Send, then read to the end."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(said)
            sock.shutdown(socket.SHUT_WR)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while chunk := sock.recv(4096):
                heard += chunk
        return heard


@pytest.mark.parametrize("kind", HTTP)
def test_28_what_a_web_page_can_send_is_never_a_command(by_tcp: Daemon, kind: str) -> None:
    said = (HTTP[kind] + ORDERS).encode()
    for port in (read_address(by_tcp.paths)[0], port_of(by_tcp)):
        assert shout(port, said) == b"", "not one byte for it"
    assert by_tcp.texts("#lobby") == []


def test_28_without_the_token_nothing_is_to_be_had(by_tcp: Daemon) -> None:
    port, token = read_address(by_tcp.paths)
    for said in (MAGIC + bytes(64) + ORDERS.encode(), MAGIC + bytes(32) + token + ORDERS.encode()):
        heard = shout(port, said)
        assert len(heard) <= 64, "a nonce and a proof, nothing more"
        assert token not in heard
    assert by_tcp.texts("#lobby") == []
    assert stat.S_IMODE(by_tcp.paths.address_file.stat().st_mode) == 0o600


def test_28_a_squatter_on_the_port_learns_nothing_and_is_not_believed(by_tcp: Daemon) -> None:
    port, token = read_address(by_tcp.paths)
    by_tcp.kill()  # its file stays behind, and somebody takes the port
    with socket.create_server(("127.0.0.1", port)) as server:
        heard: list[bytes] = []

        def pose() -> None:
            server.settimeout(5)
            sock, _ = server.accept()
            with sock, contextlib.suppress(OSError):
                heard.append(sock.recv(4096))
                sock.sendall(bytes(64))
                heard.append(sock.recv(4096))

        posing = threading.Thread(target=pose)
        posing.start()
        with pytest.raises(NotRunning, match="taken the port"), Client(by_tcp.paths) as caller:
            caller.status()
        posing.join()
    assert token not in b"".join(heard)
    assert b"jsonrpc" not in b"".join(heard)


@needs_root
def test_28_another_user_cannot_reach_the_socket_nor_read_the_token(
    by_socket: Daemon, by_tcp: Daemon
) -> None:
    for daemon in (by_socket, by_tcp):
        for folder in (daemon.paths.data, daemon.paths.data.parent):  # even if the user opened these
            folder.chmod(0o755)
        answer = as_nobody(f"""
from pathlib import Path
for path in ({str(by_socket.paths.socket_file)!r}, {str(by_tcp.paths.address_file)!r}):
    try:
        if path.endswith("sock"):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
        else:
            Path(path).read_bytes()
        print("open")
    except PermissionError:
        print("closed")
""")
        assert answer.split() == ["closed", "closed"]


@needs_root
def test_28_another_user_who_gets_to_the_socket_is_sent_away(by_socket: Daemon) -> None:
    """Should the folder ever be open, the kernel's word for who calls still counts."""
    for path, mode in (
        (by_socket.paths.data, 0o755),
        (by_socket.paths.runtime, 0o755),
        (by_socket.paths.socket_file, 0o666),
    ):
        path.chmod(mode)
    by_socket.paths.data.parent.chmod(0o755)
    heard = as_nobody(f"""
with socket.socket(socket.AF_UNIX) as s:
    s.connect({str(by_socket.paths.socket_file)!r})
    try:
        s.sendall({ORDERS.encode()!r})
        print(repr(s.recv(4096)))
    except ConnectionError:
        print("sent away")
""")
    assert heard in ("sent away", "b''")
    by_socket.paths.runtime.chmod(0o700)
    assert by_socket.texts("#lobby") == []


@needs_root
@pytest.mark.parametrize("kind", ["foreign folder", "link", "open folder"])
def test_28_a_squatted_runtime_folder_is_not_used(alone: None, short_tmp: Path, kind: str) -> None:
    with Daemon(short_tmp / "home", settings=QUIET) as daemon:
        runtime = daemon.paths.runtime
        if kind == "link":
            (short_tmp / "elsewhere").mkdir(mode=0o700)
            runtime.symlink_to(short_tmp / "elsewhere")
        else:
            runtime.mkdir(mode=0o700)
            os.chown(runtime, 65534, 65534) if kind == "foreign folder" else runtime.chmod(0o777)
        with pytest.raises(AssertionError, match=r"'exit': 7"):
            daemon.start()
        assert not daemon.paths.socket_file.exists()
