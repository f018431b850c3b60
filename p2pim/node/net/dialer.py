"""Opening connections: bounded in number, rate and time, and with no DNS query for an address."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from p2pim.node.net.address import Endpoint, parse
from p2pim.node.net.limits import TokenBucket
from p2pim.node.net.mtu import limit_segments
from p2pim.node.net.tcp import prepare

AT_ONCE = 8
RATE, BURST = 2.0, 64.0
CONNECT_WITHIN = 3.0
#: A dial without an answer for so long keeps no other from starting: what a firewall swallows takes three seconds.
SILENT_AFTER = 0.5
RESOLVE_WITHIN = 5.0
ADDRESSES_PER_NAME = 8

SocketAddress = tuple[Any, ...]


async def resolve(endpoint: Endpoint, most: int = ADDRESSES_PER_NAME) -> list[SocketAddress]:
    """Return what to connect to, not more. Only a name leads to a query; OSError if it has no address."""
    bare, _, scope = endpoint.host.partition("%")
    address = parse(endpoint.host)
    if address is None:
        return (await _ask_resolver(endpoint))[:most]
    if address.version == 4:
        return [(str(address), endpoint.port)]
    return [(bare, endpoint.port, 0, int(scope or 0))]


async def _ask_resolver(endpoint: Endpoint) -> list[SocketAddress]:
    # Not loop.getaddrinfo: its threads are waited for at exit, and a resolver may take a minute.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[SocketAddress]] = loop.create_future()

    def settle(result: list[SocketAddress] | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def ask() -> None:
        result: list[SocketAddress] | OSError
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
            result = [info[4] for info in found]
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError(str(error))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    async with asyncio.timeout(RESOLVE_WITHIN):
        return await answer


def local_host(address: SocketAddress) -> str:
    """Return the address of ours from which the system would connect to another. Nothing is sent."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        return str(sock.getsockname()[0])


async def connect(
    endpoint: Endpoint,
    within: float = CONNECT_WITHIN,
    may_dial: Callable[[SocketAddress], bool] = lambda address: True,
    segment: int | None = None,
) -> socket.socket:
    """Return a connected socket, or raise OSError (a timeout is one).

    Args:
        may_dial: whether an address, perhaps one of many that a name has, may be dialled at all.
        segment: the most bytes of a TCP segment, in both directions; None: what the system finds right.
    """
    failure: OSError = OSError(f"no address for {endpoint.host}")
    for address in await resolve(endpoint):
        try:
            if may_dial(address):
                sock = await _connect_one(address, within, segment)
                if may_dial(address):  # still: connecting took a while
                    return sock
                sock.close()
            failure = OSError("the policy forbids it")
        except OSError as error:
            failure = error
    raise failure


def _family(address: SocketAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if len(address) > 2 else socket.AF_INET


async def _connect_one(address: SocketAddress, within: float, segment: int | None) -> socket.socket:
    sock = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        prepare(sock)
        if segment is not None:
            limit_segments(sock, segment)
        async with asyncio.timeout(within):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


class Dialer:
    """Runs dials. One counts until `finished`, after its handshake: that costs the other side.

    Args:
        on_free: called when one that has no answer counts no more.
    """

    def __init__(
        self,
        now: float,
        *,
        may_dial: Callable[[SocketAddress], bool] = lambda address: True,
        on_free: Callable[[], None] = lambda: None,
        at_once: int = AT_ONCE,
        rate: float = RATE,
        burst: float = BURST,
    ) -> None:
        self._may_dial, self._on_free = may_dial, on_free
        self._at_once, self._bucket = at_once, TokenBucket(rate, burst, now)
        self._tasks: set[asyncio.Task[None]] = set()
        self.under_way = 0

    def start(
        self,
        endpoint: Endpoint,
        now: float,
        connected: Callable[[socket.socket], None],
        failed: Callable[[OSError], None],
        segment: int | None = None,
    ) -> bool:
        """Start a dial if limits allow. It ends in one of the calls; after `connected`, call `finished`."""
        if self.under_way >= self._at_once or not self._bucket.take(now):
            return False
        self.under_way += 1
        task = asyncio.get_running_loop().create_task(self._dial(endpoint, connected, failed, segment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def finished(self) -> None:
        """Free the place of a dial that came to a Link, or failed after the connection."""
        self.under_way -= 1

    def ready_in(self, now: float) -> float:
        """Return the seconds until the rate allows another dial; one that is full is freed by an event."""
        return self._bucket.ready_in(now) if self.under_way < self._at_once else float("inf")

    async def close(self) -> None:
        """Give up all dials that have no connection yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _dial(
        self,
        endpoint: Endpoint,
        connected: Callable[[socket.socket], None],
        failed: Callable[[OSError], None],
        segment: int | None,
    ) -> None:
        silent = False

        def make_room() -> None:
            nonlocal silent
            silent = True
            self.finished()
            self._on_free()

        patience = asyncio.get_running_loop().call_later(SILENT_AFTER, make_room)
        try:
            sock = await connect(endpoint, may_dial=self._may_dial, segment=segment)
        except OSError as error:
            if not silent:
                self.finished()
            failed(error)
            return
        finally:
            patience.cancel()
        if silent:
            self.under_way += 1  # its handshake counts
        connected(sock)
