"""Real commands and daemons on a machine that has a policy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from p2pim.errors import Forbidden
from tests.cli.home import LOOPBACK, Done, Home, running
from tests.daemons import Daemon
from tests.loopback import own_loopback
from tests.site import FILE, Site, missing

reason = missing()
pytestmark = pytest.mark.skipif(reason is not None, reason=reason or "")

ON = LOOPBACK + "open_network = true\n"
SWITCHED_OFF = f"open_network is switched off by the machine policy ({FILE})."


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    with own_loopback():
        yield


class Administered(Home):
    """A profile on a machine with a policy."""

    def __init__(self, folder: Path, policy: str | None, settings: str = ON) -> None:
        super().__init__(folder / "home", settings)
        self.site = Site(folder / "machine", policy)

    def command(self, *arguments: str) -> list[str]:
        return [*self.site.wrap, *super().command(*arguments)]

    def run_with(self, env: Mapping[str, str], *arguments: str) -> Done:
        """Run one command with no --home and these variables."""
        argv = [*self.site.wrap, sys.executable, "-m", "p2pim", *arguments]
        done = subprocess.run(
            argv, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=50
        )
        return Done(done.returncode, done.stdout, done.stderr)


def test_the_open_network_cannot_be_had_where_the_machine_forbids_it(short_tmp: Path) -> None:
    home = Administered(short_tmp, 'open_network = false\nsubnets = ["10.0.0.0/8"]\nretention_days = 365\n')
    with running(home):
        refused = f"The lobby belongs to the open network, and {SWITCHED_OFF}"
        assert home.run("send", "#lobby", "x") == (4, "", f"p2pim: {refused}\n")
        with Client(Paths(home.folder)) as client:
            with pytest.raises(Forbidden) as caught:
                client.send("#lobby", "x")
            assert str(caught.value) == refused
            assert client.call("config.get")["settings"]["open_network"] is False
            source = f"machine policy ({FILE})"
            assert client.policy() == [
                {"key": "open_network", "value": False, "source": source},
                {"key": "retention_days", "value": 365, "source": source},
                {"key": "subnets", "value": ["10.0.0.0/8"], "source": source},
            ]
            assert home.run("policy", "--json").json == client.policy()
        assert f"open_network = off   (machine policy ({FILE}))\n" in home.run("policy").out
        before = (home.folder / "config.toml").read_text()
        assert home.run("config", "set", "open_network", "true") == (4, "", f"p2pim: {SWITCHED_OFF}\n")
        assert (home.folder / "config.toml").read_text() == before
        assert home.run("add", "127.0.0.1:5000") == (
            4,
            "",
            "p2pim: 127.0.0.1:5000 cannot be dialled: "
            f"subnets is set to 10.0.0.0/8 by the machine policy ({FILE}).\n",
        )
        assert (
            "ok     policy        in force: open_network, retention_days, subnets (p2pim policy)\n"
            in home.run("doctor").out
        )
    assert home.run("config", "set", "open_network", "true") == (4, "", f"p2pim: {SWITCHED_OFF}\n")


def test_nobody_meets_who_may_not(short_tmp: Path) -> None:
    """Each of two with the open network on: nothing but the policy keeps them apart."""
    (short_tmp / "m").mkdir()
    site = Site(short_tmp / "m" / "machine")
    with (
        Daemon(short_tmp / "ann", settings=ON) as ann,
        Daemon(short_tmp / "ben", settings=ON, wrap=site.wrap) as ben,
    ):
        ann.start()
        ben.start()
        ben.until_sees(ann)
        ben.stop()
        site.write('subnets = ["10.0.0.0/8"]')
        ben.start()
        assert not ben.sees(ann)
        with socket.create_connection(("127.0.0.1", ben.client.status()["port"] or 0), timeout=2) as sock:
            assert sock.recv(1) == b"", "shut out at once: a stranger has 3 s elsewhere"
        (check,) = [check for check in ben.client.doctor() if check["name"] == "mdns"]
        assert "no usable interface" in check["text"]
        ben.stop()
        site.file.unlink()
        ben.start()
        ben.until_sees(ann)


@pytest.mark.parametrize("path", ["", "p2pim", "p2pim/policy.toml"])
def test_a_policy_that_others_could_change_starts_nothing(short_tmp: Path, path: str) -> None:
    home = Administered(short_tmp, "open_network = false\n")
    loose = home.site.xdg / path
    loose.chmod(0o775)
    shown = Path("/etc/xdg", path)
    sentence = (
        f"The machine policy {FILE} cannot be trusted: "
        f"{shown} can be written by others than its owner: run `chmod go-w {shown}`."
    )
    assert home.run("start") == (7, "", f"p2pim: {sentence}\n")
    daemon = [*home.site.wrap, sys.executable, "-m", "p2pim.daemon", "--home", str(home.folder)]
    done = subprocess.run(daemon, capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (7, "", f"p2pim: {sentence}\n")
    assert [entry.name for entry in home.folder.iterdir()] == ["config.toml"], "nothing was begun"
    assert f"FAIL   policy        {sentence}\n" in home.run("doctor").out
    loose.chmod(0o755)
    with running(home):
        assert home.run("send", "#lobby", "x").code == 4


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("open_netwrk = false\n", f"Unknown rule 'open_netwrk' in {FILE}: did you mean 'open_network'?"),
        ("\nopen_network = off\n", f"{FILE} is not valid TOML: Invalid value (at line 2, column 16)."),
        ("files = 'no'\n", f"Rule 'files' in {FILE}: expected true or false."),
        (
            "minimum_version = '99'\n",
            f"minimum_version is set to 99 by the machine policy ({FILE}): update it.",
        ),
    ],
)
def test_a_policy_that_is_not_understood_or_not_met_starts_nothing(
    short_tmp: Path, policy: str, says: str
) -> None:
    done = Administered(short_tmp, policy).run("start")
    assert (done.code, done.out) == (7, "")
    assert done.err.endswith(f"{says}\n")
    assert done.err.count("\n") == 1


def test_no_option_and_no_variable_leads_around_it(short_tmp: Path) -> None:
    home = Administered(short_tmp, "open_network = false\n")
    own = short_tmp / "own"
    for name in ("p2pim", "run", "config"):
        (own / name).mkdir(mode=0o700, parents=True)
    (own / "p2pim" / "policy.toml").write_text("")
    (own / "p2pim" / "policy.toml").chmod(0o644)
    theirs = {"XDG_CONFIG_DIRS": str(own), "XDG_DATA_DIRS": str(own), "HOME": str(own)}
    homes = {"P2PIM_HOME": str(home.folder)}, {"XDG_RUNTIME_DIR": str(own / "run")}
    for chosen in homes:
        env = {**theirs, "XDG_CONFIG_HOME": str(own / "config"), **chosen}
        if "P2PIM_HOME" not in chosen:
            (own / "config" / "p2pim").mkdir(mode=0o700)
            (own / "config" / "p2pim" / "config.toml").write_text(ON)
        assert home.run_with(env, "start").code == 0
        try:
            assert SWITCHED_OFF in home.run_with(env, "send", "#lobby", "x").err
        finally:
            assert home.run_with(env, "stop").code == 0
    with running(home):  # by --home
        assert SWITCHED_OFF in home.run("send", "#lobby", "x").err


def test_the_file_is_read_at_the_start_and_not_again(short_tmp: Path) -> None:
    home = Administered(short_tmp, None)
    with running(home):
        assert home.run("policy").out.startswith("No rules: ")
        home.site.write("open_network = false\n")
        assert home.run("send", "#lobby", "x").code == 0
        assert home.run("stop").code == 0
        assert home.run("start").code == 0
        assert home.run("send", "#lobby", "x").code == 4
