"""Run Python as another user of this machine."""

from __future__ import annotations

import os
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
        # Nobody could not write coverage's file, and would say so on standard error.
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
