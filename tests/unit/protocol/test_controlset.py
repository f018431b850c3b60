"""What may enter a control set, and what it shows of itself at a time."""

from __future__ import annotations

import pytest

from p2pim.protocol.control import (
    ADMIT,
    GENESIS,
    GRANT,
    NO_ROOM,
    Genesis,
    Grant,
    Invite,
    Merge,
    Role,
    RoomType,
    consent,
    encode,
)
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.message import FUTURE_MS, Message, seal
from tests.council import START, Council

ENTERS, HELD, ORPHAN, REFUSED = Verdict.ENTERS, Verdict.HELD, Verdict.ORPHAN, Verdict.REFUSED
EARLY = Verdict.EARLY
DAY = 24 * 3600 * 1000


def content(
    c: Council, author: str, kind: int, raw: bytes | None, *parents: Message, clock: int = 0
) -> Message:
    message = seal(
        c.people[author],
        c.team,
        parents=[p.id for p in parents],
        clock=clock or START + 10_000,
        kind=kind,
        content=raw or b"",
    )
    if raw is None:
        return Message(message.id, message.header, message.raw_header, message.signature, None)
    return message


def test_the_first_is_the_genesis_and_there_is_one() -> None:
    c = Council()
    control = ControlSet(c.team)
    assert control.authority() is None
    assert not control.is_member(c.id("O"), START)
    assert control.highest(START) == 0
    grant = c.grant("O", "A", 1, Role.MEMBER)
    assert control.add(grant) is ORPHAN
    assert control.add(c.genesis) is ENTERS
    assert control.add(c.genesis) is HELD
    assert control.add(grant) is ENTERS
    assert len(control) == 2
    assert grant.id in control
    assert control.is_member(c.id("A"), START)


def genesis_of(
    c: Council, body: Genesis | Merge, room: bytes = NO_ROOM, parents: tuple[bytes, ...] = ()
) -> Message:
    return seal(c.owner, room, parents=parents, clock=START, kind=GENESIS, content=encode(body))


def test_a_genesis_of_another_room_or_shape_is_refused() -> None:
    c = Council()
    salt, secret = bytes(16), bytes(32)
    good = Genesis(salt, RoomType.TEAM, "team", None, secret)
    assert ControlSet(c.team).add(genesis_of(c, good)) is REFUSED  # another team's
    for odd in (
        genesis_of(c, good, room=c.team),
        genesis_of(c, good, parents=(c.team,)),
        genesis_of(c, Merge(salt)),
    ):
        assert ControlSet(odd.id).add(odd) is REFUSED
    fine = genesis_of(c, good)
    control = ControlSet(fine.id)
    assert control.add(fine) is ENTERS
    assert control.add(c.genesis) is REFUSED


def test_a_room_of_a_team_is_founded_by_somebody_whom_the_team_named() -> None:
    c = Council()
    c.grant("O", "A", 1, Role.MEMBER)
    team = c.held()
    for kind in (RoomType.CHANNEL, RoomType.GROUP):
        body = Genesis(bytes(16), kind, "room", team.room)
        for author, verdict in (("A", ENTERS), ("B", EARLY)):
            message = seal(
                c.people[author], NO_ROOM, parents=[], clock=START, kind=GENESIS, content=encode(body)
            )
            assert ControlSet(message.id, team).add(message) is verdict
            assert ControlSet(message.id).add(message) is REFUSED  # without the team it names
    elsewhere = seal(
        c.people["A"],
        NO_ROOM,
        parents=[],
        clock=START,
        kind=GENESIS,
        content=encode(Genesis(bytes(16), RoomType.CHANNEL, "room", bytes(32))),
    )
    assert ControlSet(elsewhere.id, team).add(elsewhere) is REFUSED


def test_a_room_belongs_to_a_team_and_to_nothing_else() -> None:
    c = Council()
    for kind in (RoomType.CHANNEL, RoomType.GROUP):
        over, _ = c.room("O", kind, c.held())
        body = Genesis(bytes(16), RoomType.CHANNEL, "room", over.room)
        inside = seal(c.owner, NO_ROOM, parents=[], clock=START, kind=GENESIS, content=encode(body))
        assert ControlSet(inside.id, over).add(inside) is REFUSED
    body = Genesis(bytes(16), RoomType.CHANNEL, "room", c.team)
    early = seal(c.owner, NO_ROOM, parents=[], clock=START, kind=GENESIS, content=encode(body))
    assert ControlSet(early.id, ControlSet(c.team)).add(early) is REFUSED  # the team's genesis is not here


def test_what_breaks_a_rule_of_its_own_bytes_is_refused() -> None:
    c = Council()
    control = c.held()
    fine = encode(Grant(c.id("A"), 1, Role.MEMBER))
    assert control.judge(content(c, "O", GRANT, fine, c.genesis))[0] is ENTERS
    for odd in (
        content(c, "O", 1, fine, c.genesis),
        content(c, "O", GRANT, None, c.genesis),
        content(c, "O", GRANT, b"\x90", c.genesis),
        content(c, "O", GRANT, fine),
        content(c, "O", GRANT, fine, c.genesis, clock=c.genesis.header.clock),
        seal(c.owner, bytes(32), parents=[c.genesis.id], clock=START + 9, kind=GRANT, content=fine),
    ):
        assert control.judge(odd)[0] is REFUSED
    assert control.judge(content(c, "O", 200, b"anything", c.genesis)) == (ENTERS, None)  # of a newer version


def test_who_may_act_is_decided_by_the_causal_past_alone() -> None:
    c = Council()
    before = c.merge("O")
    made = c.grant("O", "A", 1, Role.ADMIN)
    member = c.grant("O", "B", 1, Role.MEMBER)
    demoted = c.grant("O", "A", 2, Role.NONE)
    control = c.held()
    for author, after, verdict in (
        ("A", before, REFUSED),
        ("A", made, ENTERS),
        ("A", demoted, ENTERS),  # it enters, it does not count
        ("B", member, REFUSED),
        ("E", member, REFUSED),
    ):
        assert control.judge(c.merge(author, after))[0] is verdict
    assert control.judge(c.grant("B", "B", 2, Role.NONE, member))[0] is ENTERS
    assert control.judge(c.grant("B", "B", 2, Role.NONE, made))[0] is REFUSED  # not named there yet
    assert control.judge(c.grant("B", "B", 2, Role.MEMBER, member))[0] is REFUSED
    assert control.judge(c.grant("B", "A", 2, Role.NONE, member))[0] is REFUSED


def test_an_admit_enters_by_its_proof_and_its_consent() -> None:
    c = Council()
    invite = c.invite("O")
    control = c.held()
    good = c.admit("E", "C", invite)
    assert control.judge(good)[0] is ENTERS
    assert control.judge(c.admit("E", "C", invite, c.genesis))[0] is REFUSED  # does not follow the invite
    stranger = (invite[0], c.people["E"])
    assert control.judge(c.admit("E", "C", stranger))[0] is REFUSED  # no code
    assert control.judge(c.admit("O", "C", stranger))[0] is REFUSED  # nor has the owner
    no_invite = (c.genesis, invite[1])
    assert control.judge(c.admit("E", "C", no_invite))[0] is REFUSED
    assert good.content is not None
    forged = (
        good.content.replace(good.content[-65:-1], bytes(64))
        if good.content[-1:] == b"\xc0"
        else good.content
    )
    assert control.judge(content(c, "E", ADMIT, forged, invite[0]))[0] is REFUSED
    elsewhere = (Message(bytes(32), invite[0].header, invite[0].raw_header, b"", b""), invite[1])
    assert control.judge(c.admit("E", "C", elsewhere, invite[0]))[0] is REFUSED


def test_consent_binds_the_name() -> None:
    c = Council()
    invite, key = c.invite("O")
    proof = key.sign("join", c.team + c.id("C"))
    agreed = consent(c.people["C"], invite.id, proof, "Cleo")
    from p2pim.protocol.control import Admit, is_genuine  # noqa: PLC0415

    assert isinstance(c.held().deed(invite.id).body, Invite)  # type: ignore[union-attr]
    body = c.held().deed(invite.id).body  # type: ignore[union-attr]
    assert isinstance(body, Invite)
    assert is_genuine(Admit(c.id("C"), invite.id, proof, agreed, "Cleo"), body, c.team)
    assert not is_genuine(Admit(c.id("C"), invite.id, proof, agreed, "Boss"), body, c.team)


def test_what_is_not_due_is_held_but_does_not_count_except_that_a_removal_bites_at_once() -> None:
    c = Council()
    made = c.grant("O", "A", 1, Role.MEMBER)
    gone = c.grant("O", "A", 2, Role.NONE, made, clock=START + 3 * DAY)
    back = c.grant("O", "B", 1, Role.MEMBER, made, clock=START + 2 * DAY)
    control = c.held()
    now = START + 1000
    due = control.authority(now)
    assert due is not None
    assert due.is_member(c.id("A"))
    assert not due.is_member(c.id("B"))
    assert not control.is_member(c.id("A"), now)
    assert not control.is_member(c.id("B"), now)
    assert control.heads(now) == [made.id]
    assert control.highest(now) == made.header.clock
    later = back.header.clock - FUTURE_MS
    assert control.is_member(c.id("B"), later)
    assert control.heads(later) == [back.id]
    assert control.heads(gone.header.clock) == [gone.id, back.id]


def test_a_genesis_counts_whatever_its_clock() -> None:
    c = Council()
    control = ControlSet(c.team)
    control.add(c.genesis)
    authority = control.authority(START - 10 * DAY)
    assert authority is not None
    assert authority.role(c.id("O")) is Role.OWNER
    assert control.heads(START - 10 * DAY) == [c.genesis.id]
    assert (
        control.highest(START - 10 * DAY) == c.genesis.header.clock
    )  # or what its owner writes has no place


def test_a_copy_is_its_own() -> None:
    c = Council()
    control = c.held()
    copy = control.copy()
    grant = c.grant("O", "A", 1, Role.MEMBER)
    assert copy.add(grant) is ENTERS
    assert grant.id not in control
    assert not control.is_member(c.id("A"), START)
    assert copy.is_member(c.id("A"), START)
    assert control.add(c.merge("O", c.genesis)) is ENTERS


def test_ancestors_come_with_what_is_asked_for() -> None:
    c = Council()
    one = c.grant("O", "A", 1, Role.MEMBER)
    two = c.grant("O", "B", 1, Role.MEMBER, c.genesis)
    control = ControlSet(c.team)
    assert [control.add(m) for m in (c.genesis, two, one)] == [ENTERS] * 3
    assert control.with_ancestors([one.id]) == {c.genesis.id, one.id}
    assert control.with_ancestors([one.id, two.id]) == {c.genesis.id, one.id, two.id}
    assert [deed.id for deed in control.deeds()] == [c.genesis.id, one.id, two.id]
    assert control.deed(bytes(32)) is None


@pytest.mark.parametrize("reverse", [False, True])
def test_many_enter_ancestors_first_whatever_the_order_they_come_in(reverse: bool) -> None:
    c = Council()
    c.grant("O", "A", 1, Role.MEMBER)
    c.grant("O", "B", 1, Role.MEMBER)
    stray = c.grant("O", "E", 1, Role.MEMBER, Message(bytes(32), c.genesis.header, b"", b"", None))
    control = ControlSet(c.team)
    entered = control.add_all(sorted(c.messages, key=lambda m: m.order, reverse=reverse))
    assert [m.id for m in entered] == [m.id for m in c.messages if m is not stray]


def test_somebody_with_thousands_of_heads_does_not_stand_in_the_way_of_their_removal() -> None:
    c = Council()
    a = c.grant("O", "A", 1, Role.ADMIN)
    b = c.grant("O", "B", 1, Role.MEMBER, a)
    known = c.merge("A", b)
    built_upon = c.merge("O", known)
    for gen in range(1, 40):
        c.grant("A", "C", gen, Role.MEMBER, *c.messages[-1:] if gen > 1 else (a,))
        c.merge("A", a)
    control, now = c.held(), c.messages[-1].header.clock
    assert len(control.heads(now)) == 41
    heads = control.heads(now, without=c.id("A"))
    assert heads == [built_upon.id]
    assert control.next_gen(c.id("A"), heads) == 2
    assert control.next_gen(c.id("C"), heads) == 1
    c.grant("O", "A", 2, Role.NONE, built_upon)
    c.grant("O", "C", 1, Role.NONE, built_upon)
    assert c.roles("ABC") == [Role.NONE, Role.MEMBER, Role.NONE]


def test_the_next_gen_is_that_of_the_parents_and_not_of_all_that_is_here() -> None:
    c = Council()
    one = c.grant("O", "A", 1, Role.MEMBER)
    two = c.grant("O", "A", 2, Role.ADMIN)
    rules = c.policy("O", 1, {}, one)
    control = c.held()
    nexts = [
        control.next_gen(c.id("A"), parents) for parents in ([c.genesis.id], [one.id], [two.id, rules.id])
    ]
    assert nexts == [1, 2, 3]
    assert [control.next_gen(None, [m.id]) for m in (two, rules)] == [1, 2]
    assert control.next_gen(c.id("B"), [two.id]) == 1
