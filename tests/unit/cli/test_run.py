from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from p2pim.api.jsonrpc import NotRunning
from p2pim.cli.output import Output
from p2pim.cli.run import Run, target


@pytest.mark.parametrize(
    ("typed", "meant"), [("lobby", "#lobby"), ("#lobby", "#lobby"), ("ben", "ben"), ("#x", "#x")]
)
def test_lobby_is_always_the_room(typed: str, meant: str) -> None:
    assert target(typed) == meant


def test_the_profile_is_the_chosen_one(tmp_path: Path) -> None:
    run = Run(argparse.Namespace(home=str(tmp_path)), Output())
    assert run.paths.home == tmp_path
    with pytest.raises(NotRunning, match="p2pim start"):
        run.client()
