"""A team on one switch: let in by any member, removed for real, the same on all after islands; strangers see none."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from p2pim.errors import NotNow
from p2pim.protocol.identity import decode_peer_id
from p2pim.protocol.network import PREAMBLE_LENGTH, Network, match_preamble
from p2pim.store.database import Database
from p2pim.store.store import Store
from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.pcap import packets
from tests.plugin import Figure

TEAM = "Planted Team Zimtstern"
ROOM = f"#{TEAM}"
#: From the command to join to the first message read, in seconds.
JOIN_GOAL = 5.0
#: From the end of a split to the same on all, in seconds.
AGREE_GOAL = 30.0
ISLANDS = ([1, 2], [3, 4], [5, 6])
MESSAGES = 1_000
#: A ping after 15 s, dead 10 s later, and something for a loaded machine.
SILENCE = 40.0


def joined(daemon: Daemon) -> bool:
    return any(team["mine"] for team in daemon.client.teams())


def join(daemon: Daemon, code: str) -> None:
    """Come in by a code."""
    daemon.client.join(code)
    daemon.until(lambda: joined(daemon), "it is in the team")


def found(owner: Daemon, *others: Daemon, closed: bool = True) -> None:
    """A team of running daemons, each let in by a code of the owner; all know of all."""
    owner.client.call("team.create", name=TEAM)
    if closed:
        owner.client.call("team.policy", room=TEAM, values={"open_network": False})
    for other in others:
        join(other, owner.client.invite(TEAM)["code"])
    everybody = (owner, *others)
    for one in everybody:
        one.until_sees(*(other for other in everybody if other is not one))
        one.until(lambda one=one: len(one.client.members(TEAM)) == len(everybody), "all are members")  # type: ignore[misc]


@pytest.mark.parametrize("closed", [True, False], ids=["open network off by policy", "open network on"])
@pytest.mark.timeout(120)
def test_five_hosts_of_which_one_has_no_code(
    build_office: BuildOffice, short_tmp: Path, figure: Figure, closed: bool
) -> None:
    office = build_office(5)
    said = ["planted: before anybody came", "planted by ben", "planted by cleo"]
    with office.lab.capture(short_tmp / "lan.pcap"):
        alone = (
            "open_network = false\n" if closed else ""
        )  # whoever has no team yet has no team's policy either
        ann, ben, dora, eve = (office.hire(name) for name in ("ann", "ben", "dora", "eve"))
        cleo = office.hire("cleo", settings=alone)
        start_together(ann, ben, cleo, dora)
        for daemon in (ann, ben, cleo, dora):
            daemon.client.call("identity.name", nickname=f"Planted Nick {daemon.name}")
        found(ann, ben, dora, closed=closed)
        eve.start()
        ann.say(ROOM, said[0])
        with pytest.raises(NotNow, match="Only its owner and admins can invite people"):
            ben.client.invite(TEAM)
        code = ann.client.invite(TEAM, uses=2)["code"]
        ben.until(lambda: len(ben.client.invites(TEAM)) == 3, "ben knows the invite")
        ben.until_holds(ROOM, 1)
        ann.stop()
        began = time.monotonic()
        join(cleo, code)
        took = cleo.until_holds(ROOM, 1) - began
        figure(
            f"from `team join` through a plain member to the first message read ({closed=})", f"{took:.2f} s"
        )
        assert took <= JOIN_GOAL
        ben.say(ROOM, said[1])
        cleo.until_holds(ROOM, 2)
        cleo.say(ROOM, said[2])
        for daemon in (ben, cleo, dora):
            daemon.until_holds(ROOM, 3)
            assert daemon.texts(ROOM) == said
        assert [room["kind"] for room in eve.client.rooms()] == ["lobby"]
        assert eve.client.teams() == []
        if closed:
            eve.client.call("network.add", host=office.lab.host(2).address, port=ben.client.status()["port"])
            ben.say(ROOM, "planted: one more")
            dora.until_holds(ROOM, 4)
            assert eve.client.peers() == []
            assert eve.client.status()["links"] == 0
        else:
            eve.until_sees(ben, cleo, dora)
        planted = [TEAM, *said, "Planted Nick", code, code.replace("-", "")]
        ids = [decode_peer_id(daemon.peer_id) for daemon in (ben, cleo, dora, eve)]
        (team,) = ben.client.teams()
    frames = b"\n".join(packet.frame for packet in packets(short_tmp / "lan.pcap"))
    assert len(frames) > 10_000
    for text in planted:
        assert text.encode() not in frames
    for secret in (*ids, bytes.fromhex(team["team"])):
        assert secret not in frames
        assert secret.hex().encode() not in frames


def networks_of(daemon: Daemon) -> list[Network]:
    """Every network whose secret a machine that is off has on its disk."""
    store = Store(Database(daemon.paths.database))
    secrets = [row[0] for row in store.database.rows("SELECT secret FROM secrets")]
    store.close()
    assert secrets
    return [Network("stored", secret) for secret in secrets]


def preambles(capture: Path) -> list[bytes]:
    """What whoever listens sees of the connections that began meanwhile."""
    found = []
    for packet in packets(capture):
        at = packet.frame.find(b"P2PM\x01")
        if at >= 0 and len(packet.frame) - at >= PREAMBLE_LENGTH:
            found.append(packet.frame[at : at + PREAMBLE_LENGTH])
    return found


@pytest.mark.timeout(150)
def test_who_was_removed_while_off_and_others_were_apart_is_out_for_good(
    build_office: BuildOffice, short_tmp: Path
) -> None:
    office = build_office(4)
    ann, ben, cleo, dora = (office.hire(name) for name in ("ann", "ben", "cleo", "dora"))
    start_together(ann, ben, cleo, dora)
    found(ann, ben, cleo, dora)
    ann.say(ROOM, "before")
    for daemon in (ben, cleo, dora):
        daemon.until_holds(ROOM, 1)
    cleo.stop()
    old = networks_of(cleo)
    office.lab.split([1], [2, 4])
    ann.until_misses(ben, within=SILENCE)
    ann.client.call("team.remove", room=TEAM, peer=cleo.peer_id)
    ann.say(ROOM, "after")
    office.lab.unite()
    ann.until_sees(ben, dora, within=60)
    for daemon in (ben, dora):
        daemon.until_holds(ROOM, 2)
        daemon.until(lambda d=daemon: len(d.client.members(TEAM)) == 3, "it knows of the removal")  # type: ignore[misc]
    with office.lab.capture(short_tmp / "lan.pcap"):
        for daemon in (ann, ben, dora):
            daemon.stop()
        start_together(ann, ben, dora)
        ann.until_sees(ben, dora)
        ben.until_sees(dora)
    began = preambles(short_tmp / "lan.pcap")
    assert len(began) >= 3
    assert [match_preamble(preamble, old) for preamble in began] == [None] * len(began)
    cleo.start()
    cleo.say(ROOM, "let me in", "please")
    ben.say(ROOM, "said while cleo is here again")
    ann.until_holds(ROOM, 3)
    dora.until_holds(ROOM, 3)
    assert cleo.texts(ROOM) == ["before", "let me in", "please"]
    assert set(cleo.states(ROOM).values()) == {"waiting"}
    for daemon in (ann, ben, dora):
        assert daemon.texts(ROOM) == ["before", "after", "said while cleo is here again"]
    lines = ben.client.log(TEAM, verify=True)
    assert not lines["faults"]
    assert any("removed" in line["text"] for line in lines["lines"])


@pytest.mark.timeout(240)
def test_three_islands_of_real_daemons_agree_when_they_meet_again(
    build_office: BuildOffice, figure: Figure
) -> None:
    office = build_office(6)
    people = [office.hire(f"p{number}") for number in range(1, 7)]
    start_together(*people)
    found(people[0], *people[1:])
    rooms = [ROOM]
    for number in range(1, 6):
        people[0].client.call("room.create", team=TEAM, name=f"room {number}")
        rooms.append(f"{ROOM}/room {number}")
    for daemon in people:
        daemon.until(lambda d=daemon: len(d.client.rooms()) >= 6, "it has every room")  # type: ignore[misc]
    office.lab.split(*ISLANDS)
    people[0].until_misses(people[2], within=SILENCE)
    rng = random.Random(1)
    for number in range(MESSAGES):
        whom = rng.choice(("", "", "@room ", "@p3 "))
        means: dict[str, Any] = {"mention_room": whom == "@room "}
        if whom == "@p3 ":
            means["mentions"] = [people[2].peer_id]
        author, room = rng.choice(people), rng.choice(rooms)
        author.client.call("message.send", room=room, text=f"{whom}message {number}", **means)
    office.lab.unite()
    began = time.monotonic()
    for daemon in people:
        daemon.until(
            lambda d=daemon: sum(len(d.texts(room)) for room in rooms) == MESSAGES,  # type: ignore[misc]
            "it holds everything",
            within=90,
        )
    took = time.monotonic() - began
    figure(
        f"{MESSAGES} messages in 3 islands, from the end of the split to the same on 6 hosts", f"{took:.1f} s"
    )
    mentions, orders = 0, [people[0].said(room) for room in rooms]
    for daemon in people:
        assert [daemon.said(room) for room in rooms] == orders
        for room, order in zip(rooms, orders, strict=True):
            own = daemon.states(room)
            from_others = [text for _, text in order if text not in own]
            meant = [text for text in from_others if text.startswith(("@room", f"@{daemon.name}"))]
            shown = daemon.client.call("rooms.get", room=room)
            assert (shown["unread"], shown["mentions"]) == (len(from_others), len(meant))
            mentions += len(meant)
    assert mentions > MESSAGES / 2
    assert took <= AGREE_GOAL
