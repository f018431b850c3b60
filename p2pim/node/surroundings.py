"""What the network around this machine carries: multicast, and, where nobody is linked, whether anybody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from p2pim.node.events import Check
from p2pim.node.firewall import cure
from p2pim.node.net.address import Endpoint, parse
from p2pim.node.net.multicast import PORT, Heard
from p2pim.protocol.callback import NO_WAY

if TYPE_CHECKING:
    from p2pim.node.net.network import Network
    from p2pim.node.node import Node

#: Addresses of people who are away that are tried, the last ones that worked.
TRIED: Final = 8


async def look_around(node: Node, network: Network) -> list[Check]:
    """A line about multicast, and one about machines kept apart from each other, if it looks like that."""
    heard, silent = await asyncio.gather(network.listen_around(), _silent(node, network))
    checks = [_multicast(node, network, heard)]
    if silent and not any(one.others or one.own is False for one in heard):
        where = ", ".join(map(str, silent))
        checks.append(
            Check(
                "isolation",
                "warn",
                f"nobody answers at addresses of this network where colleagues were ({where}), and nobody is heard: "
                "all are off, or the network keeps machines apart (client isolation, as in guest Wi-Fi)",
                "use a network that lets its machines talk to each other, or a VPN over it",
            )
        )
    return checks


def _multicast(node: Node, network: Network, heard: Sequence[Heard]) -> Check:
    deaf = ", ".join(one.interface for one in heard if one.own is False)
    if deaf:
        return Check(
            "multicast",
            "warn",
            f"what is sent by mDNS on {deaf} does not come back: a firewall of this machine drops UDP {PORT}",
            f"{cure(PORT, 'udp')}; until then others find this machine, or nobody does: p2pim add HOST",
        )
    tried = ", ".join(one.interface for one in heard if one.own)
    if any(one.others for one in heard):
        return Check("multicast", "ok", f"others are heard by mDNS on {tried}")
    if tried:
        return Check("multicast", "skip", f"nobody else answered by mDNS on {tried}")
    names = ", ".join(dict.fromkeys(i.name for i in network.interfaces.used))
    if not names or node.sync.sessions:
        return Check("multicast", "skip", f"no multicast on {names}" if names else "no network")
    return Check(
        "multicast",
        "warn",
        f"{names} carries no multicast, as most VPNs: nobody appears by themselves",
        "ask a colleague for an invite link to your team, or for an address: p2pim add HOST",
    )


async def _silent(node: Node, network: Network) -> list[Endpoint]:
    """Where colleagues were on a network that we are on, if nobody is linked and no machine answers at any of these."""
    if node.sync.sessions:
        return []
    here = network.book.here
    known = [(host, port) for host, port, _ in node.store.peers.addresses()]
    known += [where for route in node.routes.held().values() for where in route.endpoints()]
    near = [
        Endpoint(host, port)
        for host, port in dict.fromkeys(known)
        if (address := parse(host)) is not None and here.on_link(address) and not here.is_self(address, port)
    ]
    tried = near[:TRIED]
    outcomes = await network.probe(tried)
    return tried if tried and set(outcomes) == {NO_WAY} else []
