"""A small office in this kernel: hosts h1…hn, each a network namespace, on one switch, with no way out.

    with Lab(hosts=3) as lab:
        with lab.capture(path):
            lab.host(1).popen([...]); lab.host(2).lose(20); lab.host(3).unplug()

The switch is a bridge in a namespace of its own, so nothing appears in the machine's own network and packets
have nowhere else to go: a host knows its /24 and multicast, no default route, no DNS server.
Names carry our process id. A lab ends with its `with` block; one whose process was killed is cleared away by
the next lab that is built.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

NETWORK = "10.77"
SUBNET = f"{NETWORK}.1"
_NAT = """
table ip nat {
    chain leaving { type nat hook postrouting priority srcnat; oifname eth1 masquerade; }
    chain passing { type filter hook forward priority 0; iifname eth1 ct state new drop; }
}
"""
_TOOLS = {"ip": "iproute2", "nft": "nftables", "tcpdump": "tcpdump"}
_PREFIX = "p2lab"
_numbers = itertools.count(1)
_ARP_LIMITS = [Path(f"/proc/sys/net/ipv4/neigh/default/gc_thresh{n}") for n in (1, 2, 3)]
_ARP_ENTRIES = 1024  # the kernel's default, shared by all namespaces: enough for a mesh of 30 hosts


class LabError(Exception):
    """A command that builds or changes the lab failed."""


def missing() -> str | None:
    """Why no lab can be built here, or None."""
    if sys.platform != "linux":
        return "the lab needs Linux: it is made of network namespaces"
    if os.geteuid() != 0:
        return "the lab needs root: it makes network namespaces"
    absent = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    return f"the lab needs these Debian packages: {' '.join(absent)}" if absent else None


def _sh(*argv: str, stdin: str | None = None) -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def _namespaces() -> list[str]:
    return [line.split()[0] for line in _sh("ip", "netns", "list").splitlines() if line]


def _remove_namespace(name: str) -> None:
    for pid in _sh("ip", "netns", "pids", name).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _sh("ip", "netns", "delete", name)


def _remove_orphans() -> None:
    """Clear away labs whose process no longer runs."""
    for name in _namespaces():
        prefix, _, rest = name.partition("-")
        if prefix == _PREFIX and not Path("/proc", rest.partition("-")[0]).exists():
            _remove_namespace(name)


class Host:
    """One machine on the lab's switch, with one network interface `eth0`."""

    def __init__(self, lab: Lab, number: int) -> None:
        self._lab = lab
        self.name = f"h{number}"
        self.namespace = f"{lab.name}-{self.name}"
        self.address = f"{SUBNET}.{number}"
        self._processes: list[subprocess.Popen[str]] = []

    # -- processes

    def popen(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a program on this host, its output piped; it does not outlive the lab."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *argv],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        timeout: float = 30,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on this host to its end, whatever its exit code."""
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, *argv],
            env=env,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    # -- the network as this host sees it

    def unplug(self) -> None:
        """Pull the cable at the switch: the host keeps its address and sees that the carrier is gone."""
        _sh("ip", "-n", self._lab.switch, "link", "set", self.name, "down")

    def plug(self) -> None:
        """Put the cable back."""
        _sh("ip", "-n", self._lab.switch, "link", "set", self.name, "up")

    def down(self) -> None:
        """Switch the interface off, as flight mode does."""
        _sh("ip", "-n", self.namespace, "link", "set", "eth0", "down")

    def up(self) -> None:
        """Switch the interface on again."""
        _sh("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        self._route_multicast()

    def switch(self, interface: str, *, on: bool) -> None:
        """Switch another interface off, or on again with the address it had."""
        _sh("ip", "-n", self.namespace, "link", "set", interface, "up" if on else "down")

    def readdress(self, last: int) -> None:
        """Take another address of the subnet instead of the present one, as a new DHCP lease does."""
        _sh("ip", "-n", self.namespace, "address", "delete", f"{self.address}/24", "dev", "eth0")
        self.address = f"{SUBNET}.{last}"
        self._take_address()

    def move(self, subnet: str) -> None:
        """Take the same last number in another subnet, with a way out through its router."""
        _sh("ip", "-n", self.namespace, "address", "delete", f"{self.address}/24", "dev", "eth0")
        self.address = f"{subnet}.{self.address.rpartition('.')[2]}"
        self._take_address()
        _sh("ip", "-n", self.namespace, "route", "add", "default", "via", f"{subnet}.254")

    def forget_ipv4(self) -> None:
        """Have IPv6 link-local addresses alone, as where nobody gives out any."""
        _sh("ip", "-n", self.namespace, "-4", "address", "flush", "dev", "eth0")

    def lose(self, percent: int) -> None:
        """Let this share, in percent, of the packets that arrive here vanish at random; 0 ends it."""
        if percent == 0:
            _sh("ip", "netns", "exec", self.namespace, "nft", "flush", "ruleset")
            return
        rules = f"""
            table inet lab {{
                chain arriving {{
                    type filter hook input priority 0;
                    iif != lo numgen random mod 100 < {percent} counter drop;
                }}
            }}"""
        _sh("ip", "netns", "exec", self.namespace, "nft", "-f", "-", stdin=f"flush ruleset\n{rules}\n")

    def shut(self, what: str = "drop") -> None:
        """Let nobody begin a TCP connection to here, as a firewall does that drops (or "reject"s) them."""
        rules = f"""
            table inet firewall {{
                chain arriving {{
                    type filter hook input priority 0;
                    iif != lo ct state new tcp flags syn {what};
                }}
            }}"""
        _sh("ip", "netns", "exec", self.namespace, "nft", "-f", "-", stdin=rules)

    def swallow(self, above: int) -> None:
        """Let the switch drop packets of more bytes than this on their way here, without a word to anybody.

        As some VPNs do, which look like a LAN with somewhat smaller packets.
        """
        for host in self._lab.hosts:
            # one segment a packet: what is to be cut later passes any switch of this kernel
            for setting in (["gso_max_segs", "1"], ["mtu", "1450"]):
                _sh("ip", "-n", host.namespace, "link", "set", "eth0", *setting)
        _sh("ip", "-n", self._lab.switch, "link", "set", self.name, "mtu", str(above))

    def drop_mdns(self) -> None:
        """Let no mDNS in, as a firewall does that knows nothing of it."""
        rules = """
            table inet firewall {
                chain arriving {
                    type filter hook input priority 0;
                    udp dport 5353 drop;
                }
            }"""
        _sh("ip", "netns", "exec", self.namespace, "nft", "-f", "-", stdin=rules)

    def add_interface(self, name: str, address: str) -> None:
        """Another network, on which nobody else is."""
        _sh("ip", "-n", self.namespace, "link", "add", name, "type", "veth", "peer", "name", f"{name}-far")
        for end in (name, f"{name}-far"):
            _sh("ip", "-n", self.namespace, "link", "set", end, "up")
        _sh("ip", "-n", self.namespace, "address", "add", address, "dev", name)

    def open(self) -> None:
        """Take that firewall away."""
        _sh("ip", "netns", "exec", self.namespace, "nft", "delete", "table", "inet", "firewall")

    def replace(self) -> None:
        """Take the interface away and make it anew with the same address, as many a VPN does when it comes back."""
        _sh("ip", "-n", self.namespace, "link", "delete", "eth0")
        self._connect()

    # -- building

    def create(self) -> None:
        """Make the namespace and connect it to the switch."""
        _sh("ip", "netns", "add", self.namespace)
        # duplicate address detection would leave the IPv6 address unusable for the first second or two
        self.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad"])
        _sh("ip", "-n", self.namespace, "link", "set", "lo", "up")
        self._connect()

    def _connect(self) -> None:
        switch = self._lab.switch
        add = ["link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.namespace]
        _sh("ip", "-n", switch, *add)
        _sh("ip", "-n", switch, "link", "set", self.name, "master", "br0", "up")
        _sh("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        self._take_address()

    def remove(self) -> None:
        """End every process of this host and the host."""
        _remove_namespace(self.namespace)
        for process in self._processes:
            process.communicate()  # reaps it and closes its pipes

    def _take_address(self) -> None:
        _sh("ip", "-n", self.namespace, "address", "add", f"{self.address}/24", "dev", "eth0")
        self._route_multicast()

    def _route_multicast(self) -> None:
        # what a default route does elsewhere for programs that do not choose an interface
        _sh("ip", "-n", self.namespace, "route", "replace", "224.0.0.0/4", "dev", "eth0")


class Lab:
    """Hosts on one switch. Build it with `with`; nothing of it remains afterwards."""

    def __init__(self, hosts: int) -> None:
        self.name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        self.switch, self.router = f"{self.name}-switch", f"{self.name}-router"
        self.hosts = [Host(self, number) for number in range(1, hosts + 1)]
        self._arp_limits: list[str] = []

    def host(self, number: int) -> Host:
        """The host h1, h2, …"""
        return self.hosts[number - 1]

    def __enter__(self) -> Self:
        _remove_orphans()
        try:
            self._raise_arp_limits()
            _sh("ip", "netns", "add", self.switch)
            # snooping without a querier would stop forwarding multicast after some minutes
            _sh("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
            _sh("ip", "-n", self.switch, "link", "set", "br0", "up")
            for host in self.hosts:
                host.create()
        except BaseException:
            self._teardown()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._teardown()

    def split(self, *islands: Sequence[int]) -> None:
        """Put these hosts on switches of their own, an island each: between islands nothing passes."""
        for number, island in enumerate(islands, 1):
            _sh(
                "ip", "-n", self.switch, "link", "add", f"br{number}", "type", "bridge", "mcast_snooping", "0"
            )
            _sh("ip", "-n", self.switch, "link", "set", f"br{number}", "up")
            for host in island:
                _sh("ip", "-n", self.switch, "link", "set", f"h{host}", "master", f"br{number}")

    def swallow_multicast(self) -> None:
        """Let the switch pass nothing on to groups, as some access points do to save air time."""
        for host in self.hosts:
            bridge = ["bridge", "link", "set", "dev", host.name, "mcast_flood", "off"]
            _sh("ip", "netns", "exec", self.switch, *bridge)

    def isolate(self) -> None:
        """Keep the hosts apart, each with the switch alone, as a guest Wi-Fi does; they forget who was where."""
        apart = ["ip", "netns", "exec", self.switch, "bridge", "link", "set", "dev"]
        for host in self.hosts:
            _sh(*apart, host.name, "isolated", "on")
        for host in self.hosts:  # not before all are: they still say goodbye to each other
            _sh("ip", "-n", host.namespace, "neigh", "flush", "all")

    def route(self, *islands: Sequence[int], nat: bool = False) -> None:
        """Give each island a network of its own, 10.77.1, 10.77.2, ..., joined by a router that passes no multicast.

        Args:
            nat: those behind the second one are seen as the router itself, and nobody can connect to them.
        """
        self.split(*islands)
        _sh("ip", "netns", "add", self.router)
        _sh("ip", "netns", "exec", self.router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        for number, island in enumerate(islands, 1):
            port = f"r{number}"
            add = ["link", "add", port, "type", "veth", "peer", "name", f"eth{number}", "netns", self.router]
            _sh("ip", "-n", self.switch, *add)
            _sh("ip", "-n", self.switch, "link", "set", port, "master", f"br{number}", "up")
            _sh(
                "ip", "-n", self.router, "address", "add", f"{NETWORK}.{number}.254/24", "dev", f"eth{number}"
            )
            _sh("ip", "-n", self.router, "link", "set", f"eth{number}", "up")
            for host in island:
                self.host(host).move(f"{NETWORK}.{number}")
        if nat:
            _sh("ip", "netns", "exec", self.router, "nft", "-f", "-", stdin=_NAT)

    def unite(self) -> None:
        """Put every host back on the one switch."""
        for host in self.hosts:
            _sh("ip", "-n", self.switch, "link", "set", host.name, "master", "br0")
        for link in _sh("ip", "-n", self.switch, "-o", "link", "show", "type", "bridge").splitlines():
            name = link.split(":")[1].strip()
            if name != "br0":
                _sh("ip", "-n", self.switch, "link", "delete", name)

    def _teardown(self) -> None:
        present = set(_namespaces())
        for host in self.hosts:
            if host.namespace in present:
                host.remove()
        for namespace in (self.switch, self.router):
            if namespace in present:
                _remove_namespace(namespace)
        for path, value in zip(_ARP_LIMITS, self._arp_limits, strict=False):
            path.write_text(value, encoding="ascii")

    def _raise_arp_limits(self) -> None:
        if len(self.hosts) ** 2 > _ARP_ENTRIES:  # beyond it dials time out and nothing says why
            self._arp_limits = [path.read_text(encoding="ascii") for path in _ARP_LIMITS]
            for path, value in zip(_ARP_LIMITS, ("8192", "16384", "32768"), strict=True):
                path.write_text(value, encoding="ascii")

    @contextlib.contextmanager
    def capture(self, path: Path, expression: str = "") -> Iterator[None]:
        """Write every packet that crosses the switch meanwhile, each once, into a pcap file."""
        argv = ["ip", "netns", "exec", self.switch, "tcpdump", "-i", "br0", "--immediate-mode", "-U", "-n"]
        argv += ["-s", "0", "-B", "16384", "-Z", "root", "-w", str(path), *expression.split()]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tcpdump:
            assert tcpdump.stderr is not None
            first = tcpdump.stderr.readline()
            if "listening on" not in first:
                tcpdump.kill()
                raise LabError(f"tcpdump: {first}{tcpdump.stderr.read()}")
            try:
                yield
            finally:
                tcpdump.send_signal(signal.SIGINT)  # it writes what it holds and its counts
                report = tcpdump.communicate(timeout=10)[1]
        if "0 packets dropped by kernel" not in report:
            raise LabError(f"the capture is not complete: {report}")
