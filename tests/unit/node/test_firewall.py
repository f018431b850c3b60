"""The cure for a closed port, by what is found on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.node.firewall import cure

UNITS = "etc/systemd/system"


def machine(root: Path, *files: tuple[str, str | None]) -> Path:
    """A file system with these files; without content it is a link to a unit."""
    for name, content in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.symlink_to("/lib/systemd/system/" + path.name)
        else:
            path.write_text(content, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ([("etc/ufw/ufw.conf", "# ufw\nENABLED=yes\n")], "sudo ufw allow 2000/tcp"),
        ([(f"{UNITS}/multi-user.target.wants/firewalld.service", None)], "--add-port=2000/tcp"),
        (
            [(f"{UNITS}/sysinit.target.wants/nftables.service", None)],
            "nft add rule inet filter input tcp dport 2000",
        ),
        ([("etc/ufw/ufw.conf", "ENABLED=no\n")], "let incoming TCP 2000 through the firewall"),
        ([], "let incoming TCP 2000 through the firewall"),
    ],
)
def test_on_linux(tmp_path: Path, files: list[tuple[str, str | None]], command: str) -> None:
    assert command in cure(2000, "tcp", "linux", machine(tmp_path, *files))


def test_elsewhere(tmp_path: Path) -> None:
    assert "netsh advfirewall firewall add rule" in cure(2000, "tcp", "win32", tmp_path)
    assert "localport=2000" in cure(2000, "tcp", "win32", tmp_path)
    assert "System Settings" in cure(2000, "tcp", "darwin", tmp_path)
    assert "TCP 2000" in cure(2000, "tcp", "freebsd14", tmp_path)
    assert "protocol=UDP localport=5353" in cure(5353, "udp", "win32", tmp_path)
    assert "ufw allow 5353/udp" in cure(5353, "udp", "linux", tmp_path)
