"""A spy at the system calls: nothing that others write makes the window look at a file or at the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.daemons import ROOT
from tests.desktop.drawing import HOSTILE

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
#: What a font that is needed for a letter not seen before makes Qt look at, and what it writes for us.
CACHE = re.escape(str(Path.home() / ".cache"))
HARMLESS = re.compile(
    rf'"(/usr/share/fonts/|/usr/local/share/fonts/|/var/cache/fontconfig/|{CACHE}/|/etc/fonts/)'
)
CALLS = "openat,open,connect,socket,execve,stat,readlink,access"


@needs_strace
def test_hostile_text_opens_no_file_and_no_connection(tmp_path: Path) -> None:
    trace, mark = tmp_path / "trace", str(tmp_path / "mark")
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    for name in [name for name in env if name.startswith("COVERAGE_")]:
        del env[name]  # it writes files of its own
    Path(mark).touch()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    script = [sys.executable, str(ROOT / "tests" / "desktop" / "drawing.py"), str(pictures), mark]
    strace = ["strace", "-f", "-qq", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace)]
    subprocess.run([*strace, *script], env=env, check=True, timeout=50)
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    marks = [number for number, line in enumerate(lines) if mark in line and "execve" not in line]
    assert len(marks) == 2
    between = lines[marks[0] + 1 : marks[1]]
    others = [line for line in between if not HARMLESS.search(line) and str(pictures) not in line]
    assert others == []
    assert "evil" not in "".join(between)
    assert any("openat" in line for line in lines[: marks[0]]), "the spy sees what is opened"
    for number in range(len(HOSTILE)):
        for part in ("messages", "people"):
            picture = QImage(str(pictures / f"{part}-{number}.png"))
            assert not picture.isNull()
            assert picture.width() in (560, 260)
