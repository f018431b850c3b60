"""Control messages that were damaged on the disk: the node goes on, says so, and takes them from colleagues again."""

from __future__ import annotations

import pytest

from p2pim.errors import NotNow
from p2pim.protocol.control import GRANT, Role
from p2pim.protocol.message import RoomId, read_header
from tests.node.company import Colleague, Company
from tests.node.test_teams import founded, link, reads, says


def stored(who: Colleague, team: RoomId, kind: int) -> bytes:
    """The id of the first control message of a kind."""
    rows = sorted(who.me.store.control.stored(team), key=lambda row: read_header(row.header).clock)
    return next(row.id for row in rows if read_header(row.header).kind == kind)


def damage(who: Colleague, message_id: bytes, column: str) -> None:
    """Change one bit of a stored control message, and read the store anew."""
    who.me.store.database.execute(
        f"UPDATE control SET {column} = CAST(substr({column}, 1, length({column}) - 1) || "
        f"x'00' AS BLOB) WHERE id = ?",
        [message_id],
    )
    who.crash()
    who.start()


@pytest.mark.parametrize("column", ["header", "content"])
def test_a_damaged_message_is_left_out_and_comes_back_by_itself(column: str) -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    says(ann, team, "still here")
    company.run(1)
    whole = ann.me.roster.log(team, verify=True)
    assert whole.faults == ()
    grant = stored(bob, team, GRANT)
    damage(bob, grant, column)
    assert bob.me.rooms.role(team) is Role.MEMBER
    assert reads(bob, team) == ["still here"]
    (fault,) = bob.me.roster.log(team, verify=True).faults or ()
    assert fault.id == grant
    assert bob.me.roster.log(team, verify=False).faults is None
    link(company, bob, ann, team)
    assert bob.me.rooms.role(team) is Role.ADMIN
    mine, theirs = bob.me.roster.log(team, verify=True), ann.me.roster.log(team, verify=True)
    assert (mine.fingerprint, mine.faults) == (theirs.fingerprint, ())
    assert [line.id for line in mine.lines] == [line.id for line in theirs.lines]


def test_a_damaged_signature_changes_nothing_here_and_is_found() -> None:
    company = Company()
    team, (_, bob) = founded(company, "ann", "bob")
    damage(bob, team, "signature")
    assert bob.me.rooms.role(team) is Role.MEMBER
    faults = bob.me.roster.log(team, verify=True).faults or ()
    assert (faults[0].id, faults[1].id) == (team, team)
    assert "signature" in faults[1].why
    assert faults[0].why.startswith("is missing")


def test_a_team_whose_first_message_is_damaged_says_so_and_a_new_code_brings_it_back() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    news = ann.me.teams.create_room(team, "news", private=False)
    says(bob, team, "before")
    company.run(1)
    damage(bob, team, "content")
    company.run(2)  # time goes on
    assert bob.me.rooms.teams() == []
    assert {(view.name, view.role) for view in bob.me.conversations() if view.kind != "lobby"} == {
        ("#(damaged)", "damaged")
    }
    for deed in (
        lambda: says(bob, team, "x"),
        lambda: says(bob, news, "x"),
        lambda: bob.me.teams.leave(team),
        lambda: bob.me.teams.members(team),
    ):
        with pytest.raises(NotNow, match="damaged or missing"):
            deed()
    found = bob.me.find_room(team.hex())
    log = bob.me.roster.log(found, verify=False)
    assert log.lines == ()
    assert [fault.id for fault in log.faults or ()][:2] == [team, team]
    assert reads(bob, team) == ["before"]
    code, _, _ = ann.me.teams.invite(team)
    company.join(bob, ann, code)
    link(company, bob, ann, team)
    says(bob, team, "after")
    company.run(1)
    assert reads(ann, team) == reads(bob, team) == ["before", "after"]
    assert bob.me.roster.log(team, verify=True).faults == ()
    assert bob.me.rooms.role(news) is Role.MEMBER
