"""Check this checkout: `python3 scripts/test.py [pytest args]`; the static gates first, then the tests.

Without arguments everything runs, two test processes wide, and coverage must reach the floors below, counting
what real daemons and commands executed as well. With arguments only the tests they name run, without floors.
"""

from __future__ import annotations

import subprocess
import sys
import time

import _venv

COVERAGE_FLOORS = {"p2pim/protocol/*": 100, "p2pim/*": 95}  # percent, branches included
GATES = (
    ("ruff", "format", "--check"),
    ("ruff", "check"),
    ("mypy", "--strict", "p2pim", "tests", "scripts"),
    ("lint-imports", "--no-cache"),
)
FULL_RUN = ("-n", "2", "--dist", "loadgroup")
SIMULATION = "tests/simulation"  # long, and says nothing about coverage that shorter tests do not


def main() -> int:
    """Run every gate, even after one failed, so that one run tells all; returns the first failure's code."""
    failed = _venv.prepare("dev")
    if failed:
        return failed
    arguments = sys.argv[1:]
    codes = [_gate(*gate) for gate in GATES]
    if arguments:
        codes.append(_run("-m", "pytest", *arguments))
    else:
        codes.append(_covered_run())
        codes.append(_run("-m", "pytest", *FULL_RUN, SIMULATION))
        codes.extend(_floor(*floor) for floor in COVERAGE_FLOORS.items())
    return next((code for code in codes if code != 0), 0)


def _covered_run() -> int:
    _run("-m", "coverage", "erase")
    # not pytest's plugin: with `patch = subprocess` coverage itself follows into test workers and daemons
    code = _run("-m", "coverage", "run", "-m", "pytest", *FULL_RUN, f"--ignore={SIMULATION}")
    _run("-m", "coverage", "combine", "--quiet")
    return code


def _floor(files: str, floor: int) -> int:
    print(f"== coverage of {files}: at least {floor} %", flush=True)
    return _run(
        "-m", "coverage", "report", f"--include={files}", f"--fail-under={floor}", "--skip-covered", "-m"
    )


def _gate(program: str, *arguments: str) -> int:
    name = " ".join((program, *arguments))
    started = time.monotonic()
    suffix = ".exe" if _venv.WINDOWS else ""
    argv = [str(_venv.BIN / (program + suffix)), *arguments]
    done = subprocess.run(
        argv, cwd=_venv.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"== {name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode


def _run(*arguments: str) -> int:
    return _venv.run([str(_venv.PYTHON), *arguments], cwd=_venv.ROOT)


if __name__ == "__main__":
    sys.exit(main())
