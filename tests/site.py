"""A machine whose administrator has decided something: /etc/xdg as a test wants it, for some programs only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

FILE = "/etc/xdg/p2pim/policy.toml"

#: Inside a mount namespace of its own, /etc/xdg is a folder of the test's. It may not exist on this machine, and must
#: not be made there: so /etc becomes another one that leads to the old one for everything else.
_ADMINISTER = """
mount --bind /etc "$1" && mount -t tmpfs -o mode=0755 etc /etc && ln -s "$1"/* /etc/ && rm -f /etc/xdg &&
mkdir /etc/xdg && mount --bind "$2" /etc/xdg && shift 2 && exec "$@"
"""


def missing() -> str | None:
    """Why no policy can be put in place here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a mount namespace takes root on Linux"
    return None if shutil.which("unshare") else "a mount namespace takes the Debian package util-linux"


class Site:
    """What programs that `wrap` starts find under /etc/xdg."""

    def __init__(self, folder: Path, policy: str | None = None) -> None:
        self._old_etc, self.xdg = folder / "etc", folder / "xdg"
        for each in (self._old_etc, self.xdg, self.xdg / "p2pim"):
            each.mkdir(mode=0o755, parents=True)
            each.chmod(0o755)
        self.file = self.xdg / "p2pim" / "policy.toml"
        if policy is not None:
            self.write(policy)

    @property
    def wrap(self) -> tuple[str, ...]:
        """What to put before a program."""
        return ("unshare", "--mount", "sh", "-c", _ADMINISTER, "sh", str(self._old_etc), str(self.xdg))

    def write(self, policy: str) -> None:
        """Put a policy there as an administrator does."""
        self.file.write_text(policy, encoding="utf-8")
        self.file.chmod(0o644)
