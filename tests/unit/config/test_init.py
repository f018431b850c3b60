from __future__ import annotations

import subprocess

import pytest

import p2pim.config
from p2pim.config import Paths, Settings, load_settings


def test_everything_has_one_address() -> None:
    assert Paths.__module__ == "p2pim.config.paths"
    assert Settings.__module__ == load_settings.__module__ == "p2pim.config.settings"


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(p2pim.config, "Nothing")  # noqa: B009 (mypy knows that it is not there)


def test_paths_do_not_bring_the_settings_reader(python: str, plain_environment: dict[str, str]) -> None:
    code = "import sys; from p2pim.config import Paths; print({'msgspec', 'tomllib'} & set(sys.modules))"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, env=plain_environment
    )
    assert done.stdout == "set()\n"
