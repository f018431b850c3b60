"""Authority against those who know the rules: each test is a way that was once open, or nearly."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from p2pim.protocol.control import GENESIS, NO_ROOM, Genesis, Grant, Policy, Role, RoomType, encode
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.message import seal
from tests.council import START, Council

HOUR = 3_600_000

NONE, MEMBER, ADMIN, OWNER = Role.NONE, Role.MEMBER, Role.ADMIN, Role.OWNER


def test_rules_made_after_some_that_turned_out_void_still_hold() -> None:
    """A demotion written elsewhere voids what an honest admin has already built upon."""
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("O", "B", 1, ADMIN, a)
    first = c.policy("A", 1, {"relay": True}, b)
    c.policy("B", 2, {"retention_days": 30}, first)
    c.grant("O", "A", 2, NONE, b)  # knows of neither
    authority = c.authority()
    assert authority.policy == {"retention_days": 30}
    assert authority.policy_gen == 2


def test_who_left_as_admin_does_not_go_on_by_leaving_once_more() -> None:
    """The second leave follows what was done after the first, and has the lower id, found by trying."""
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    left = c.grant("A", "A", 2, NONE, a)
    junk = c.grant("A", "E", 1, MEMBER, a)
    again = c.grant("A", "A", 2, NONE, junk)
    while again.id > left.id:
        c.messages.pop()
        again = c.grant("A", "A", 2, NONE, junk)
    assert c.roles("AE") == [NONE, NONE]
    c.grant("O", "A", 3, NONE, left, again)
    assert c.roles("AE") == [NONE, NONE]


def test_who_was_demoted_does_not_go_on_by_a_leave_from_before() -> None:
    """A void grant for themselves raises the gen, so that a leave fits in below the demotion."""
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    raised = c.grant("A", "A", 2, MEMBER, a)
    assert c.roles("A") == [ADMIN]
    demoted = c.grant("O", "A", 3, NONE, raised)
    junk = c.grant("A", "E", 1, MEMBER, a)
    c.grant("A", "A", 2, NONE, junk)
    assert c.roles("AE") == [NONE, NONE]
    c.grant("O", "A", 4, NONE, *c.messages[-1:], demoted)
    assert c.roles("AE") == [NONE, NONE]


def test_what_the_owner_knew_of_at_a_demotion_is_not_undone_by_a_leave_from_before() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    good = c.grant("A", "B", 1, MEMBER, a)
    raised = c.grant("A", "A", 2, MEMBER, good)
    c.grant("O", "A", 3, MEMBER, raised)
    c.grant("A", "A", 2, NONE, a)  # follows nothing that they did
    assert c.roles("AB") == [MEMBER, MEMBER]


def test_a_demotion_does_not_revive_what_was_done_after_leaving() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    left = c.grant("A", "A", 2, NONE, a)
    junk = c.grant("A", "E", 1, MEMBER, a)
    c.grant("O", "A", 3, NONE, left, junk)
    assert c.roles("AE") == [NONE, NONE]


def test_a_removal_is_not_put_off_by_a_leave_with_a_later_clock() -> None:
    """Else what somebody wrote after their removal would show, for as long as they care to put it off again."""
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("A", "B", 1, MEMBER, a)
    removed = c.grant("A", "B", 2, NONE, b)
    left = c.grant("B", "B", 2, NONE, b, clock=START + HOUR)
    while left.id > removed.id:
        c.messages.pop()
        left = c.grant("B", "B", 2, NONE, b, clock=START + HOUR)
    assert c.authority().role_at(c.id("B"), removed.header.clock - 1) is MEMBER
    assert c.authority().role_at(c.id("B"), removed.header.clock) is NONE


def test_a_removal_by_the_owner_is_not_put_off_by_a_word_at_an_earlier_gen() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("A", "B", 1, MEMBER, a)
    renamed = c.grant("A", "B", 2, MEMBER, b, name="Bert")
    removed = c.grant("O", "B", 3, NONE, renamed)
    c.grant("B", "B", 2, NONE, b, clock=START + HOUR)
    authority = c.authority()
    assert authority.role_at(c.id("B"), removed.header.clock - 1) is MEMBER
    assert authority.role_at(c.id("B"), removed.header.clock) is NONE
    assert authority.role_at(c.id("B"), START + HOUR) is NONE


def test_who_was_banned_beforehand_has_no_moment_as_member() -> None:
    c = Council()
    invite = c.invite("O", uses=5)
    c.grant("O", "E", 1, NONE, invite[0])
    late = c.admit("E", "E", invite, invite[0])
    assert c.authority().role_at(c.id("E"), late.header.clock) is NONE


def test_who_was_removed_does_not_move_their_own_history_by_coming_in_again() -> None:
    c = Council()
    one, other = c.invite("O"), c.invite("O")
    came = c.admit("B", "E", one)
    removed = c.grant("O", "E", 1, NONE, came)
    again = c.admit("E", "E", other)
    while again.id > came.id:
        c.messages.pop()
        again = c.admit("E", "E", other)
    authority = c.authority()
    clocks = (came.header.clock, removed.header.clock - 1, removed.header.clock, again.header.clock)
    assert [authority.role_at(c.id("E"), clock) for clock in clocks] == [MEMBER, MEMBER, NONE, NONE]


def test_a_copied_admit_does_not_make_two_revocations_disagree() -> None:
    """Anybody can write the same proof and consent once more, with an earlier clock."""
    c = Council()
    invite = c.invite("O", uses=2)
    for _ in range(3):
        c.merge("O", invite[0])
    came = c.admit("O", "B", invite)
    one = c.revoke("O", invite[0], [came], came)
    copied = c.admit("E", "B", invite, clock=invite[0].header.clock + 1)
    c.revoke("O", invite[0], [copied], came, copied)
    assert c.roles("B") == [MEMBER]
    assert c.authority().timelines[c.id("B")][0].by == copied.id
    c.revoke("O", invite[0], [], one)
    assert c.roles("B") == [NONE]


def test_a_team_cannot_be_founded_on_the_network_of_another() -> None:
    """Whoever is in both would take the Links of one for those of the other, and close them."""
    one, other = Council(seed=1), Council(seed=2)
    genesis = one.held().genesis
    assert genesis is not None
    body = Genesis(bytes(16), RoomType.TEAM, "copy", None, genesis.secret)
    copy = seal(other.owner, NO_ROOM, parents=[], clock=START, kind=GENESIS, content=encode(body))
    control = ControlSet(copy.id)
    assert control.add(copy) is Verdict.ENTERS
    copied = control.authority()
    assert copied is not None
    assert not set(copied.secrets) & set(one.authority().secrets)


def test_the_founder_of_a_group_who_was_removed_from_the_team_has_no_say_in_it() -> None:
    c = Council()
    members = [c.grant("O", name, 1, MEMBER) for name in "ABC"]
    group, genesis = c.room("A", RoomType.GROUP, c.held())
    c.grant("O", "A", 2, NONE, *members, clock=START + 50)
    assert group.parent is not None
    assert group.parent.add(c.messages[-1]) is Verdict.ENTERS
    for name, clock in (("B", START + 49), ("C", START + 50)):
        deed = c.write_in(group, "A", Grant(c.id(name), 1, MEMBER), genesis, clock=clock)
        assert group.add(deed) is Verdict.ENTERS
    authority = group.authority()
    assert authority is not None
    assert [authority.role(c.id(name)) for name in "ABC"] == [NONE, MEMBER, NONE]


def test_what_the_team_does_not_know_yet_is_early_and_not_refused_for_ever() -> None:
    """A channel's message may come before the grant that makes its author admin of the team."""
    c = Council()
    channel, genesis = c.room("O", RoomType.CHANNEL, c.held())
    assert channel.parent is not None
    rules = c.write_in(channel, "A", Policy(1, {"archived": True}), genesis)
    assert channel.add(rules) is Verdict.EARLY
    assert channel.parent.add(c.grant("O", "A", 1, ADMIN)) is Verdict.ENTERS
    assert channel.add(rules) is Verdict.ENTERS


# -- what it costs


def a_leave_after_the_other(c: Council, count: int) -> None:
    c.grant("O", "B", 1, MEMBER)
    for gen in range(2, count):
        c.grant("B", "B", gen, NONE)


def leaves_at_once(c: Council, count: int) -> None:
    b = c.grant("O", "B", 1, MEMBER)
    for _ in range(count):
        c.write("B", Grant(c.id("B"), 2, NONE, f"{c.now}"), b)


def a_tenure_with_leaves_and_deeds(c: Council, count: int) -> None:
    a = c.grant("O", "A", 1, ADMIN)
    for gen in range(2, count // 2):
        c.grant("A", "A", gen, NONE)
        c.merge("A", a)


def policies(c: Council, count: int) -> None:
    for gen in range(1, count):
        c.policy("O", gen, {"days": gen})


def admits_and_revocations(c: Council, count: int) -> None:
    invite = c.invite("O", uses=1_000)
    admits = [c.admit("E", "E", invite) for _ in range(count // 2)]
    for _ in range(count // 2):
        c.revoke("O", invite[0], admits[:5], invite[0])


def calls(run: Callable[[], object]) -> int:
    """How many calls of Python functions it takes: the same on every machine, busy or not."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "write",
    [
        a_leave_after_the_other,
        leaves_at_once,
        a_tenure_with_leaves_and_deeds,
        policies,
        admits_and_revocations,
    ],
)
def test_a_fold_of_twice_as_much_costs_about_twice(write: Callable[[Council, int], None]) -> None:
    costs = []
    for count in (60, 120):
        c = Council()
        write(c, count)
        control = c.held()
        costs.append(calls(control.authority))
        for same in (control, control.copy()):
            assert calls(same.authority) < 20  # kept until something enters
    assert costs[1] < 2.5 * costs[0]
