"""What the tests of the command line share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from p2pim.cli import main
from tests.served import Served, served


class Done(NamedTuple):
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON value."""
        return json.loads(self.out)


P2pim = Callable[..., Done]


@pytest.fixture
def profile(short_tmp: Path) -> Iterator[Served]:
    """A served fake node."""
    with served(short_tmp) as running:
        yield running


@pytest.fixture
def p2pim(
    short_tmp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> P2pim:
    """Run one command on that profile, in this process, without a display; ``stdin`` is what is piped in."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    piped = tmp_path / "stdin"

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        piped.write_bytes(stdin)
        capsys.readouterr()
        with piped.open(encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            code = main(["--home", str(short_tmp), *arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Done(code, out, err)

    return run
