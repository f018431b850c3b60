"""How to let others in: the command for the firewall of this machine, as far as one can be told without rights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

_UNITS: Final = "etc/systemd/system"


def cure(port: int, protocol: str = "tcp", platform: str = sys.platform, root: Path = Path("/")) -> str:
    """What to do here so that what is sent to a port (of "tcp" or "udp") gets in."""
    if platform == "win32":
        rule = f"name=p2pim dir=in action=allow protocol={protocol.upper()} localport={port}"
        return f"as administrator: netsh advfirewall firewall add rule {rule}"
    if platform == "darwin":
        return "System Settings, Network, Firewall, Options: allow incoming connections for Python"
    if platform == "linux":
        return _linux(port, protocol, root)
    return f"let incoming {protocol.upper()} {port} through the firewall of this machine"


def _linux(port: int, protocol: str, root: Path) -> str:
    if _says(root / "etc/ufw/ufw.conf", "enabled=yes"):
        return f"sudo ufw allow {port}/{protocol}"
    if (root / _UNITS / "multi-user.target.wants/firewalld.service").is_symlink():
        return f"sudo firewall-cmd --permanent --add-port={port}/{protocol} && sudo firewall-cmd --reload"
    if (root / _UNITS / "sysinit.target.wants/nftables.service").is_symlink():
        return f"sudo nft add rule inet filter input {protocol} dport {port} accept (and into /etc/nftables.conf)"
    return (
        f"let incoming {protocol.upper()} {port} through the firewall of this machine "
        f"(ufw: sudo ufw allow {port}/{protocol}), of its host if it is a virtual one, or of the VPN"
    )


def _says(path: Path, what: str) -> bool:
    """Whether a line of a file is this one, in any case; one that cannot be read says nothing."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").lower().split("\n")
    except OSError:
        return False
    return what in (line.strip() for line in lines)
