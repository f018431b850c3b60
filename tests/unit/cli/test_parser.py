from __future__ import annotations

import importlib

import pytest

from p2pim.api.exits import MEANINGS
from p2pim.cli.parser import COMMANDS, parse


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_function_and_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module, _, function = COMMANDS[name].act.partition(":")
    assert callable(getattr(importlib.import_module(f"p2pim.cli.{module}"), function))
    with pytest.raises(SystemExit, match=r"^0$"):
        parse([name, "--help"])
    out = capsys.readouterr().out
    assert f"p2pim {name}" in out
    assert "--json" in out
    assert "--home" in out


def test_help_lists_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        parse(["--help"])
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)
    assert all(f"{code:3}  {meaning}" in out for code, meaning in MEANINGS.items())


@pytest.mark.parametrize("order", [["--home", "h", "--json", "status"], ["status", "--json", "--home", "h"]])
def test_common_options_go_before_or_behind(order: list[str]) -> None:
    options = parse(order)
    assert (options.home, options.json, options.act) == ("h", True, "service:status")


def test_without_a_command_the_window_or_the_lobby() -> None:
    assert parse([]).act == "desktop:start"
    assert parse(["--home", "send"]).act == "desktop:start"


def test_a_home_called_like_a_command() -> None:
    assert parse(["--home", "start", "status"]).act == "service:status"


DEEDS = [(name, deed) for name in ("team", "room") for deed in COMMANDS[name].deeds()]


@pytest.mark.parametrize(("name", "deed"), DEEDS)
def test_every_deed_has_its_function_and_help(
    name: str, deed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module, _, function = COMMANDS[name].deeds()[deed].act.partition(":")
    assert callable(getattr(importlib.import_module(f"p2pim.cli.{module}"), function))
    with pytest.raises(SystemExit, match=r"^0$"):
        parse([name, deed, "--help"])
    out = capsys.readouterr().out
    assert f"p2pim {name} {deed}" in out
    assert "--json" in out
    with pytest.raises(SystemExit, match=r"^0$"):
        parse([name, "--help"])
    assert f"    {deed} " in capsys.readouterr().out


def test_common_options_go_anywhere_around_a_deed() -> None:
    for order in (
        ["--home", "list", "team", "members", "--json"],
        ["team", "--home", "list", "members", "--json"],
        ["team", "--json", "members", "--home", "list"],
    ):
        options = parse(order)
        assert (options.home, options.json, options.act) == ("list", True, "team:members")


def test_a_command_with_deeds_stands_alone_too() -> None:
    assert parse(["team"]).act == "team:list_teams"
    assert parse(["room", "--json"]).act == "rooms:list_rooms"
    assert parse(["send", "team", "invite"]).text == ["invite"]
    assert parse(["team", "create", "invite"]).name == "invite"


def test_muting_takes_one_room() -> None:
    assert (parse(["mute", "#Blue/news"]).room, parse(["mute", "Ben"]).mentions) == ("#Blue/news", False)
    assert parse(["mute", "--mentions", "lobby"]).mentions is True
    assert (parse(["unmute", "lobby"]).act, parse(["rooms"]).act) == ("rooms:unmute", "rooms:list_rooms")


def test_an_unknown_deed_is_told_all_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        parse(["team", "nope", "invite"])
    err = capsys.readouterr().err
    assert "p2pim team: error: " in err
    assert "members" in err


def test_texts_may_hold_command_names_and_dashes() -> None:
    assert parse(["send", "ben", "stop", "the", "demo"]).text == ["stop", "the", "demo"]
    assert parse(["send", "ben", "--", "-x"]).text == ["-x"]
    assert parse(["send", "ben", "-"]).text == ["-"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["nope", "send"],
        ["send"],
        ["history", "x", "-n", "0"],
        ["history", "x", "-n", "y"],
        ["status", "--x"],
        ["mute"],
        ["unmute", "lobby", "--mentions"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        parse(arguments)
    assert "error: " in capsys.readouterr().err


def test_an_unknown_command_is_told_all_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["nope", "send"])
    assert "doctor" in capsys.readouterr().err


def test_help_is_as_wide_as_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    with pytest.raises(SystemExit):
        parse(["send", "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 50
    monkeypatch.setenv("COLUMNS", "wide")
    with pytest.raises(SystemExit):
        parse(["send", "--help"])
