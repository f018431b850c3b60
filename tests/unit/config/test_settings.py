from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from p2pim.config.settings import DEFAULT_PORT, Settings, load_settings, setting, split_address
from p2pim.errors import BadConfig


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_no_file_means_the_defaults(file: Path) -> None:
    assert load_settings(file) == Settings()


def test_an_empty_file_means_the_defaults(file: Path) -> None:
    file.write_text("")
    assert load_settings(file) == Settings()


def test_every_setting_can_be_set(file: Path) -> None:
    file.write_text(
        'port = 30000\ninterfaces = ["eth0"]\nopen_network = false\nvisible = "nobody"\n'
        'api = "tcp"\nlog_level = "debug"\npeers = ["10.0.0.1", "b:2000", "[fe80::1%eth0]:2000"]\n'
    )
    assert load_settings(file) == Settings(
        port=30000,
        interfaces=("eth0",),
        open_network=False,
        visible="nobody",
        api="tcp",
        log_level="debug",
        peers=("10.0.0.1", "b:2000", "[fe80::1%eth0]:2000"),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "Unknown setting 'prot' in .*: did you mean 'port'"),
        ("xyzzy = 1", "Unknown setting 'xyzzy' in .*: known: port, "),
        ('port = "1"', r"Setting 'port' in .*: expected int, got str\."),
        ("port = 80", "Setting 'port' in .*: port must be 0 .any. or between 1024 and 65535"),
        ("port = 70000", "between 1024 and 65535"),
        ('visible = "teams"', "Setting 'visible' in .*: invalid enum value 'teams'"),
        ("interfaces = [1]", "Setting 'interfaces' in .*: expected str, got int"),
        ('peers = ["a b"]', "Setting 'peers' in .*: 'a b' is no address"),
        ("a = 1\nport = x", "not valid TOML: .*line 2"),
        ("port = 1\nport = 2", "not valid TOML"),
        ("a = " + "[" * 20000, "not valid TOML"),
    ],
)
def test_a_wrong_file_is_a_sentence_that_names_the_key(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(BadConfig, match=says) as caught:
        load_settings(file)
    assert str(file) in str(caught.value)


def test_not_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not UTF-8"):
        load_settings(file)


def test_not_a_file(file: Path) -> None:
    file.mkdir()
    with pytest.raises(BadConfig, match="Cannot read"):
        load_settings(file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", ("10.0.0.1", DEFAULT_PORT)),
        ("host.lan:2000", ("host.lan", 2000)),
        ("[fd00::1]", ("fd00::1", DEFAULT_PORT)),
        ("[fd00::1]:2000", ("fd00::1", 2000)),
        ("fe80::1%eth0", ("fe80::1%eth0", DEFAULT_PORT)),
        ("::1", ("::1", DEFAULT_PORT)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert split_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a b", "http://x", "x:99", "x:99999", "x:y", "[::1", "user@host", ":2000"]
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address|port must be"):
        split_address(text)


def test_one_setting_by_name() -> None:
    assert setting(Settings(), "port") == DEFAULT_PORT
    wrong: Any = "prot"
    with pytest.raises(BadConfig, match="Unknown setting 'prot'"):
        setting(Settings(), wrong)
