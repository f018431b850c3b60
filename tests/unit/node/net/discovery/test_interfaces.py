from __future__ import annotations

import asyncio
import socket
import sys
from ipaddress import ip_interface

import pytest

from p2pim.node.net.discovery import interfaces as module
from p2pim.node.net.discovery.interfaces import Interface, Interfaces, InterfaceWatch, choose, snapshot


def at(
    index: int,
    name: str,
    subnet: str,
    *,
    multicast: bool = True,
    running: bool = True,
    loopback: bool = False,
) -> Interface:
    return Interface(index, name, ip_interface(subnet), multicast, running, loopback)


LO = at(1, "lo", "127.0.0.1/8", multicast=False, loopback=True)
ETH = at(2, "eth0", "10.0.0.1/24")
ETH6 = at(2, "eth0", "fd00::1/64")
WLAN6 = at(3, "wlan0", "fe80::1/64")
WG = at(4, "wg0", "10.99.0.1/24", multicast=False)
DOCKER = at(5, "docker0", "172.17.0.1/16")
EVERYTHING = [LO, ETH, ETH6, WLAN6, WG, DOCKER]


def test_by_itself_everything_but_loopback_and_containers_is_used() -> None:
    names = ["br-1f2a", "veth0", "virbr0", "vmnet8", "cni0"]
    chosen = choose([*EVERYTHING, *(at(9, name, "172.18.0.1/16") for name in names)], [])
    assert chosen.used == (ETH, ETH6, WLAN6, WG)
    reasons = {interface.name: why for interface, why in chosen.ignored}
    assert reasons["lo"] == "loopback"
    assert {reasons[name] for name in ("docker0", *names)} == {"container or virtual machine network"}


@pytest.mark.parametrize(
    ("wanted", "used"),
    [
        (["lo"], (LO,)),
        (["127.0.0.1"], (LO,)),
        (["ETH0"], (ETH, ETH6)),
        (["FD00:0::1"], (ETH6,)),
        (["docker0", "wg0"], (WG, DOCKER)),
        (["nothing"], ()),
    ],
)
def test_named_interfaces_and_no_others_are_used(wanted: list[str], used: tuple[Interface, ...]) -> None:
    chosen = choose(EVERYTHING, wanted)
    assert chosen.used == used
    assert len(chosen.ignored) == len(EVERYTHING) - len(used)
    assert chosen.addresses == {interface.address for interface in EVERYTHING}


@pytest.mark.parametrize(
    ("wanted", "allowed", "used"),
    [
        ([], ["wg0"], (WG,)),
        ([], ["10.0.0.1", "FD00:0::1"], (ETH, ETH6)),
        ([], ["lo", "docker0"], ()),  # allowed, but nothing one uses unless told to
        (["docker0"], ["lo", "docker0"], (DOCKER,)),
        (["eth0"], ["wg0"], ()),
        (["eth0"], ["10.0.0.1"], (ETH,)),
        ([], [], ()),
    ],
)
def test_what_a_policy_does_not_allow_is_not_used(
    wanted: list[str], allowed: list[str], used: tuple[Interface, ...]
) -> None:
    assert choose(EVERYTHING, wanted, allowed).used == used


def test_mdns_takes_ipv4_and_ipv6_only_where_there_is_none() -> None:
    assert choose(EVERYTHING, []).for_mdns == (ETH, WLAN6)
    assert choose(EVERYTHING, ["lo"]).for_mdns == (LO,)
    assert choose(EVERYTHING, ["wg0"]).for_mdns == ()
    many = [at(n, f"eth{n}", f"10.0.{n}.1/24") for n in range(40)]
    assert len(choose(many, []).for_mdns) == 16


def test_a_link_local_address_is_bound_with_its_scope() -> None:
    assert WLAN6.host == "fe80::1%3"
    assert ETH6.host == "fd00::1"
    assert ETH.host == "10.0.0.1"


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ([ETH], [ETH], False),
        ([ETH], [], True),
        ([], [ETH], True),
        ([ETH], [at(2, "eth0", "10.0.0.9/24")], True),
        ([WG], [at(9, "wg0", "10.99.0.1/24")], True),  # created anew with the same address
        ([ETH], [at(2, "eth0", "10.0.0.1/24", running=False)], False),  # cable out: TCP may survive
        ([at(2, "eth0", "10.0.0.1/24", running=False)], [ETH], True),  # cable in
    ],
)
def test_what_counts_as_a_change(before: list[Interface], after: list[Interface], differs: bool) -> None:
    assert choose(after, []).differs_from(choose(before, [])) is differs


def test_this_machine_has_a_loopback_interface() -> None:
    found = {str(interface.address): interface for interface in snapshot()}
    assert found["127.0.0.1"].loopback
    assert found["127.0.0.1"].running
    assert found["127.0.0.1"].index > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads flags as Linux has them")
def test_others_are_told_ipv4_first_and_nothing_that_is_of_use_here_alone() -> None:
    found = Interfaces(used=(WLAN6, ETH6, WG, ETH, at(7, "eth1", "10.0.0.1/8")))
    assert [str(address) for address in found.for_others] == ["10.99.0.1", "10.0.0.1", "fd00::1"]


def test_an_interface_that_has_gone_has_no_flags() -> None:
    assert module._linux_flags("gone0", False) == 0


def test_flags_where_they_cannot_be_read() -> None:
    assert module._guessed_flags("lo0", True) & 0x8
    assert module._guessed_flags("en0", False) & 0x1000
    assert not module._guessed_flags("utun3", False) & 0x1000


class Machine:
    """Interfaces that a test changes, and a watch on them."""

    def __init__(self, *present: Interface) -> None:
        self.present: list[Interface] | OSError = list(present)
        self.changes: list[tuple[Interfaces, Interfaces]] = []
        self.heard = asyncio.Event()
        self.watch = InterfaceWatch([], self._changed, read=self._read, poll_every=0.01)

    def _read(self) -> list[Interface]:
        if isinstance(self.present, OSError):
            raise self.present
        return self.present

    def _changed(self, new: Interfaces, old: Interfaces) -> None:
        self.changes.append((new, old))
        self.heard.set()


def test_a_check_compares_and_survives_a_busy_kernel() -> None:
    machine = Machine(ETH)
    assert machine.watch.check()
    machine.present = OSError("try again")
    assert not machine.watch.check()
    machine.present = [ETH, WG]
    assert machine.watch.check()
    assert [(new.used, old.used) for new, old in machine.changes] == [((ETH,), ()), ((ETH, WG), (ETH,))]


async def test_where_there_is_no_netlink_a_poll_finds_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    machine = Machine(ETH)
    machine.watch.start()
    assert machine.watch.current.used == (ETH,)
    machine.present = [ETH, WG]
    await asyncio.wait_for(machine.heard.wait(), 5)
    machine.watch.close()
    assert [new.used for new, _ in machine.changes] == [(ETH, WG)]


@pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux")
async def test_netlink_is_read_to_its_end_and_looked_at_once() -> None:
    machine = Machine(ETH)
    machine.watch.start()
    machine.present = [WG]
    for _ in range(3):
        machine.watch._heard()
    await asyncio.wait_for(machine.heard.wait(), 5)
    machine.watch.close()
    assert [new.used for new, _ in machine.changes] == [(WG,)]
