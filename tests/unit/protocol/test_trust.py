"""Trust: it rises by the user's act only."""

from __future__ import annotations

import pytest

from p2pim.protocol.trust import Trust, accepted, compared, shown_name


@pytest.mark.parametrize(
    ("before", "after_accepting", "after_comparing", "after_taking_back"),
    [
        (Trust.NEW, Trust.ACCEPTED, Trust.VERIFIED, Trust.NEW),
        (Trust.ACCEPTED, Trust.ACCEPTED, Trust.VERIFIED, Trust.ACCEPTED),
        (Trust.TEAM, Trust.TEAM, Trust.VERIFIED, Trust.TEAM),
        (Trust.VERIFIED, Trust.VERIFIED, Trust.VERIFIED, Trust.ACCEPTED),
    ],
)
def test_how_trust_changes(
    before: Trust, after_accepting: Trust, after_comparing: Trust, after_taking_back: Trust
) -> None:
    assert accepted(before) is after_accepting
    assert compared(before, equal=True) is after_comparing
    assert compared(before, equal=False) is after_taking_back


@pytest.mark.parametrize(
    ("petname", "certified", "nickname", "shown"),
    [
        ("Bobby", "Robert B.", "bob", "Bobby"),
        ("", "Robert B.", "bob", "Robert B."),
        ("", "", "bob", "bob (qwertyui)"),
        ("", "", "", "qwertyui"),
    ],
)
def test_the_name_shown(petname: str, certified: str, nickname: str, shown: str) -> None:
    assert shown_name(petname, certified, nickname, "qwertyui") == shown
