"""The pictures in README, taken from this code: `python3 scripts/screenshots.py [FOLDER]`.

Two daemons on loopback talk; the window of one is drawn into memory, light, dark, and with its details.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
import _venv  # noqa: E402  it lies beside this script

PICTURES = _venv.ROOT / "scripts" / "pictures"
PATIENCE = 30.0
PEOPLE = ("Anna", "Ben", "Cleo")


def main() -> int:
    """Take them."""
    if Path(sys.prefix).resolve() != _venv.VENV.resolve():
        return _venv.prepare("desktop") or _venv.become([str(_venv.PYTHON), __file__, *sys.argv[1:]])
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="p2-pictures-")))
        _take(stack, base, folder)
    return 0


def _take(stack: contextlib.ExitStack, base: Path, folder: Path) -> None:
    from p2pim.api.client import Client  # noqa: PLC0415  only the project's environment has what these need
    from p2pim.api.launch import ensure_running  # noqa: PLC0415
    from p2pim.config import Paths  # noqa: PLC0415

    clients = []
    for name in PEOPLE:
        paths = Paths(base / name)
        paths.prepare()
        paths.config_file.write_text('port = 0\ninterfaces = ["127.0.0.1"]\n', encoding="utf-8")
        ensure_running(paths)
        client = stack.enter_context(Client(paths))
        stack.callback(client.stop)
        client.call("identity.name", nickname=name)
        clients.append(client)
    anna, ben, cleo = clients
    _until(lambda: len(anna.peers()) == len(cleo.peers()) == 2)
    for one in (ben, cleo):  # who has written to somebody has accepted them
        anna.send(one.identity()["peer_id"], "Hello!")
        one.send(anna.identity()["peer_id"], "Hello!")
    ben.send(cleo.identity()["peer_id"], "Hello!")
    cleo.send(ben.identity()["peer_id"], "Hello!")
    team = anna.call("team.create", name="Blue")["team"]
    code = anna.invite(team, uses=2)["code"]
    for one in (ben, cleo):
        one.join(code)
    _until(lambda: all(one.teams() and one.teams()[0]["mine"] for one in (ben, cleo)))
    _talk(anna, ben, cleo, team)
    _draw(Paths(base / "Anna"), folder)


def _talk(anna: object, ben: object, cleo: object, team: str) -> None:
    """What a team says on a morning."""

    def say(who: object, room: str, text: str, **more: object) -> dict[str, object]:
        message: dict[str, object] = who.send(room, text, **more)  # type: ignore[attr-defined]
        _until(lambda: all(_has(one, room, str(message["id"])) for one in (anna, ben, cleo)))
        return message

    say(ben, team, "Morning! The build on **main** is green again: https://ci.example.org/run/8123")
    notes = say(ben, team, "I will cut the release after lunch. Somebody for the notes?")
    say(anna, team, "Me. Is this still how one gets the list?\n```\ngit log --oneline v1.4..\n```")
    say(cleo, team, "Yes, and leave out what says *chore*.", reply_to=notes["id"])
    for one in (anna, cleo):
        one.call("message.react", message=notes["id"], emoji="🎉")  # type: ignore[attr-defined]
    ben.call("presence.set", presence="busy", text="cutting the release")  # type: ignore[attr-defined]
    cleo.send(anna.identity()["peer_id"], "Lunch at one?")  # type: ignore[attr-defined]
    say(anna, team, "Done, it is in the usual place. @Ben have a look when you are back?")


def _has(who: object, room: str, message_id: str) -> bool:
    return any(m["id"] == message_id for m in who.history(room))  # type: ignore[attr-defined]


def _draw(paths: object, folder: Path) -> None:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from p2pim.desktop.app import App  # noqa: PLC0415
    from p2pim.desktop.bridge import Bridge  # noqa: PLC0415

    application = QApplication(["p2pim"])
    app = App(paths, Bridge(paths))  # type: ignore[arg-type]
    app.window.resize(980, 620)

    def spin(holds: Callable[[], bool]) -> None:
        _until(lambda: application.processEvents() or holds())

    app.start()
    spin(lambda: app.desk.is_reachable)
    blue = next(room["room"] for room in app.desk.office.rooms.values() if room["name"] == "#Blue")
    app.window.show_room(blue)
    conversation = app.desk.conversation(blue)
    spin(lambda: len(conversation.timeline) >= 5)
    for name, appearance, details in (("light", "light", False), ("dark", "dark", True)):
        app.preferences.put(appearance=appearance)
        app.show_theme()
        app.window.pane.details_button.setChecked(details)
        end = time.monotonic() + 1.0
        spin(lambda end=end: time.monotonic() > end)  # type: ignore[misc]
        app.window.grab().save(str(folder / f"window-{name}.png"))
    app.search()
    dialog = app._dialogs["search"]
    dialog.line.setText("release")  # type: ignore[attr-defined]
    spin(lambda: dialog.found.count() > 0)  # type: ignore[attr-defined]
    dialog.grab().save(str(folder / "search-dark.png"))
    app.quit()


def _until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("It did not come to what was to be drawn.")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
