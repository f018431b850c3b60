from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.cli import service
from p2pim.config.policy import Policy, Rule, combine, machine_policy
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
    assert "visible           nobody" in out
    assert "open_network      on" in out
    assert p2pim("config", "unset", "visible").out == "visible = everyone\n"
    assert p2pim("config", "--json").json["settings"]["visible"] == "everyone"


def test_config_says_when_a_restart_is_needed(p2pim: P2pim, profile: Served) -> None:
    assert "restart to apply" in p2pim("config", "set", "interfaces", "eth0, wg0").out
    assert p2pim("config", "get", "interfaces").out == "interfaces = eth0, wg0\n"


def test_what_a_colleague_can_type(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("address").out.splitlines()[1:] == ["  p2pim add 192.168.1.5", "  p2pim add [fd00::5]"]
    assert p2pim("address", "--json").json[0] == {"host": "192.168.1.5", "port": 26747}
    profile.do(lambda: setattr(profile.node, "addresses", lambda: [("10.0.0.1", 5000)]))
    assert p2pim("address").out.splitlines()[1] == "  p2pim add 10.0.0.1:5000"
    profile.do(lambda: setattr(profile.node, "addresses", list))
    assert p2pim("address").out.startswith("There is no network here")


OFF = machine_policy({"open_network": False, "subnets": ["10.0.0.0/8"]}, "/p.toml")
SWITCHED_OFF = "open_network is switched off by the machine policy (/p.toml)"


def test_a_policy_is_shown_with_whose_it_is(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("policy").out.startswith("No rules: ")
    assert p2pim("policy", "--json").json == []
    profile.do(lambda: setattr(profile.node, "policy", combine(OFF, {"dev": {"retention_days": 9}})))
    assert p2pim("policy").out.splitlines() == [
        "open_network = off   (machine policy (/p.toml))",
        "    whether everybody on the LAN may see this p2pim and write to it",
        "retention_days = 9   (policy of team dev)",
        "    how long messages are kept, in days: what is older is erased",
        "subnets = 10.0.0.0/8   (machine policy (/p.toml))",
        "    where peers may be: nobody else is dialled or let in",
    ]
    assert p2pim("policy", "--json").json[0] == {
        "key": "open_network",
        "value": False,
        "source": "machine policy (/p.toml)",
    }


def test_a_rule_of_a_newer_daemon_is_shown_without_its_meaning(p2pim: P2pim, profile: Served) -> None:
    newer = Policy((Rule("holograms", ("all",), "policy of team dev"),))
    profile.do(lambda: setattr(profile.node, "policy", newer))
    assert p2pim("policy").out == "holograms = all   (policy of team dev)\n"


def test_a_policy_without_a_daemon(p2pim: P2pim) -> None:
    assert p2pim("policy").code == 5


def test_a_setting_that_a_policy_fixes_is_not_changed(p2pim: P2pim, profile: Served, short_tmp: Path) -> None:
    profile.do(lambda: setattr(profile.node, "policy", combine(OFF, {})))
    assert p2pim("config", "set", "open_network", "true") == (4, "", f"p2pim: {SWITCHED_OFF}.\n")
    assert not (short_tmp / "config.toml").exists()
    assert p2pim("config", "get", "open_network").out == f"open_network = on   (but {SWITCHED_OFF})\n"
    assert f"open_network      on   (but {SWITCHED_OFF})" in p2pim("config").out
    assert p2pim("config", "set", "open_network", "off").out.startswith("open_network = off   (restart")


def test_without_a_daemon_the_machines_file_counts(p2pim: P2pim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.config.machine.load_machine_policy", lambda: OFF)
    assert p2pim("config", "set", "open_network", "true") == (4, "", f"p2pim: {SWITCHED_OFF}.\n")


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
