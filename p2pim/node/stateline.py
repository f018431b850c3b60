"""The one line that says how the network is, for a tray, a status bar, `p2pim status`."""

from __future__ import annotations

from typing import Final

from p2pim.node.net.discovery.interfaces import Interfaces

#: What is added where nobody can connect to here, while it works all the same.
BLOCKED: Final = "; others cannot connect to this machine: p2pim doctor"


def state_line(interfaces: Interfaces, trouble: str | None, peers: int, *, blocked: bool = False) -> str:
    """Say it.

    Args:
        trouble: why nobody may be found by themselves; None: they are.
        peers: people who are connected.
        blocked: whether others cannot connect to here.
    """
    return _network(interfaces, trouble, peers) + (BLOCKED if blocked and interfaces.used else "")


def _network(interfaces: Interfaces, trouble: str | None, peers: int) -> str:
    if not interfaces.used:
        return "no network"
    if not interfaces.for_mdns:
        names = ", ".join(dict.fromkeys(interface.name for interface in interfaces.used))
        if peers:
            return f"VPN {names}: no multicast, using known addresses, {peers} connected"
        return f"VPN {names}: no multicast, nobody connected: join by an invite link, or p2pim add ADDRESS"
    if trouble is not None:
        return f"{trouble}, {peers} connected"
    return f"LAN ok, {peers} connected" if peers else "LAN ok, nobody here yet"
