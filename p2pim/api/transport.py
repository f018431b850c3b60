"""How the two ends of the local API reach each other, and why each believes the other.

Unix: a socket in a folder only this user can enter; both ends also ask the kernel for the other's uid.
Elsewhere (and by setting): a TCP port on the loopback interface, whose number and a 32-byte token are in a
file only this user can read. Any local program can connect there, or take the port first, so both ends
prove that they know the token and neither tells it:

    client → server   MAGIC, client nonce (32)
    server → client   server nonce (32), HMAC(token, "server" ‖ both nonces)
    client → server   HMAC(token, "client" ‖ both nonces)
    then JSON lines

No HTTP request and no JSON begins with MAGIC, so nothing a web page can send is ever read as a command.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import TYPE_CHECKING

from p2pim.api.jsonrpc import NotRunning
from p2pim.config.paths import check_private
from p2pim.errors import ProfileError

if TYPE_CHECKING:
    from p2pim.config import Paths

MAGIC = b"\x00\xffP2PIM\x01"
NONCE_SIZE = 32
PROOF_SIZE = 32
TOKEN_SIZE = 32
_HOW = "start it with `p2pim start`."


def connect(paths: Paths, timeout: float) -> socket.socket:
    """A connection to this profile's daemon, both ends sure of each other."""
    try:
        check_private(paths.runtime)
        if hasattr(socket, "AF_UNIX") and paths.socket_file.exists():
            return _connect_unix(paths, timeout)
        if paths.address_file.exists():
            return _connect_tcp(paths, timeout)
    except FileNotFoundError:
        pass
    except TimeoutError as error:
        raise NotRunning(f"p2pim does not answer; see {paths.log_file}, or stop it and {_HOW}") from error
    except OSError as error:
        if not isinstance(error, ConnectionError):
            raise NotRunning(
                f"Cannot reach p2pim ({(error.strerror or 'failed').lower()}): {_HOW}"
            ) from error
    raise NotRunning(f"p2pim is not running: {_HOW}")


def _connect_unix(paths: Paths, timeout: float) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.settimeout(timeout)
        stream.connect(str(paths.socket_file))
        if not same_user(stream):
            raise ProfileError(f"{paths.socket_file} is served by another user: remove it.")
    except BaseException:
        stream.close()
        raise
    return stream


def same_user(stream: socket.socket) -> bool:
    """Whether the process at the other end of a Unix socket is this user's."""
    if sys.platform == "win32":
        return True
    return peer_uid(stream) == os.geteuid()


def peer_uid(stream: socket.socket) -> int:
    """The uid of the process at the other end, as the kernel says."""
    if sys.platform == "linux":
        ucred = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", ucred)[1])
    # BSD and macOS: struct xucred {u32 version; uid_t uid; ...} by LOCAL_PEERCRED at level 0
    return int(struct.unpack("II", stream.getsockopt(0, 1, 76)[:8])[1])


def _connect_tcp(paths: Paths, timeout: float) -> socket.socket:
    port, token = read_address(paths)
    stream = socket.create_connection(("127.0.0.1", port), timeout)
    try:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = os.urandom(NONCE_SIZE)
        stream.sendall(MAGIC + nonce)
        answer = _read_exactly(stream, NONCE_SIZE + PROOF_SIZE)
        theirs = answer[:NONCE_SIZE]
        if not proves(token, "server", nonce, theirs, answer[NONCE_SIZE:]):
            raise NotRunning(f"Another program has taken the port of p2pim: {_HOW}")
        stream.sendall(proof(token, "client", nonce, theirs))
    except BaseException:
        stream.close()
        raise
    return stream


def _read_exactly(stream: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = stream.recv(size - len(received))
        if not chunk:
            raise NotRunning(f"Another program has taken the port of p2pim: {_HOW}")
        received += chunk
    return received


def proof(token: bytes, side: str, client_nonce: bytes, server_nonce: bytes) -> bytes:
    """What one side sends to show that it knows the token."""
    import hmac  # noqa: PLC0415 (not needed where there are Unix sockets)

    context = f"p2pim/1 local api {side}\0".encode()
    return hmac.digest(token, context + client_nonce + server_nonce, "sha256")


def proves(token: bytes, side: str, client_nonce: bytes, server_nonce: bytes, given: bytes) -> bool:
    """Whether a proof is right, in constant time."""
    import hmac  # noqa: PLC0415

    return hmac.compare_digest(proof(token, side, client_nonce, server_nonce), given)


def read_address(paths: Paths) -> tuple[int, bytes]:
    """Port and token from the daemon's file."""
    try:
        port, token = paths.address_file.read_text(encoding="ascii").split()
        return int(port), bytes.fromhex(token)
    except ValueError as error:
        raise NotRunning(f"{paths.address_file} is damaged: stop p2pim and {_HOW}") from error


def write_address(paths: Paths, port: int, token: bytes) -> None:
    """Tell this user's clients where the daemon is; from its first byte readable by nobody else."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    beside = paths.address_file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="ascii") as stream:
        stream.write(f"{port}\n{token.hex()}\n")
    beside.replace(paths.address_file)
