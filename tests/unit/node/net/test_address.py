from __future__ import annotations

import pytest

from p2pim.errors import BadInput
from p2pim.node.net.address import Endpoint, canonical, is_office, parse, parse_endpoint, source_key


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.2", Endpoint("10.0.0.2", 26747)),
        ("10.0.0.2:26750", Endpoint("10.0.0.2", 26750)),
        (" p2pim.corp.example ", Endpoint("p2pim.corp.example", 26747)),
        ("p2pim.corp.example:2000", Endpoint("p2pim.corp.example", 2000)),
        ("fd00::2", Endpoint("fd00::2", 26747)),
        ("::1", Endpoint("::1", 26747)),
        ("[fd00::2]:2000", Endpoint("fd00::2", 2000)),
        ("[fe80::2%3]:2000", Endpoint("fe80::2%3", 2000)),
    ],
)
def test_an_address_as_a_user_types_it(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text, 26747) == endpoint


@pytest.mark.parametrize(
    "text",
    ["", ":", "host:", "host:0", "host:65536", "host:-1", "host:1e3", "host:٣", "-o", "a b", "a/b", "x:y:1"],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadInput, match="is no address"):
        parse_endpoint(text, 26747)


@pytest.mark.parametrize(
    ("host", "office"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("169.254.7.7", True),
        ("fd12::1", True),
        ("fe80::1", True),
        ("2001:db8::1", False),
        ("8.8.8.8", False),
        ("127.0.0.1", False),
        ("198.18.0.1", False),
    ],
)
def test_where_colleagues_live(host: str, office: bool) -> None:
    address = parse(host)
    assert address is not None
    assert is_office(address) is office


def test_one_spelling_per_address() -> None:
    assert canonical("::FFFF:10.0.0.1") == "10.0.0.1"
    assert canonical("FD00:0::1") == "fd00::1"
    assert canonical("FE80::1%3") == "fe80::1%3"
    assert canonical("fd00::1%3") == "fd00::1"
    assert canonical("Host.Example") == "host.example"


def test_limits_count_by_ipv4_address_and_by_ipv6_network() -> None:
    assert source_key("10.0.0.1") != source_key("10.0.0.2")
    assert source_key("fd00::1") == source_key("fd00::ffff:1") != source_key("fd00:0:0:1::1")
    assert source_key("::ffff:10.0.0.1") == source_key("10.0.0.1")
    assert source_key("host") == "host"


def test_an_endpoint_reads_as_one_writes_it() -> None:
    assert str(Endpoint("10.0.0.1", 1)) == "10.0.0.1:1"
    assert str(Endpoint("fd00::1", 1)) == "[fd00::1]:1"
