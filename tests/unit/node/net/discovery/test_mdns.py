from __future__ import annotations

import asyncio
import os
from ipaddress import ip_interface

import pytest
from zeroconf.asyncio import AsyncServiceInfo

from p2pim.node.net.discovery.interfaces import Interface
from p2pim.node.net.discovery.mdns import SERVICE, Mdns, Sighting, decode_slots, encode_slots, read_advert
from p2pim.protocol.network import OPEN, Network, slots

TEAM = Network("team", b"t" * 32)
LABEL = "00112233445566aa"
LO = Interface(1, "lo", ip_interface("127.0.0.1/8"), multicast=False, loopback=True)


def advert(
    label: str = LABEL,
    *,
    server: str | None = None,
    port: int = 26747,
    version: bytes | None = b"1",
    tags: bytes | None = None,
    addresses: tuple[str, ...] = ("10.0.0.2",),
) -> AsyncServiceInfo:
    if tags is None:
        tags = encode_slots(slots([OPEN], label, os.urandom))
    return AsyncServiceInfo(
        SERVICE,
        f"{label}.{SERVICE}",
        port=port,
        properties={b"v": version, b"t": tags},
        server=server or f"{label}.local.",
        parsed_addresses=list(addresses),
    )


def read(info: AsyncServiceInfo, own: str = "") -> Sighting | None:
    return read_advert(info.name, info, own, [TEAM, OPEN])


def test_an_advert_of_our_network_is_a_sighting() -> None:
    hosts = tuple(f"10.0.0.{n}" for n in range(2, 12))
    sighting = read(advert(addresses=hosts))
    assert sighting is not None
    assert (sighting.label, sighting.network, sighting.port) == (LABEL, OPEN, 26747)
    assert len(sighting.hosts) == 8
    assert set(sighting.hosts) < set(hosts)


def test_a_later_version_that_speaks_ours_too_is_a_sighting() -> None:
    assert read(advert(version=b"1,2")) is not None


@pytest.mark.parametrize(
    "info",
    [
        advert("anna"),
        advert("00112233445566a"),
        advert("00112233445566ag"),
        advert(server="victim.local."),
        advert(port=0),
        advert(version=b"2"),
        advert(version=b"11"),
        advert(version=None),
        advert(tags=b""),
        advert(tags=b"A" * 86),
        advert(tags=b"A" * 85),
        advert(tags=b"!" * 86),
        advert(tags=b"\xff" * 86),
        advert(tags=encode_slots(slots([OPEN], "0" * 16, os.urandom))),
    ],
)
def test_anything_else_is_not(info: AsyncServiceInfo) -> None:
    assert read(info) is None


def test_our_own_advert_is_not() -> None:
    assert read(advert(), LABEL) is None


def test_slots_travel_as_text() -> None:
    raw = os.urandom(64)
    assert len(encode_slots(raw)) == 86
    assert decode_slots(encode_slots(raw)) == raw
    assert decode_slots(None) is None


def make(*, advertise: bool = True, seen: list[Sighting] | None = None, browse_again: float = 300) -> Mdns:
    return Mdns(
        networks=lambda: [OPEN],
        random=os.urandom,
        now=lambda: 0.0,
        advertise=advertise,
        on_sighting=(seen if seen is not None else []).append,
        browse_again=browse_again,
    )


def test_what_is_advertised_holds_nothing_but_label_port_address_and_slots() -> None:
    info = make()._advert(LABEL, [LO], 26747, [OPEN])
    assert info.name == f"{LABEL}.{SERVICE}"
    assert info.server == f"{LABEL}.local."
    assert info.parsed_addresses() == ["127.0.0.1"]
    assert set(info.properties) == {b"v", b"t"}
    assert read(info) is not None
    assert len(info.text) < 200


async def test_each_start_has_a_new_label_and_no_interface_is_no_error() -> None:
    mdns = make()
    mdns.restart([], 26747)
    assert mdns.trouble == "no usable interface that carries multicast"
    labels = {mdns.label}
    for _ in range(2):
        mdns.restart([LO], 26747)
        labels.add(mdns.label)
        assert mdns.trouble is None
    assert len(labels) == 3
    assert all(len(label) == 16 for label in labels)
    await mdns.close()
    assert mdns.trouble == "closed"


async def test_while_nobody_was_found_a_new_browser_asks_again() -> None:
    mdns = make(browse_again=300)
    mdns.tick(1e9, alone=True)
    mdns.restart([LO], 26747)
    running = mdns._running
    assert running is not None
    first = running.browser
    mdns.tick(239, alone=True)
    assert running.browser is first
    mdns.tick(361, alone=True)
    assert running.browser is not first
    second = running.browser
    mdns.tick(361 + 239, alone=True)
    mdns.tick(361 + 361, alone=False)
    assert running.browser is second, "somebody was found"
    await mdns.close()
    mdns.tick(1e9, alone=True)


async def test_a_name_of_the_last_start_or_of_another_kind_is_not_looked_up() -> None:
    seen: list[Sighting] = []
    mdns = make(seen=seen)
    mdns.restart([LO], 26747)
    before = mdns._running
    assert before is not None
    mdns._heard(before, f"anna.{SERVICE}")
    mdns._heard(before, f"{LABEL}.{SERVICE}")
    assert len(before.queries) == 1
    mdns.restart([LO], 26747)
    mdns._heard(before, f"{LABEL}.{SERVICE}")
    mdns._report(before, f"{LABEL}.{SERVICE}", advert())
    after = mdns._running
    assert after is not None
    assert (len(after.queries), seen) == (0, [])
    mdns._report(after, f"{LABEL}.{SERVICE}", advert())
    assert [sighting.label for sighting in seen] == [LABEL]
    await mdns.close()


async def test_an_error_of_a_task_is_degraded_and_of_a_closed_one_nothing() -> None:
    async def fail() -> None:
        raise OSError("gone")

    mdns = make()
    mdns.restart([LO], 26747)
    await asyncio.wait([mdns._spawn(fail())])
    await asyncio.sleep(0)
    assert mdns.trouble == "OSError: gone"
    await mdns.close()


async def test_starts_in_a_row_leave_the_last_one_at_work() -> None:
    """What one that was cut short says of itself is no trouble of the next."""
    mdns = Mdns(
        networks=lambda: [OPEN],
        random=os.urandom,
        now=asyncio.get_running_loop().time,
        advertise=True,
        on_sighting=lambda sighting: None,
    )
    for _ in range(4):
        mdns.restart([LO], 26747)
        await asyncio.sleep(0)  # the registration begins, and is cut short
    label = mdns.label
    await asyncio.gather(*mdns._tasks, return_exceptions=True)
    assert (mdns.trouble, mdns.label) == (None, label)
    await mdns.close()
