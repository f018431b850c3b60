"""The promise of the whole thing: what was said is there, once and in order, whatever is killed meanwhile."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.daemons import LOOPBACK, Daemon, befriend, start_together
from tests.kills import Duel
from tests.plugin import Figure

MESSAGES = 10_000
KILLS = 20


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_out_of_order_when_both_sides_are_killed_again_and_again(
    short_tmp: Path, plain_environment: dict[str, str], figure: Figure
) -> None:
    seed = int(os.environ.get("P2PIM_KILLS_SEED") or random.randrange(2**32))
    print(f"repeat the moments with P2PIM_KILLS_SEED={seed}")
    with (
        Daemon(short_tmp / "ann", settings=LOOPBACK, env=plain_environment) as ann,
        Daemon(short_tmp / "ben", settings=LOOPBACK, env=plain_environment) as ben,
    ):
        start_together(ann, ben)
        befriend(ann, ben)
        figures = Duel(ann, ben, messages=MESSAGES, kills=KILLS, seed=seed).fight()
    figure("kills", str(figures))
    assert figures.kills == 2 * KILLS
    assert figures.in_flight > KILLS
