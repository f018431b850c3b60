from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from p2pim.node.events import Check
from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.network import Network
from p2pim.node.net.reach import Here, Source
from p2pim.node.net.trouble import why_no_connection
from p2pim.node.paths import check_paths
from tests.node.company import Company


def entry(book: AddressBook, source: Source, host: str = "10.0.0.7", **known: Any) -> Entry:
    assert book.add(Endpoint(host, 26747), source, 0.0, **known) is None
    found = book.entry(Endpoint(host, 26747))
    assert found is not None
    return found


def book() -> AddressBook:
    made = AddressBook(bytes)
    made.here = Here()
    return made


def checks(held: AddressBook) -> list[Check]:
    return check_paths(Company().hire("ann").me, cast(Network, SimpleNamespace(book=held)))


def test_nothing_is_said_of_what_works_or_was_not_tried() -> None:
    held = book()
    entry(held, Source.TYPED)
    held.succeeded(entry(held, Source.TYPED, "10.0.0.8"), b"p" * 32, 1.0)
    assert checks(held) == []


def test_an_address_that_leads_to_nobody_is_named_with_its_reason() -> None:
    held = book()
    given, found = entry(held, Source.TYPED), entry(held, Source.GOSSIP, "10.0.0.8", peer_id=b"p" * 32)
    for one in (given, found):
        held.failed(one, 1.0, why_no_connection(TimeoutError()))
    (check,) = checks(held)
    assert (check.name, check.level) == ("address", "warn")
    assert "10.0.0.7:26747" in check.text
    assert "no answer" in check.text
    assert "p2pim address" in (check.cure or "")
    held.succeeded(given, b"q" * 32, 2.0)
    assert checks(held) == []


def test_a_way_that_swallows_large_packets_is_named_and_whether_that_is_dealt_with() -> None:
    held = book()
    one = entry(held, Source.TYPED)
    one.swallows, one.segment = True, 1_200
    (check,) = checks(held)
    assert (check.name, check.level) == ("mtu", "warn")
    assert "small ones" in check.text
    one.segment = None
    assert "do not arrive" in checks(held)[0].text
