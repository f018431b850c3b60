"""Attacks 9 to 11 and 30: a thousand forged, expired or oversized things a second, on real hosts.

Nobody is dialled but whom the policy allows, at the rate it allows; it costs a fifth of a processor at most; whoever is
linked stays so, and messages pass.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pim.node.net.dialer import BURST, RATE
from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.lab import Host
from tests.netlab.office import Office, meet, talk
from tests.netlab.test_team import TEAM, join
from tests.plugin import Figure
from tests.security.watch import worked

ROOT = Path(__file__).resolve().parents[2]
WATCHED = 6.0
PROCESSOR_GOAL = 20.0
#: Opening one connection sends this many packets at most before it is given up.
TRIES = 3
COUNTERS = """
table inet dials {
    counter dials_elsewhere { }
    counter dials_below { }
    counter dials_all { }
    chain leaving {
        type filter hook output priority 0;
        oif lo accept
        meta l4proto != tcp accept
        tcp flags & (syn | ack) != syn accept
        ip daddr != 10.77.1.1-10.77.1.254 counter name dials_elsewhere
        tcp dport < 1024 counter name dials_below
        counter name dials_all
    }
}
"""


def count_dials(host: Host) -> None:
    """Begin to count what the host sends to open connections; it has a way out, so that everything is sent."""
    assert host.run(["nft", "-f", "-"], stdin=COUNTERS).returncode == 0
    assert host.run(["ip", "route", "add", "default", "dev", "eth0"]).returncode == 0


def dials(host: Host) -> dict[str, int]:
    listed = json.loads(host.run(["nft", "-j", "list", "counters", "table", "inet", "dials"]).stdout)
    counters = [entry["counter"] for entry in listed["nftables"] if "counter" in entry]
    return {counter["name"]: counter["packets"] for counter in counters}


def endure(office: Office, victim: Daemon, other: Daemon, flood: Callable[[], None]) -> float:
    """Talk through a flood; per cent of a processor that it costs the victim."""
    host = office.lab.host(1)
    links = victim.client.status()["links"]
    count_dials(host)
    flood()
    before, began = worked(victim.process.pid), time.monotonic()
    talk(victim, other)
    time.sleep(WATCHED)  # the flood is what is waited for: it lasts ten seconds
    cost = (worked(victim.process.pid) - before) / (time.monotonic() - began) * 100
    talk(other, victim)
    assert victim.client.status()["links"] >= links - 1, "of the flooder's own Link only"
    assert victim.sees(other)
    counted = dials(host)
    assert (counted["dials_elsewhere"], counted["dials_below"]) == (0, 0)
    assert counted["dials_all"] <= TRIES * (BURST + RATE * (time.monotonic() - began + 1))
    return cost


@pytest.mark.timeout(120)
@pytest.mark.parametrize("what", ["adverts", "questions"])
def test_forged_adverts_and_questions(build_office: BuildOffice, figure: Figure, what: str) -> None:
    office = build_office(3)
    ann, ben = office.friends("ann", "ben")

    def flood() -> None:
        process = office.lab.host(3).popen(
            [sys.executable, "-m", "tests.netlab.flooder", what], env={"PYTHONPATH": str(ROOT)}
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "floods\n"

    cost = endure(office, ann, ben, flood)
    figure(f"1,000 forged {what} a second: processor", f"{cost:.1f} %")
    assert cost <= PROCESSOR_GOAL


@pytest.mark.timeout(120)
@pytest.mark.parametrize("what", ["expired", "moving", "forged", "oversized", "probes"])
def test_a_member_that_floods(build_office: BuildOffice, figure: Figure, what: str) -> None:
    office = build_office(3)
    people = [office.hire(name) for name in ("ann", "ben")]
    eve = office.hire("eve", wrap=("env", f"PYTHONPATH={ROOT}"))
    start_together(*people, eve)
    ann, ben = people
    ann.client.call("team.create", name=TEAM)
    link = ann.client.invite(TEAM, uses=3)["link"]
    for one in (ben, eve):
        join(one, link)
    meet(*people, eve)
    eve.stop()

    def flood() -> None:
        eve.program = ("tests.flooding_daemon", what)
        eve.start()
        eve.until((eve.paths.database.parent / "floods").exists, "it floods")

    cost = endure(office, ann, ben, flood)
    figure(f"a member that floods with a thousand of these a second: {what}: processor", f"{cost:.1f} %")
    assert cost <= PROCESSOR_GOAL
