"""A team's retention on real daemons: once the days are over, nothing of what was written is on any member's disk."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.daemons import ClockedDaemon, Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.test_boxes import is_on_disk
from tests.netlab.test_team import ROOM, TEAM, found, join
from tests.plugin import Figure

DAY = 24 * 3600
DAYS = 7
#: From the moment the days are over to the last of it erased, in seconds.
GOAL = 5.0
CANARIES = ("canary zeisig: a text", "canary stieglitz: an edit", "canary girlitz: a reply", "canary gimpel")
KEPT = "canary dompfaff: between two"


def gone(daemon: Daemon, room: str) -> bool:
    """Whether it shows what was written, and none of the words."""
    return set(daemon.texts(room)) == {""}


def has_rule(daemon: Daemon) -> bool:
    values: dict[str, Any] = daemon.client.call("team.policy", room=TEAM)["values"]
    return values == {"open_network": False, "retention_days": DAYS}


def traces(daemon: Daemon) -> list[str]:
    """What is left in its files: database, log of the database, free pages and all."""
    return [canary for canary in CANARIES if is_on_disk(daemon, canary)]


@pytest.mark.timeout(150)
def test_after_its_days_nothing_is_left_on_any_members_disk(
    build_office: BuildOffice, figure: Figure
) -> None:
    office = build_office(4)
    ann, ben, cleo = (office.hire_with_clock(name) for name in ("ann", "ben", "cleo"))
    start_together(ann, ben, cleo)
    found(ann, ben, cleo)
    channel = f"{ROOM}/news"
    ann.client.call("room.create", team=TEAM, name="news")
    (text,) = ann.say(ROOM, CANARIES[0])
    ben.until_holds(ROOM, 1)
    ann.client.call("message.edit", message=text["id"], text=CANARIES[1])
    ben.client.call("message.send", room=ROOM, text=CANARIES[2], reply_to=text["id"])
    ben.until(lambda: len(ben.client.rooms()) == len(ann.client.rooms()), "it has the channel")
    ben.say(channel, CANARIES[3])
    ben.say(ann.peer_id, KEPT)
    for daemon in (ann, ben, cleo):
        daemon.until(lambda d=daemon: d.texts(ROOM) == [CANARIES[1], CANARIES[2]], "it holds the texts")  # type: ignore[misc]
        daemon.until_holds(channel, 1)
        assert traces(daemon) == list(CANARIES)
    ann.client.call("team.policy", room=TEAM, values={"retention_days": DAYS})
    for daemon in (ben, cleo):
        daemon.until(lambda d=daemon: has_rule(d), "it has the rule")  # type: ignore[misc]
    cleo.stop()
    let_days_pass(DAYS - 1, ann, ben, cleo)
    assert traces(ann) == traces(ben) == list(CANARIES)
    let_days_pass(DAYS + 1, ann, ben, cleo)
    began = time.monotonic()
    for daemon in (ann, ben):
        daemon.until(lambda d=daemon: gone(d, ROOM) and gone(d, channel), "it is erased")  # type: ignore[misc]
        daemon.until(lambda d=daemon: traces(d) == [], "nothing is left of it")  # type: ignore[misc]
    took = time.monotonic() - began
    figure("from the end of a team's retention to nothing left on two machines", f"{took:.2f} s")
    assert took <= GOAL
    assert traces(cleo) == list(CANARIES)  # it is off
    cleo.start()
    cleo.until(lambda: gone(cleo, ROOM) and traces(cleo) == [], "it is erased there, too")
    dora = office.hire_with_clock("dora")
    dora.set_clock((DAYS + 1) * DAY)
    dora.start()
    join(dora, ann.client.invite(TEAM)["code"])
    dora.until_holds(ROOM, 2)
    assert gone(dora, ROOM)
    for daemon in (ann, ben, cleo, dora):
        daemon.stop()
        assert traces(daemon) == []
    assert is_on_disk(ann, KEPT)
    assert is_on_disk(ben, KEPT)


def let_days_pass(days: int, *daemons: ClockedDaemon) -> None:
    """Set the clocks to so many days from now."""
    for daemon in daemons:
        daemon.set_clock(days * DAY)
