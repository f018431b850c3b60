from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from p2pim.config.paths import LONGEST_SOCKET_PATH, Paths, check_private, machine_policy_file, make_private
from p2pim.errors import ProfileError
from tests.as_nobody import as_nobody


def test_a_home_holds_everything(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    everything = [value for value in vars(paths).values() if isinstance(value, Path)]
    assert len(everything) >= 10
    assert all(path.is_relative_to(tmp_path / "home") for path in everything)


def test_without_a_home_the_platform_decides(monkeypatch: pytest.MonkeyPatch, short_tmp: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        (short_tmp / name).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(short_tmp / name))
    paths = Paths()
    assert paths.home is None
    assert paths.config_file == short_tmp / "XDG_CONFIG_HOME" / "p2pim" / "config.toml"
    assert paths.database == short_tmp / "XDG_DATA_HOME" / "p2pim" / "p2pim.db"
    assert paths.log_file.is_relative_to(short_tmp / "XDG_STATE_HOME" / "p2pim")
    assert paths.socket_file == short_tmp / "XDG_RUNTIME_DIR" / "p2pim" / "ctl.sock"


@pytest.mark.parametrize(
    ("platform", "folder"), [("linux", "/etc/xdg"), ("darwin", "/Library/Application Support")]
)
def test_no_variable_moves_the_machine_policy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, folder: str
) -> None:
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "HOME", "P2PIM_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    assert machine_policy_file() == Path(folder, "p2pim", "policy.toml")


def test_no_runtime_folder_of_the_system_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert Paths().runtime.name == "p2pim"


def test_the_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("P2PIM_HOME", str(tmp_path / "env"))
    assert Paths.chosen(str(tmp_path / "option")).home == tmp_path / "option"
    assert Paths.chosen(None).home == tmp_path / "env"
    monkeypatch.setenv("P2PIM_HOME", "")
    assert Paths.chosen(None).home is None


def test_a_relative_home_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths("here")
    monkeypatch.chdir("/")
    assert paths.data == tmp_path / "here"


def test_a_long_home_gets_a_short_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/u")
    paths = Paths(tmp_path / ("x" * 120))
    assert len(os.fsencode(paths.socket_file)) <= LONGEST_SOCKET_PATH
    assert paths.runtime.parent == Path("/home/u/.p2pim-run")
    assert paths.runtime == Paths(tmp_path / ("x" * 120)).runtime
    assert paths.runtime != Paths(tmp_path / ("y" * 120)).runtime


def test_prepared_folders_are_private(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "a" / "home")
    before = os.umask(0)
    try:
        paths.prepare()
        paths.prepare()  # a second start finds them
    finally:
        os.umask(before)
    for folder in (paths.data, paths.logs, paths.runtime):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_readable_home_of_ours_is_taken_but_not_a_writable_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    Paths(home).prepare()
    home.chmod(0o775)
    with pytest.raises(ProfileError, match="chmod 700"):
        Paths(home).prepare()


def test_a_home_behind_a_link_is_the_users_business(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    Paths(tmp_path / "link").prepare()
    assert (tmp_path / "real" / "run").is_dir()


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701, 0o777])
def test_an_open_runtime_folder_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ProfileError, match="open to other users: run `chmod 700"):
        make_private(folder)


def test_a_linked_runtime_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "theirs")
    with pytest.raises(ProfileError, match="not a folder"):
        make_private(tmp_path / "run")


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(ProfileError, match="not a folder"):
        make_private(tmp_path / "run")


def test_a_missing_runtime_folder_is_simply_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_private(tmp_path / "run")


def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(ProfileError, match=r"another user \(uid 65534\)"):
        make_private(folder)


def test_no_permission_is_a_sentence(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    code = f"""
from p2pim.config import Paths
from p2pim.errors import ProfileError
try:
    Paths({str(short_tmp / "no" / "home")!r}).prepare()
except ProfileError as error:
    print(error)
"""
    said = as_nobody(code)
    assert said.startswith(f"Cannot write to {short_tmp / 'no' / 'home'} (permission denied): choose another")


def test_a_home_that_cannot_be_written_is_a_sentence(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    os.chown(short_tmp, 0, 0)
    (short_tmp / "log").mkdir()
    code = f"""
from p2pim.config import Paths
from p2pim.errors import ProfileError
try:
    Paths({str(short_tmp)!r}).prepare()
except ProfileError as error:
    print(error)
"""
    assert "Cannot write to" in as_nobody(code)


def test_a_home_under_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileError, match="Cannot write to"):
        Paths(tmp_path / "file" / "home").prepare()


def test_where_received_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Paths(tmp_path).downloads() == tmp_path / "files"
    assert Paths(tmp_path).downloads("/elsewhere") == Path("/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "down"))
    assert Paths(None).downloads() == tmp_path / "down" / "p2pim"
