"""Reads what tcpdump wrote: just enough to know which ports the packets went to."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ETHERNET, _IPV4, _IPV6 = 1, 0x0800, 0x86DD
_TCP, _UDP = 6, 17


class Packet(NamedTuple):
    """One packet; ports are 0 where it has none."""

    frame: bytes
    source_port: int
    target_port: int


def packets(file: Path) -> Iterator[Packet]:
    """All packets of a capture, in order."""
    data = file.read_bytes()
    magic, _, _, _, _, _, link_type = struct.unpack_from("<IHHiIII", data)
    assert (magic, link_type) == (0xA1B2C3D4, _ETHERNET), "not a little-endian pcap file of Ethernet frames"
    at = 24
    while at < len(data):
        captured, length = struct.unpack_from("<8xII", data, at)
        assert captured == length, "a packet was cut off"
        frame = data[at + 16 : at + 16 + captured]
        at += 16 + captured
        yield Packet(frame, *_ports(frame))


def _ports(frame: bytes) -> tuple[int, int]:
    (kind,) = struct.unpack_from("!12xH", frame)
    if kind == _IPV4:
        protocol, payload = frame[23], 14 + (frame[14] & 15) * 4
    elif kind == _IPV6:
        protocol, payload = frame[20], 54
    else:
        return 0, 0
    return struct.unpack_from("!HH", frame, payload) if protocol in (_TCP, _UDP) else (0, 0)
