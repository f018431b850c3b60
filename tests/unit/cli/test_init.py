from __future__ import annotations

import subprocess

import pytest

from p2pim import __version__
from p2pim.cli import main

# What no one-shot command needs, each worth milliseconds on every start.
HEAVY = {"asyncio", "msgspec", "dataclasses", "subprocess", "inspect", "logging", "shutil", "tomllib"}


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr().out == f"p2pim {__version__}\n"


def modules_after(python: str, code: str, environment: dict[str, str]) -> set[str]:
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())


def test_the_version_imports_next_to_nothing(python: str, plain_environment: dict[str, str]) -> None:
    bare = modules_after(python, "pass", plain_environment)
    added = modules_after(python, "from p2pim.cli import main; main(['--version'])", plain_environment) - bare
    assert {name for name in added if "." not in name} <= {"__future__", "p2pim"}


def test_one_shot_commands_import_little(python: str, plain_environment: dict[str, str]) -> None:
    commands = "p2pim.cli.main, p2pim.cli.talk, p2pim.cli.people, p2pim.cli.service"
    code = f"import {commands}; p2pim.cli.main.parse(['status'])"
    assert modules_after(python, code, plain_environment) & HEAVY == set()
