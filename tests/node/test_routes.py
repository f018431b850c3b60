"""Where team-mates can be reached goes round among them, and to nobody else."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from p2pim.config import Settings
from p2pim.node import networks
from p2pim.node.routes import MOVES_BURST, RENEW_MS, SUM_SECONDS, RouteHint
from p2pim.node.session import COSTLY_BURST
from p2pim.protocol.message import RoomId
from p2pim.protocol.records import PROTOCOL
from p2pim.protocol.route import (
    LIFE_MS,
    Routehave,
    RouteKey,
    Routes,
    Routesum,
    Routewant,
    SignedRoute,
    read_route,
    sum_of,
    write_route,
)
from tests.node.company import Colleague, Company, Puppet
from tests.node.test_box_attacks import team_with
from tests.node.test_teams import founded, link

HOUR = 3600 * 1000
BOOT = b"puppets!"


class Traveller:
    """Somebody with addresses, whose hints are collected."""

    def __init__(self, who: Colleague, *hosts: str) -> None:
        self.who = who
        self.hints: list[RouteHint] = []
        self.moves(*hosts)
        who.me.routes.on_hint = self.hints.append

    def moves(self, *hosts: str) -> None:
        self.who.me.addresses = lambda: [(host, 26747) for host in hosts]

    def knows(self) -> dict[bytes, list[str]]:
        """Where everybody is by the hints of this daemon, by person."""
        return {hint.peer_id: [host for host, _ in hint.endpoints] for hint in self.hints}


def apart(company: Company, *names: str) -> tuple[RoomId, list[Colleague], list[Traveller]]:
    """A team in which nobody is linked, each with an address of their own."""
    team, people = founded(company, *names)
    for number, who in enumerate(people):
        for other in people[:number]:
            company.part(who, other)
    return team, people, [Traveller(who, f"10.0.0.{number}") for number, who in enumerate(people, 1)]


def held(who: Colleague) -> set[bytes]:
    """People of whom there is a record."""
    return {key.peer_id for key in who.me.routes.held()}


def test_whoever_knows_one_comes_to_know_where_all_are() -> None:
    company = Company()
    team, (ann, bob, cleo), (to_ann, to_bob, to_cleo) = apart(company, "ann", "bob", "cleo")
    link(company, bob, ann, team)
    link(company, cleo, ann, team)
    assert to_bob.knows() == {ann.peer_id: ["10.0.0.1"], cleo.peer_id: ["10.0.0.3"]}
    assert to_cleo.knows() == {ann.peer_id: ["10.0.0.1"], bob.peer_id: ["10.0.0.2"]}
    assert to_ann.knows() == {bob.peer_id: ["10.0.0.2"], cleo.peer_id: ["10.0.0.3"]}
    assert {hint.network for hint in to_bob.hints} == {ann.me.networks()[0].name}


def test_who_starts_again_knows_it_without_anybody() -> None:
    company = Company()
    team, (ann, bob, cleo), _ = apart(company, "ann", "bob", "cleo")
    link(company, bob, ann, team)
    link(company, cleo, ann, team)
    bob.crash()
    bob.start()
    assert {hint.peer_id for hint in bob.me.routes.hints()} == {ann.peer_id, cleo.peer_id}


def test_a_new_address_takes_the_place_of_the_old_and_is_told_at_once() -> None:
    company = Company()
    team, (ann, bob, cleo), (_, to_bob, to_cleo) = apart(company, "ann", "bob", "cleo")
    link(company, bob, ann, team)
    link(company, cleo, ann, team)
    to_bob.moves("10.0.9.9", "192.168.1.1")
    company.run(2.5)
    assert to_cleo.knows()[bob.peer_id] == ["10.0.9.9", "192.168.1.1"]
    assert len([key for key in cleo.me.routes.held() if key.peer_id == bob.peer_id]) == 1


def test_a_machine_is_another_one_after_each_start_and_the_last_two_are_kept() -> None:
    company = Company()
    team, (ann, bob), _ = apart(company, "ann", "bob")
    boots = []
    for number in range(3):
        Traveller(bob, f"10.0.0.{number}")
        link(company, bob, ann, team)
        boots.append(bob.me.boot_id)
        bob.crash()
        bob.start()
        company.run(2)
    assert (
        {key.boot_id for key in ann.me.routes.held()} == {key.boot_id for key in stored(ann)} == {*boots[1:]}
    )


def stored(who: Colleague) -> set[RouteKey]:
    return {read_route(signed).key for signed in who.me.store.routes.all()}


def test_who_is_in_no_team_with_both_is_not_talked_about() -> None:
    company = Company()
    red, (ann, cleo) = founded(company, "ann", "cleo")
    _, (bob,) = founded(company, "bob")
    blue = ann.me.teams.create("Other")
    code, _, _ = ann.me.teams.invite(blue)
    company.join(bob, ann, code)
    dan = company.hire("dan")
    for number, who in enumerate((ann, bob, cleo, dan), 1):
        Traveller(who, f"10.0.0.{number}")
    link(company, bob, ann, blue)
    link(company, cleo, ann, red)
    company.meet(dan, ann)
    company.run(2 * SUM_SECONDS)
    assert held(ann) == {bob.peer_id, cleo.peer_id}
    assert held(bob) == held(cleo) == {ann.peer_id}
    assert held(dan) == set()
    assert not any(s.routing.told for s in dan.me.sync.sessions.values())


def test_who_is_removed_is_forgotten_and_is_told_no_more() -> None:
    company = Company()
    team, (ann, bob, cleo), _ = apart(company, "ann", "bob", "cleo")
    link(company, bob, ann, team)
    link(company, cleo, ann, team)
    ann.me.teams.remove(team, bob.peer_id)
    company.run(2 * SUM_SECONDS)
    assert held(ann) == {cleo.peer_id}
    assert stored(ann) == set(ann.me.routes.held())
    assert held(cleo) == {ann.peer_id}


def test_a_record_lasts_a_week_and_is_signed_anew_each_day() -> None:
    company = Company()
    team, (ann, bob), _ = apart(company, "ann", "bob")
    link(company, bob, ann, team)
    ((key, first),) = ann.me.routes.held().items()
    for who in (ann, bob):
        who.clock.skew_ms += RENEW_MS
    company.run(2)
    assert ann.me.routes.held()[key].seq > first.seq
    company.part(ann, bob)
    ann.clock.skew_ms += LIFE_MS
    assert ann.me.routes.hints() == []
    company.run(2 * SUM_SECONDS)
    assert held(ann) == set()
    assert stored(ann) == set()


def test_who_is_to_be_found_by_nobody_tells_nothing_and_so_does_who_has_no_address() -> None:
    company = Company()
    team, (ann, bob), (to_ann, _) = apart(company, "ann", "bob")
    bob.me.settings = Settings(open_network=False, visible="nobody")
    to_ann.moves()
    link(company, bob, ann, team)
    assert held(ann) == held(bob) == set()


def test_a_record_crosses_each_link_once_at_most() -> None:
    company = Company()
    names = [f"p{number}" for number in range(6)]
    team, people, travellers = apart(company, *names)
    for number, who in enumerate(people):
        for other in people[:number]:
            link(company, who, other, team)
    company.run(5)
    crossed: list[tuple[Colleague, Colleague]] = []
    for who in people:
        for session in who.me.sync.sessions.values():
            spy(session.link, who, crossed)
    travellers[0].moves("10.7.7.7")
    company.run(SUM_SECONDS)
    assert all(t.knows()[people[0].peer_id] == ["10.7.7.7"] for t in travellers[1:])
    assert len(crossed) == 5, "from its subject to each, and no further"


def spy(link: object, who: Colleague, crossed: list[tuple[Colleague, Colleague]]) -> None:
    send = link.send  # type: ignore[attr-defined]

    def noting(record: object) -> None:
        if isinstance(record, Routes):
            crossed.extend((who, who) for _ in record.routes)
        send(record)

    link.send = noting  # type: ignore[attr-defined]


def test_who_becomes_a_team_mate_while_linked_gets_all() -> None:
    company = Company()
    _, (ann, bob) = team_with(company, None, "ann", "bob")
    Traveller(ann, "10.0.0.1")
    Traveller(bob, "10.0.0.2")
    company.run(2 * SUM_SECONDS)
    cleo = company.hire("cleo")
    cleos = Traveller(cleo, "10.0.0.3")
    company.meet(cleo, ann)
    assert held(cleo) == set()
    company.join(cleo, ann, ann.me.teams.invite(next(iter(ann.me.rooms.mine())))[0])
    company.run(2 * SUM_SECONDS)
    assert set(cleos.knows()) == {ann.peer_id, bob.peer_id}
    assert held(bob) == {ann.peer_id, cleo.peer_id}


def test_what_a_full_disk_kept_out_is_found_later() -> None:
    company = Company()
    team, (ann, bob, cleo), _ = apart(company, "ann", "bob", "cleo")
    bob.me.disk.writable = False
    bob.me.disk.next_probe = company.now + 20
    link(company, bob, ann, team)
    link(company, cleo, ann, team)
    assert held(bob) == set()
    company.run(20 + 4 * SUM_SECONDS)
    assert cleo.peer_id in held(bob)


# -- peers without manners


def puppet_in_team(company: Company) -> tuple[Puppet, Colleague, Colleague]:
    puppet = company.puppet()
    _, (ann, bob) = team_with(company, puppet, "ann", "bob")
    Traveller(ann, "10.0.0.1")
    Traveller(bob, "10.0.0.2")
    company.run(2)
    company.meet(puppet, ann)
    return puppet, ann, bob


def by(puppet: Puppet, seq: int, expiry: int, hosts: Sequence[str] = ("10.6.6.6",)) -> SignedRoute:
    return write_route(puppet.identity, BOOT, seq, expiry, [(host, 26747) for host in hosts])


def test_a_record_that_its_subject_did_not_sign_ends_the_link() -> None:
    for bad in (0, 1):
        company = Company()
        puppet, ann, _ = puppet_in_team(company)
        now = ann.clock.wall_ms()
        good = by(puppet, now, now + LIFE_MS)
        puppet.say(
            Routes([SignedRoute(good.record, bytes(64)) if bad else SignedRoute(b"\x80", good.signature)])
        )
        assert puppet.bye == PROTOCOL
        assert puppet.peer_id not in held(ann)


def test_what_is_not_current_or_not_news_changes_nothing() -> None:
    company = Company()
    puppet, ann, bob = puppet_in_team(company)
    now = ann.clock.wall_ms()
    hints: list[RouteHint] = []
    ann.me.routes.on_hint = hints.append
    stranger = company.puppet()
    useless = [
        by(puppet, now - 9, now - 1),  # expired
        by(puppet, now, now + LIFE_MS + 1),  # for too long
        by(puppet, now + HOUR, now + LIFE_MS),  # from the future
        by(stranger, now, now + LIFE_MS),
        write_route(ann.identity, BOOT, now, now + LIFE_MS, []),
    ]
    puppet.say(Routes(useless))
    assert hints == []
    puppet.say(Routes([by(puppet, now + 2, now + LIFE_MS)]))
    puppet.say(Routes([by(puppet, now + 1, now + LIFE_MS, ["10.6.6.7"])]))
    assert [hint.endpoints for hint in hints] == [[("10.6.6.6", 26747)]]
    assert held(ann) == {bob.peer_id, puppet.peer_id}
    assert puppet.bye is None


def test_who_moves_all_the_time_is_not_followed_everywhere() -> None:
    company = Company()
    puppet, ann, _ = puppet_in_team(company)
    hints: list[RouteHint] = []
    ann.me.routes.on_hint = hints.append
    now = ann.clock.wall_ms()
    for n in range(30):
        puppet.say(Routes([by(puppet, now + n, now + LIFE_MS, [f"10.6.6.{n}"])]))
    followed = len(hints)
    assert MOVES_BURST <= followed <= MOVES_BURST + 2
    company.run(60)
    assert hints[-1].endpoints == [("10.6.6.29", 26747)], "where they were last"
    assert len(hints) == followed + 1


def test_a_thousand_useless_records_cost_little_and_move_nobody() -> None:
    company = Company()
    puppet, ann, _ = puppet_in_team(company)
    now = ann.clock.wall_ms()
    hints: list[RouteHint] = []
    ann.me.routes.on_hint = hints.append
    useless = [Routes([by(puppet, now - n - 2, now - 1)] * 32) for n in range(32)]
    (session,) = (s for s in ann.me.sync.sessions.values() if s.link.peer_id == puppet.peer_id)
    began = time.process_time()
    for record in useless:
        ann.me.routes.received(session, record)
    assert time.process_time() - began < 0.2, "a fifth of a processor, if they come in one second"
    assert hints == []
    assert puppet.peer_id not in held(ann)


def test_what_is_asked_for_is_sent_if_it_may_be_known() -> None:
    company = Company()
    puppet, ann, bob = puppet_in_team(company)
    (key,) = ann.me.routes.held()
    own = RouteKey(ann.peer_id, ann.me.boot_id)
    puppet.strings.heard.clear()
    puppet.say(Routewant([key.short, own.short, bytes(16)]))
    assert [read_route(r).peer_id for record in puppet.heard(Routes) for r in record.routes] == [bob.peer_id]
    ann.me.teams.remove(next(iter(ann.me.rooms.mine())), puppet.peer_id)
    puppet.strings.heard.clear()
    puppet.say(Routewant([key.short]), Routesum(bytes(8)), Routehave([], True))
    assert not [r for r in puppet.strings.heard if isinstance(r, Routes | Routesum | Routehave | Routewant)]


def test_sums_that_differ_are_answered_by_all_there_is_and_equal_ones_by_the_same() -> None:
    company = Company()
    puppet, ann, _ = puppet_in_team(company)
    items = [(key, route.seq) for key, route in ann.me.routes.held().items()]
    puppet.strings.heard.clear()
    puppet.say(Routesum(sum_of(items)))
    assert puppet.heard(Routesum) == [Routesum(sum_of(items))]
    puppet.say(Routesum(bytes(8)))
    assert puppet.heard(Routehave) == [Routehave([(key.short, seq) for key, seq in items], True)]
    puppet.say(Routehave([(bytes(16), 5)], False))
    assert puppet.heard(Routewant) == [Routewant([bytes(16)])]


@pytest.mark.parametrize("record", [Routesum(bytes(8)), Routehave([], True), Routewant([bytes(16)])])
def test_who_asks_without_end_is_not_read_for_a_while(record: Routesum | Routehave | Routewant) -> None:
    company = Company()
    puppet, _, _ = puppet_in_team(company)
    puppet.strings.heard.clear()
    puppet.say(*[record] * (3 * int(COSTLY_BURST)))
    answers = len(puppet.strings.heard)
    assert answers < COSTLY_BURST + 100
    assert puppet.bye is None


def test_a_peer_that_has_not_said_to_know_them_is_sent_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "FEATURE_ROUTES", 99)
    company = Company()
    team, (ann, bob), _ = apart(company, "ann", "bob")
    link(company, bob, ann, team)
    assert held(ann) == held(bob) == set()
