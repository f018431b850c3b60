from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from p2pim.api import transport
from p2pim.api.jsonrpc import NotRunning
from p2pim.config import Paths
from p2pim.config.paths import make_private
from p2pim.errors import ProfileError

TOKEN = b"t" * 32


@pytest.fixture
def paths(short_tmp: Path) -> Paths:
    paths = Paths(short_tmp)
    make_private(paths.runtime)
    return paths


@contextmanager
def tcp_server(paths: Paths, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Somebody who listens where the address file says."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        transport.write_address(paths, listener.getsockname()[1], TOKEN)

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield
        thread.join(10)


def test_nothing_there(short_tmp: Path) -> None:
    with pytest.raises(NotRunning, match="p2pim start"):
        transport.connect(Paths(short_tmp / "never"), 1)


def test_a_socket_nobody_serves(paths: Paths) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(paths.socket_file))
    with pytest.raises(NotRunning, match="not running"):
        transport.connect(paths, 1)


def test_a_port_nobody_serves(paths: Paths) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        transport.write_address(paths, listener.getsockname()[1], TOKEN)
    with pytest.raises(NotRunning, match="not running"):
        transport.connect(paths, 1)


def test_the_own_user_is_told_from_others() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert transport.peer_uid(ours) == os.geteuid()
        assert transport.same_user(ours)


def test_an_open_runtime_folder_is_not_used(paths: Paths) -> None:
    paths.runtime.chmod(0o755)
    with pytest.raises(ProfileError, match="chmod 700"):
        transport.connect(paths, 1)


def test_both_ends_prove_that_they_know_the_token(paths: Paths) -> None:
    heard = []

    def serve(connection: socket.socket) -> None:
        first = connection.recv(100)
        nonce = first[len(transport.MAGIC) :]
        connection.sendall(b"s" * 32 + transport.proof(TOKEN, "server", nonce, b"s" * 32))
        heard.append((first, connection.recv(100), nonce))

    with tcp_server(paths, serve), closing(transport.connect(paths, 5)):
        pass
    first, answer, nonce = heard[0]
    assert first.startswith(transport.MAGIC)
    assert transport.proves(TOKEN, "client", nonce, b"s" * 32, answer)
    assert not transport.proves(TOKEN, "server", nonce, b"s" * 32, answer)
    assert TOKEN not in first + answer


@pytest.mark.parametrize("answer", [b"", b"x" * 10, b"x" * 64])
def test_who_took_the_port_learns_nothing(paths: Paths, answer: bytes) -> None:
    heard = bytearray()

    def squat(connection: socket.socket) -> None:
        heard.extend(connection.recv(100))
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(100):
            heard.extend(more)

    with tcp_server(paths, squat), pytest.raises(NotRunning, match="taken the port"):
        transport.connect(paths, 5)
    assert len(heard) == len(transport.MAGIC) + 32  # its own nonce, and no proof


def test_who_takes_the_port_and_says_nothing_is_waited_for_only_so_long(paths: Paths) -> None:
    done = threading.Event()

    def keep_silent(connection: socket.socket) -> None:
        done.wait(10)

    with tcp_server(paths, keep_silent):
        with pytest.raises(NotRunning, match="does not answer"):
            transport.connect(paths, 0.05)
        done.set()


def test_the_address_file_is_private_from_its_first_byte(paths: Paths) -> None:
    before = os.umask(0)
    try:
        transport.write_address(paths, 1234, TOKEN)
        transport.write_address(paths, 1235, TOKEN)  # an older one is replaced
    finally:
        os.umask(before)
    assert stat.S_IMODE(paths.address_file.stat().st_mode) == 0o600
    assert transport.read_address(paths) == (1235, TOKEN)


@pytest.mark.parametrize("text", ["", "1234", "x y", "1234 zz", "1 2 3"])
def test_a_damaged_address_file_is_a_sentence(paths: Paths, text: str) -> None:
    paths.address_file.write_text(text)
    with pytest.raises(NotRunning, match="is damaged"):
        transport.connect(paths, 1)
