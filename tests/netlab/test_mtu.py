"""Paths that swallow large packets: short messages pass, and long ones must too."""

from __future__ import annotations

import time

import pytest

from tests.daemons import Daemon, befriend, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.office import meet, talk
from tests.plugin import Figure

LARGE = "x" * 20_000
GOAL = 6.0


def _names_it(one: Daemon) -> bool:
    return any(check["name"] == "mtu" and check["level"] == "warn" for check in one.client.doctor())


@pytest.mark.timeout(120)
def test_a_long_message_over_a_path_that_swallows_large_packets(
    build_office: BuildOffice, figure: Figure
) -> None:
    office = build_office(2)
    office.lab.host(2).swallow(1300)
    ann, ben = office.hire("ann"), office.hire("ben")
    start_together(ann, ben)
    began = time.monotonic()
    ann.say("#lobby", LARGE)
    ben.say("#lobby", LARGE)
    for one in (ann, ben):
        one.until_holds("#lobby", 2)
    took = time.monotonic() - began
    figure("MTU hole: 20 kB each way, from the start", f"{took:.2f} s")
    assert took <= GOAL
    ann.until(lambda: any(_names_it(one) for one in (ann, ben)), "whoever dialled names it")
    ann.stop()
    start_together(ann)
    meet(ann, ben)
    befriend(ann, ben)
    talk(ann, ben)
