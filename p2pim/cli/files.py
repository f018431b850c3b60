"""``send-file``, ``files``, ``file`` and ``get``: files and folders, and how far they are."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2pim.api import exits
from p2pim.cli.output import SHOWN_DIGITS, moment, table
from p2pim.cli.run import Run, target
from p2pim.errors import NotNow, UnknownTarget

if TYPE_CHECKING:
    from p2pim.api import file_schema, schema
    from p2pim.api.client import Client

#: Hashing a large folder takes its time before the answer comes.
PATIENCE = 3600.0
#: States in which nothing more will come by itself.
OVER = ("done", "declined", "cancelled", "failed")
_BAR = 24


def send_file(run: Run) -> int:
    """Offer a file or folder; done once it is hashed and the offer is on disk."""
    path = Path(run.options.path).expanduser().absolute()
    with run.client(PATIENCE) as client:
        message = client.send_file(target(run.options.room), str(path))
    offered = message["file"]
    assert offered is not None
    run.output.result(message, [f"-- offered: {described(offered)}"])
    return exits.OK


def files(run: Run) -> int:
    """Show what was offered, the newest last."""
    asked: dict[str, Any] = {"files": True, "limit": run.options.count}
    if run.options.room is not None:
        asked["room"] = target(run.options.room)
    with run.client() as client:
        found = client.search(" ".join(run.options.words), **asked)
        names = {room["room"]: room["name"] for room in client.rooms()}
    rows = [
        [
            message["id"][:SHOWN_DIGITS],
            moment(message["wall_ms"]),
            "you" if message["mine"] else message["author_name"],
            names.get(message["room"], "?"),
            described(message["file"]),
            how_far(message["file"]),
        ]
        for message in reversed(found["messages"])
        if message["file"] is not None
    ]
    run.output.result(found, table(rows) if rows else ["-- no files"])
    return exits.OK


def accept(run: Run) -> int:
    """Fetch what was offered; with --wait until it is here."""
    more = _place(run)
    with run.client() as client:
        client.subscribe()
        message = client.file("accept", run.options.message, **more)
        if run.options.wait:
            message = _awaited(run, client, message)
    return _told(run, message)


def get(run: Run) -> int:
    """Fetch the newest file of a name from somebody, and wait until it is here."""
    more = _place(run)
    with run.client() as client:
        client.subscribe()
        found = client.search(run.options.name, files=True, author=run.options.author, limit=50)["messages"]
        exact = [m for m in found if m["file"] is not None and m["file"]["name"] == run.options.name]
        if not exact:
            raise UnknownTarget(
                f"{run.options.author} has offered no {run.options.name}: `p2pim files` shows what there is."
            )
        message = client.file("accept", exact[0]["id"], **more)
        message = _awaited(run, client, message)
    return _told(run, message)


def pause(run: Run) -> int:
    """Stop it for now; what has come stays."""
    return _act(run, "pause")


def resume(run: Run) -> int:
    """Go on where it stopped."""
    return _act(run, "resume")


def decline(run: Run) -> int:
    """Not wanted; the sender is told."""
    return _act(run, "decline")


def cancel(run: Run) -> int:
    """Throw away what has come of it."""
    return _act(run, "cancel")


def _place(run: Run) -> dict[str, str]:
    return {"folder": str(Path(run.options.to).expanduser().absolute())} if run.options.to else {}


def _act(run: Run, act: str) -> int:
    with run.client() as client:
        return _told(run, client.file(act, run.options.message))


def _told(run: Run, message: schema.Message) -> int:
    offered = message["file"]
    assert offered is not None
    run.output.result(message, [f"-- {described(offered)}: {how_far(offered)}"])
    return exits.OK


def _awaited(run: Run, client: Client, message: schema.Message) -> schema.Message:
    """Wait until it is here, with a bar on a terminal; a wait that cannot end well is an error."""
    offered = message["file"]
    assert offered is not None
    bar = Bar(sys.stderr.isatty() and not run.output.as_json)
    if offered["state"] not in OVER:
        for event in client.events():
            if event["type"] != "message.changed" or event["message"]["id"] != message["id"]:
                continue
            message = event["message"]
            offered = message["file"]
            assert offered is not None
            if run.output.as_json:
                run.output.json(event)
            bar.show(offered["done"], offered["size"])
            if offered["state"] in OVER:
                break
    bar.end()
    if offered["state"] != "done":
        raise NotNow(f"{offered['name']} is not here: {how_far(offered).rstrip('.')}.")
    return message


class Bar:
    """How far a file is, on one line of a terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._since: tuple[float, int] | None = None

    def show(self, done: int, size: int) -> None:
        """Draw it anew."""
        if not self._shown:
            return
        now = time.monotonic()
        self._since = self._since or (now, done)
        spent = now - self._since[0]
        speed = f"{readable(int((done - self._since[1]) / spent))}/s" if spent > 0 else ""
        full = _BAR * done // size if size else _BAR
        line = f"\r[{'#' * full}{' ' * (_BAR - full)}] {readable(done)} of {readable(size)}  {speed}"
        sys.stderr.write(f"{line:<78}")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line as it is."""
        if self._since is not None:
            sys.stderr.write("\n")


def described(offered: file_schema.File) -> str:
    """A file with its size, or a folder with what is in it."""
    if not offered["folder"]:
        return f"{offered['name']} ({readable(offered['size'])})"
    count = offered["entries"]
    return f"{offered['name']}/ ({count} file{'s' if count != 1 else ''}, {readable(offered['size'])})"


def how_far(offered: file_schema.File) -> str:
    """Its state, for a person."""
    state, size = offered["state"], offered["size"]
    if state == "sent" and offered["reports"]:
        return ", ".join(f"{each['name']}: {each['state']}" for each in offered["reports"])
    if state in ("fetching", "paused") and size:
        return f"{state}, {100 * offered['done'] // size} %"
    if state == "done":
        return f"here: {offered['path']}"
    words = {
        "wanted": "waits until somebody who has it is here",
        "withdrawn": "not there any more, or changed: send it again",
        "failed": offered["detail"] or "failed",
    }
    return words.get(state, state)


def readable(size: int) -> str:
    """Bytes as people say them, in powers of ten."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{value:.0f} TB"
