"""The machine's network interfaces: which are used, and when they change.

`choose` is pure. A change is noticed by netlink on Linux at once, elsewhere by asking every 5 s. Compared
are (ifindex, address) pairs: a VPN that is re-created often has its old address and a new index, and
sockets of the old one are deaf.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

import ifaddr

from p2pim.node.net.address import Address, canonical

MAXIMUM = 16  # Linux lets a socket join 20 multicast groups (igmp_max_memberships)
DAMPING = 0.1
POLL_EVERY = 5.0
_CONTAINERS = ("docker", "br-", "veth", "virbr", "vmnet", "cni")
_NO_MULTICAST = ("utun", "tun", "wg", "ppp")  # where flags cannot be read
_LINK_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR
_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING, _IFF_MULTICAST = 0x1, 0x8, 0x40, 0x1000


@dataclass(frozen=True, slots=True)
class Interface:
    """One address of one interface that is up."""

    index: int
    name: str
    subnet: IPv4Interface | IPv6Interface
    multicast: bool = True
    running: bool = True
    loopback: bool = False

    @property
    def address(self) -> Address:
        """The address without prefix and scope."""
        return self.subnet.ip

    @property
    def host(self) -> str:
        """The address to bind to: a link-local one needs its scope."""
        scoped = self.address.version == 6 and self.address.is_link_local
        return f"{self.address}%{self.index}" if scoped else str(self.address)

    @property
    def key(self) -> tuple[int, str]:
        """What makes it the same interface as before."""
        return self.index, str(self.address)


@dataclass(frozen=True, slots=True)
class Interfaces:
    """All addresses of the machine, those in use, and why each of the others is not."""

    all: tuple[Interface, ...] = ()
    used: tuple[Interface, ...] = ()
    ignored: tuple[tuple[Interface, str], ...] = ()

    @property
    def for_mdns(self) -> tuple[Interface, ...]:
        """Where mDNS can work: IPv4, and IPv6 of interfaces without it. Loopback can, without the flag."""
        able = [interface for interface in self.used if interface.multicast or interface.loopback]
        with_ipv4 = {interface.index for interface in able if interface.address.version == 4}
        chosen = [i for i in able if i.address.version == 4 or i.index not in with_ipv4]
        return tuple(chosen[:MAXIMUM])

    @property
    def addresses(self) -> frozenset[Address]:
        """Every address of the machine, used or not."""
        return frozenset(interface.address for interface in self.all)

    @property
    def for_others(self) -> tuple[Address, ...]:
        """Where others may find this machine: IPv4 first; link-local IPv6 means nothing on another machine."""
        useful = [i.address for i in self.used if i.address.version == 4 or not i.address.is_link_local]
        return tuple(dict.fromkeys(sorted(useful, key=lambda address: address.version)))

    def differs_from(self, before: Interfaces) -> bool:
        """Tell whether addresses changed or a cable came in. One pulled out is none: TCP may survive."""
        if {i.key for i in self.all} != {i.key for i in before.all}:
            return True
        return bool({i.key for i in self.all if i.running} - {i.key for i in before.all if i.running})


def choose(
    found: Iterable[Interface], wanted: Sequence[str], allowed: Sequence[str] | None = None
) -> Interfaces:
    """Choose by the setting `interfaces` (names, addresses); none: all but loopback and container nets.

    Args:
        allowed: those that a policy allows, named likewise; None: it says nothing.
    """
    everything = tuple(found)
    names = {canonical(name) for name in wanted}
    permitted = None if allowed is None else {canonical(name) for name in allowed}
    used: list[Interface] = []
    ignored: list[tuple[Interface, str]] = []
    for interface in everything:
        why = _reason_to_ignore(interface, names, permitted)
        if why is None:
            used.append(interface)
        else:
            ignored.append((interface, why))
    return Interfaces(everything, tuple(used), tuple(ignored))


def _is_named(interface: Interface, names: set[str]) -> bool:
    return interface.name.lower() in names or str(interface.address) in names


def _reason_to_ignore(interface: Interface, names: set[str], permitted: set[str] | None) -> str | None:
    if permitted is not None and not _is_named(interface, permitted):
        return "not allowed by the policy"
    if names:
        return None if _is_named(interface, names) else "not named in the setting `interfaces`"
    if interface.loopback:
        return "loopback"
    if interface.name.startswith(_CONTAINERS):
        return "container or virtual machine network"
    return None


def snapshot() -> list[Interface]:
    """Return every address of every interface that is up."""
    flags_of = _linux_flags if sys.platform == "linux" else _guessed_flags
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            subnet = ip_interface(f"{text.partition('%')[0]}/{ip.network_prefix}")
            # A second address may have a label ("eth0:1") for name; the interface is before the colon.
            name = ip.nice_name.partition(":")[0] if sys.platform == "linux" else ip.nice_name
            flags = flags_of(name, subnet.ip.is_loopback)
            if flags & _IFF_UP:
                found.append(
                    Interface(
                        index=adapter.index or 0,
                        name=name,
                        subnet=subnet,
                        multicast=bool(flags & _IFF_MULTICAST),
                        running=bool(flags & _IFF_RUNNING),
                        loopback=bool(flags & _IFF_LOOPBACK),
                    )
                )
    return found


def _linux_flags(name: str, loopback: bool) -> int:
    # An ioctl and not /sys: that one may show another network namespace.
    import fcntl  # noqa: PLC0415  (absent on Windows)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, struct.pack("16s16x", name.encode()[:15]))
        except OSError:
            return 0
    return int(struct.unpack_from("16xH", answer)[0])


def _guessed_flags(name: str, loopback: bool) -> int:
    flags = _IFF_UP | _IFF_RUNNING
    if loopback:
        return flags | _IFF_LOOPBACK
    return flags if name.startswith(_NO_MULTICAST) else flags | _IFF_MULTICAST


class InterfaceWatch:
    """Calls `on_change(new, old)` when the interfaces differ; `start` reads them once."""

    def __init__(
        self,
        wanted: Sequence[str],
        on_change: Callable[[Interfaces, Interfaces], None],
        *,
        allowed: Callable[[], Sequence[str] | None] = lambda: None,
        read: Callable[[], list[Interface]] = snapshot,
        poll_every: float = POLL_EVERY,
    ) -> None:
        self._wanted, self._on_change, self._read, self._poll_every = wanted, on_change, read, poll_every
        self._allowed = allowed
        self.current = Interfaces()
        self._timer: asyncio.TimerHandle | None = None
        self._netlink: socket.socket | None = None

    def start(self) -> None:
        """Read the interfaces and watch them. Called in the running event loop."""
        loop = asyncio.get_running_loop()
        self._netlink = _open_netlink()
        if self._netlink is not None:
            loop.add_reader(self._netlink, self._heard)
        else:
            self._timer = loop.call_later(self._poll_every, self._poll)
        self.current = self._choose()

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._netlink is not None:
            asyncio.get_running_loop().remove_reader(self._netlink)
            self._netlink.close()
            self._netlink = None

    def check(self) -> bool:
        """Compare now, and tell whether there was a change."""
        before, self.current = self.current, self._choose()
        changed = self.current.differs_from(before)
        if changed:
            self._on_change(self.current, before)
        return changed

    def _choose(self) -> Interfaces:
        try:
            return choose(self._read(), self._wanted, self._allowed())
        except OSError:
            return self.current  # the kernel was busy; the next event or poll tells

    def _poll(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._poll_every, self._poll)
        self.check()

    def _heard(self) -> None:
        assert self._netlink is not None
        # An overflow (OSError) means that something happened, too.
        with contextlib.suppress(BlockingIOError, OSError):
            while self._netlink.recv(65536):
                pass
        if self._timer is None:
            # One change makes a burst of messages: wait for its end, then look once.
            self._timer = asyncio.get_running_loop().call_later(DAMPING, self._settled)

    def _settled(self) -> None:
        self._timer = None
        self.check()


def _open_netlink() -> socket.socket | None:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    try:
        sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError:
        return None
    try:
        sock.bind((0, _LINK_GROUPS))
    except OSError:
        sock.close()
        return None
    return sock
