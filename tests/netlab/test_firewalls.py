"""What hinders: what gets through all the same, and whether the doctor at either end names cause and machine."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.office import Office, meet, talk
from tests.netlab.test_team import TEAM, join


def diagnosis(daemon: Daemon) -> Mapping[str, str]:
    """By check, what is worth a warning."""
    return {
        check["name"]: check["text"]
        for check in daemon.client.doctor()
        if check["level"] not in ("ok", "skip")
    }


def team(office: Office, ann: Daemon, ben: Daemon) -> None:
    """The two of them, who see each other and are well."""
    start_together(ann, ben)
    ann.client.call("team.create", name=TEAM)
    join(ben, ann.client.invite(TEAM)["link"])
    ben.stop()  # as members they tell each other where they are as soon as they are linked
    ben.start()
    meet(ann, ben)
    assert diagnosis(ann) == diagnosis(ben) == {}


@pytest.mark.timeout(120)
def test_who_lets_nobody_in_is_told_so_without_asking(build_office: BuildOffice) -> None:
    office = build_office(3)
    office.lab.host(3).shut()
    *_, cy = office.friends("ann", "ben", "cy")
    cy.until(lambda: "others cannot connect" in cy.client.status()["state_line"], "its state line says it")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("what", ["drop", "reject with tcp reset"])
def test_one_side_that_lets_nobody_in_is_reached_all_the_same_and_the_doctor_knows(
    build_office: BuildOffice, what: str
) -> None:
    office = build_office(2)
    ann, ben = office.hire("ann"), office.hire("ben")
    team(office, ann, ben)
    ben.stop()
    office.lab.host(2).shut(what)
    ben.start()
    meet(ann, ben)
    talk(ann, ben)
    here, there = diagnosis(ben), diagnosis(ann)
    assert set(here) == {"inbound"}
    assert f"to {office.lab.host(2).address}:26747" in here["inbound"]
    assert "here or on the way" in here["inbound"]
    assert set(there) == {"outbound"}
    assert f"at {office.lab.host(2).address}:26747" in there["outbound"]
    assert "there or on the way" in there["outbound"]
    assert ("got no answer" if what == "drop" else "was refused") in here["inbound"]
    office.lab.host(2).open()
    assert diagnosis(ann) == diagnosis(ben) == {}


@pytest.mark.timeout(120)
def test_mdns_that_is_dropped_here(build_office: BuildOffice) -> None:
    office = build_office(2)
    ann, ben = office.hire("ann"), office.hire("ben")
    team(office, ann, ben)
    ben.stop()
    office.lab.host(2).drop_mdns()
    ben.start()
    meet(ann, ben)
    talk(ann, ben)
    assert diagnosis(ann) == {}
    found = diagnosis(ben)
    assert set(found) == {"multicast"}
    assert "on eth0" in found["multicast"]
    assert "a firewall of this machine drops UDP 5353" in found["multicast"]


@pytest.mark.timeout(120)
def test_a_setting_that_names_an_interface_where_nobody_is(build_office: BuildOffice) -> None:
    office = build_office(2)
    ann, ben = office.hire("ann"), office.hire("ben")
    team(office, ann, ben)
    ben.stop()
    office.lab.host(2).add_interface("eth1", "10.88.0.2/24")
    ben.paths.config_file.write_text('interfaces = ["eth1"]\n', encoding="utf-8")
    ben.start()
    meet(ann, ben)  # it dials whom it knows
    found = diagnosis(ben)
    assert set(found) == {"interfaces"}
    assert "leaves out eth0" in found["interfaces"]
    ben.stop()
    ben.paths.config_file.write_text("", encoding="utf-8")
    ben.start()
    meet(ann, ben)
    talk(ann, ben)
    assert diagnosis(ann) == diagnosis(ben) == {}


@pytest.mark.timeout(120)
def test_a_network_that_keeps_its_machines_apart(build_office: BuildOffice) -> None:
    office = build_office(2)
    ann, ben = office.hire("ann"), office.hire("ben")
    team(office, ann, ben)
    ann.stop()
    ben.stop()
    office.lab.isolate()
    start_together(ann, ben)
    for daemon in (ann, ben):
        found = diagnosis(daemon)
        assert set(found) == {"isolation", "peers"}
        assert "client isolation" in found["isolation"]
    assert not ann.sees(ben)


@pytest.mark.timeout(120)
def test_a_clock_that_is_a_day_off(build_office: BuildOffice) -> None:
    office = build_office(3)
    ann, ben = office.hire("ann"), office.hire("ben")
    cleo = office.hire_with_clock("cleo")
    team(office, ann, ben)
    cleo.start()
    join(cleo, ann.client.invite(TEAM)["link"])
    for other in (ann, ben):
        meet(other, cleo)
    cleo.stop()
    cleo.set_clock(24 * 3600)
    cleo.start()
    for other in (ann, ben):
        meet(other, cleo)
        found = diagnosis(other)
        assert set(found) == {"clock"}
        assert "this one is right" in found["clock"]
        assert "is 24.0 h ahead" in found["clock"]
    found = diagnosis(cleo)
    assert set(found) == {"clock"}
    assert "this clock is 24.0 h ahead of those of most others" in found["clock"]
