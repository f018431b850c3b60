from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

from p2pim.config.machine import MOST_LINKS, load_from, load_machine_policy, trusted
from p2pim.config.policy import NO_POLICY
from p2pim.errors import BadConfig
from tests.as_nobody import NOBODY, as_nobody

ME = os.geteuid()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that stands for the root of a file system, with a good policy file somewhere below."""
    file = tmp_path / "etc" / "xdg" / "p2pim" / "policy.toml"
    file.parent.mkdir(parents=True)
    file.write_text("open_network = false\n")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755)
    return tmp_path


@pytest.fixture
def file(site: Path) -> Path:
    return site / "etc" / "xdg" / "p2pim" / "policy.toml"


def found(site: Path, file: Path) -> Path | None:
    return trusted(file, owner=ME, top=site)


def refused(site: Path, file: Path) -> str:
    with pytest.raises(BadConfig) as caught:
        found(site, file)
    return str(caught.value)


def test_a_file_only_the_owner_can_change_is_read(site: Path, file: Path) -> None:
    assert found(site, file) == file
    assert load_from(file, found(site, file)).values == {"open_network": False}
    assert load_from(file, file).source == f"machine policy ({file})"


@pytest.mark.parametrize("missing", ["policy.toml", "p2pim", "xdg"])
def test_no_file_is_no_policy_whosever_the_folders_are(site: Path, file: Path, missing: str) -> None:
    absent = next(path for path in (file, *file.parents) if path.name == missing)
    absent.rename(site / "away")
    (site / "etc").chmod(0o777)
    assert found(site, file) is None
    assert load_from(file, None) == load_from(file, file) == NO_POLICY


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
@pytest.mark.parametrize("name", [".", "etc", "etc/xdg", "etc/xdg/p2pim", "etc/xdg/p2pim/policy.toml"])
def test_what_others_can_write_is_refused_with_its_path_and_cure(
    site: Path, file: Path, name: str, mode: int
) -> None:
    path = site / name
    path.chmod(mode)
    assert refused(site, file) == (
        f"The machine policy {file} cannot be trusted: "
        f"{path} can be written by others than its owner: run `chmod go-w {path}`."
    )


@pytest.mark.parametrize("name", [".", "etc", "etc/xdg/p2pim", "etc/xdg/p2pim/policy.toml"])
def test_what_belongs_to_somebody_else_is_refused(site: Path, file: Path, name: str) -> None:
    path = site / name
    os.chown(path, NOBODY, -1)
    assert f"{path} belongs to uid {NOBODY} and not to root: run `chown {ME} {path}`." in refused(site, file)
    with pytest.raises(BadConfig, match=f"belongs to uid {ME} and not to uid {NOBODY}"):
        trusted(file, owner=NOBODY, top=file.parent.parent)


def linked(file: Path, target: str | Path) -> None:
    """Put a link in the place of the file, and the file elsewhere."""
    (file.parents[2] / "kept").mkdir(mode=0o755)
    file.rename(file.parents[2] / "kept" / "real.toml")
    file.symlink_to(target)


def test_a_link_is_followed_to_a_place_as_good(site: Path, file: Path) -> None:
    linked(file, "../.././kept/real.toml")
    assert found(site, file) == site / "etc" / "kept" / "real.toml"
    assert load_from(file, found(site, file)).source == f"machine policy ({file})"


def test_a_link_in_the_middle_is_followed_too(site: Path, file: Path) -> None:
    (site / "etc" / "xdg").rename(site / "site")
    (site / "etc" / "xdg").symlink_to("../site")
    assert found(site, file) == site / "site" / "p2pim" / "policy.toml"
    (site / "site").chmod(0o775)
    assert f"chmod go-w {site / 'site'}`" in refused(site, file)


@pytest.mark.parametrize("name", ["etc/kept", "etc/kept/real.toml"])
def test_where_a_link_leads_must_be_as_good(site: Path, file: Path, name: str) -> None:
    linked(file, "../../kept/real.toml")
    (site / name).chmod(0o775)
    assert f"run `chmod go-w {site / name}`." in refused(site, file)


def test_a_link_of_somebody_else_is_refused(site: Path, file: Path) -> None:
    linked(file, "../../kept/real.toml")
    os.chown(file, NOBODY, -1, follow_symlinks=False)
    assert f"run `chown -h {ME} {file}`." in refused(site, file)


def test_an_absolute_link_is_checked_from_the_root_down(site: Path, file: Path) -> None:
    linked(file, "/etc/passwd")
    assert found(site, file) == Path("/etc/passwd")
    file.unlink()
    file.symlink_to(site / "etc" / "kept" / "real.toml")
    temporary = next(path for path in reversed(site.parents) if path.stat().st_mode & 0o022)
    assert f"run `chmod go-w {temporary}`." in refused(site, file)
    os.chown(file, NOBODY, -1, follow_symlinks=False)
    os.chown(file.parent, NOBODY, -1)
    with pytest.raises(BadConfig, match=f": / belongs to uid 0 and not to uid {NOBODY}: "):
        trusted(file, owner=NOBODY, top=file.parent)


def test_a_link_to_nowhere_is_no_missing_file(site: Path, file: Path) -> None:
    linked(file, "../../kept/gone.toml")
    gone = site / "etc" / "kept" / "gone.toml"
    assert (
        refused(site, file) == f"{gone} does not exist, but {file} leads there by a link: mend or remove it."
    )


def test_links_in_a_circle_end(site: Path, file: Path) -> None:
    file.unlink()
    file.symlink_to("policy.toml")
    assert "too many links" in refused(site, file)
    file.unlink()
    chain = [file, *(file.parent / f"{n}" for n in range(MOST_LINKS))]
    for one, other in itertools.pairwise(chain):
        one.symlink_to(other.name)
    chain[-1].write_text("")
    assert found(site, file) == chain[-1]


def test_only_a_file_is_a_policy(site: Path, file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o644)  # reading it would never end
    assert refused(site, file) == f"{file} is not a file: put the policy there as a file, or remove it."
    file.unlink()
    file.mkdir(mode=0o755)
    assert "is not a file" in refused(site, file)


def test_a_file_in_the_place_of_a_folder_is_refused(site: Path, file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("open_network = false")
    assert refused(site, file) == (
        f"Cannot find out whether there is a machine policy {file} (not a directory): "
        f"make {file.parent} a folder that all can enter (chmod a+rx)."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("open_network = flase\n", "is not valid TOML: .*line 1"),
        ("files = true\nfiles = false\n", "is not valid TOML: .*line 2"),
        ("open_netwrk = false\n", "Unknown rule 'open_netwrk'"),
        ("[p2pim]\nfiles = true\n", "Unknown rule 'p2pim'"),
        ("files = 1\n", "Rule 'files' in .*expected true or false"),
    ],
)
def test_what_cannot_be_understood_is_refused(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(BadConfig, match=says) as caught:
        load_from(file, file)
    assert str(file) in str(caught.value)


def test_what_cannot_be_read_or_found_out_is_refused(short_tmp: Path) -> None:
    """A policy that a user may not read is in force all the same: then nothing starts."""
    short_tmp.chmod(0o755)
    folder = short_tmp / "p2pim"
    folder.mkdir(mode=0o755)
    file = folder / "policy.toml"
    file.write_text("open_network = false")
    file.chmod(0o600)
    code = f"""
from pathlib import Path
from p2pim.config.machine import load_from, trusted
from p2pim.errors import BadConfig
file = Path({str(file)!r})
try:
    load_from(file, trusted(file, top=file.parent.parent))
except BadConfig as error:
    print(error)
"""
    modules = "p2pim.config.machine"
    assert as_nobody(code, modules) == f"Cannot read {file} (permission denied): run `chmod a+r {file}`."
    folder.chmod(0o700)
    assert as_nobody(code, modules) == (
        f"Cannot find out whether there is a machine policy {file} (permission denied): "
        f"make {folder} a folder that all can enter (chmod a+rx)."
    )


def test_what_cannot_be_opened_is_a_sentence(file: Path) -> None:
    with pytest.raises(BadConfig, match=r"^Cannot read .* \(is a directory\): run `chmod a\+r "):
        load_from(file, file.parent)


@pytest.mark.skipif(sys.platform != "linux", reason="its folder on Linux")
def test_this_machine_may_have_a_policy_and_it_can_be_read() -> None:
    assert load_machine_policy().file in ("", "/etc/xdg/p2pim/policy.toml")
