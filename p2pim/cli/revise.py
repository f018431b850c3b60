"""What is done with messages that are here: edit, delete, react; and the topic of a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.api import exits, mentions
from p2pim.cli.run import Run, target
from p2pim.cli.talk import typed_text

if TYPE_CHECKING:
    from p2pim.api import schema


def edit(run: Run) -> int:
    """Other words for a message of one's own."""
    text = typed_text(run)
    with run.client() as client:
        params = {"message": run.options.message, "text": text, **mentions.of(client, text)}
        return _done(run, client.call("message.edit", **params))


def delete(run: Run) -> int:
    """Erase a message."""
    with run.client() as client:
        return _done(run, client.call("message.delete", message=run.options.message))


def react(run: Run) -> int:
    """Put an emoji to a message, or take it back."""
    options = run.options
    with run.client() as client:
        params = {"message": options.message, "emoji": options.emoji, "remove": options.remove}
        return _done(run, client.call("message.react", **params))


def _done(run: Run, message: schema.Message) -> int:
    run.output.result(message, [])
    return exits.OK


def topic(run: Run) -> int:
    """Show what a room is about, or say it."""
    room, words = target(run.options.room), run.options.text
    with run.client() as client:
        found: schema.Room = (
            client.call("rooms.topic", room=room, topic=" ".join(words)) if words else client.room(room)
        )
        run.output.result(found, [found["topic"] or f"{found['name']} has no topic."])
    return exits.OK
