"""Passphrases: asked for on the terminal, unseen; or a line each of standard input, so that scripts can give them.

Never an argument nor the environment, for other programs can read those.
"""

from __future__ import annotations

import sys

from p2pim.errors import BadInput

LONGEST_LINE = 1 << 16


def ask(what: str) -> str:
    """A passphrase that was set before."""
    if not sys.stdin.isatty():
        return _line(what)
    return _typed(f"{what}: ")


def ask_new(what: str) -> str:
    """A passphrase to be set: typed twice, for nobody sees it."""
    if not sys.stdin.isatty():
        return _line(what)
    first = _typed(f"{what}: ")
    if _typed("The same again: ") != first:
        raise BadInput("The two were not the same: nothing was changed.")
    return first


def _typed(prompt: str) -> str:
    import getpass  # noqa: PLC0415

    try:
        text = getpass.getpass(prompt)
    except EOFError:
        text = ""
    return _given(text, "nothing was typed")


def _line(what: str) -> str:
    raw = sys.stdin.buffer.readline(LONGEST_LINE)
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput("Standard input is not UTF-8 text: convert it first.") from error
    return _given(text, f"standard input has no line for it ({what.lower()})")


def _given(text: str, why: str) -> str:
    if not text:
        raise BadInput(f"A passphrase is needed, and {why}.")
    return text
