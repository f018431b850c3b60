"""The machine's policy file: read once, when a daemon starts, and only if nobody but the administrator can change it.

Whoever could write the file or a folder above it could lift or forge the rules, so then nothing starts. On Windows it
is the ACL of ProgramData that protects the file: what an administrator put there others can read and not change, though
anybody may put a file where there is none. Nothing is checked there.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from p2pim.config.paths import machine_policy_file
from p2pim.config.policy import MachinePolicy, machine_policy
from p2pim.config.settings import read_toml
from p2pim.errors import BadConfig

ROOT_UID = 0
MOST_LINKS = 40  # as the kernel


def load_machine_policy() -> MachinePolicy:
    """What the administrator of this machine decided; nothing where there is no file.

    Raises:
        BadConfig: the file cannot be trusted, read or understood.
    """
    file = machine_policy_file()
    return load_from(file, file if sys.platform == "win32" else trusted(file))


def load_from(file: Path, found: Path | None) -> MachinePolicy:
    """Read the file that is called ``file`` and was found, behind links perhaps, at ``found``."""
    if found is None:
        return MachinePolicy()
    try:
        with found.open("rb"):
            pass
    except FileNotFoundError:
        return MachinePolicy()
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
        raise BadConfig(f"Cannot read {file} ({why}): run `chmod a+r {found}`.") from error
    return machine_policy(read_toml(found), str(file))


def trusted(file: Path, owner: int = ROOT_UID, top: Path = Path("/")) -> Path | None:
    """Where a file really is, if ``owner`` alone can change it; None if there is none.

    The file, each folder above it and each link on the way, with what it leads to, must belong to the owner and not be
    writable by others; a sticky bit does not help, for it lets anybody make what is not there yet.

    Args:
        top: what is above this folder is not looked at (except behind absolute links).

    Raises:
        BadConfig: others can change it, or it cannot be found out.
    """
    here, faults, links = top, [_fault(top, _status(top, file), owner)], 0
    ahead = [(part, False) for part in reversed(file.relative_to(top).parts)]
    while ahead:
        part, behind_link = ahead.pop()
        if part == "..":
            here = here.parent
            continue
        step = here / part
        try:
            status = _status(step, file)
        except FileNotFoundError:
            if not behind_link:
                return None
            raise BadConfig(
                f"{step} does not exist, but {file} leads there by a link: mend or remove it."
            ) from None
        faults.append(_fault(step, status, owner))
        if not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        links += 1
        if links > MOST_LINKS:
            raise BadConfig(f"{file} leads through too many links: put the file itself there.")
        target = step.readlink()
        if target.is_absolute():
            here = Path(target.anchor)
            faults.append(_fault(here, _status(here, file), owner))
        ahead += [(each, True) for each in reversed(target.parts) if each != target.anchor]
    _check(here, file, faults)
    return here


def _check(found: Path, file: Path, faults: list[str]) -> None:
    # Only now: where there is no file, it is nobody's business whose the folders are.
    fault = next(filter(None, faults), "")
    if fault:
        raise BadConfig(f"The machine policy {file} cannot be trusted: {fault}.")
    if not stat.S_ISREG(found.lstat().st_mode):
        raise BadConfig(f"{file} is not a file: put the policy there as a file, or remove it.")


def _status(path: Path, file: Path) -> os.stat_result:
    try:
        return path.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        why = (error.strerror or "failed").lower()
        raise BadConfig(
            f"Cannot find out whether there is a machine policy {file} ({why}): "
            f"make {path.parent} a folder that all can enter (chmod a+rx)."
        ) from error


def _fault(path: Path, status: os.stat_result, owner: int) -> str:
    """Why others could change what is at a path, with the cure; "" if they could not."""
    link = stat.S_ISLNK(status.st_mode)
    if status.st_uid != owner:
        whom, how = "root" if owner == ROOT_UID else f"uid {owner}", "-h " if link else ""
        return f"{path} belongs to uid {status.st_uid} and not to {whom}: run `chown {how}{owner} {path}`"
    if not link and status.st_mode & 0o022:  # the mode of a link means nothing
        return f"{path} can be written by others than its owner: run `chmod go-w {path}`"
    return ""
