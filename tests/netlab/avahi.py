"""The mDNS responder that most Linux desktops run, on a host of the lab."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.netlab.lab import Host, LabError

#: Its pid file has one place for all namespaces: each host gets its own.
_START = """
mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon || exit 1
exec avahi-daemon -f "$1" --no-drop-root --no-chroot --no-rlimits
"""


def missing() -> str | None:
    """Why it cannot be started here, or None."""
    return None if shutil.which("avahi-daemon") else "this needs the Debian package avahi-daemon"


def start(host: Host, folder: Path) -> None:
    """Start it and wait until it answers; it ends with the host."""
    config = folder / "avahi.conf"
    config.write_text("[server]\nenable-dbus=no\n", encoding="ascii")
    process = host.popen(["unshare", "--mount", "sh", "-c", _START, "sh", str(config)])
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "startup complete" in line:
            return
    raise LabError(f"no avahi-daemon at {host.name}: {said}")
