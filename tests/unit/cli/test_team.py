"""The team commands over a node in memory: what a person reads, and the exit codes."""

from __future__ import annotations

import pytest

from p2pim.cli import team
from p2pim.protocol.control import Role
from p2pim.protocol.identity import encode_peer_id, short_id
from tests.fakes import identity
from tests.served import Served
from tests.unit.cli.conftest import P2pim

BEN = identity("ben").peer_id


@pytest.fixture
def blue(profile: Served) -> str:
    return profile.do(lambda: profile.node.teams.create("Blue")).hex()


def test_the_first_team(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("team").out == f"{team.NONE_YET}\n"
    done = p2pim("team", "members")
    assert (done.code, done.err) == (3, f"p2pim: {team.NONE_YET}\n")
    assert p2pim("team", "create", "Blue Sky").out.splitlines() == [
        "Blue Sky is founded, and you are its owner.",
        "     p2pim team invite       makes a code that lets a colleague in",
        "     p2pim chat '#Blue Sky'  opens its room",
    ]
    assert p2pim("team", "list").out.splitlines()[1].split() == ["Blue", "Sky", "owner", "1"]
    assert p2pim("team", "--json").json[0]["role"] == "owner"
    assert p2pim("team", "create", "blue sky").code == 4


def test_names_of_others_are_made_safe(p2pim: P2pim, profile: Served, blue: str) -> None:
    p2pim("team", "grant", short_id(identity("cy").peer_id), "member")
    cy = encode_peer_id(identity("cy").peer_id)
    profile.do(lambda: profile.node.real.people._change(identity("cy").peer_id, petname="cy\x1b]0;evil\x07"))
    p2pim("team", "grant", cy, "member")
    for words in (["members"], ["log"]):
        out = p2pim("team", *words).out
        assert "cy\\x1b]0;evil\\x07" in out
        assert "\x1b" not in out


def test_people_come_and_go(p2pim: P2pim, profile: Served, blue: str) -> None:
    assert p2pim("team", "grant", "ben", "member", "--name", "Ben B.").out == "ben is a member of Blue now.\n"
    assert p2pim("team", "grant", "ben", "admin").out == "ben is an admin of Blue now.\n"
    lines = p2pim("team", "members").out.splitlines()
    assert lines[0].split() == ["NAME", "ROLE", "PRESENCE", "SINCE", "ID", "NOTE"]
    assert lines[1].split() == ["ann", "owner", profile.node.short_id, "you"]
    assert lines[2].split()[:3] == ["ben", "admin", "offline"]
    assert lines[2].endswith(f"{short_id(BEN)}  certified as Ben B.")
    assert [m["role"] for m in p2pim("team", "members", "#Blue", "--json").json] == ["owner", "admin"]
    said = p2pim("team", "remove", "ben").out.splitlines()
    assert said[0].startswith("ben is removed from Blue: nothing new is sent to them.")
    assert said[1].startswith("Its network has a new secret")
    done = p2pim("team", "remove", "ben")
    assert (done.code, done.err) == (4, "p2pim: ben is not a member.\n")
    done = p2pim("team", "leave")
    assert done.code == 6
    assert "founded it" in done.err


def test_removal_from_a_private_group_changes_no_secret(p2pim: P2pim, profile: Served, blue: str) -> None:
    p2pim("team", "grant", "ben", "member")
    p2pim("room", "create", "plan", "--private", "ben")
    (said,) = p2pim("team", "remove", "ben", "--team", "Blue/plan").out.splitlines()
    assert said.startswith("ben is removed from #Blue/plan: nothing new is sent to them.")


def test_which_team_is_meant(p2pim: P2pim, profile: Served, blue: str) -> None:
    profile.do(lambda: profile.node.teams.create("Red"))
    done = p2pim("team", "members")
    assert done.code == 3
    assert "You are in several teams (" in done.err
    assert "--team" in done.err
    for words in (["--team", "blue"], ["#Blue"], ["Blue"], [blue]):
        assert p2pim("team", "members", *words).code == 0
    assert p2pim("team", "members", "Green").code == 3
    done = p2pim("team", "members", "lobby")
    assert (done.code, done.err) == (4, "p2pim: #lobby is no team, and no room of one.\n")


def test_a_team_that_was_left_has_its_log_still(p2pim: P2pim, profile: Served, blue: str) -> None:
    p2pim("team", "grant", "ben", "member")
    node = profile.node
    profile.do(lambda: setattr(node.real.rooms, "role", lambda room, peer=None: Role.NONE))
    assert p2pim("team").out.splitlines()[1].split()[:2] == ["Blue", "left"]
    assert "founded the team Blue" in p2pim("team", "log").out


def test_renaming(p2pim: P2pim, profile: Served, blue: str) -> None:
    assert p2pim("team", "rename", "Red").out == "Blue is now called Red.\n"
    p2pim("room", "create", "news")
    assert p2pim("team", "rename", "old", "--team", "news").out == "#Red/news is now called #Red/old.\n"
    assert p2pim("team", "rename", "a/b").code == 4


def test_rules(p2pim: P2pim, profile: Served, blue: str) -> None:
    assert p2pim("team", "policy").out == "Blue has set no rules.\n"
    lines = p2pim(
        "team", "policy", "relay=off", "retention_days=30", "file_types_allowed=pdf,", "minimum_version=1.2"
    ).out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["file_types_allowed", "pdf"],
        ["minimum_version", "1.2"],
        ["relay", "off"],
        ["retention_days", "30"],
    ]
    shown = p2pim("team", "policy", "--json").json
    assert shown == {
        "values": {
            "file_types_allowed": ["pdf"],
            "minimum_version": "1.2",
            "relay": False,
            "retention_days": 30,
        },
        "gen": 1,
    }
    for wrong in ("relay", "=x"):
        done = p2pim("team", "policy", wrong)
        assert done.code == 2
        assert "write KEY=VALUE" in done.err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", True),
        ("False", False),
        ("-3", -3),
        ("1.2", "1.2"),
        ("a, b", ["a", "b"]),
        ("pdf,", ["pdf"]),
        (",", []),
        ("", ""),
    ],
)
def test_values_of_rules(text: str, value: object) -> None:
    assert team.policy_value(text) == value


def test_the_log(p2pim: P2pim, profile: Served, blue: str) -> None:
    p2pim("team", "grant", "ben", "member")
    out = p2pim("team", "log").out.splitlines()
    assert out[0].endswith(f"  {blue[:8]}  ann founded the team Blue")
    assert out[1].endswith("  ann made ben a member")
    assert out[2] == ""
    fingerprint = p2pim("team", "log", "--json").json["fingerprint"]
    assert out[3].removeprefix("fingerprint").replace(" ", "") == fingerprint
    checked = p2pim("team", "log", "--verify")
    assert checked.code == 0
    assert checked.out.splitlines()[:4] == out
    assert checked.out.splitlines()[4].startswith("checked      2 messages: each hash, signature and parent")
    assert "a colleague's fingerprint" in checked.out


def test_a_log_that_was_changed(p2pim: P2pim, profile: Served, blue: str) -> None:
    p2pim("team", "grant", "ben", "member")
    database = profile.node.real.store.database
    profile.do(
        lambda: database.execute("UPDATE control SET content = zeroblob(9) WHERE hex(id) <> upper(?)", [blue])
    )
    done = p2pim("team", "log", "--verify")
    assert done.code == 1
    *_, title, fault = done.out.splitlines()
    assert title == "THIS LOG IS DAMAGED, OR SOMEBODY HAS CHANGED IT ON THIS MACHINE:"
    assert fault.endswith(" was changed: content does not match its header")
    assert len(p2pim("team", "log", "--verify", "--json").json["faults"]) == 1


def test_older_lines_are_said_to_be_missing() -> None:
    line = {"id": "ab" * 32, "clock": 0, "author": "", "author_name": "", "text": "x", "counts": True}
    told = {"room": "", "name": "", "lines": [line], "total": 5, "fingerprint": "0" * 64, "faults": None}
    assert team._log_lines(told)[0] == "(4 older ones are not shown)"  # type: ignore[arg-type]
