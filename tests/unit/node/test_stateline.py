from __future__ import annotations

from ipaddress import ip_interface

import pytest

from p2pim.node.net.discovery.interfaces import Interface, Interfaces
from p2pim.node.stateline import state_line

LAN = Interface(2, "eth0", ip_interface("10.0.0.2/24"))
VPN = Interface(3, "wg0", ip_interface("10.99.0.2/24"), multicast=False)


@pytest.mark.parametrize(
    ("used", "trouble", "peers", "said"),
    [
        ((), "no network", 0, "no network"),
        ((LAN,), None, 0, "LAN ok, nobody here yet"),
        ((LAN, VPN), None, 3, "LAN ok, 3 connected"),
        ((LAN,), "OSError: too many groups", 1, "OSError: too many groups, 1 connected"),
        ((VPN,), "no usable interface", 2, "VPN wg0: no multicast, using known addresses, 2 connected"),
        ((VPN,), "no usable interface", 0, "VPN wg0: no multicast, nobody connected: join by an invite link"),
    ],
)
def test_what_it_says(used: tuple[Interface, ...], trouble: str | None, peers: int, said: str) -> None:
    assert state_line(Interfaces(used, used), trouble, peers).startswith(said)


def test_where_others_cannot_connect_it_says_so_too() -> None:
    assert state_line(Interfaces((LAN,), (LAN,)), None, 3, blocked=True).endswith(": p2pim doctor")
    assert state_line(Interfaces(), "no network", 0, blocked=True) == "no network"
