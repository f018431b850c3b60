"""One deed, and the tenures that follow from grants."""

from __future__ import annotations

from p2pim.protocol.control import Grant, Policy, Role
from p2pim.protocol.deed import ALL, Deed, Tenure, rank, tenures
from p2pim.protocol.message import Message
from tests.council import Council

ADMIN, MEMBER, NONE = Role.ADMIN, Role.MEMBER, Role.NONE


def deed_of(c: Council, message: Message) -> Deed:
    deed = c.held().deed(message.id)
    assert deed is not None
    return deed


def tenures_of(c: Council, name: str) -> list[Tenure]:
    about = [d for d in c.held().deeds() if isinstance(d.body, Grant) and d.body.subject == c.id(name)]
    return tenures(c.id("O"), [d for d in about if d.good])


def test_a_deed_says_what_its_message_says() -> None:
    c = Council()
    made = c.grant("O", "A", 1, ADMIN)
    left = c.grant("A", "A", 2, NONE)
    leap = c.grant("O", "A", 4, NONE)
    rules = c.policy("O", 1, {})
    admit = c.admit("O", "B", c.invite("O"))
    deeds = [deed_of(c, m) for m in (made, left, leap, rules, admit, c.genesis)]
    assert [d.gen for d in deeds] == [1, 2, 4, 1, 0, 0]
    assert [d.good for d in deeds] == [True, True, False, True, True, True]
    assert [d.is_leave for d in deeds] == [False, True, False, False, False, False]
    assert [d.role for d in deeds[:3]] == [ADMIN, NONE, NONE]
    assert deeds[4].role is MEMBER
    assert (deeds[0].id, deeds[0].author, deeds[0].clock) == (made.id, c.id("O"), made.header.clock)
    assert deeds[1].follows(deeds[0])
    assert not deeds[0].follows(deeds[1])
    assert isinstance(deeds[3].body, Policy)
    assert rank(c.id("O"), deeds[0]) < rank(c.id("O"), deeds[1])


def test_a_tenure_begins_with_the_owners_grant_and_ends_with_the_next_lower_one() -> None:
    c = Council()
    one = c.grant("O", "A", 1, ADMIN)
    early = c.merge("A", one)
    demoted = c.grant("O", "A", 2, MEMBER, early)
    late = c.merge("A", one)
    again = c.grant("O", "A", 3, ADMIN, demoted)
    renamed = c.grant("O", "A", 4, ADMIN, again)
    now = c.merge("A", renamed)
    second, first = tenures_of(c, "A")
    assert second.within == ALL
    assert [second.has(deed_of(c, m)) for m in (early, late, now)] == [False, False, True]
    assert [first.has(deed_of(c, m)) for m in (early, late, now)] == [True, False, False]
    assert second.grants == 1 << deed_of(c, again).number | 1 << deed_of(c, renamed).number


def test_who_was_never_made_admin_has_no_tenure() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    c.grant("A", "B", 1, MEMBER)
    c.grant("B", "B", 2, NONE)
    assert tenures_of(c, "B") == tenures_of(c, "C") == []
