"""Where ``chat`` shows lines and gets them from: a terminal it edits on, or plain streams."""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import socket
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from p2pim.cli.lineedit import WIPE, LineEditor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from p2pim.cli.output import Output


class Screen(Protocol):
    """What chat needs."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will be typed."""
        ...

    @property
    def echoes(self) -> bool:
        """Whether the typed line stays on the screen, so that it need not be shown again."""
        ...

    def fileno(self) -> int:
        """Readable when there is something typed."""
        ...

    def read(self) -> list[str]:
        """The lines completed since."""
        ...

    def show(self, lines: list[str]) -> None:
        """Print above whatever is being typed."""
        ...


class PlainScreen:
    """Lines from standard input, whatever that is; a thread reads it, for Windows cannot ``select`` it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._near, far = socket.socketpair()
        self._rest = b""
        self.ended = False
        self.echoes = sys.stdin.isatty()
        threading.Thread(target=_pump, args=[sys.stdin.fileno(), far], daemon=True).start()

    def fileno(self) -> int:
        """Readable when a line has come."""
        return self._near.fileno()

    def read(self) -> list[str]:
        """Whole lines; what is left at the end of input counts as one."""
        chunk = self._near.recv(1 << 16)
        self.ended = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self.ended and self._rest:
            lines.append(self._rest)
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    def show(self, lines: list[str]) -> None:
        """Print."""
        self._output.lines(lines)

    def close(self) -> None:
        """Stop listening to the thread."""
        self._near.close()


def _pump(handle: int, far: socket.socket) -> None:
    # Not through sys.stdin: a thread blocked in its buffer holds a lock that the interpreter wants at its end.
    with far, contextlib.suppress(OSError):
        while chunk := os.read(handle, 1 << 14):
            far.sendall(chunk)


class TerminalScreen:
    """A Unix terminal on which a line is edited while others arrive."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._editor = LineEditor(columns=shutil.get_terminal_size().columns)
        self.echoes = False

    @property
    def ended(self) -> bool:
        """Whether Ctrl-D was typed."""
        return self._editor.ended

    def fileno(self) -> int:
        """Readable when a key was pressed."""
        return sys.stdin.fileno()

    def read(self) -> list[str]:
        """Take the keys pressed."""
        keys = os.read(sys.stdin.fileno(), 4096)
        if not keys:
            self._editor.ended = True
        lines = self._editor.feed(self._decoder.decode(keys))
        self.draw()
        return lines

    def show(self, lines: list[str]) -> None:
        """Print above the line being typed."""
        self._output.out.write(WIPE)
        self._output.lines(lines)
        self.draw()

    def draw(self) -> None:
        """Draw the line being typed."""
        self._editor.columns = shutil.get_terminal_size().columns
        self._output.out.write(self._editor.drawing())
        self._output.out.flush()

    def wipe(self) -> None:
        """Leave a clean line behind."""
        self._output.out.write(WIPE)
        self._output.out.flush()


@contextlib.contextmanager
def open_screen(output: Output) -> Iterator[Screen]:
    """The best there is here; the terminal is as it was afterwards."""
    editable = sys.stdin.isatty() and output.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if sys.platform == "win32" or not editable:
        plain = PlainScreen(output)
        try:
            yield plain
        finally:
            plain.close()
        return
    terminal = TerminalScreen(output)
    with _keys_at_once(sys.stdin.fileno(), terminal.draw):
        try:
            yield terminal
        finally:
            terminal.wipe()


@contextlib.contextmanager
def _keys_at_once(handle: int, drawn_again: Callable[[], None]) -> Iterator[None]:
    """Keys come one by one and unechoed; Ctrl-C and Ctrl-Z still do what they always do."""
    import signal  # noqa: PLC0415
    import termios  # noqa: PLC0415
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(handle)

    def continued(_number: int, _frame: object) -> None:
        tty.setcbreak(handle)  # the shell took its own settings back while we were stopped
        drawn_again()

    previous = signal.signal(signal.SIGCONT, continued)
    try:
        tty.setcbreak(handle)
        yield
    finally:
        signal.signal(signal.SIGCONT, previous)
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
