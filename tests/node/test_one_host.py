"""Several peers on one host, and whose advert is whose."""

from __future__ import annotations

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import PER_HOST
from p2pim.node.net.reach import Source
from tests.unit.node.net.books import ANNA, BEN, HERE, A, due, linked, make, take


def test_an_advert_of_a_host_whose_peer_dialled_us_is_not_dialled() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa", delay=0.3)
    book.accepted(ANNA, "::ffff:10.0.0.2")
    assert due(book, 1, linked(ANNA)) == []
    book.lost_accepted(ANNA, "10.0.0.2", 2)
    assert due(book, 2) == ["10.0.0.2:26747"]


def test_two_users_of_one_host_are_told_apart() -> None:
    book, other = make(), Endpoint("10.0.0.2", 26748)
    book.add(A, Source.MDNS, 0, label="aa")
    book.add(other, Source.MDNS, 0, label="bb")
    book.accepted(ANNA, "10.0.0.2")
    assert len(due(book, 0, linked(ANNA))) == 2, "one of the two is not Anna"
    book.succeeded(take(book, other), BEN, 0)
    assert due(book, 0, linked(ANNA, BEN)) == [], "so the other is"
    book.accepted(BEN, "10.0.0.2")
    book.accepted(BEN, "10.0.0.2")
    book.lost_accepted(BEN, "10.0.0.2", 1)
    assert due(book, 1, linked(ANNA, BEN)) == []
    book.lost_accepted(BEN, "10.0.0.2", 1)
    book.lost_accepted(ANNA, "10.0.0.2", 1)
    assert due(book, 1, linked(BEN)) == ["10.0.0.2:26747"]


def test_on_this_machine_every_advert_is_dialled() -> None:
    book, other = make(), Endpoint("10.0.0.1", 26748)
    book.add(other, Source.MDNS, 0, label="aa")
    book.accepted(ANNA, "10.0.0.1")  # she may advertise nothing, and the advert be Ben's
    assert due(book, 0, linked(ANNA)) == ["10.0.0.1:26748"]


def test_a_dead_advert_of_that_host_does_not_make_us_doubt() -> None:
    book, dead = make(), Endpoint("10.0.0.2", 26748)
    book.add(dead, Source.MDNS, 0, label="bb")
    book.failed(take(book, dead), 0)
    book.add(A, Source.MDNS, 0, label="aa")
    book.accepted(ANNA, "10.0.0.2")
    assert due(book, 0, linked(ANNA)) == []


def test_a_lost_accepted_link_makes_us_dial_where_the_peer_was() -> None:
    book = make()
    book.add(A, Source.KNOWN, 0, peer_id=ANNA)
    book.add(Endpoint("10.0.0.3", 2000), Source.KNOWN, 0, peer_id=BEN)
    book.accepted(ANNA, "10.0.0.77")
    book.lost_accepted(ANNA, "10.0.0.77", 5)
    assert 5 <= take(book, A).due <= 5.3
    assert take(book, Endpoint("10.0.0.3", 2000)).due == 0


def test_ourselves_are_dialled_once_and_again_only_elsewhere() -> None:
    book = make()
    book.add(A, Source.TYPED, 0)
    book.turned_out_self(take(book, A))
    book.reset(1)
    assert due(book, 1000) == []
    book.here = HERE
    assert due(book, 1000) == ["10.0.0.2:26747"]


def test_one_host_has_at_most_eight_entries() -> None:
    book = make()
    for port in range(2000, 2020):
        assert book.add(Endpoint("10.0.0.2", port), Source.MDNS, port) is None
    assert len(book) == PER_HOST
    assert book.entry(Endpoint("10.0.0.2", 2019)) is not None
    assert book.entry(Endpoint("10.0.0.2", 2011)) is None, "the oldest go first"
    users = [bytes([port % 256]) * 32 for port in range(2012, 2020)]
    for port, user in zip(range(2012, 2020), users, strict=True):
        book.succeeded(take(book, Endpoint("10.0.0.2", port)), user, 3000)
    assert book.add(Endpoint("10.0.0.2", 3000), Source.MDNS, 3000) is not None
    book.failed(take(book, Endpoint("10.0.0.2", 2015)), 3001)
    assert book.add(Endpoint("10.0.0.2", 3000), Source.MDNS, 3001) is None
    assert book.entry(Endpoint("10.0.0.2", 2015)) is None, "it worked once, and does not any more"


def test_a_peer_that_took_another_port_leaves_no_address_behind() -> None:
    book = make()
    old, typed, elsewhere = A._replace(port=2001), A._replace(port=2002), A._replace(host="10.0.0.3")
    book.add(old, Source.KNOWN, 0, peer_id=ANNA)
    book.add(typed, Source.TYPED, 0, peer_id=ANNA)
    book.add(elsewhere, Source.KNOWN, 0, peer_id=ANNA)
    book.add(A, Source.MDNS, 0, label="aa")
    book.succeeded(take(book, A), ANNA, 1)
    assert [book.entry(endpoint) is None for endpoint in (old, typed, elsewhere, A)] == [
        True,
        False,
        False,
        False,
    ]
