"""Stories of teams with bad luck and bad members. A failing seed is printed: ``play(SEED)`` repeats it exactly."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.simulation.guild import play
from tests.simulation.misfortune import play_all

SEEDS = 300
BLOCK = 20


@pytest.fixture(autouse=True)
def cheap_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a code is not what is tested here."""
    scrypt = hashlib.scrypt

    def cheap(*args: Any, **how: Any) -> bytes:
        return scrypt(*args, **{**how, "n": 16})

    monkeypatch.setattr(hashlib, "scrypt", cheap)


@pytest.fixture(autouse=True)
def eager_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A story is short: what waits is sealed soon."""
    for name, seconds in {
        "boxes.PATIENCE": 1.0,
        "boxes.GROUP_PATIENCE": 2.0,
        "boxes.LOOK_SECONDS": 1.0,
    }.items():
        monkeypatch.setattr(f"p2pim.node.{name}", seconds)
    monkeypatch.setattr("p2pim.node.boxkeys.TELL_SECONDS", 3.0)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_invariants_hold_whatever_happens(first: int) -> None:
    seen = play_all(play, range(first, first + BLOCK))
    # A story without misfortune would prove little.
    assert seen["grants"] + seen["removals"] + seen["tries to join"] > 10
    assert seen["box answer 0"] + seen["box answer 2"] > 0
    assert seen["crash before a commit"] + seen["crash after a commit"] + seen["crash between steps"] > 5
