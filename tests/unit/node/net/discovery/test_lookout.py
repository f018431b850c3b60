from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path

import pytest

from p2pim.node.net.discovery.interfaces import Interface
from p2pim.node.net.discovery.lookout import LOOK_EVERY, SWEEP_MS, Lookout, addresses_of, machines_of

STATUS = {
    "Self": {"Online": True, "TailscaleIPs": ["100.64.0.1"]},
    "Peer": {
        "key:1": {"Online": True, "TailscaleIPs": ["100.64.0.2", "fd7a:115c:a1e0::2"]},
        "key:2": {"Online": False, "TailscaleIPs": ["100.64.0.3"]},
        "key:3": {"Online": True, "TailscaleIPs": ["8.8.8.8", "odd", 7]},
        "key:4": {"Online": True},
    },
}
VPN = Interface(3, "wg0", ip_interface("10.99.0.2/29"), multicast=False)


@dataclass
class Settings:
    sweep: bool = False
    tailscale: bool = False


class Lookouts:
    """One, and whom it asks."""

    def __init__(self, settings: Settings) -> None:
        self.asked: list[str] = []
        self.any_asked = asyncio.Event()
        self.wall_ms = 0
        self.one = Lookout(settings, self._ask, lambda: self.wall_ms)

    def _ask(self, hosts: Iterable[str]) -> None:
        self.asked += hosts
        self.any_asked.set()


def test_of_tailscale_the_other_machines_that_are_online_are_asked() -> None:
    assert machines_of(json.dumps(STATUS).encode()) == ["100.64.0.2"]


@pytest.mark.parametrize(
    "odd", [b"", b"[]", b"{}", b'{"Peer": null}', b'{"Peer": [1]}', b'{"Peer": {"a": 1}}']
)
def test_what_is_odd_names_nobody(odd: bytes) -> None:
    assert machines_of(odd) == []


def test_a_small_vpn_without_multicast_has_addresses_to_ask() -> None:
    lan = Interface(2, "eth0", ip_interface("10.0.0.2/24"))
    large = Interface(4, "wg1", ip_interface("10.98.0.2/16"), multicast=False)
    six = Interface(5, "wg2", ip_interface("fd00::2/120"), multicast=False)
    assert addresses_of([lan, large, six, VPN]) == {
        "10.99.0.0/29": ["10.99.0.1", "10.99.0.3", "10.99.0.4", "10.99.0.5", "10.99.0.6"]
    }


def test_a_sweep_is_made_if_wanted_and_once_a_day() -> None:
    unwanted = Lookouts(Settings())
    unwanted.one.restart([VPN])
    assert unwanted.asked == []
    wanted = Lookouts(Settings(sweep=True))
    wanted.one.restart([VPN])
    wanted.one.restart([VPN])
    assert len(wanted.asked) == 5
    wanted.wall_ms = SWEEP_MS
    wanted.one.restart([VPN])
    assert len(wanted.asked) == 10


async def test_tailscale_is_asked_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tailscale"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'status --json' ] && echo '{json.dumps(STATUS)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    wanted = Lookouts(Settings(tailscale=True))
    for moment in (1.0, 2.0, 1.0 + LOOK_EVERY):
        wanted.one.tick(moment)
        if moment != 2.0:
            async with asyncio.timeout(10):
                await wanted.any_asked.wait()
            wanted.any_asked.clear()
    assert wanted.asked == ["100.64.0.2"] * 2
    wanted.one.close()


async def test_without_tailscale_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = Lookouts(Settings(tailscale=True))
    wanted.one.tick(1.0)
    assert wanted.one._looking is not None
    await wanted.one._looking
    assert wanted.asked == []
