from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.cli import service
from p2pim.config import Paths
from p2pim.node.events import Check
from tests.served import Served, served
from tests.unit.cli.conftest import P2pim


def test_status(p2pim: P2pim, profile: Served) -> None:
    out = p2pim("status").out
    assert "LAN ok, 1 peer" in out
    assert "26747" in out
    profile.do(lambda: profile.node.set_nickname(""))
    assert "(no name yet: p2pim name NAME)" in p2pim("status").out
    assert p2pim("status", "--json").json["state_line"] == "LAN ok, 1 peer"


def test_status_without_a_daemon(p2pim: P2pim) -> None:
    assert p2pim("status") == (5, "", "p2pim: p2pim is not running: start it with `p2pim start`.\n")


def test_start_when_it_runs(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("start").out.startswith("p2pim is running already (process ")
    assert p2pim("start", "--json").json["started"] is False


def test_stop_waits_for_the_end(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("stop") == (0, "p2pim has stopped.\n", "")
    assert p2pim("stop").code == 5


def test_a_daemon_that_does_not_end(p2pim: P2pim, profile: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STOPPING_PATIENCE", 0.05)
    profile.do(lambda: setattr(profile.server._handlers, "stop", lambda: None))
    done = p2pim("stop")
    assert done.code == 6
    assert "by hand" in done.err


def test_adding_an_address(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("add", "[fd00::1]:2000").out == "fd00::1 port 2000 is kept and tried from now on.\n"
    assert p2pim("add", "host.lan", "--json").json == {"host": "host.lan", "port": 26747}
    assert profile.node.tried == [("fd00::1", 2000), ("host.lan", 26747)]
    done = p2pim("add", "host:99")
    assert done == (4, "", "p2pim: 'host:99': the port must be between 1024 and 65535.\n")


def test_config_needs_no_daemon(p2pim: P2pim, short_tmp: Path) -> None:
    assert p2pim("config", "set", "visible", "nobody").out == "visible = nobody\n"
    assert p2pim("config", "get", "visible", "--json").json == {"visible": "nobody"}
    out = p2pim("config").out
    assert str(short_tmp / "config.toml") in out
    assert "visible       nobody" in out
    assert "open_network  on" in out
    assert p2pim("config", "unset", "visible").out == "visible = everyone\n"
    assert p2pim("config", "--json").json["settings"]["visible"] == "everyone"


def test_config_says_when_a_restart_is_needed(p2pim: P2pim, profile: Served) -> None:
    assert "restart to apply" in p2pim("config", "set", "interfaces", "eth0, wg0").out
    assert p2pim("config", "get", "interfaces").out == "interfaces = eth0, wg0\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["get"], "name a KEY"),
        (["set", "port"], "give a VALUE"),
        (["get", "port", "1"], "takes no VALUE"),
        (["list", "port"], "takes no KEY"),
    ],
)
def test_config_used_wrongly(p2pim: P2pim, arguments: list[str], says: str) -> None:
    done = p2pim("config", *arguments)
    assert done.code == 2
    assert says in done.err


def test_doctor_when_all_is_well(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("doctor")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["ok"] * 3


def test_doctor_names_the_cure_and_fails(p2pim: P2pim, profile: Served) -> None:
    profile.node.checks = [
        Check("mdns", "warn", "heard nobody", "p2pim add"),
        Check("store", "fail", "full", None),
    ]
    done = p2pim("doctor")
    assert done.code == 1
    assert done.out.splitlines()[-3:] == [
        "warn   mdns          heard nobody",
        "                     -> p2pim add",
        "FAIL   store         full",
    ]
    assert p2pim("doctor", "--json").json[-1]["level"] == "fail"


def test_doctor_without_a_daemon(p2pim: P2pim, short_tmp: Path) -> None:
    done = p2pim("doctor")
    assert done.code == 1
    assert "skip   profile" in done.out
    assert "FAIL   daemon        p2pim is not running" in done.out
    assert "-> p2pim start" in done.out


def test_doctor_finds_what_keeps_a_daemon_from_starting(p2pim: P2pim, short_tmp: Path) -> None:
    (short_tmp / "config.toml").write_text("prot = 1")
    Paths(short_tmp).prepare()
    (short_tmp / "run").chmod(0o755)
    out = p2pim("doctor").out
    assert "FAIL   config        Unknown setting 'prot'" in out
    assert "FAIL   profile" in out
    assert "chmod 700" in out


def test_a_daemon_of_another_version(p2pim: P2pim, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(short_tmp):
        monkeypatch.setattr("p2pim.api.client.API_VERSION", 2)
        done = p2pim("status")
        assert done.code == 6
        assert done.err.count("\n") == 1
        assert "(API 1)" in done.err
        assert "(API 2)" in done.err
        assert "run `p2pim stop`" in done.err
        assert "FAIL   daemon" in p2pim("doctor").out
        assert p2pim("stop").code == 0
