"""How long one waits: for a command, for the daemon to start, for the first colleague to appear.

    python3 scripts/bench/start.py [--short]

Whole processes, from their start to their end or to the moment in question, beside the least Python can do and
beside zeroconf as it comes. Everything on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import _common

_common.enter_venv(__file__)

import _daemons  # noqa: E402  only the project's environment has what these need
from _contest import PATIENCE  # noqa: E402
from zeroconf import ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf  # noqa: E402

COMMAND, PYTHON, VERSION, SEND = "whole command, ms", "python -c pass", "p2pim --version", "p2pim send"
START, LISTENING, ADVERTISED = "p2pim start, ms", "listening", "advertised"
MEET, WE = "start to first peer, ms", "p2pim, authenticated Link"
DEFAULTS = "zeroconf's defaults"
_GROUP, _PORT = "224.0.0.251", 5353
_SERVICE = "_p2bench._tcp.local."


def measure(figures: _common.Figures, *, short: bool, rounds: int) -> None:
    """Run every round."""
    asyncio.run(_commands(figures, rounds=rounds, times=3 if short else 15))
    for _ in range(rounds):
        asyncio.run(_start(figures))
        asyncio.run(_meet(figures))
        if not short:
            figures.add(MEET, DEFAULTS, _zeroconf_defaults() * 1000)


async def _commands(figures: _common.Figures, *, rounds: int, times: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        one, other = await _daemons.start_pair(stack)
        to = (await other.api.call("identity.get"))["peer_id"]
        ours = ["-P", "-m", "p2pim", "--home", str(one.home)]
        commands = {
            PYTHON: ["-c", "pass"],
            "argparse, json, socket imported": ["-c", "import argparse, json, socket"],
            VERSION: ["-P", "-m", "p2pim", "--version"],
            SEND: [*ours, "send", to, "hello"],
        }
        for _ in range(rounds):
            taken: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(times):
                for name, arguments in commands.items():
                    taken[name].append(await _run(*arguments))
            for name, seconds in taken.items():
                figures.add(COMMAND, name, _common.quantile(seconds, 0.5) * 1000)


async def _run(*arguments: str) -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=_daemons.ENVIRONMENT, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise ConnectionError(f"{' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - started


async def _start(figures: _common.Figures) -> None:
    """Time `p2pim start`, and its first advert."""
    with tempfile.TemporaryDirectory(prefix="p2-bench-") as folder, _listening() as group:
        (Path(folder) / "config.toml").write_text(_daemons.settings(), encoding="utf-8")
        ours = ["-P", "-m", "p2pim", "--home", folder]
        advertised = asyncio.create_task(_advert(group))
        started = time.perf_counter()
        figures.add(START, LISTENING, await _run(*ours, "start") * 1000)
        try:
            async with asyncio.timeout(PATIENCE):
                figures.add(START, ADVERTISED, (await advertised - started) * 1000)
        finally:
            await _run(*ours, "stop")


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as group:
        group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        group.bind(("", _PORT))
        member = struct.pack("4s4s", socket.inet_aton(_GROUP), socket.inet_aton("127.0.0.1"))
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        group.setblocking(False)
        yield group


async def _advert(group: socket.socket) -> float:
    """Wait for the first answer that names the service."""
    while True:
        packet = await asyncio.get_running_loop().sock_recv(group, 9000)
        if packet[2] & 0x80 and b"\x06_p2pim" in packet:
            return time.perf_counter()


async def _meet(figures: _common.Figures) -> None:
    """Time from the start of a daemon's process to its first Link, found by mDNS alone."""
    async with contextlib.AsyncExitStack() as stack:
        first = await _daemons.start(stack, _daemons.settings())
        started = time.perf_counter()
        await asyncio.gather(_daemons.start(stack, _daemons.settings()), first.until_linked(1))
        figures.add(MEET, WE, (time.perf_counter() - started) * 1000)


def _zeroconf_defaults() -> float:
    """Time from a program's start of zeroconf until another has its address and port."""
    found = threading.Event()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        info = ServiceInfo(service_type, name)
        if state_change is ServiceStateChange.Added and info.request(zeroconf, 3000):
            found.set()

    there = Zeroconf(interfaces=["127.0.0.1"])
    ServiceBrowser(there, _SERVICE, handlers=[changed])
    time.sleep(2.0)  # it runs already when the other starts
    started = time.perf_counter()
    here = Zeroconf(interfaces=["127.0.0.1"])
    here.register_service(
        ServiceInfo(
            _SERVICE, f"bench.{_SERVICE}", port=1, server="bench.local.", parsed_addresses=["127.0.0.1"]
        )
    )
    if not found.wait(PATIENCE):
        raise ConnectionError("zeroconf found nothing")
    taken = time.perf_counter() - started
    here.close()
    there.close()
    return taken


def main() -> int:
    """Measure and print."""
    options = _common.parser(__doc__).parse_args()
    figures = _common.Figures()
    measure(figures, short=options.short, rounds=_common.ROUNDS)
    print(_common.machine())
    print("\n".join(figures.lines(beside=PYTHON)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
