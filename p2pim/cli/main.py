"""Find the command, run it, and turn whatever goes wrong into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from p2pim.api import exits
from p2pim.cli.output import Output
from p2pim.cli.parser import parse
from p2pim.cli.run import Run
from p2pim.errors import P2pimError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    output = Output(as_json="--json" in arguments)
    try:
        options = parse(arguments)
        output.as_json = options.json
        module, _, name = options.act.partition(":")
        act = cast("Callable[[Run], int]", getattr(importlib.import_module(f"p2pim.cli.{module}"), name))
        return act(Run(options, output))
    except SystemExit as ended:  # argparse has said why already
        return int(ended.code or 0)
    except P2pimError as error:
        code = exits.exit_of(error)
        output.error(str(error), code)
        return code
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        # `p2pim history … | head` is no fault; keep the interpreter from complaining at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except Exception as error:  # a bug: one line here, its origin in a file
        where = _note_crash(arguments, error)
        output.error(f"Unexpected failure ({type(error).__name__}): please report it; {where}.", exits.FAILED)
        return exits.FAILED


def _note_crash(arguments: list[str], error: Exception) -> str:
    """Write where it came from; neither texts nor values, for they may be somebody's messages."""
    import time  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    from p2pim.config.paths import Paths  # noqa: PLC0415

    command = next((word for word in arguments if not word.startswith("-")), "")
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    try:
        home = arguments[arguments.index("--home") + 1] if "--home" in arguments[:-1] else None
        file = Paths.chosen(home).crash_file
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(file, "a", encoding="utf-8", opener=_private_opener) as stream:
            stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {command[:16]}: {type(error).__name__}\n")
            stream.writelines(f"  {frame}\n" for frame in frames)
    except Exception:  # nothing can be written: then the last frame must do
        return f"it came from {Path(frames[-1]).name if frames else 'an unknown place'}"
    return f"its origin is in {file}"


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
