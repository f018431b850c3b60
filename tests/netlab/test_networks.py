"""Networks as they are: what a pair needs on each of them is no more than p2pim on both ends, and a link where told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemons import Daemon, befriend, start_together
from tests.netlab import avahi, wireguard
from tests.netlab.conftest import BuildOffice
from tests.netlab.office import Office, meet, talk
from tests.netlab.test_team import TEAM, join
from tests.netlab.wireguard import Vpn


def team_by_link(*people: Daemon) -> None:
    """They run, and are in one team, all but the first by the link of its invite."""
    start_together(*people)
    founder, *others = people
    founder.client.call("team.create", name=TEAM)
    link = founder.client.invite(TEAM, uses=len(people))["link"]
    for one in others:
        join(one, link)
    meet(*people)


@pytest.mark.timeout(120)
def test_two_offices_joined_by_a_router(build_office: BuildOffice) -> None:
    office = build_office(4)
    office.lab.route([1, 2], [3, 4])
    people = [office.hire(name) for name in ("ann", "ben", "cleo", "dan")]
    team_by_link(*people)
    _, ben, _, dan = people
    talk(ben, dan)


@pytest.mark.timeout(120)
def test_somebody_behind_a_nat(build_office: BuildOffice) -> None:
    office = build_office(3)
    office.lab.route([1, 2], [3], nat=True)
    people = [office.hire(name) for name in ("ann", "ben", "cleo")]
    team_by_link(*people)
    _, ben, cleo = people
    talk(cleo, ben)
    ben.stop()
    ben.start()
    meet(*people)
    talk(ben, cleo)


@pytest.mark.timeout(120)
def test_a_lan_without_ipv4(build_office: BuildOffice) -> None:
    office = build_office(2)
    for host in office.lab.hosts:
        host.forget_ipv4()
    ann, ben = office.friends("ann", "ben")
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_a_machine_with_more_container_networks_than_groups_may_be_joined(build_office: BuildOffice) -> None:
    office = build_office(2)
    for number in range(13):
        office.lab.host(1).add_interface(f"br-{number}", f"172.18.{number}.1/24")
        office.lab.host(1).add_interface(f"eth1{number}", f"10.88.{number}.1/24")
    ann, ben = office.friends("ann", "ben")
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_two_users_of_one_machine(build_office: BuildOffice) -> None:
    office = build_office(2)
    people = [office.hire("ann", 1), office.hire("eve", 1), office.hire("ben", 2)]
    start_together(*people)
    meet(*people)
    ann, eve, ben = people
    befriend(ann, ben)
    befriend(eve, ben)
    befriend(ann, eve)


@pytest.mark.timeout(120)
def test_an_mdns_responder_of_the_system_beside_us(build_office: BuildOffice, short_tmp: Path) -> None:
    office = build_office(2)
    if (reason := avahi.missing()) is not None:
        pytest.skip(reason)
    for host in office.lab.hosts:
        avahi.start(host, short_tmp)
    ann, ben = office.friends("ann", "ben")
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_a_switch_that_swallows_multicast(build_office: BuildOffice) -> None:
    office = build_office(3)
    office.lab.swallow_multicast()
    people = [office.hire(name) for name in ("ann", "ben", "cleo")]
    start_together(*people)
    meet(*people)
    ann, ben, _ = people
    befriend(ann, ben)
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_an_interface_that_goes_off_and_on_all_the_time(build_office: BuildOffice) -> None:
    office = build_office(2)
    ann, ben = office.friends("ann", "ben")
    host = office.lab.host(2)
    for number in range(5):
        host.down()
        ann.say(ben.peer_id, f"down {number}")
        host.up()
        ben.say(ann.peer_id, f"up {number}")
    for one, other in ((ann, ben), (ben, ann)):
        one.until_holds(other.peer_id, 12, within=30)  # with the two that made them friends
    meet(ann, ben)
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_a_vpn_in_which_each_has_a_tunnel_to_each(build_office: BuildOffice, short_tmp: Path) -> None:
    office = vpn(build_office, short_tmp, 4, mesh=True)
    people = [office.hire(name) for name in ("ann", "ben", "cleo", "dan")]
    team_by_link(*people)
    _, ben, _, dan = people
    talk(ben, dan)


@pytest.mark.timeout(120)
def test_a_vpn_on_which_somebody_asks_every_address(build_office: BuildOffice, short_tmp: Path) -> None:
    office = vpn(build_office, short_tmp, 2)
    ann, ben = office.hire("ann"), office.hire("ben", settings="sweep = true\n")
    start_together(ann, ben)
    meet(ann, ben)
    befriend(ann, ben)
    talk(ann, ben)


@pytest.mark.timeout(120)
def test_a_vpn_that_goes_down_and_comes_up_with_the_same_address(
    build_office: BuildOffice, short_tmp: Path
) -> None:
    office = vpn(build_office, short_tmp, 3)
    people = [office.hire(name) for name in ("ann", "ben", "cleo")]
    team_by_link(*people)
    ann, ben, cleo = people
    office.lab.host(2).switch("wg0", on=False)
    ann.until_misses(ben, within=60)
    ann.say(ben.peer_id, "when you are back")
    office.lab.host(2).switch("wg0", on=True)
    ben.until_holds(ann.peer_id, 1)
    meet(ann, ben, cleo)


@pytest.mark.timeout(120)
def test_a_vpn_that_comes_up_after_the_start(build_office: BuildOffice, short_tmp: Path) -> None:
    office = vpn(build_office, short_tmp, 3)
    people = [office.hire(name) for name in ("ann", "ben", "cleo")]
    team_by_link(*people)
    ann, ben, _ = people
    ben.stop()
    office.lab.host(2).switch("wg0", on=False)
    ben.start()
    ann.say(ben.peer_id, "good morning")
    office.lab.host(2).switch("wg0", on=True)
    ben.until_holds(ann.peer_id, 1)
    meet(*people)


def vpn(build_office: BuildOffice, folder: Path, hosts: int, *, mesh: bool = False) -> Office:
    office = build_office(hosts)
    if (reason := wireguard.missing()) is not None:
        pytest.skip(reason)
    Vpn(office.lab, folder, mesh=mesh)
    return office
