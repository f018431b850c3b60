"""One window, measured from within: `python _window.py HOME STARTED ROOM MESSAGES` prints a JSON object.

STARTED is the time (monotonic) at which the process was asked for.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from p2pim.config import Paths
from p2pim.desktop.app import App
from p2pim.desktop.bridge import Bridge

#: Pixels a frame: a quick turn of the wheel.
STEP = 240
PATIENCE = 60.0


def resident() -> float:
    """Memory of this process (RSS), MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Start, scroll to the first message, tell."""
    home, started, room, wanted = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    application = QApplication(["p2pim"])
    paths = Paths(home)
    app = App(paths, Bridge(paths))
    app.settings.setValue("greeted", True)
    app.start()
    _until(application, lambda: app.desk.is_reachable and app.window.list.entries.rowCount() > 0)
    app.window.repaint()
    usable = time.monotonic() - started
    app.window.show_room(room)
    conversation = app.desk.conversation(room)
    _until(application, lambda: len(conversation.timeline) > 0)
    memory = resident()
    bar = app.window.pane.messages.verticalScrollBar()
    frames: list[float] = []
    while len(conversation.timeline) < wanted and not conversation.timeline.complete:
        bar.setValue(max(0, bar.value() - STEP))
        began = time.perf_counter()
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        frames.append(time.perf_counter() - began)
    scrolled = {"frames": frames, "loaded": len(conversation.timeline), "memory_after": resident()}
    print(json.dumps({"usable": usable, "memory": memory, **scrolled}))
    app.quit()


def _until(application: QApplication, holds: object) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():  # type: ignore[operator]
        if time.monotonic() > end:
            raise SystemExit("not within a minute")
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


if __name__ == "__main__":
    main()
