from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.api import schema
from p2pim.cli.doctor import masked
from p2pim.config import Paths
from p2pim.errors import BadConfig
from p2pim.node.events import Check
from tests.served import Served
from tests.unit.cli.conftest import P2pim


def test_doctor_says_what_is_wrong_with_the_machines_policy(
    p2pim: P2pim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise BadConfig("Unknown rule 'x' in /p.toml.")

    monkeypatch.setattr("p2pim.config.machine.load_machine_policy", broken)
    done = p2pim("doctor")
    assert "FAIL   policy        Unknown rule 'x' in /p.toml.\n" in done.out
    assert done.code == 1


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


def check(text: str, cure: str | None = None) -> schema.Check:
    return {"name": "inbound", "level": "warn", "text": text, "cure": cure}


def test_what_is_shown_to_others_names_nobody_and_no_address() -> None:
    home = Path.home() / "p2pim"
    shown = masked(
        [
            check(f"Anna Berg at 10.0.0.7:26747 and fd00::5%2, Ann not; in {home}", "p2pim add 10.0.0.7"),
            check("mDNS on eth0, TCP 26747, version 0.1.0, Anna Berg again; [fe80::1]:2000"),
        ],
        ["Ann", "Anna Berg", "#lobby", ""],
    )
    assert [one["text"] for one in shown] == [
        "<name 1> at <address 1>:26747 and <address 2>, <name 2> not; in ~/p2pim",
        "mDNS on eth0, TCP 26747, version 0.1.0, <name 1> again; [<address 3>]:2000",
    ]
    assert shown[0]["cure"] == "p2pim add <address 1>"
    assert masked([check("nobody")], []) == [check("nobody")]


def test_a_report_to_share(p2pim: P2pim, profile: Served) -> None:
    nickname = profile.do(lambda: next(iter(profile.node.known.values())).nickname)
    profile.node.checks = [
        Check("inbound", "warn", f"the connection of {nickname} to 10.0.0.1:2000 failed", None)
    ]
    assert f"{nickname} to 10.0.0.1:2000" in p2pim("doctor").out
    assert "the connection of <name 1> to <address 1>:2000 failed" in p2pim("doctor", "--share").out
