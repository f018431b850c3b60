"""``search``: what was said, wherever it was."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from p2pim.api import exits
from p2pim.cli.output import message_lines
from p2pim.cli.run import Run, target
from p2pim.errors import BadInput

if TYPE_CHECKING:
    from p2pim.api.client import Client

_DAY = datetime.timedelta(days=1)


def search(run: Run) -> int:
    """Show the messages that have all these words, the newest last, as a conversation reads."""
    options = run.options
    asked: dict[str, Any] = {"text": " ".join(options.words), "limit": options.count}
    if options.room is not None:
        asked["room"] = target(options.room)
    if options.author is not None:
        asked["author"] = options.author
    if options.since is not None:
        asked["since_ms"] = _moment(options.since)
    if options.until is not None:
        asked["until_ms"] = _moment(options.until, _DAY) - 1
    if not asked["text"].strip() and len(asked) == len(("text", "limit")):
        options.usage("nothing to look for: give some WORDS, or --in, --from, --since or --until")
    with run.client() as client:
        found = client.search(**asked)
        names = _names(client) if found["messages"] and not run.output.as_json else {}
    lines: list[str] = []
    for message in reversed(found["messages"]):
        where = f"{names.get(message['room'], '?')}: "
        lines += message_lines(message, where, mark=False, ids=options.ids)
    if not found["messages"]:
        lines = ["-- nothing found"]
    elif found["more"]:
        lines.insert(
            0, "-- there are older ones: ask for more with -n, or for less with another word or --until"
        )
    run.output.result(found, lines)
    return exits.OK


def _names(client: Client) -> dict[str, str]:
    rooms = {room["room"]: room["name"] for room in client.rooms()}
    return rooms | {peer["room"]: peer["name"] for peer in client.peers()}


def _moment(day: str, later: datetime.timedelta | None = None) -> int:
    """The first millisecond of a day, here, or so much later."""
    try:
        start = datetime.datetime.fromisoformat(day)
        return int((start + (later or datetime.timedelta())).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{day} is no date: write it as 2026-03-31.") from None
