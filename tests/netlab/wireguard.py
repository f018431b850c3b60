"""A VPN over a lab: WireGuard in userspace, hub and spokes or a mesh, without multicast, as most VPNs are.

Of the network below it hosts see the tunnel's packets only, as if each sat at home behind a firewall of its own.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.netlab.lab import Host, Lab, LabError

SUBNET = "10.99.0"
PORT = 51820
_TOOLS = {"wireguard-go": "wireguard-go", "wg": "wireguard-tools"}

_FIREWALL = f"""
table inet home {{
    chain arriving {{
        type filter hook input priority 0;
        iif eth0 udp dport {PORT} accept
        iif eth0 drop
    }}
}}
"""

#: Its control socket has one place for all namespaces: each host gets its own.
_START = """
mkdir -p /run/wireguard && mount -t tmpfs none /run/wireguard || exit 1
wireguard-go -f wg0 > /dev/null 2>&1 &
trap 'kill $!' EXIT
n=0
until wg show wg0 > /dev/null 2>&1; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.05; done
wg setconf wg0 "$1" && ip address add "$2/24" dev wg0 && ip link set mtu 1420 multicast off up dev wg0 || exit 1
echo up
wait
"""


def missing() -> str | None:
    """Why no VPN can be built here, or None."""
    if not Path("/dev/net/tun").exists():
        return "the VPN needs /dev/net/tun"
    absent = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    return f"the VPN needs these Debian packages: {' '.join(absent)}" if absent else None


class Vpn:
    """The hub at the first host, the others its spokes; a host's address in it ends as its address in the lab does.

    Args:
        mesh: each host has a tunnel to each other one instead.
    """

    def __init__(self, lab: Lab, folder: Path, *, mesh: bool = False) -> None:
        self._folder = folder
        self._keys = [X25519PrivateKey.generate() for _ in lab.hosts]
        hub, *_ = lab.hosts
        if not mesh:
            _run(hub, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        for number, host in enumerate(lab.hosts):
            _run(host, "nft", "-f", "/dev/stdin", stdin=_FIREWALL)
            if mesh:
                config = self._meshed(number, lab.hosts)
            else:
                config = self._hub() if number == 0 else self._spoke(number, hub)
            self._up(host, number, config)

    def address(self, number: int) -> str:
        """Of host h1, h2, …"""
        return f"{SUBNET}.{number}"

    def _hub(self) -> str:
        peers = [
            f"[Peer]\nPublicKey = {self._public(number)}\nAllowedIPs = {self.address(number + 1)}/32"
            for number in range(1, len(self._keys))
        ]
        return "\n".join([self._interface(0), *peers])

    def _spoke(self, number: int, hub: Host) -> str:
        return (
            f"{self._interface(number)}\n[Peer]\nPublicKey = {self._public(0)}\n"
            f"Endpoint = {hub.address}:{PORT}\nAllowedIPs = {SUBNET}.0/24\nPersistentKeepalive = 25"
        )

    def _meshed(self, number: int, hosts: Sequence[Host]) -> str:
        peers = [
            f"[Peer]\nPublicKey = {self._public(other)}\nEndpoint = {host.address}:{PORT}\n"
            f"AllowedIPs = {self.address(other + 1)}/32"
            for other, host in enumerate(hosts)
            if other != number
        ]
        return "\n".join([self._interface(number), *peers])

    def _interface(self, number: int) -> str:
        private = base64.b64encode(self._keys[number].private_bytes_raw()).decode()
        return f"[Interface]\nPrivateKey = {private}\nListenPort = {PORT}"

    def _public(self, number: int) -> str:
        return base64.b64encode(self._keys[number].public_key().public_bytes_raw()).decode()

    def _up(self, host: Host, number: int, config: str) -> None:
        path = self._folder / f"{host.name}.conf"
        path.write_text(config + "\n", encoding="ascii")
        process = host.popen(["sh", "-c", _START, "sh", str(path), self.address(number + 1)])
        assert process.stdout is not None
        if process.stdout.readline() != "up\n":
            raise LabError(f"no VPN at {host.name}: {process.communicate()[1].strip()}")


def _run(host: Host, *argv: str, stdin: str | None = None) -> None:
    done = host.run(argv, stdin=stdin)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip()}")
