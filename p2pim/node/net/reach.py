"""The dial policy: where this node is, and which endpoints it may dial. Pure.

"Policy" is meant in two ways here: what protects others from us as well as us, which is fixed, and the rule ``subnets``
of an administrator or a team, which limits peers to some networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import Literal

from p2pim.node.net.address import Address, Endpoint, is_office, parse

#: How it goes with somebody who is not linked: the first dial is under way, the last one had no answer, or they are
#: known to be nowhere (nothing is there, nothing is known of where they are).
Reach = Literal["connecting", "no-answer", "away"]


class Source(Enum):
    """How an endpoint was learnt; the dial policy depends on it."""

    TYPED = "typed"
    NAMED = "named"
    KNOWN = "known"
    GOSSIP = "gossip"
    MDNS = "mdns"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Here:
    """Where this node is: subnets in use, all addresses, own port, scopes for link-local dials.

    Attributes:
        lans: those of the subnets that carry multicast.
        allowed: the networks outside of which a policy allows no peer; None: it says nothing.
    """

    subnets: tuple[IPv4Interface | IPv6Interface, ...] = ()
    addresses: frozenset[Address] = frozenset()
    port: int = 0
    scopes: tuple[int, ...] = ()
    lans: tuple[IPv4Interface | IPv6Interface, ...] = ()
    allowed: tuple[IPv4Network | IPv6Network, ...] | None = None

    def permits(self, address: Address) -> bool:
        """Tell whether the policy allows a peer at the address."""
        return self.allowed is None or any(address in network for network in self.allowed)

    def permits_some(self, subnet: IPv4Network | IPv6Network) -> bool:
        """Tell whether the policy allows any peer of a subnet."""
        return self.allowed is None or any(subnet.overlaps(network) for network in self.allowed)

    def on_link(self, address: Address) -> bool:
        """Tell whether a subnet we use holds the address."""
        return any(address in subnet.network for subnet in self.subnets)

    def on_lan(self, address: Address) -> bool:
        """Tell whether one of them that carries multicast does."""
        return any(address in subnet.network for subnet in self.lans)

    def has(self, host: str) -> bool:
        """Tell whether a host is this machine."""
        address = parse(host)
        return address is not None and (address.is_loopback or address in self.addresses)

    def is_broadcast(self, address: Address) -> bool:
        """Tell whether the address means every host of a network."""
        if not isinstance(address, IPv4Address):
            return False
        return int(address) == 0xFFFFFFFF or any(
            address == subnet.network.broadcast_address and subnet.network.prefixlen < 31
            for subnet in self.subnets
        )

    def is_self(self, address: Address, port: int) -> bool:
        """Tell whether a dial would end at our own listener. Another port is another user here."""
        return port == self.port and (address.is_loopback or address in self.addresses)


def refusal(endpoint: Endpoint, source: Source, here: Here) -> str | None:
    """Return why the dial policy forbids this endpoint, or None."""
    if not 1024 <= endpoint.port <= 65535:
        return "the port is not between 1024 and 65535"
    address = parse(endpoint.host)
    if address is None:
        return None if source is Source.TYPED else "not an address"
    if address.is_multicast or address.is_unspecified or here.is_broadcast(address):
        return "not the address of one host"
    if here.is_self(address, endpoint.port):
        return "this node itself"
    if not here.permits(address):
        return "outside of the subnets that the policy allows"
    if source in (Source.TYPED, Source.NAMED):
        return None
    return _refusal_of_hint(address, source, here)


def _refusal_of_hint(address: Address, source: Source, here: Here) -> str | None:
    if address.is_loopback:
        return None if here.on_link(address) else "loopback is not among the interfaces"
    if address.version == 6 and address.is_link_local:
        return None if here.scopes else "no interface for a link-local address"
    if source in (Source.KNOWN, Source.GOSSIP, Source.ASKED) and is_office(address):
        return None
    return None if here.on_link(address) else "outside of the local subnets"
