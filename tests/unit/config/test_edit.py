from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from p2pim.config.edit import parse_value, set_value, unset_value
from p2pim.config.policy import combine, machine_policy
from p2pim.config.settings import load_settings
from p2pim.errors import BadConfig, Forbidden, ProfileError

WRITTEN = '# mine\nport = 30000  # because\n\npeers = [\n  "a.lan",\n]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_first_setting_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    assert set_value(file, "port", "30001") == 30001
    assert load_settings(file).port == 30001
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_rest_stays_as_it_was_written(file: Path) -> None:
    file.write_text(WRITTEN)
    set_value(file, "port", "30001")
    assert file.read_text() == WRITTEN.replace("30000", "30001")
    set_value(file, "visible", "nobody")
    assert file.read_text() == WRITTEN.replace("30000", "30001") + 'visible = "nobody"\n'
    unset_value(file, "visible")
    unset_value(file, "visible")
    assert file.read_text() == WRITTEN.replace("30000", "30001")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("open_network", "off", False),
        ("open_network", "Yes", True),
        ("interfaces", "eth0, wg0", ["eth0", "wg0"]),
        ("interfaces", "", []),
        ("log_level", "debug", "debug"),
    ],
)
def test_what_is_typed_gets_the_type_of_its_key(key: str, text: str, value: object) -> None:
    assert parse_value(key, text) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [("port", "many"), ("port", "99"), ("open_network", "maybe"), ("visible", "teams"), ("prot", "1")],
)
def test_nothing_wrong_is_written(file: Path, key: str, text: str) -> None:
    file.write_text(WRITTEN)
    with pytest.raises(BadConfig):
        set_value(file, key, text)
    assert file.read_text() == WRITTEN


def test_what_a_policy_fixes_is_not_set_otherwise(file: Path) -> None:
    policy = combine(machine_policy({"open_network": False}, "/p.toml"), {})
    with pytest.raises(
        Forbidden, match=r"^open_network is switched off by the machine policy \(/p\.toml\)\.$"
    ):
        set_value(file, "open_network", "on", policy)
    assert not file.exists()
    assert set_value(file, "open_network", "off", policy) is False
    assert set_value(file, "port", "30001", policy) == 30001


def test_a_broken_file_is_not_made_worse(file: Path) -> None:
    file.write_text("port = = 1")
    with pytest.raises(BadConfig, match="not valid TOML"):
        set_value(file, "visible", "nobody")
    assert file.read_text() == "port = = 1"


def test_a_failed_write_leaves_the_old_file_and_no_other(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(WRITTEN)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileError, match="no space left"):
        set_value(file, "port", "30001")
    assert file.read_text() == WRITTEN
    assert list(file.parent.iterdir()) == [file]
