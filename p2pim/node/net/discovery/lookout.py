"""Whom to ask on VPNs without multicast, if the user wants it: all addresses of a small one, or whom Tailscale names.

Both only send the question of SPEC section 17 to single machines; who answers it may be dialled.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from p2pim.node.net.address import is_office, parse
from p2pim.node.net.discovery.interfaces import Interface

#: Addresses of a network that are asked at most, and how seldom.
LARGEST: Final = 254
SWEEP_MS: Final = 24 * 3600 * 1000
#: Seconds between two looks at Tailscale, and how long it may take.
LOOK_EVERY, LOOK_WITHIN = 300.0, 5.0
MACHINES: Final = 256
_ELSEWHERE: Final = ("/Applications/Tailscale.app/Contents/MacOS/Tailscale",)

_log = logging.getLogger(__name__)


class Wanted(Protocol):
    """The settings."""

    @property
    def sweep(self) -> bool:
        """Whether to ask every address of a small VPN."""

    @property
    def tailscale(self) -> bool:
        """Whether to ask the machines that Tailscale names."""


def machines_of(status: bytes) -> list[str]:
    """IPv4 addresses of the other machines that are online, of the output of `tailscale status --json`."""
    try:
        peers = json.loads(status).get("Peer") or {}
        found = [ip for peer in peers.values() if peer.get("Online") for ip in peer.get("TailscaleIPs") or ()]
    except (ValueError, AttributeError, TypeError):
        return []
    addresses = [parse(ip) for ip in found if isinstance(ip, str)]
    return [str(a) for a in addresses if a is not None and a.version == 4 and is_office(a)][:MACHINES]


def addresses_of(interfaces: Iterable[Interface]) -> dict[str, list[str]]:
    """Every other address of each small network without multicast, by network."""
    found = {}
    for interface in interfaces:
        network = interface.subnet.network
        small = network.num_addresses - 2 <= LARGEST and network.prefixlen < 31
        if interface.address.version == 4 and small and not (interface.multicast or interface.loopback):
            found[str(network)] = [str(host) for host in network.hosts() if host != interface.address]
    return found


def _program() -> str | None:
    return shutil.which("tailscale") or next((path for path in _ELSEWHERE if Path(path).exists()), None)


class Lookout:
    """Looks as often as is decent, if it is wanted at all."""

    def __init__(
        self, wanted: Wanted, ask: Callable[[Iterable[str]], None], wall_ms: Callable[[], int]
    ) -> None:
        self._wanted, self._ask, self._wall_ms = wanted, ask, wall_ms
        self._swept: dict[str, int] = {}
        self._next_look = 0.0
        self._looking: asyncio.Task[None] | None = None

    def restart(self, interfaces: Sequence[Interface]) -> None:
        """Begin anew on these interfaces."""
        self._next_look = 0.0
        if self._wanted.sweep:
            for network, hosts in addresses_of(interfaces).items():
                if self._wall_ms() - self._swept.get(network, -SWEEP_MS) >= SWEEP_MS:
                    self._swept[network] = self._wall_ms()
                    self._ask(hosts)

    def tick(self, now: float) -> None:
        """Look at Tailscale now and then."""
        if self._wanted.tailscale and now >= self._next_look:
            self._next_look = now + LOOK_EVERY
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        program = _program()
        if program is None:
            _log.info("the setting `tailscale` is on, but there is no such program")
            return
        try:
            process = await asyncio.create_subprocess_exec(
                program, "status", "--json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            _log.info("tailscale: %s", error.strerror)
            return
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                status, _ = await process.communicate()
            self._ask(machines_of(status))
        except TimeoutError:
            _log.info("tailscale does not answer")
        finally:
            with suppress(ProcessLookupError):
                process.kill()
