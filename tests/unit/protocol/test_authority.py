"""Authority: hand-made schedules, each the smallest in which a rule decides."""

from __future__ import annotations

from p2pim.protocol.authority import network_secrets
from p2pim.protocol.control import Genesis, Grant, Invite, Merge, Policy, Role, RoomType
from p2pim.protocol.controlset import Verdict
from p2pim.protocol.identity import digest
from tests.council import START, Council

NONE, MEMBER, ADMIN, OWNER = Role.NONE, Role.MEMBER, Role.ADMIN, Role.OWNER


# -- roles


def test_the_founder_is_the_owner_and_nothing_changes_that() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    c.grant("A", "O", 1, NONE)
    c.grant("O", "O", 1, NONE)
    assert c.roles("OAB") == [OWNER, ADMIN, NONE]
    authority = c.authority()
    assert authority.role_at(c.id("O"), 1) is OWNER
    assert authority.members() == [c.id("O"), c.id("A")]


def test_a_role_counts_from_its_clock_on() -> None:
    c = Council()
    made = c.grant("O", "A", 1, MEMBER)
    gone = c.grant("O", "A", 2, NONE)
    authority = c.authority()
    clocks = (made.header.clock - 1, made.header.clock, gone.header.clock - 1, gone.header.clock)
    assert [authority.role_at(c.id("A"), clock) for clock in clocks] == [NONE, MEMBER, MEMBER, NONE]
    assert authority.role_at(c.id("B"), gone.header.clock) is NONE


def test_a_later_gen_ends_what_would_begin_after_it() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    one = c.grant("A", "B", 1, MEMBER, a)
    c.grant("O", "B", 1, MEMBER, a, clock=START + 90)  # wins, and the next follows the other one
    two = c.grant("A", "B", 2, NONE, one, clock=START + 50)
    three = c.grant("A", "B", 3, MEMBER, two, clock=START + 60)
    authority = c.authority()
    steps = authority.timelines[c.id("B")]
    assert [(step.gen, step.start, step.role) for step in steps] == [
        (2, START + 50, NONE),
        (3, START + 60, MEMBER),
    ]
    assert [step.by for step in steps] == [two.id, three.id]
    assert authority.role_at(c.id("B"), START + 90) is MEMBER


def test_of_one_gen_and_role_the_first_holds() -> None:
    c = Council()
    c.grant("O", "B", 1, MEMBER, c.genesis, clock=START + 90)
    first = c.grant("O", "B", 1, MEMBER, c.genesis, clock=START + 80)
    steps = c.authority().timelines[c.id("B")]
    assert [(step.start, step.by) for step in steps] == [(START + 80, first.id)]


def test_only_the_owner_makes_and_unmakes_admins() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    c.grant("O", "B", 1, ADMIN)
    c.grant("A", "C", 1, ADMIN)
    c.grant("A", "D", 1, MEMBER)
    c.grant("A", "B", 2, NONE)
    assert c.roles("ABCD") == [ADMIN, ADMIN, NONE, MEMBER]


def test_a_gen_that_leaps_is_void_and_its_subject_can_still_be_removed() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    c.grant("A", "B", 1_000_000, MEMBER, a)
    assert c.roles("B") == [NONE]
    c.grant("A", "B", 1, MEMBER, a)
    c.grant("O", "B", 2, NONE)
    assert c.roles("B") == [NONE]
    assert c.authority().gens[c.id("B")] == 2


def test_of_one_gen_the_owners_wins_then_the_lower_role() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("O", "B", 1, ADMIN)
    c.grant("A", "B", 1, NONE, a)  # at once with the owner's: an admin cannot unmake an admin
    assert c.roles("B") == [ADMIN]
    d = c.grant("A", "D", 1, MEMBER, a, b)
    c.grant("B", "D", 1, NONE, a, b)
    assert c.roles("D") == [NONE]
    assert d.header.kind


def test_a_demoted_admin_keeps_what_the_owner_knew_of_and_nothing_later() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    known = c.grant("A", "B", 1, MEMBER, a)
    demoted = c.grant("O", "A", 2, MEMBER, known)
    c.grant("A", "C", 1, MEMBER, a, clock=a.header.clock + 1)  # back-dated
    c.grant("A", "D", 1, MEMBER, demoted)
    assert c.roles("ABCD") == [MEMBER, MEMBER, NONE, NONE]


def test_a_later_demotion_does_not_revive_what_was_void() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    demoted = c.grant("O", "A", 2, MEMBER, a)
    junk = c.grant("A", "C", 1, MEMBER, a)
    c.grant("O", "A", 3, NONE, demoted, junk)
    assert c.roles("AC") == [NONE, NONE]
    assert junk.id not in c.authority().counting


def test_who_is_admin_again_does_not_get_back_what_they_did_meanwhile() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    demoted = c.grant("O", "A", 2, MEMBER, a)
    junk = c.grant("A", "C", 1, MEMBER, a, demoted)
    again = c.grant("O", "A", 3, ADMIN, demoted)
    c.grant("A", "D", 1, MEMBER, again)
    assert c.roles("ACD") == [ADMIN, NONE, MEMBER]
    assert junk.id not in c.authority().counting


def test_anybody_but_the_owner_may_leave_and_an_admins_leave_ends_their_deeds() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("A", "B", 1, MEMBER, a)
    left = c.grant("B", "B", 2, NONE, b)
    gone = c.grant("A", "A", 2, NONE, left)
    c.grant("A", "C", 1, MEMBER, gone)
    assert c.roles("ABC") == [NONE, NONE, NONE]
    c.grant("O", "A", 2, ADMIN, a)  # at once with the leave: the owner's wins
    assert c.roles("A") == [ADMIN]


def test_certified_names_are_those_of_grants_and_of_labels_for_one() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN, name="Anna")
    c.grant("O", "A", 2, ADMIN, name="Anna B.")
    c.grant("O", "A", 3, ADMIN)
    one = c.invite("O", c.messages[-1], label="Bert")
    c.admit("A", "B", one, name="not Bert")
    many = c.invite("O", a, uses=2, label="temps")
    c.admit("A", "C", many, name="Cleo")
    assert c.authority().names == {c.id("A"): "Anna B.", c.id("B"): "Bert"}


def test_a_name_that_may_not_be_shown_is_none() -> None:
    c = Council()
    c.grant("O", "A", 1, MEMBER, name="Anna")
    c.grant("O", "A", 2, MEMBER, name="A\u202ennA")
    c.grant("O", "B", 1, MEMBER, name=" Bert")
    c.admit("A", "C", c.invite("O", label="\n"))
    assert c.authority().names == {c.id("A"): "Anna"}


def test_a_room_has_the_name_of_its_genesis_until_it_is_renamed() -> None:
    c = Council()
    assert c.authority().name == "team"
    c.policy("O", 1, {"name": "crew"})
    assert c.authority().name == "crew"
    for gen, odd in ((2, "t\u202eam"), (3, ""), (4, 5), (5, "x" * 65)):
        c.policy("O", gen, {"name": odd})
        assert c.authority().name == "team"


# -- invites


def test_any_member_lets_in_who_has_the_code_and_each_code_only_so_many() -> None:
    c = Council()
    b = c.grant("O", "B", 1, MEMBER)
    two = c.invite("O", b, uses=2)
    c.admit("B", "C", two)
    standing = c.authority().invites[two[0].id]
    assert (standing.left, standing.over, standing.revoked) == (1, 0, False)
    c.admit("E", "D", two)  # whoever wrote it: the proof decides
    c.admit("B", "C", two)  # the same person again takes no place
    c.admit("B", "A", two)  # one too many, in another part of a split network
    assert c.roles("CDA") == [MEMBER, MEMBER, NONE]
    standing = c.authority().invites[two[0].id]
    assert (standing.left, standing.over) == (0, 1)


def test_an_invite_ends_by_its_date_and_with_its_inviters_time() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    late = c.invite("O", a, expiry=START + 1)
    c.admit("A", "C", late)
    theirs = c.invite("A", a, uses=3)
    early = c.admit("A", "D", theirs)
    c.grant("O", "A", 2, NONE, early)
    c.admit("A", "E", theirs)
    assert c.roles("CDE") == [NONE, MEMBER, NONE]


def test_with_approval_only_an_admins_word_lets_in() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("O", "B", 1, MEMBER, a)
    asking = c.invite("O", b, uses=2, approval=True)
    c.admit("B", "C", asking)
    assert c.roles("C") == [NONE]
    c.admit("A", "C", asking)
    assert c.roles("C") == [MEMBER]


def test_a_revoked_invite_lets_in_exactly_whom_every_revocation_keeps() -> None:
    c = Council()
    e = c.grant("O", "E", 1, MEMBER)
    invite = c.invite("O", e, uses=2)
    backdated = [
        c.admit("E", name, invite, clock=invite[0].header.clock + place)
        for place, name in ((1, "C"), (2, "D"))
    ]
    for _ in range(3):
        c.merge("O", invite[0])  # time passes
    honest = [c.admit("O", "A", invite), c.admit("O", "B", invite)]
    assert c.roles("ABCD") == [NONE, NONE, MEMBER, MEMBER]  # the code's holder evicts by dates ...
    c.revoke("O", invite[0], honest, *backdated, *honest)
    assert c.roles("ABCD") == [MEMBER, MEMBER, NONE, NONE]  # ... and a revocation puts it right
    c.revoke("O", invite[0], honest[:1], *honest)
    assert c.roles("AB") == [MEMBER, NONE]
    assert c.authority().invites[invite[0].id].left == 0


def test_a_removal_overrides_every_way_in() -> None:
    c = Council()
    invite = c.invite("O", uses=5)
    c.admit("O", "C", invite)
    banned = c.grant("O", "C", 1, NONE)
    c.admit("O", "C", invite, banned)
    assert c.roles("C") == [NONE]
    forged = c.grant("O", "A", 1, ADMIN, c.genesis)
    c.admit("C", "A", invite)
    assert c.roles("A") == [ADMIN]
    assert forged.header.clock


def test_an_invite_that_does_not_count_lets_nobody_in() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    c.grant("O", "A", 2, NONE, a)
    invite = c.invite("A", a)
    c.admit("A", "C", invite)
    c.revoke("A", invite[0], [])
    authority = c.authority()
    assert authority.role(c.id("C")) is NONE
    assert authority.invites == {}


# -- policy and secrets


def test_of_each_rule_the_highest_gen_holds_then_the_owners() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    one = c.policy("A", 1, {"relay": True, "retention_days": 30}, a)
    c.policy("A", 2, {"relay": False}, one)
    c.policy("O", 2, {"relay": True}, one)
    c.policy("A", 900, {"relay": False}, one)  # leaps: void
    authority = c.authority()
    assert authority.policy == {"relay": True, "retention_days": 30}
    assert authority.policy_gen == 2


def test_of_rules_of_one_gen_by_others_the_first_holds() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("O", "B", 1, ADMIN)
    c.write("A", Policy(1, {"relay": True}), a, b, clock=START + 90)
    c.write("B", Policy(1, {"relay": False}), a, b, clock=START + 80)
    assert c.authority().policy == {"relay": False}


def test_of_two_removals_at_once_neither_of_the_removed_knows_the_secret() -> None:
    c = Council()
    made = [c.grant("O", name, 1, MEMBER) for name in "BC"]
    b = c.grant("O", "B", 2, NONE, *made)
    cc = c.grant("O", "C", 2, NONE, *made)
    everything = c.authority().secrets
    known_to_b = c.authority(c.genesis, *made, cc).secrets
    known_to_c = c.authority(c.genesis, *made, b).secrets
    assert len(everything) == 3
    assert everything[-1] not in known_to_b + known_to_c
    assert everything[0] == known_to_b[0]


def test_secrets_are_mixed_as_specified() -> None:
    team, first, one, two = (bytes([n]) * 32 for n in range(4))
    assert network_secrets(team, first, [one, two]) == (
        digest("net", team + first),
        digest("net", team + first + one),
        digest("net", team + first + one + two),
    )
    c = Council()
    assert isinstance(body := c.held().genesis, Genesis)
    assert c.authority().secrets == network_secrets(c.team, body.secret or b"", [])


def test_a_void_removal_changes_no_secret() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    c.grant("O", "A", 2, NONE, a)
    c.grant("A", "B", 1, NONE, a)
    assert len(c.authority().secrets) == 2


# -- channels and groups


def test_a_channel_has_the_roles_of_its_team_and_its_founder_is_admin_there() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    c.grant("O", "B", 1, MEMBER)
    gone = c.grant("O", "C", 1, MEMBER)
    team = c.held()
    channel, genesis = c.room("B", RoomType.CHANNEL, team)
    by_founder = c.write_in(channel, "B", Policy(1, {"archived": True}), genesis)
    by_admin = c.write_in(channel, "A", Policy(2, {"archived": False}), by_founder)
    by_owner = c.write_in(channel, "O", Policy(3, {"relay": False}), by_admin)
    by_member = c.write_in(channel, "C", Policy(4, {"archived": True}), by_owner)
    assert [channel.add(m) for m in (by_founder, by_admin, by_owner, by_member)] == [
        *[Verdict.ENTERS] * 3,
        Verdict.EARLY,
    ]
    authority = channel.authority()
    assert authority is not None
    assert [authority.role(c.id(name)) for name in "OABCD"] == [OWNER, ADMIN, ADMIN, MEMBER, NONE]
    assert authority.role_at(c.id("C"), gone.header.clock - 1) is NONE
    assert authority.policy == {"archived": False, "relay": False}
    assert len(authority.members()) == 4
    removal = c.grant("O", "B", 2, NONE, gone)
    assert team.add(removal) is Verdict.ENTERS
    after = channel.authority()
    assert after is not None
    assert after.role(c.id("B")) is NONE
    assert after is not authority


def test_in_a_channel_nobody_is_given_a_role() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    channel, genesis = c.room("A", RoomType.CHANNEL, c.held())
    granted = c.write_in(channel, "A", Grant(c.id("E"), 1, MEMBER, "Eve"), genesis)
    invite = c.write_in(channel, "A", Invite(c.id("D"), bytes(32), bytes(32), START * 2, 1, False), granted)
    assert [channel.add(m) for m in (granted, invite)] == [Verdict.ENTERS] * 2
    authority = channel.authority()
    assert authority is not None
    assert authority.role(c.id("E")) is NONE
    assert (authority.timelines, authority.names, authority.gens, authority.invites) == ({}, {}, {}, {})
    assert authority.counting == {genesis.id, invite.id}


def test_a_group_has_roles_of_its_own_and_needs_its_teams_membership() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    last = c.grant("O", "B", 1, MEMBER)
    group, genesis = c.room("B", RoomType.GROUP, c.held())
    inside = c.write_in(group, "B", Grant(c.id("A"), 1, MEMBER), genesis)
    outside = c.write_in(group, "B", Grant(c.id("E"), 1, MEMBER), inside)
    assert [group.add(m) for m in (inside, outside)] == [Verdict.ENTERS, Verdict.ENTERS]
    assert group.add(c.write_in(group, "A", Merge(bytes(16)), outside)) is Verdict.REFUSED
    authority = group.authority()
    assert authority is not None
    assert [authority.role(c.id(name)) for name in "OBAE"] == [NONE, OWNER, MEMBER, NONE]
    assert authority.members() == [c.id("B"), c.id("A")]
    assert authority.secrets == ()
    assert group.is_member(c.id("A"), last.header.clock)


def test_a_group_without_a_team_is_its_founders() -> None:
    c = Council()
    group, _ = c.room("A", RoomType.GROUP)
    authority = group.authority()
    assert authority is not None
    assert authority.members() == [c.id("A")]
