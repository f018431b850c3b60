from __future__ import annotations

import socket
from ipaddress import ip_interface

import pytest

from p2pim.node.net.mtu import SMALL_SEGMENT, limit_segments, ping_size, segment_size
from p2pim.node.net.reach import Here


@pytest.mark.parametrize(
    ("host", "segment", "size"),
    [
        ("10.99.0.2", 1_448, 1_448),
        ("192.168.7.2", 1_448, 1_448),
        ("10.77.1.2", 1_448, None),
        ("10.77.1.2", 8_948, 8_192),
        ("10.77.1.2", 1_188, 1_400),
        ("10.77.1.2", None, 1_400),
        ("10.77.1.2", 65_000, 8_192),
        ("fe80::1%2", 1_428, 1_428),
        ("127.0.0.1", 65_000, None),
        ("::1", 65_000, None),
    ],
)
def test_a_large_ping_fills_a_segment_that_could_be_swallowed(
    host: str, segment: int | None, size: int | None
) -> None:
    lan, vpn = ip_interface("10.77.1.1/24"), ip_interface("10.99.0.1/24")
    assert ping_size(host, segment, Here(subnets=(lan, vpn), lans=(lan,))) == size


def test_one_end_can_have_both_send_small_segments() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        limit_segments(sock, SMALL_SEGMENT)
        sock.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            sizes = [segment_size(end) for end in (sock, accepted)]
    assert all(size is not None and SMALL_SEGMENT - 60 <= size <= SMALL_SEGMENT for size in sizes)


def test_what_is_closed_has_no_size() -> None:
    with socket.socket() as sock:
        pass
    assert segment_size(sock) is None
    assert segment_size(None) is None
    limit_segments(sock, SMALL_SEGMENT)
