"""Gather what the window says into `p2pim/desktop/i18n/*.ts`, and compile those: `python3 scripts/translations.py`.

New texts are marked unfinished there: translate them (by hand or in Qt Linguist), and run it again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import _venv

LANGUAGES = ("de", "he")
FOLDER = _venv.ROOT / "p2pim" / "desktop" / "i18n"


def main() -> int:
    """Update every language; tells how many texts wait for a translation."""
    if Path(sys.prefix).resolve() != _venv.VENV.resolve():
        return _venv.prepare("desktop") or _venv.become([str(_venv.PYTHON), __file__, *sys.argv[1:]])
    sources = sorted(str(path) for path in FOLDER.parent.glob("*.py"))
    unfinished = 0
    for language in LANGUAGES:
        file = FOLDER / f"{language}.ts"
        gather = ["pyside6-lupdate", *sources, "-ts", str(file), "-target-language", language]
        _run([*gather, "-source-language", "en", "-locations", "none", "-no-obsolete"])
        _run(["pyside6-lrelease", "-silent", str(file), "-qm", str(file.with_suffix(".qm"))])
        waiting = file.read_text(encoding="utf-8").count('type="unfinished"')
        print(f"{language}: {waiting} texts wait for a translation")
        unfinished += waiting
    return int(unfinished > 0)


def _run(argv: list[str]) -> None:
    subprocess.run([str(_venv.BIN / argv[0]), *argv[1:]], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
