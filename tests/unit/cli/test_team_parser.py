from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from p2pim.cli.parser import parse
from p2pim.cli.team_parser import ROOM, TEAM


def parsed(*words: str) -> dict[str, Any]:
    return vars(parse(list(words)))


def test_what_is_not_given_has_its_default() -> None:
    options = parsed("team", "invite")
    assert (options["room"], options["team"]) == (None, None)
    assert (options["uses"], options["days"], options["approval"], options["label"]) == (1, 7.0, False, None)
    assert parsed("team", "join")["wait"] == 30
    assert parsed("room", "create", "x")["private"] is None
    assert parsed("room", "create", "x", "--private")["private"] == []
    assert parsed("room", "create", "x", "--private", "Ben", "Cy")["private"] == ["Ben", "Cy"]


def test_a_team_is_named_in_place_or_by_option() -> None:
    assert parsed("team", "log", "Blue")["room"] == "Blue"
    assert parsed("team", "log", "--team", "Blue", "--verify")["team"] == "Blue"
    assert parsed("team", "grant", "Ben", "admin", "--team", "Blue/plan")["team"] == "Blue/plan"


def test_a_code_may_be_typed_in_pieces() -> None:
    assert parsed("team", "join", "K7QM", "2XPA", "94TR", "6WHY")["invitation"] == [
        "K7QM",
        "2XPA",
        "94TR",
        "6WHY",
    ]
    assert parsed("team", "join", "-")["invitation"] == ["-"]


@pytest.mark.parametrize(
    "words",
    [
        ["team", "create"],
        ["team", "invite", "--uses", "0"],
        ["team", "grant", "Ben", "owner"],
        ["team", "grant", "Ben"],
        ["team", "join", "--wait", "soon"],
        ["room", "create"],
        ["room", "archive"],
    ],
)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        parse(words)
    assert f"p2pim {words[0]} {words[1]}: error: " in capsys.readouterr().err


def test_join_says_why_a_code_is_better_not_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["team", "join", "--help"])
    assert "other users of this machine" in " ".join(capsys.readouterr().out.split())


def test_it_is_loaded_only_with_team_and_room() -> None:
    code = "import sys; from p2pim.cli.parser import parse; parse({}); print('p2pim.cli.team_parser' in sys.modules)"
    for words, loaded in ((["send", "x", "y"], "False"), (["team", "list"], "True"), (["room"], "True")):
        done = subprocess.run(
            [sys.executable, "-c", code.format(words)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == loaded
    assert "list" in TEAM
    assert "list" in ROOM
