"""A team on a VPN that passes nothing to all: one address, from an invite link, is enough for everybody to see all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.daemons import start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.office import agree_on_dm, meet
from tests.netlab.test_team import join
from tests.netlab.wireguard import Vpn, missing
from tests.plugin import Figure

TEAM = "Tunnel"
HOSTS = 12
SEEN_GOAL = 2.0


@pytest.mark.timeout(240)
def test_a_hub_of_twelve_where_only_an_invite_link_says_where_anybody_is(
    build_office: BuildOffice, short_tmp: Path, figure: Figure
) -> None:
    office = build_office(HOSTS)
    if (reason := missing()) is not None:
        pytest.skip(reason)
    Vpn(office.lab, short_tmp)
    founder, *others = people = [office.hire(f"p{number}") for number in range(1, HOSTS + 1)]
    start_together(*people)
    founder.client.call("team.create", name=TEAM)
    founder.client.call("team.policy", room=TEAM, values={"open_network": False})
    link = founder.client.invite(TEAM, uses=HOSTS)["link"]
    began = time.monotonic()
    for one in others:
        join(one, link)
    joined = time.monotonic()
    figure(
        f"VPN hub of {HOSTS}: eleven joined by the link of the first, one after the other",
        f"{joined - began:.1f} s",
    )
    seen = meet(*people) - joined
    figure(f"VPN hub of {HOSTS}: everybody sees everybody, after the last one has joined", f"{seen:.2f} s")
    first, last = others[0], others[-1]
    first.say(last.peer_id, "through the tunnel")
    last.until_holds(first.peer_id, 1)
    last.say(first.peer_id, "and back")
    first.until_holds(last.peer_id, 2)
    agree_on_dm(first, last)
    for one in people:
        one.stop()
    start_together(*others)
    again = meet(*others) - max(one.serving_at for one in others)
    figure(f"VPN hub of {HOSTS}: the same after all started again, without the first", f"{again:.2f} s")
    assert max(seen, again) <= SEEN_GOAL
