"""What is known of the ways to others without trying anything: addresses that people gave, and the size of packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.node.events import Check
from p2pim.node.net.reach import Source

if TYPE_CHECKING:
    from p2pim.node.net.network import Network
    from p2pim.node.node import Node


def check_paths(node: Node, network: Network) -> list[Check]:
    """A line for each address that leads to nobody and for each way that swallows large packets."""
    return [*_addresses(node, network), *_large_packets(network)]


def _addresses(node: Node, network: Network) -> list[Check]:
    return [
        Check(
            "address",
            "warn",
            f"{entry.endpoint}, which was given by hand: {entry.refused or entry.trouble}",
            "run p2pim address on that machine: it says what to type; p2pim tries this one again by itself",
        )
        for entry in network.book
        if entry.source is Source.TYPED
        and (entry.refused or entry.trouble)
        and not (entry.peer_id is not None and node.is_linked(entry.peer_id))
    ]


def _large_packets(network: Network) -> list[Check]:
    swallowing = [entry for entry in network.book if entry.swallows]
    if not swallowing:
        return []
    where = ", ".join(sorted(entry.endpoint.host for entry in swallowing))
    small = all(entry.segment is not None for entry in swallowing)
    return [
        Check(
            "mtu",
            "warn",
            f"large packets are lost on the way to {where}"
            + ("; p2pim sends small ones there" if small else ": long messages do not arrive"),
            "lower the MTU of the VPN or interface that leads there, to 1280 for example",
        )
    ]
