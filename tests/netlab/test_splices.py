"""Two who let nobody in: a third carries their Link, reads nothing of it, and is not needed once one of them opens."""

from __future__ import annotations

import time

import pytest

from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.office import agree, agree_on_dm
from tests.netlab.test_team import ROOM, TEAM, join
from tests.plugin import Figure

#: From the last start to a Link through the third; from the opening of a firewall to a direct one, in seconds.
CARRIED_GOAL, DIRECT_GOAL = 10.0, 10.0
PLANTED = "planted: through cleo"


def carrier(who: Daemon, other: Daemon) -> str | None:
    """Who carries the Link to somebody, as it is shown; "" if nobody does, None while there is none."""
    (shown,) = (peer for peer in who.client.peers() if peer["peer_id"] == other.peer_id)
    return None if shown["presence"] == "offline" else shown["via"] or ""


@pytest.mark.timeout(150)
def test_a_third_carries_the_link_of_two_who_let_nobody_in(build_office: BuildOffice, figure: Figure) -> None:
    office = build_office(3)
    ann, ben, cleo = people = [office.hire(name) for name in ("ann", "ben", "cleo")]
    start_together(*people)
    cleo.client.call("identity.name", nickname="Cleo")
    ann.client.call("team.create", name=TEAM)
    link = ann.client.invite(TEAM, uses=2)["link"]
    for one in (ben, cleo):
        join(one, link)
    for one in people:
        one.until_sees(*(other for other in people if other is not one))
    for number, one in ((1, ann), (2, ben)):
        one.stop()
        office.lab.host(number).shut()
    start_together(ann, ben)
    seen = max(ann.until_sees(ben, cleo), ben.until_sees(ann, cleo)) - max(ann.serving_at, ben.serving_at)
    figure("both let nobody in: from the start to a link through a third", f"{seen:.2f} s")
    assert str(carrier(ann, ben)).startswith("Cleo")
    assert str(carrier(ben, ann)).startswith("Cleo")
    assert carrier(ann, cleo) == carrier(ben, cleo) == ""
    ann.say(ben.peer_id, PLANTED)
    ben.until_holds(ann.peer_id, 1)
    ben.say(ann.peer_id, "and back")
    ann.until_holds(ben.peer_id, 2)
    ann.say(ROOM, "to all")
    for one in people:
        one.until_holds(ROOM, 1)
    assert agree_on_dm(ann, ben) == [PLANTED, "and back"]
    assert agree(dict.fromkeys(people, ROOM)) == ["to all"]
    cleo.stop()  # what it had in memory is on the disk now, if it had anything
    for path in cleo.paths.database.parent.iterdir():
        assert PLANTED.encode() not in (path.read_bytes() if path.is_file() else b"")
    cleo.start()
    ann.until(lambda: bool(carrier(ann, ben)), "cleo carries it again")
    office.lab.host(2).open()
    opened = time.monotonic()
    direct = ann.until(lambda: carrier(ann, ben) == "", "the link is direct") - opened
    figure("both let nobody in: from the opening of one firewall to a direct link", f"{direct:.2f} s")
    ann.say(ben.peer_id, "without her")
    ben.until_holds(ann.peer_id, 3)
    assert seen <= CARRIED_GOAL
    assert direct <= DIRECT_GOAL
