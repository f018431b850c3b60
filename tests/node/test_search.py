"""Search over all that somebody holds, by what is shown of it now."""

from __future__ import annotations

from typing import Any

from tests.node.company import Colleague, Company


def found(who: Colleague, query: str, limit: int = 10, **where: Any) -> tuple[list[str | None], bool]:
    views, more = who.me.find(query, limit, **where)
    return [view.text for view in views], more


def test_both_ends_find_what_is_shown_now_wherever_it_was_said() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    plan = ann.write(bob, "release on Tuesday")
    company.run(1)
    bob.announce("the release is near")
    company.run(1)
    bob.write(ann, "releases need notes")
    company.run(1)
    for who in (ann, bob):
        assert found(who, "release") == (
            ["releases need notes", "the release is near", "release on Tuesday"],
            False,
        )
        assert found(who, "release", 2) == (["releases need notes", "the release is near"], True)
        assert found(who, "release", author=ann.peer_id) == (["release on Tuesday"], False)
    assert found(ann, "release", room=ann.room(bob))[0] == ["releases need notes", "release on Tuesday"]
    edited = ann.me.edit(plan.id, "launch on Friday")
    company.run(1)
    for who in (ann, bob):
        assert found(who, "tuesday") == ([], False)  # said once, and not any more
        assert found(who, "FRI launch") == (["launch on Friday"], False)
        assert found(who, "launch", since_ms=plan.clock, until_ms=plan.clock)[0] == ["launch on Friday"]
        assert found(who, "launch", since_ms=plan.clock + 1) == (
            [],
            False,
        )  # the edit is younger, not the message
    assert edited.edited
    ann.me.delete(plan.id)
    company.run(1)
    for who in (ann, bob):
        assert found(who, "launch") == ([], False)


def test_many_edits_of_one_message_are_one_result_and_the_blocked_stay_silent_in_the_lobby() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    said = ann.announce("coffee 0")
    for number in range(1, 5):
        ann.me.edit(said.id, f"coffee {number}")
    company.run(1)
    assert found(bob, "coffee") == (["coffee 4"], False)
    bob.me.block(ann.peer_id)
    assert found(bob, "coffee") == ([], False)


def test_page_after_page_is_looked_at_until_enough_is_shown() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    texts = [ann.write(bob, f"number {number}") for number in range(250)]
    for view in texts[50:]:
        ann.me.edit(view.id, "another word")
    assert found(ann, "number", 3) == (["number 49", "number 48", "number 47"], True)
