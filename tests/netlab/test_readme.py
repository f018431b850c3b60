"""README's start for a team on a VPN, followed word for word on clean homes, over WireGuard without multicast."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.netlab import wireguard
from tests.netlab.lab import Host, Lab
from tests.netlab.wireguard import Vpn

ROOT = Path(__file__).resolve().parents[2]
SECTION = "## Five minutes with a team on a VPN"
LINK = re.compile(r"p2pim:\S+")


def blocks() -> list[list[str]]:
    """The commands of the section, block by block, without their comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(SECTION)[1].split("\n## ")[0]
    found = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    return [[line.partition("  #")[0].strip() for line in block.splitlines()] for block in found]


class Person:
    """Somebody at a terminal of a host, with a home in which nothing is."""

    def __init__(self, host: Host, home: Path) -> None:
        self._host = host
        runtime = home / "run"
        runtime.mkdir(mode=0o700, parents=True)
        bin_folder = Path(sys.executable).parent
        self._env = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
        }

    def types(self, command: str, answer: str = "") -> str:
        """Run one line as written, with an answer if it asks; what it said."""
        done = self._host.run(
            ["sh", "-c", f"cd {ROOT} && {command}"], env=self._env, timeout=60, stdin=answer
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def people(hosts: list[Host], folder: Path) -> Iterator[list[Person]]:
    everybody = [Person(host, folder / host.name) for host in hosts]
    try:
        yield everybody
    finally:
        for one in everybody:
            one.types("p2pim stop || true")


@pytest.mark.timeout(120)
def test_a_team_on_a_vpn(build_lab: Callable[[int], Lab], short_tmp: Path) -> None:
    if (reason := wireguard.missing()) is not None:
        pytest.skip(reason)
    lab = build_lab(3)
    Vpn(lab, short_tmp)
    anna_types, others_type = blocks()
    with people(lab.hosts, short_tmp) as (anna, *others):
        said = "\n".join(anna.types(command) for command in anna_types)
        assert "10.99.0.1" in said
        (link,) = set(LINK.findall(said))
        for number, one in enumerate(others, 2):
            for command in others_type:
                answer = link if "team join" in command else f"hello from {number}"
                one.types(command.replace("Ben", f"Ben{number}"), f"{answer}\n")
        names = _until(others[1], "p2pim peers", "Anna", "Ben2")
        assert "online" in names
        everything = _until(anna, "p2pim history '#Blue'", "hello from 2", "hello from 3")
        assert everything.count("hello from 2") == 1


def _until(one: Person, command: str, *words: str) -> str:
    """What a command says once all these words are in it."""
    end = time.monotonic() + 20
    while True:
        said = one.types(command)
        if all(word in said for word in words):
            return said
        assert time.monotonic() < end, (command, said)
