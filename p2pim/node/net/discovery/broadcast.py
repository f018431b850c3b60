"""Finding peers by UDP broadcast, on LANs whose switches or access points swallow multicast (SPEC section 17).

Used where mDNS has heard nobody: a question to all of a subnet, which also says where the asker is, and an answer of
the same size to whoever asked, so that nobody can be flooded by means of others. Like an mDNS sighting it gives a hint
to the address book, no more; it says nothing of people or networks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from p2pim.config.settings import DEFAULT_PORT
from p2pim.node.net.discovery.interfaces import Interface
from p2pim.node.net.limits import TokenBucket

PORT: Final = DEFAULT_PORT
QUESTION, ANSWER = b"p2pim?1\0", b"p2pim!1\0"
_FORMAT: Final = struct.Struct("!8s8s8sH")
NOBODY: Final = bytes(8)
#: Seconds of silence after which all are asked, then three times as many, and so on.
FIRST, LAST = 10.0, 300.0
#: Answers a second, to all and to each.
ANSWERS, ANSWERS_EACH = 50.0, 5.0
SOURCES: Final = 256
#: Seconds between two who are asked by themselves.
EACH: Final = 0.05
#: Hints a second that are passed on.
HINTS, HINTS_BURST = 20.0, 64.0

_log = logging.getLogger(__name__)


class Broadcast:
    """Asks, answers and reports, in the running event loop. Any error makes it silent, nothing else.

    Args:
        label: the random label of this process, 16 hexadecimal digits, as mDNS shows it.
        announce: whether to say where we are.
        may_meet: whether to have to do with a host at all.
        on_found: label, host and TCP port of somebody, and whether that host was asked by itself.
    """

    def __init__(
        self,
        *,
        random: Callable[[int], bytes],
        now: Callable[[], float],
        label: Callable[[], str],
        announce: bool,
        on_found: Callable[[str, str, int, bool], None],
        may_meet: Callable[[str], bool] = lambda host: True,
    ) -> None:
        self._random, self._now, self._label = random, now, label
        self._announce, self._on_found, self._may_meet = announce, on_found, may_meet
        self._to_ask: deque[str] = deque()
        self._asked: set[str] = set()
        self._pacing: asyncio.TimerHandle | None = None
        self._targets: list[str] = []
        self._tcp_port = 0
        self._nonce = NOBODY
        self._open: list[asyncio.DatagramTransport] = []
        self._opening: asyncio.Task[None] | None = None
        self._asking: asyncio.DatagramTransport | None = None
        self._next, self._step = float("inf"), FIRST
        self._answers = TokenBucket(ANSWERS, ANSWERS, now())
        self._hints = TokenBucket(HINTS, HINTS_BURST, now())
        self._sources: dict[str, TokenBucket] = {}

    def restart(self, interfaces: Sequence[Interface], port: int) -> None:
        """Begin anew on these interfaces; ``port`` is where we take connections."""
        self._close_sockets()
        self._tcp_port = port
        self._targets = [
            str(interface.subnet.network.broadcast_address)
            for interface in interfaces
            if interface.address.version == 4
            and interface.multicast
            and not interface.loopback
            and interface.subnet.network.prefixlen < 31
        ]
        self._next, self._step = self._now() + FIRST, FIRST
        if port and any(
            interface.address.version == 4 and not interface.loopback for interface in interfaces
        ):
            self._opening = asyncio.get_running_loop().create_task(self._listen())

    def tick(self, now: float, *, alone: bool) -> None:
        """Ask, if mDNS has heard nobody for long enough."""
        if now < self._next:
            return
        self._step = min(3 * self._step, LAST)
        self._next = now + self._step
        if alone and self._asking is not None:
            self._nonce = self._random(8)
            for target in self._targets:
                with contextlib.suppress(OSError):  # no route there any more
                    self._asking.sendto(self._packet(QUESTION, self._nonce), (target, PORT))

    def ask(self, hosts: Iterable[str]) -> None:
        """Ask each of these by itself, not too many a second."""
        self._to_ask.extend(hosts)
        if self._pacing is None:
            self._pacing = asyncio.get_running_loop().call_later(EACH, self._ask_next)

    def _ask_next(self) -> None:
        self._pacing = None
        if not self._to_ask:
            return
        self._pacing = asyncio.get_running_loop().call_later(EACH, self._ask_next)
        if self._asking is None:
            return
        host = self._to_ask.popleft()
        if self._nonce == NOBODY:
            self._nonce = self._random(8)
        self._asked.add(host)
        with contextlib.suppress(OSError):
            self._asking.sendto(self._packet(QUESTION, self._nonce), (host, PORT))

    def close(self) -> None:
        """Neither ask nor answer."""
        if self._pacing is not None:
            self._pacing.cancel()
            self._pacing = None
        self._to_ask.clear()
        self._close_sockets()

    def _close_sockets(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        for transport in self._open:
            transport.close()
        self._open, self._asking, self._opening = [], None, None

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            for port in (PORT, 0):
                sock = _udp_socket(port)
                transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._heard), sock=sock)
                self._open.append(transport)
            self._asking = self._open[-1]
        except OSError as error:
            _log.info("no UDP broadcast: %s", error.strerror)

    def _packet(self, kind: bytes, nonce: bytes) -> bytes:
        said = self._announce
        label, port = (bytes.fromhex(self._label()), self._tcp_port) if said else (NOBODY, 0)
        return _FORMAT.pack(kind, nonce, label, port)

    def _heard(self, transport: asyncio.DatagramTransport, data: bytes, host: str, port: int) -> None:
        if len(data) != _FORMAT.size or not self._may_meet(host):
            return
        kind, nonce, label, tcp_port = _FORMAT.unpack(data)
        if label.hex() == self._label() or kind not in (QUESTION, ANSWER):
            return
        if kind == ANSWER and (nonce != self._nonce or nonce == NOBODY):
            return
        if label != NOBODY and tcp_port and self._hints.take(self._now()):
            self._on_found(label.hex(), host, tcp_port, kind == ANSWER and host in self._asked)
        if kind == QUESTION and self._announce and self._may_answer(host):
            transport.sendto(self._packet(ANSWER, nonce), (host, port))

    def _may_answer(self, host: str) -> bool:
        now = self._now()
        if host not in self._sources:
            if len(self._sources) >= SOURCES:
                del self._sources[next(iter(self._sources))]
            self._sources[host] = TokenBucket(ANSWERS_EACH, ANSWERS_EACH, now)
        return self._sources[host].take(now) and self._answers.take(now)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[asyncio.DatagramTransport, bytes, str, int], None]) -> None:
        self._heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # not always one by its class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(self._transport, data, addr[0], addr[1])


def _udp_socket(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if port:  # several users of one machine: a broadcast reaches all of them
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", port))
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
