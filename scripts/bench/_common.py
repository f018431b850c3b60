"""What every bench needs: the project's environment, figures that can be trusted, a line on the machine.

Timings on a shared machine wander, so a figure alone says little. Everything that is compared is measured
in turns, at least three rounds each; what is printed is the median, its spread over the rounds, and the ratio
to the thing a user would pick instead.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import sqlite3
import ssl
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3  # the fewest of which a median and a spread mean anything


def enter_venv(script: str, kind: str = "run") -> None:
    """Go on in the project's `.venv`, made if missing or without what this kind needs; returns only inside it."""
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]
    import _venv  # noqa: PLC0415  the bench is a script in a folder of its own

    if Path(sys.prefix).resolve() == _venv.VENV.resolve():
        return
    failed = _venv.prepare(kind)
    if failed:
        sys.exit(failed)
    sys.exit(_venv.become([str(_venv.PYTHON), script, *sys.argv[1:]]))


def parser(document: str | None) -> argparse.ArgumentParser:
    """Make a parser with the argument that every bench takes."""
    parser = argparse.ArgumentParser(
        description=document, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="as little as shows that it still works")
    return parser


def quantile(values: Sequence[float], share: float) -> float:
    """Find the value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Figures:
    """Measured values: of what (say, "round trip p50, ms"), by whom, one a round."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, figure: str, name: str, value: float) -> None:
        """Take in one round's value."""
        self._values[figure][name].append(value)

    def median(self, figure: str, name: str) -> float:
        """Take the middle of the rounds."""
        return statistics.median(self._values[figure][name])

    def has(self, figure: str, name: str) -> bool:
        """Whether that was measured."""
        return name in self._values.get(figure, {})

    def lines(self, beside: str | None = None) -> list[str]:
        """Draw a table a figure; the last column is the ratio to `beside`, where that was measured."""
        lines = []
        for figure, by_name in self._values.items():
            reference = statistics.median(by_name[beside]) if beside in by_name else None
            lines.append(f"\n{figure:<38}{'median':>12}{'spread':>9}{'rounds':>8}{'ratio':>9}")
            for name, values in by_name.items():
                median = statistics.median(values)
                spread = (max(values) - min(values)) / (median or 1.0)
                ratio = f"{median / reference:>8.2f}x" if reference else ""
                lines.append(f"  {name:<36}{median:>12,.3f}{spread:>8.0%}{len(values):>8}{ratio}")
        return lines


def machine() -> str:
    """One line: processor, cores, system, load."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"machine: {model}, {os.cpu_count()} cores, {platform.platform(terse=True)}{load}"


def versions() -> str:
    """One line: Python, its libraries, and the packages that count."""
    packages = ("cryptography", "noiseprotocol", "msgspec", "zeroconf")
    found = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION}"
    return f"versions: {', '.join([python, *found])}"


def debian_version(package: str) -> str | None:
    """Ask for the installed version of a Debian package; None if it is none."""
    if shutil.which("dpkg-query") is None:
        return None
    argv = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout or None
