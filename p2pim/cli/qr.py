"""A text as a QR code in the terminal, for the camera of another device.

Scanners want dark on light. So each line sets both colours itself, from the part of the palette that no theme changes,
and scans on a dark terminal, a light one and a colourful one alike; "inverse" would only swap one theme's fault for the
other's.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from p2pim.cli.output import Output

# Black and white of the 6x6x6 cube; colours 0 to 15 are whatever the user's theme says.
_DARK_ON_LIGHT: Final = "\x1b[38;5;16;48;5;231m"
_RESET: Final = "\x1b[0m"
#: What stands for two modules, one above the other; true is dark.
_BLOCKS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
#: Modules of light around it: half of what the standard asks for, since lines are dear, and enough for cameras.
_QUIET: Final = 2


def print_qr(output: Output, text: str) -> bool:
    """Draw the code if it could be scanned off this screen; else nothing, False, and the caller's text must do.

    That is so if standard output is no terminal, knows no colours or block characters, or is too narrow.
    """
    if not _can_draw(output.out):
        return False
    lines = qr_lines(text)
    if not lines or _width(lines) > shutil.get_terminal_size().columns:
        return False
    # Not by Output.line, which would show the colours as text; of ``text`` itself nothing is written.
    output.out.write("\n".join(lines) + "\n")
    output.out.flush()
    return True


def qr_lines(text: str) -> list[str]:
    """The code as lines of a terminal, colours included; none if no QR code could hold so long a text."""
    import segno  # noqa: PLC0415 (0.1 s, which most commands can do without)

    try:
        code = segno.make(text, micro=False, error="l")  # or better, if that makes it no larger
    except segno.DataOverflowError:
        return []
    rows = [[module == 1 for module in row] for row in code.matrix_iter(border=_QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return [
        _DARK_ON_LIGHT + "".join(map(_BLOCKS.__getitem__, zip(upper, lower, strict=True))) + _RESET
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def _width(lines: list[str]) -> int:
    return len(lines[0]) - len(_DARK_ON_LIGHT + _RESET)


def _can_draw(out: TextIO) -> bool:
    # Windows sets no TERM; its old console would show the colours as text, the new one says who it is.
    if not out.isatty() or (os.environ.get("TERM", "dumb") == "dumb" and "WT_SESSION" not in os.environ):
        return False
    try:
        "".join(_BLOCKS.values()).encode(out.encoding)
    except UnicodeEncodeError:
        return False
    return True
