from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from p2pim.node.net.address import Endpoint
from p2pim.node.net.reach import Source, refusal
from tests.unit.node.net.books import HERE, LOOPBACK, A


@pytest.mark.parametrize(
    ("host", "port", "sources"),
    [
        ("10.0.0.2", 26747, "mdns asked gossip known named typed"),
        ("10.0.0.2", 1024, "mdns asked gossip known named typed"),
        ("10.0.0.2", 1023, ""),
        ("10.0.0.2", 0, ""),
        ("10.0.0.2", 65536, ""),
        ("10.0.0.1", 26747, ""),  # this node
        ("10.0.0.1", 26748, "mdns asked gossip known named typed"),  # another user of this machine
        ("172.17.0.1", 26747, ""),  # this node, at an interface that is not used
        ("172.17.0.1", 26748, "asked gossip known named typed"),
        ("10.0.1.2", 26747, "asked gossip known named typed"),  # off link
        ("100.64.1.2", 26747, "asked gossip known named typed"),
        ("8.8.8.8", 26747, "named typed"),
        ("127.0.0.1", 26747, ""),
        ("127.0.0.1", 26748, "named typed"),
        ("::1", 26748, "named typed"),
        ("10.0.0.255", 26747, ""),  # broadcast
        ("255.255.255.255", 26747, ""),
        ("192.168.7.0", 26747, "mdns asked gossip known named typed"),  # a /31 has no broadcast address
        ("224.0.0.251", 26747, ""),
        ("ff02::fb", 26747, ""),
        ("0.0.0.0", 26747, ""),
        ("::", 26747, ""),
        ("fd00::2", 26747, "mdns asked gossip known named typed"),
        ("fd01::2", 26747, "asked gossip known named typed"),
        ("2001:db8::1", 26747, "named typed"),
        ("fe80::2%2", 26747, "mdns asked gossip known named typed"),
        ("office.example", 26747, "typed"),
    ],
)
def test_dial_policy(host: str, port: int, sources: str) -> None:
    allowed = {source.value for source in Source if refusal(Endpoint(host, port), source, HERE) is None}
    assert allowed == set(sources.split())


def test_loopback_is_dialled_when_it_is_the_interface() -> None:
    assert refusal(Endpoint("127.0.0.1", 5001), Source.MDNS, LOOPBACK) is None
    assert refusal(Endpoint("127.0.0.1", 5000), Source.MDNS, LOOPBACK) is not None
    assert refusal(A, Source.MDNS, LOOPBACK) is not None
    assert refusal(Endpoint("fe80::2", 5001), Source.MDNS, LOOPBACK) is not None


@pytest.mark.parametrize(
    ("host", "sources"),
    [
        ("10.0.0.2", "mdns asked gossip known named typed"),
        ("10.0.0.200", ""),
        ("::ffff:10.0.0.2", "mdns asked gossip known named typed"),
        ("fd00::2", ""),
        ("8.8.8.8", ""),
        ("2001:db8::1", "named typed"),
        ("office.example", "typed"),  # what it means is not known before it is dialled
    ],
)
def test_a_policy_limits_where_peers_may_be(host: str, sources: str) -> None:
    here = replace(HERE, allowed=(ip_network("10.0.0.0/25"), ip_network("2001:db8::/32")))
    allowed = {source.value for source in Source if refusal(Endpoint(host, 26747), source, here) is None}
    assert allowed == set(sources.split())


def test_what_a_policy_permits() -> None:
    here = replace(HERE, allowed=(ip_network("10.99.0.0/16"),))
    assert here.permits(ip_address("10.99.7.7"))
    assert not here.permits(ip_address("fd00::1"))
    for subnet, some in {
        "10.0.0.0/8": True,
        "10.99.1.0/24": True,
        "10.0.0.0/24": False,
        "::/0": False,
    }.items():
        assert here.permits_some(ip_network(subnet)) is some
    assert not replace(HERE, allowed=()).permits_some(ip_network("0.0.0.0/0"))
    assert HERE.permits(ip_address("8.8.8.8"))
    assert HERE.permits_some(ip_network("8.8.8.0/24"))
