"""Listening: on which addresses and which port. Whether a connection may stay is decided in `sessions`."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable, Iterable

from p2pim.node.net.address import parse

ATTEMPTS = 10
BACKLOG = 128
ANY = ("0.0.0.0", "::")  # noqa: S104  (sources are checked when accepted)
_ABSENT = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}

_log = logging.getLogger(__name__)


def _listen(host: str, port: int) -> socket.socket:
    address = parse(host)
    six = address is not None and address.version == 6
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would let another program take the port over.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bare, _, scope = host.partition("%")
            sock.bind((bare, port, 0, int(scope or 0)))
        else:
            sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _listen_all(hosts: Iterable[str], port: int) -> dict[str, socket.socket]:
    """Listen on one port at every address that exists; OSError if it is taken at any of them."""
    socks: dict[str, socket.socket] = {}
    for host in hosts:
        try:
            sock = _listen(host, port)
        except OSError as error:
            if error.errno in _ABSENT:
                continue  # no IPv6 here, or the address has just gone
            for opened in socks.values():
                opened.close()
            raise
        socks[host] = sock
        port = sock.getsockname()[1]
    return socks


def choose_port(hosts: Iterable[str], wanted: int) -> tuple[int, dict[str, socket.socket]]:
    """Listen on the wanted port, else the next free of ten, else any. A taken port is never fatal."""
    hosts = tuple(hosts)
    candidates = [port for port in range(wanted, wanted + ATTEMPTS) if port <= 65535] if wanted else []
    for port in (*candidates, 0, 0, 0):
        try:
            socks = _listen_all(hosts, port)
        except OSError as error:
            _log.info("port %d: %s", port, error.strerror)
            continue
        for sock in socks.values():
            return sock.getsockname()[1], socks
    return wanted, {}


class Listener:
    """Accepts on a set of addresses that may change. What `protocol` returns owns each connection."""

    def __init__(self, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._protocol = protocol
        self._listening: dict[str, asyncio.Event] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0

    def listen(self, hosts: Iterable[str], wanted: int) -> None:
        """Listen on exactly these addresses. The port is chosen once and kept while it can be."""
        hosts = dict.fromkeys(hosts)
        for host in [host for host in self._listening if host not in hosts]:
            self._listening.pop(host).set()
        missing = [host for host in hosts if host not in self._listening]
        if not missing:
            return
        if self._listening:
            # Others know our port: at a new address it is this one or none.
            try:
                socks = _listen_all(missing, self.port)
            except OSError as error:
                _log.warning("cannot listen on port %d everywhere: %s", self.port, error.strerror)
                return
        else:
            self.port, socks = choose_port(missing, self.port or wanted)
        for host, sock in socks.items():
            stop = self._listening[host] = asyncio.Event()
            task = asyncio.get_running_loop().create_task(self._serve(sock, stop))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """Stop listening."""
        for stop in self._listening.values():
            stop.set()
        self._listening.clear()
        await asyncio.gather(*self._serving)

    async def _serve(self, sock: socket.socket, stop: asyncio.Event) -> None:
        # Ended by an event: a task that is cancelled while it accepts loses the connection just accepted.
        server = await asyncio.get_running_loop().create_server(self._protocol, sock=sock, backlog=BACKLOG)
        await stop.wait()
        server.close()
