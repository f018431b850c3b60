"""IP addresses as the dial policy and the listener see them. Pure: no socket, no name is ever resolved."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from p2pim.errors import BadInput

# What a resolver may be asked for, or an address; nothing that could be taken for an option or a path.
_HOST = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.:%-]{0,252}|::[0-9A-Za-z.:%]*")

Address = IPv4Address | IPv6Address

# RFC 1918, CGNAT (Tailscale and many VPNs), link-local, ULA. Not `is_private` of the standard library: that
# also covers documentation, benchmarking and protocol ranges in which no colleague lives.
_OFFICE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


class Endpoint(NamedTuple):
    """Where a TCP connection can be opened. The host is an address (IPv6 may carry a %scope) or a name."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str, default_port: int) -> Endpoint:
    """Read "host:port", "[address]:port" or a bare host as typed by a user; BadInput with a sentence."""
    text = text.strip()
    host, colon, port = text.rpartition(":")
    if parse(text) is not None or not colon:
        host, port = text, str(default_port)
    elif host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if not _HOST.fullmatch(host) or (":" in host and parse(host) is None) or not 0 < number <= 65535:
        raise BadInput(f"{text[:100]!r} is no address: write HOST or HOST:PORT, for example 10.99.0.2:26747")
    return Endpoint(host, number)


def parse(host: str) -> Address | None:
    """Return the address of a literal, without scope and with mapped IPv4 unwrapped; None for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def canonical(host: str) -> str:
    """Return one spelling per address, scope kept, so that no address counts twice; a name in lower case."""
    address = parse(host)
    if address is None:
        return host.lower()
    scope = host.partition("%")[2]
    return f"{address}%{scope}" if scope and address.is_link_local and address.version == 6 else str(address)


def is_office(address: Address) -> bool:
    """Tell whether the address is of a range colleagues live in: private, CGNAT, link-local."""
    return any(address in network for network in _OFFICE)


def source_key(host: str) -> str:
    """Return what limits count by: an IPv4 address, or a /64 of IPv6 (one host may own all of it)."""
    address = parse(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address or host)
