"""Run Python as another user of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534

# The checkout and the interpreter's packages may lie in a folder that only their owner can enter, so they
# are imported first and the privileges dropped afterwards.
_FIRST = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import socket, warnings, hmac, json, platformdirs, encodings.idna
import p2pim.api.client, p2pim.config.paths, p2pim.errors, MODULES
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
"""


def as_nobody(code: str, modules: str = "os") -> str:
    """Run code as uid 65534 with our imports done; its standard output. Needs root, as CI's containers have."""
    done = subprocess.run(
        [sys.executable, "-c", _FIRST.replace("MODULES", modules) + code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
