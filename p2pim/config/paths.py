"""Every path of a profile, made in this one place.

Without a home the platform's own folders are used (``platformdirs``); with one, everything is under
it, so that two profiles never meet.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from p2pim.errors import ProfileError

# sun_path holds 104 bytes on macOS and 108 on Linux, the terminating zero included.
LONGEST_SOCKET_PATH = 100


class Paths:
    """Where one profile keeps its things."""

    def __init__(self, home: Path | str | None = None) -> None:
        self.home = None if home is None else Path(home).expanduser().absolute()
        if self.home is None:
            config, self.data, self.logs, runtime = _platform_folders()
        else:
            config, self.data, self.logs, runtime = self.home, self.home, self.home / "log", self.home / "run"
        self.runtime = _short_enough(runtime)
        self.config_file = config / "config.toml"
        self.database = self.data / "p2pim.db"
        self.snapshot_file = self.data / "p2pim.db-snapshot"
        self.identity_key = self.data / "identity.key"
        self.lock_file = self.data / "daemon.lock"
        self.log_file = self.logs / "p2pim.log"
        self.files = None if self.home is None else self.home / "files"
        self.crash_file = self.logs / "cli-crash.log"
        self.socket_file = self.runtime / "ctl.sock"
        self.address_file = self.runtime / "ctl.tcp"

    @classmethod
    def chosen(cls, home: str | None) -> Paths:
        """The profile named on the command line, else by ``P2PIM_HOME``, else the user's own."""
        return cls(home or os.environ.get("P2PIM_HOME") or None)

    def downloads(self, chosen: str = "") -> Path:
        """Where received files go: as chosen, else in the profile if that is apart, else where downloads go."""
        if chosen:
            return Path(chosen).expanduser().absolute()
        if self.files is not None:
            return self.files
        import platformdirs  # noqa: PLC0415 (as below)

        return platformdirs.user_downloads_path() / "p2pim"

    def prepare(self) -> None:
        """Make the folders a daemon needs, or say in a sentence why that cannot be."""
        try:
            for folder in (self.data, self.logs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ProfileError(_unusable(self.data, error)) from error
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise ProfileError(_unusable(self.data, None))
        _refuse_strangers(self.data, others_may=0o055)
        make_private(self.runtime)


def machine_policy_file() -> Path:
    """Where the administrator of this machine puts its policy.

    These are the site folders that ``platformdirs`` knows, but not as it gives them: a variable of the user's
    environment could move those, and with them the policy.
    """
    if sys.platform == "win32":
        from platformdirs.windows import get_win_folder_via_ctypes  # noqa: PLC0415

        return Path(get_win_folder_via_ctypes("CSIDL_COMMON_APPDATA"), "p2pim", "policy.toml")
    site = "/Library/Application Support" if sys.platform == "darwin" else "/etc/xdg"
    return Path(site, "p2pim", "policy.toml")


def make_private(folder: Path) -> None:
    """Make a folder only this user can enter; a folder that is there already must be just that."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        pass  # a file or a dangling link: the check below says so
    except OSError as error:
        raise ProfileError(_unusable(folder, error)) from error
    check_private(folder)


def check_private(folder: Path) -> None:
    """Refuse a folder that somebody else made, owns, linked to or can enter."""
    _refuse_strangers(folder, others_may=0)


def _refuse_strangers(folder: Path, others_may: int) -> None:
    if sys.platform == "win32":
        return None  # per-user folders are protected by their ACL there, and st_mode says nothing
    try:
        status = folder.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ProfileError(_unusable(folder, error)) from error
    cure = "remove it, or choose another profile with --home."
    if not stat.S_ISDIR(status.st_mode):
        # A home behind a symbolic link is the user's business; the runtime folder is never one.
        if others_may and folder.is_dir():
            return _refuse_strangers(folder.resolve(), others_may)
        raise ProfileError(f"{folder} is not a folder: somebody may want to pose as p2pim: {cure}")
    if status.st_uid != os.geteuid():
        raise ProfileError(f"{folder} belongs to another user (uid {status.st_uid}): {cure}")
    if stat.S_IMODE(status.st_mode) & 0o077 & ~others_may:
        raise ProfileError(f"{folder} is open to other users: run `chmod 700 {folder}`.")
    return None


def _unusable(folder: Path, error: OSError | None) -> str:
    why = "permission denied" if error is None else (error.strerror or "unusable").lower()
    return f"Cannot write to {folder} ({why}): choose another folder with --home, or mend its permissions."


def _platform_folders() -> tuple[Path, Path, Path, Path]:
    import warnings  # noqa: PLC0415

    import platformdirs  # noqa: PLC0415 (costs the command line 7 ms that --home does without)

    dirs = platformdirs.PlatformDirs("p2pim", appauthor=False)
    with warnings.catch_warnings():
        # It warns on the terminal where there is no XDG_RUNTIME_DIR; our own checks are stricter.
        warnings.simplefilter("ignore")
        runtime = dirs.user_runtime_path
    return dirs.user_config_path, dirs.user_data_path, dirs.user_log_path, runtime


def _short_enough(runtime: Path) -> Path:
    """A runtime folder whose socket path the kernel takes."""
    if sys.platform == "win32" or len(os.fsencode(runtime / "ctl.sock")) <= LONGEST_SOCKET_PATH:
        return runtime
    import hashlib  # noqa: PLC0415 (rarely needed)

    name = hashlib.sha256(os.fsencode(runtime)).hexdigest()[:16]
    try:
        return Path.home() / ".p2pim-run" / name
    except RuntimeError as error:
        raise ProfileError(f"{runtime} is too long a path for a socket: use a shorter --home.") from error
