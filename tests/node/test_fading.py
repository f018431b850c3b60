"""A lobby that is written full: bounded at once, and what went does not come back."""

from __future__ import annotations

import pytest

from p2pim.node import events, fading
from p2pim.protocol.room import LOBBY
from p2pim.store import lobby
from tests.node.company import Company


def test_a_flooded_lobby_is_trimmed_at_once_and_nothing_is_told_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lobby, "LOBBY_PER_AUTHOR", 10)
    monkeypatch.setattr(fading, "TRIM_AFTER", 5)
    company = Company()
    ann, bob = company.friends("ann", "bob")
    for number in range(40):
        ann.announce(f"spam {number}")
        company.run(0.1)
        assert len(bob.held(LOBBY)) < 10 + 5
    newest = [f"spam {number}" for number in range(30, 40)]
    bob.me.fading.trim()
    assert bob.lobby() == newest
    for _ in range(2):
        company.part(ann, bob)
        company.meet(ann, bob)
        company.run(2)
        assert bob.lobby() == newest, "what was trimmed stays away, though ann still offers it"
    told = [event.message.id for event in bob.said(events.MessageAdded)]
    assert len(told) == len(set(told)) == 40


def test_the_lobby_is_trimmed_each_hour_and_after_the_clock_went_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = Company()
    (ann,) = company.friends("ann")
    trims: list[int] = []
    monkeypatch.setattr(ann.me.fading, "trim", lambda: trims.append(ann.clock.wall_ms()))
    began = ann.clock.wall_ms()
    ann.clock.skew_ms += fading.TRIM_MS - 2_000
    company.run(1)
    assert trims == []
    company.run(2)
    assert len(trims) == 1
    ann.clock.skew_ms -= 3 * fading.TRIM_MS
    company.run(1)
    assert len(trims) == 2
    assert trims[1] < began
