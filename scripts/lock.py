"""Write the hashed locks that the scripts install from: `python3 scripts/lock.py [--upgrade]`; needs uv on PATH.

Universal (every OS and Python from 3.11 in one file), with hashes, and without any registry's address:
whoever installs takes the packages from the index configured on that machine, and the hashes prove that they
are the same.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import _venv

HEADER = "# Written by scripts/lock.py from pyproject.toml; do not edit.\n"


def main() -> int:
    """Resolve the locks; options are handed to `uv pip compile`."""
    uv = shutil.which("uv")
    if uv is None:
        print("lock.py needs uv on PATH: install it with 'pip install uv'.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        backend = Path(folder) / "backend.in"
        project = tomllib.loads((_venv.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        backend.write_text("\n".join(project["build-system"]["requires"]), encoding="utf-8")
        run = _venv.ROOT / "scripts" / _venv.LOCKS["run"]
        _compile(uv, run, str(backend))
        for kind in ("desktop", "dev"):  # each holds the pins of the one before
            lock = _venv.ROOT / "scripts" / _venv.LOCKS[kind]
            _compile(uv, lock, str(backend), "--extra", kind, "--constraint", str(run))
            run = lock
    return 0


def _compile(uv: str, output: Path, *sources: str) -> None:
    argv = [uv, "-q", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
    argv += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    # with extras, or pip looks for the newest of what is asked for with some, which no hash covers
    argv += ["--no-strip-extras"]
    argv += ["-o", str(output), "pyproject.toml", *sources, *sys.argv[1:]]
    subprocess.run(argv, check=True, cwd=_venv.ROOT, stdout=subprocess.DEVNULL)
    output.write_text(HEADER + output.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
