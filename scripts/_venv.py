"""Make `.venv` beside pyproject.toml and install the locked packages into it: stdlib only, any OS.

Two commands stand on this module: `run.py` (what a user needs, and where there is a display the desktop program) and
`test.py` (what developers need besides).
They must work on a bare machine with nothing but Python, and cost almost nothing the second time: a stamp in
`.venv` names everything the installation was made from, and while it still fits nothing is looked at again.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
OLDEST = (3, 11)
# when this runs in .venv itself: the Python it was made from, as .venv may have to be made anew
BASE_PYTHON: str = getattr(sys, "_base_executable", sys.executable)
LOCKS = {
    "run": "requirements.txt",
    "desktop": "requirements-desktop.txt",
    "dev": "requirements-dev.txt",
}
# a lock holds every pin of those it covers
COVERS = {"run": ("run",), "desktop": ("desktop", "run"), "dev": ("dev", "desktop", "run")}
_LOCKFILE = ".install-lock"


class SetupError(Exception):
    """The environment cannot be made; the text says in one sentence what to do."""


def prepare(kind: str) -> int:
    """Fill `.venv` with what `kind` ("run", "desktop" or "dev") needs; tells why not; returns the exit code."""
    try:
        _prepare(kind)
    except (SetupError, OSError) as error:
        print(
            error if isinstance(error, SetupError) else f"Cannot install into {VENV}: {error}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("Interrupted: the next start installs again.", file=sys.stderr)
        return 130
    return 0


def _prepare(kind: str) -> None:
    if sys.version_info < OLDEST:  # an older Python still parses this file, and must be told
        found = f"this is {sys.version.split()[0]} ({sys.executable})"
        raise SetupError(f"p2pim needs Python 3.11 or newer; {found}.")
    if _is_current(kind):
        return
    with _only_one_installer():
        if not _is_current(kind):  # another start may have finished the work while this one waited
            _install(kind)


def run(argv: Sequence[str], cwd: Path | None = None) -> int:
    """Run a program to its end, leaving Ctrl+C to it; returns its exit code."""
    with subprocess.Popen(argv, cwd=cwd) as child:
        while True:
            try:
                return child.wait()
            except (
                KeyboardInterrupt
            ):  # the terminal has sent it to the child too, which decides what it means
                continue


def become(argv: Sequence[str]) -> int:
    """Replace this process by the program; where the system cannot, run it and return its exit code."""
    if WINDOWS:  # there exec* starts a second process and lets the shell go on at once
        return run(argv)
    sys.stdout.flush()
    os.execv(argv[0], list(argv))
    raise AssertionError("execv does not return")


def _stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def _fingerprint(kind: str) -> str:
    parts = [str(ROOT), sys.base_prefix, sys.version]  # a moved checkout or another Python: made anew
    for path in (ROOT / "pyproject.toml", ROOT / "scripts" / LOCKS[kind], Path(__file__)):
        parts.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return "\n".join(parts)


def _is_current(kind: str) -> bool:
    try:
        return _stamp(kind).read_text(encoding="utf-8") == _fingerprint(kind) and PYTHON.exists()
    except FileNotFoundError:
        return False


def _install(kind: str) -> None:
    print(f"p2pim: installing into {VENV} (only the first time) ...", file=sys.stderr, flush=True)
    sound = any(_is_current(other) for other in LOCKS)  # then only packages are missing, not the environment
    for stamp in LOCKS:
        _stamp(stamp).unlink(missing_ok=True)
    uv = shutil.which("uv")
    if uv is None or not _install_with_uv(uv, kind, keep=sound):
        _install_with_pip(kind, keep=sound and (BIN / ("pip.exe" if WINDOWS else "pip")).exists())
    for covered in COVERS[kind]:
        _stamp(covered).write_text(_fingerprint(covered), encoding="utf-8")


def _requirements(kind: str) -> list[str]:
    return ["--require-hashes", "-r", str(ROOT / "scripts" / LOCKS[kind])]


def _project() -> list[str]:
    # hatchling, the build backend, is in the lock: so nothing is downloaded for the project itself
    return ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]


def _install_with_uv(uv: str, kind: str, *, keep: bool) -> bool:
    """Install with uv, much faster; False when it fails, as pip may know an index that uv does not."""
    install = [uv, "-q", "pip", "install", "--python", str(PYTHON)]
    steps = [[*install, *_requirements(kind)], [*install, *_project()]]
    if not keep:
        _empty_venv()
        make = [uv, "-q", "venv", "--allow-existing", "--no-project", "--python", BASE_PYTHON, str(VENV)]
        steps.insert(0, make)
    for step in steps:
        if subprocess.run(step, stdin=subprocess.DEVNULL, check=False).returncode != 0:
            print("p2pim: uv could not install; trying pip.", file=sys.stderr, flush=True)
            return False
    return True


def _install_with_pip(kind: str, *, keep: bool) -> None:
    if not keep:
        _make_with_venv()
    install = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    _step([*install, *_requirements(kind)], "install the locked packages (is the package index reachable?)")
    _step([*install, *_project()], "install p2pim itself")


def _make_with_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(
            f"This Python cannot make virtual environments; on Debian or Ubuntu run: apt install {package}"
        )
    _empty_venv()
    _step([BASE_PYTHON, "-m", "venv", str(VENV)], "make the virtual environment")


def _step(argv: Sequence[str], what: str) -> None:
    if subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        raise SetupError(f"Could not {what}: see the messages above, then start again.")


def _empty_venv() -> None:
    """Remove what an earlier, other or unfinished installation left, but not the lock that is held."""
    try:
        for entry in VENV.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != _LOCKFILE:
                entry.unlink()
    except OSError as error:
        raise SetupError(
            f"Could not replace {VENV} ({error}): stop p2pim and whatever else runs from it."
        ) from error


@contextlib.contextmanager
def _only_one_installer() -> Iterator[None]:
    """Hold an OS lock, freed by any end of this process: two terminals may make the first start at once."""
    VENV.mkdir(exist_ok=True)
    with (VENV / _LOCKFILE).open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  exists there only

            file.seek(0)
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # it gives up after ten seconds; an installation may take longer
                    continue
        else:
            import fcntl  # noqa: PLC0415  exists there only

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
