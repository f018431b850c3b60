"""Messages, one command at a time: send, history, listen."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from p2pim.api import exits, mentions
from p2pim.api.client import ConnectionLost, whole_history
from p2pim.cli.output import ARRIVED, excerpt, message_lines, reactions
from p2pim.cli.run import Run, target
from p2pim.errors import BadInput, NotNow

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.api.client import Client

LONGEST_INPUT = 1 << 20


def send(run: Run) -> int:
    """Write one message; done once it is on disk here, or (``--wait``) there."""
    text = typed_text(run)
    token = run.options.token or os.urandom(16).hex()
    room = target(run.options.room)
    with run.client() as client:
        try:
            if run.options.wait is not None:
                client.subscribe()
            more = mentions.of(client, text)
            if run.options.reply is not None:
                more["reply_to"] = run.options.reply
            message = client.send(room, text, token, **more)
        except ConnectionLost as error:
            again = f"send it again with --token {token} and it is stored only once"
            raise ConnectionLost(
                f"{str(error).rstrip('.')}: it may or may not be stored; {again}."
            ) from error
        if run.options.wait is not None:
            message = _delivered(client, message, run.options.wait)
    run.output.result(message, [])
    return exits.OK


def typed_text(run: Run) -> str:
    """The text given as arguments, or read from standard input."""
    words: list[str] = run.options.text
    if words and words != ["-"]:
        return " ".join(words)
    if not words and sys.stdin.isatty():
        run.options.usage("nothing to send: give a TEXT, or '-' to type it and end with Ctrl-D")
    raw = sys.stdin.buffer.read(LONGEST_INPUT + 1)
    if len(raw) > LONGEST_INPUT:
        raise BadInput("That is too long: standard input holds more than 1 MiB.")
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput("Standard input is not UTF-8 text: convert it first.") from error


def _delivered(client: Client, message: schema.Message, patience: float) -> schema.Message:
    if message["state"] in ARRIVED:  # the same token again
        return message
    # It may have been delivered before send answered: then its event is among those already here.
    for event in client.events(timeout=patience):
        changed = event.get("message")
        if changed is not None and changed["id"] == message["id"] and changed["state"] in ARRIVED:
            return changed
    raise NotNow(f"Not delivered within {patience:g} s: it waits here and goes out by itself.")


def history(run: Run) -> int:
    """The newest messages of a room, oldest first."""
    with run.client() as client:
        room = client.room(target(run.options.room))
        messages = whole_history(client, room["room"], run.options.count)
        if run.output.as_json:
            for message in messages:
                run.output.json(message)
            return exits.OK
        for message in messages:
            run.output.lines(message_lines(message, ids=run.options.ids))
        unread = [message["seq"] for message in messages if message["unread"]]
        if unread:
            client.read(room["room"], max(unread))
    return exits.OK


def listen(run: Run) -> int:
    """Follow events until interrupted."""
    with run.client() as client:
        only = client.room(target(run.options.room))["room"] if run.options.room else None
        names = Names(client)  # subscribes: from here on nothing is missed, and nothing more is asked
        for event in client.events():
            if only is not None and only != _room_of(event):
                continue
            if run.output.as_json:
                run.output.json(event)
            else:
                run.output.lines(event_lines(event, names))
    return exits.OK


class Names:
    """What rooms and peers are called, as far as events have told; subscribes on the way."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.subscribe()
        self.read()

    def read(self) -> None:
        """Ask for all of them."""
        snapshot = self._client.resync()
        self.peers = {peer["peer_id"]: peer for peer in snapshot["peers"]}
        self._rooms = {room["room"]: room["name"] for room in snapshot["rooms"]}
        for peer in snapshot["peers"]:
            self._rooms.setdefault(peer["room"], peer["name"])

    def learn(self, peer: schema.Peer) -> str:
        """Keep what changed; a sentence about it, empty when it is nothing to tell."""
        before = self.peers.get(peer["peer_id"])
        self.peers[peer["peer_id"]] = peer
        self._rooms[peer["room"]] = peer["name"]
        if before is None or before["presence"] != peer["presence"]:
            status = f" ({peer['status_text']})" if peer["status_text"] else ""
            return f"{peer['name']} is {peer['presence']}{status}"
        if before["request"] != peer["request"] == "pending":
            return f"{peer['name']} asks to talk: `p2pim accept {peer['short_id']}`, or decline"
        if before["name"] != peer["name"]:
            return f"{before['name']} is now {peer['name']}"
        return ""

    def room(self, room: str) -> str:
        """The name of a room."""
        if room not in self._rooms:
            self._rooms[room] = self._client.room(room)["name"]
        return self._rooms[room]

    def forget(self, room: str) -> None:
        """It may be called otherwise now."""
        self._rooms.pop(room, None)

    def peer(self, peer_id: str) -> str:
        """The name of a peer."""
        peer = self.peers.get(peer_id)
        return peer["name"] if peer else f"{peer_id[:14]}…"


def _room_of(event: schema.Event) -> str | None:
    if "message" in event:
        return event["message"]["room"]
    return event["peer"]["room"] if "peer" in event else event.get("room")


def event_lines(event: schema.Event, names: Names) -> list[str]:
    """An event for a person; nothing for those that only a window needs."""
    match event["type"]:
        case "message.added":
            message = event["message"]
            room = names.room(message["room"])
            return message_lines(message, where=f"[{room}] ", mark=False)
        case "message.changed":
            return _changed_lines(event["what"], event["message"], names.room(event["message"]["room"]))
        case "peer.changed":
            sentence = names.learn(event["peer"])
            return [f"-- {sentence}"] if sentence else []
        case "room.changed":
            names.forget(event["room"])
        case "resync":
            names.read()
            return ["-- some events were dropped, for this terminal was too slow"]
    return _own_lines(event)


def _own_lines(event: schema.Event) -> list[str]:
    """An event about this machine or its user."""
    match event["type"]:
        case "storage.changed" if event["state"] == "full":
            return ["-- the disk is full: nothing can be stored until there is space"]
        case "storage.changed":
            return ["-- there is space on the disk again"]
        case "network.changed":
            return [f"-- network: {event['text']}"]
        case "policy.changed":
            return ["-- the rules have changed: `p2pim policy` shows them"]
        case "join.changed":
            return [f"-- {event['text']}"]
    return []


def _changed_lines(what: str, message: schema.Message, room: str) -> list[str]:
    """How a message reads now; nothing where only its quote changed, or it got no further."""
    match what:
        case "delivery" if message["state"] == "delivered":
            return [f"-- delivered in {room}: {excerpt(message['text'])}"]
        case "edit" | "delete":
            return message_lines(message, where=f"[{room}] ", mark=False)
        case "reaction":
            return [f"-- [{room}] {reaction_line(message)}"]
    return []


def reaction_line(message: schema.Message) -> str:
    """The reactions to a message, in a sentence."""
    who = "your" if message["mine"] else f"{message['author_name']}'s"
    return f"{reactions(message) or 'no reactions any more'} to {who} message: {excerpt(message['text'])}"
