from __future__ import annotations

import itertools

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import (
    CAPACITY,
    OTHER_ADDRESS_HOLD,
    STABLE_AFTER,
    STAGGER,
    AddressBook,
)
from p2pim.node.net.reach import Source
from p2pim.node.net.trouble import why_no_connection
from tests.unit.node.net.books import ANNA, BEN, HERE, LOOPBACK, A, due, linked, make, nobody, take


def test_a_hint_is_due_after_its_delay_and_once() -> None:
    book = make()
    assert book.add(A, Source.MDNS, 10, network="open", label="aa", delay=0.3) is None
    assert book.plan(10, nobody).next_due == 10.3
    assert due(book, 10.2) == []
    assert due(book, 10.3) == ["10.0.0.2:26747"]
    take(book, A).dialling = True
    assert due(book, 10.3) == []
    assert book.plan(10.3, nobody).next_due == float("inf")
    assert take(book, A).network == "open"
    assert book.add(Endpoint("8.8.8.8", 2000), Source.MDNS, 10) is not None
    assert len(book) == 1


def test_all_addresses_of_an_instance_are_tried_one_after_the_other() -> None:
    book = make()
    hosts = ["fe80::9%7", "10.0.0.9", "8.8.8.8", "fd00::9"]
    assert book.sight("aa", hosts, 2000, network="open", now=0) == 4
    order = ["10.0.0.9:2000", "[fd00::9]:2000", "[fe80::9%2]:2000", "[fe80::9%3]:2000"]
    for n in range(4):
        assert due(book, n * STAGGER) == order[: n + 1]


def test_what_worked_is_dialled_first_then_the_own_subnet_then_the_rest_then_link_local() -> None:
    book = make()
    for host in ("fe80::4%2", "office.example", "10.9.0.4", "10.0.0.4"):
        assert book.add(Endpoint(host, 2000), Source.TYPED, 0) is None
    assert book.add(Endpoint("10.9.0.5", 2000), Source.KNOWN, 1, peer_id=ANNA) is None
    assert due(book, 1) == [
        "10.9.0.5:2000",
        "10.0.0.4:2000",
        "office.example:2000",
        "10.9.0.4:2000",
        "[fe80::4%2]:2000",
    ]


def test_a_failing_endpoint_is_dialled_less_and_less() -> None:
    book, now, steps = make(), 0.0, []
    book.add(A, Source.TYPED, now)
    entry = take(book, A)
    while now < 26 * 3600:
        assert due(book, now) == ["10.0.0.2:26747"]
        book.failed(entry, now)
        steps.append(round(entry.due - now))
        now = entry.due
    assert steps[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert steps.index(300) in range(14, 18)
    assert steps[-1] == 1800
    assert sorted(steps) == steps


def test_jitter_spreads_dials_over_the_second_half_of_a_step() -> None:
    book = AddressBook(bytes)
    book.here = HERE
    book.add(A, Source.TYPED, 0)
    book.failed(take(book, A), 0)
    assert take(book, A).due == 0.5


def test_an_advert_that_never_worked_is_forgotten_after_a_day() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    entry = take(book, A)
    book.failed(entry, 0)
    book.failed(entry, 24 * 3600 - 1)
    assert len(book) == 1
    for _ in range(2):
        book.failed(entry, 24 * 3600)
        assert len(book) == 0
    book.add(A, Source.MDNS, 0, label="aa")
    book.succeeded(take(book, A), ANNA, 0)
    book.failed(take(book, A), 1)
    book.failed(take(book, A), 2 * 24 * 3600)
    assert len(book) == 1, "one that worked never is"


def test_an_advert_resets_the_back_off_three_times_and_then_twice_a_minute() -> None:
    book, resets = make(), []
    book.add(A, Source.MDNS, 0, label="aa")
    entry = take(book, A)
    for second in range(121):
        book.failed(entry, second)
        book.failed(entry, second)
        book.add(A, Source.MDNS, second, label="aa")
        if entry.due <= second:
            resets.append(second)
    assert resets[:3] == [0, 1, 2]
    gaps = [later - earlier for earlier, later in itertools.pairwise(resets[3:])]
    assert gaps
    assert all(29 <= gap <= 31 for gap in gaps)


def test_an_advert_of_what_does_not_fail_changes_nothing() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa", delay=5)
    book.add(A, Source.MDNS, 1, label="aa")
    assert take(book, A).due == 5


def test_a_new_label_means_another_process_at_the_endpoint() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    entry = take(book, A)
    book.succeeded(entry, ANNA, 0)
    book.lost_dialled(entry, STABLE_AFTER, 100)
    assert due(book, 101, linked(ANNA)) == []
    book.add(A, Source.MDNS, 101, label="bb", delay=0.3)
    assert due(book, 101.2, linked(ANNA)) == []
    assert due(book, 101.3, linked(ANNA)) == ["10.0.0.2:26747"]
    assert entry.good


def test_a_forged_label_does_not_make_us_dial_a_peer_we_have_a_link_to() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    book.succeeded(take(book, A), ANNA, 0)
    for n in range(100):
        book.add(A, Source.MDNS, n, label=f"{n}")
        assert due(book, n, linked(ANNA)) == []


def test_what_the_user_types_is_dialled_at_once_even_if_it_failed() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    for _ in range(9):
        book.failed(take(book, A), 0)
    book.add(A, Source.TYPED, 1)
    assert due(book, 1) == ["10.0.0.2:26747"]
    assert book.typed_addresses() == [A]
    assert book.is_known("10.0.0.2")


def test_who_always_dials_us_is_known_too() -> None:
    book = make()
    book.accepted(ANNA, "10.0.0.7")
    book.lost_accepted(ANNA, "10.0.0.7", 1)
    assert book.is_known("10.0.0.7")
    for n in range(CAPACITY):
        book.accepted(ANNA, f"10.1.{n // 250}.{n % 250}")
    assert not book.is_known("10.0.0.7"), "of the last so many"
    assert book.is_known("10.1.0.0")


def test_a_linked_peer_is_not_dialled_and_is_when_the_link_is_lost() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    entry = take(book, A)
    assert not book.is_known("10.0.0.2"), "an advert alone is no acquaintance"
    book.succeeded(entry, ANNA, 0)
    assert book.is_known("10.0.0.2")
    assert due(book, 1000, linked(ANNA)) == []
    book.lost_dialled(entry, 1000, 1000)
    assert due(book, 1000) == []
    assert due(book, 1000.3) == ["10.0.0.2:26747"]


def test_a_peer_that_hangs_up_at_once_is_dialled_less_and_less() -> None:
    book, now, steps = make(), 0.0, []
    book.add(A, Source.TYPED, now)
    entry = take(book, A)
    for _ in range(8):
        book.succeeded(entry, ANNA, now)
        book.lost_dialled(entry, 1, now + 1)
        steps.append(round(entry.due - now - 1))
        now = entry.due
    assert steps == [1, 2, 4, 8, 16, 32, 60, 60]
    book.succeeded(entry, ANNA, now)
    book.lost_dialled(entry, STABLE_AFTER, now + STABLE_AFTER)
    assert entry.due - now - STABLE_AFTER < 1


def test_a_link_replaced_long_ago_does_not_count_as_failing_since_then() -> None:
    book = make()
    book.add(A, Source.TYPED, 0)
    entry = take(book, A)
    book.succeeded(entry, ANNA, 0)
    book.lost_dialled(entry, 1, 1)
    book.failed(entry, 50000)
    assert entry.due - 50000 < 5


def test_an_entry_without_a_peer_can_end_too() -> None:
    book = make()
    book.add(A, Source.TYPED, 0)
    book.lost_dialled(take(book, A), STABLE_AFTER, 0)
    assert due(book, 0) == ["10.0.0.2:26747"]


def test_other_addresses_of_a_peer_we_reached_wait_a_minute() -> None:
    book = make()
    book.sight("aa", ["10.0.0.9", "fd00::9"], 2000, network="open", now=0)
    book.succeeded(take(book, Endpoint("10.0.0.9", 2000)), ANNA, 1)
    assert due(book, OTHER_ADDRESS_HOLD, linked(ANNA)) == []
    assert due(book, 1 + OTHER_ADDRESS_HOLD, linked(ANNA)) == ["[fd00::9]:2000"]


def test_what_was_on_link_is_not_dialled_from_another_network() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa")
    book.here = LOOPBACK
    assert due(book, 0) == []
    book.here = HERE
    assert due(book, 0) == ["10.0.0.2:26747"]


def test_reset_forgets_back_offs() -> None:
    book = make()
    book.add(A, Source.TYPED, 0)
    for _ in range(10):
        book.failed(take(book, A), 0)
    book.reset(1)
    assert due(book, 1) == ["10.0.0.2:26747"]
    book.failed(take(book, A), 1)
    assert take(book, A).due <= 2


def test_a_full_book_drops_adverts_before_acquaintances_and_never_what_was_typed() -> None:
    book = make(capacity=3)
    book.add(Endpoint("10.0.0.2", 2000), Source.TYPED, 0)
    book.add(Endpoint("10.0.0.3", 2000), Source.KNOWN, 0, peer_id=ANNA)
    for n in range(4, 9):
        book.add(Endpoint(f"10.0.0.{n}", 2000), Source.MDNS, n)
    assert due(book, 10) == ["10.0.0.3:2000", "10.0.0.2:2000", "10.0.0.8:2000"]
    take(book, Endpoint("10.0.0.8", 2000)).dialling = True
    book.add(Endpoint("10.0.0.9", 2000), Source.MDNS, 9)
    assert book.entry(Endpoint("10.0.0.3", 2000)) is None
    take(book, Endpoint("10.0.0.9", 2000)).dialling = True
    assert book.add(Endpoint("10.0.0.10", 2000), Source.TYPED, 9) is not None
    assert len(book) == 3


def test_a_hint_keeps_what_an_earlier_one_knew() -> None:
    book = make()
    book.add(A, Source.MDNS, 0, label="aa", network="team")
    book.add(A, Source.KNOWN, 0)
    assert (take(book, A).label, take(book, A).network) == ("aa", "team")
    assert book.here is HERE


B, C = Endpoint("10.0.0.3", 26747), Endpoint("10.9.0.3", 26747)


def said(book: AddressBook, peer: bytes, *endpoints: Endpoint, now: float = 0.0, delay: float = 0.0) -> int:
    return book.route(peer, endpoints, network="team", now=now, delay=delay)


def test_where_a_team_mate_says_to_be_is_tried_one_after_the_other_unless_they_are_linked() -> None:
    book = make()
    assert said(book, ANNA, A, Endpoint("8.8.8.8", 2000), B, C, delay=0.3) == 3
    for n, endpoint in enumerate((A, B, C)):
        assert len(due(book, 0.299 + n * STAGGER)) == n
        assert take(book, endpoint).network == "team"
        assert not take(book, endpoint).good
    assert len(due(book, 1)) == 3
    assert due(book, 1, linked(ANNA)) == []
    assert not book.is_known(A.host)


def test_what_they_say_now_takes_the_place_of_what_they_said_but_not_of_what_worked() -> None:
    book = make()
    said(book, ANNA, A, B)
    said(book, BEN, C)
    book.succeeded(take(book, A), ANNA, 1)
    said(book, ANNA, Endpoint("10.0.0.9", 26747))
    assert {str(entry.endpoint) for entry in book} == {str(A), str(C), "10.0.0.9:26747"}


def test_who_says_to_be_where_another_is_does_not_keep_us_from_them() -> None:
    book = make()
    said(book, BEN, A)
    said(book, ANNA, A)
    assert due(book, 1, linked(BEN)) == due(book, 1, linked(ANNA)) == [str(A)]
    book.succeeded(take(book, A), ANNA, 1)
    said(book, BEN, A)
    assert take(book, A).peer_id == ANNA


def test_to_say_it_again_is_a_reason_to_try_again_but_not_without_end() -> None:
    book = make()
    said(book, ANNA, A)
    entry = take(book, A)
    tried = 0
    for _ in range(9):
        book.failed(entry, 1)
        said(book, ANNA, A, now=1)
        tried += due(book, 1) == [str(A)]
    assert tried == 3
    book.add(A, Source.MDNS, 1, label="aa")
    assert entry.source is Source.GOSSIP


def test_what_was_said_and_never_worked_is_forgotten_after_a_day() -> None:
    book = make()
    said(book, ANNA, A)
    entry, now = take(book, A), 0.0
    while book.entry(A) is not None:
        book.failed(entry, now)
        now = entry.due
    assert 24 * 3600 < now < 26 * 3600


def test_of_many_addresses_those_of_a_network_where_others_were_reached_come_first() -> None:
    book = make()
    home, vpn = Endpoint("10.0.0.5", 26747), Endpoint("fd00::5", 26747)
    said(book, ANNA, home, vpn)
    assert due(book, 0) == [str(home)]
    book.add(Endpoint("fd00::9", 26747), Source.KNOWN, 0, peer_id=ANNA)
    said(book, BEN, Endpoint("10.0.0.6", 26747), Endpoint("fd00::6", 26747))
    assert due(book, 0, linked(ANNA)) == ["[fd00::6]:26747"]
    assert len(due(book, STAGGER, linked(ANNA))) == 2
    other = make()
    other.accepted(ANNA, "fd00::9")
    said(other, BEN, Endpoint("10.0.0.6", 26747), Endpoint("fd00::6", 26747))
    assert due(other, 0) == ["[fd00::6]:26747"]


def test_how_it_goes_with_somebody_who_is_not_linked() -> None:
    book = make()
    assert book.reach(ANNA) == "away", "nothing is known of where she is"
    book.add(A, Source.GOSSIP, 0, peer_id=ANNA)
    entry = take(book, A)
    entry.dialling = True
    assert (book.reach(ANNA), book.reach(BEN)) == ("connecting", "away")
    book.failed(entry, 3, why_no_connection(TimeoutError()))
    assert book.reach(ANNA) == "no-answer"
    entry.dialling = True
    assert book.reach(ANNA) == "no-answer", "it does not flicker with each try"
    book.failed(entry, 6, why_no_connection(ConnectionRefusedError()))
    assert book.reach(ANNA) == "away"
