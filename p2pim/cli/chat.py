"""``chat``: what was said, then what is said, and one's own lines in between."""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING

from p2pim.api import exits, mentions
from p2pim.cli.output import ARRIVED, held_by, message_lines
from p2pim.cli.run import Run, target
from p2pim.cli.screen import open_screen
from p2pim.cli.talk import reaction_line
from p2pim.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from p2pim.api import schema
    from p2pim.api.client import Client
    from p2pim.cli.screen import Screen

HISTORY = 30
# Delivery takes milliseconds when they are there; only a message that is late deserves a line.
LATE_AFTER = 2.0
TYPING_EVERY = 3.0

HELP = [
    "-- /peers  who is here     /quit (or Ctrl-D)  leave     //text  a text that begins with /",
]


def lobby(run: Run) -> int:
    """What ``p2pim`` alone does: start the daemon if needed and open the lobby."""
    from p2pim.api.launch import ensure_running  # noqa: PLC0415

    if ensure_running(run.paths) and not run.output.as_json:
        run.output.line("p2pim has started. It goes on in the background until `p2pim stop`.")
    return _talk(run, "#lobby")


def chat(run: Run) -> int:
    """Talk to a peer or in a room."""
    return _talk(run, target(run.options.room))


def _talk(run: Run, room: str) -> int:
    with run.client() as client:
        client.subscribe()
        meant = client.room(room)
        with open_screen(run.output) as screen:
            conversation = Conversation(run, client, meant, screen, time.monotonic)
            conversation.begin()
            with selectors.DefaultSelector() as selector:
                selector.register(client, selectors.EVENT_READ)
                selector.register(screen, selectors.EVENT_READ)
                while True:
                    conversation.catch_up()
                    if conversation.over:
                        break
                    ready = [key.fileobj for key, _ in selector.select(conversation.patience())]
                    if screen in ready:
                        conversation.typed()
    return exits.OK


class Conversation:
    """One room on one screen."""

    def __init__(
        self, run: Run, client: Client, room: schema.Room, screen: Screen, now: Callable[[], float]
    ) -> None:
        self._output = run.output
        self._client = client
        self._room = room
        self._screen = screen
        self._now = now
        self._shown: set[str] = set()
        self._sent: set[str] = set()
        self._late_at: dict[str, float] = {}
        self._told_late: set[str] = set()
        self._told_held = False
        self._presence = ""
        self._typing_at = 0.0
        self.over = False

    def begin(self) -> None:
        """Show what was said."""
        name, kind = self._room["name"], self._room["kind"]
        if not self._output.as_json:
            self._screen.show([f"-- {name}: /help tells more; Ctrl-D leaves"])
            if kind == "dm":
                self._presence = self._partner_presence()
                self._screen.show([f"-- {name} is {self._presence}"])
        self._show_history()

    def _partner_presence(self) -> str:
        known = (p["presence"] for p in self._client.peers() if p["peer_id"] == self._room["peer_id"])
        return next(known, "offline")

    def _show_history(self) -> None:
        self._say(self._client.history(self._room["room"], HISTORY), marked=True)

    def patience(self) -> float | None:
        """Seconds until there is something to say about a late message."""
        return max(0.0, min(self._late_at.values()) - self._now()) if self._late_at else None

    # -- what arrives

    def catch_up(self) -> None:
        """Show all that happened: also what came while we asked for something, which no ``select`` tells of."""
        events = self._client.ready_events()
        self.hear(events)
        while events := self._client.ready_events():
            self.hear(events)

    def hear(self, events: list[schema.Event]) -> None:
        """Show what concerns this room."""
        for event in events:
            kind = event["type"]
            if kind == "message.added":
                self._say([event["message"]], marked=False)
            elif kind == "message.changed":
                self._changed(event["what"], event["message"])
            elif kind == "peer.changed":
                self._peer_changed(event["peer"])
            elif kind == "resync":
                self._show_history()
            elif kind == "storage.changed" and event["state"] == "full":
                self._note("the disk is full: nothing can be stored until there is space")
        self._tell_late()

    def _say(self, messages: list[schema.Message], marked: bool) -> None:
        new = [m for m in messages if m["room"] == self._room["room"] and m["id"] not in self._shown]
        for message in new:
            self._shown.add(message["id"])
            if self._output.as_json:
                self._output.json(message)
            elif not (self._screen.echoes and message["id"] in self._sent):
                self._screen.show(message_lines(message, mark=marked))
            if (
                not marked
                and message["mine"]
                and message["state"] not in ARRIVED
                and self._room["kind"] == "dm"
            ):
                self._late_at[message["id"]] = self._now() + LATE_AFTER
        unread = [message["seq"] for message in new if message["unread"]]
        if unread:
            self._client.read(self._room["room"], max(unread))

    def _changed(self, what: str, message: schema.Message) -> None:
        if message["room"] != self._room["room"]:
            return
        if self._output.as_json:
            self._output.json(message)
        elif what in ("edit", "delete") and message["id"] in self._shown:
            self._screen.show(message_lines(message, mark=False))
        elif what == "reaction" and message["id"] in self._shown:
            self._note(reaction_line(message))
        if message["state"] in ARRIVED:
            self._late_at.pop(message["id"], None)
            if message["id"] in self._told_late:
                self._told_late.discard(message["id"])
                self._note(f"delivered: {(message['text'] or '')[:40]}")
                self._told_held = False
        elif message["state"] == "held" and message["id"] in self._told_late and not self._told_held:
            self._told_held = True
            self._note(f"{held_by(message)}, who will hand it over to {self._room['name']}")

    def _tell_late(self) -> None:
        now = self._now()
        late = [message_id for message_id, at in self._late_at.items() if at <= now]
        for message_id in late:
            del self._late_at[message_id]
            if not self._told_late:
                self._note(f"waiting: {self._room['name']} has not got it yet; it goes out by itself")
            self._told_late.add(message_id)

    def _peer_changed(self, peer: schema.Peer) -> None:
        if peer["peer_id"] == self._room["peer_id"] and peer["presence"] != self._presence:
            self._presence = peer["presence"]
            self._note(f"{peer['name']} is {peer['presence']}")

    def _note(self, sentence: str) -> None:
        if not self._output.as_json:
            self._screen.show([f"-- {sentence}"])

    # -- what is typed

    def typed(self) -> None:
        """Send what was completed; tell others that something is being typed."""
        lines = self._screen.read()
        for line in lines:
            self._take(line)
        if self._screen.ended:
            self.over = True
        elif not lines and self._now() - self._typing_at > TYPING_EVERY:
            self._typing_at = self._now()
            self._client.call("rooms.typing", room=self._room["room"])

    def _take(self, line: str) -> None:
        if not line.strip() or self.over:
            return
        if line.startswith("/") and not line.startswith("//"):
            self._command(line.split(maxsplit=1)[0])
            return
        try:
            text = line[1:] if line.startswith("//") else line
            meant = mentions.of(self._client, text)
            self._sent.add(self._client.send(self._room["room"], text, **meant)["id"])
        except UserError as error:
            self._note(str(error))

    def _command(self, command: str) -> None:
        if command in ("/quit", "/q", "/exit"):
            self.over = True
        elif command == "/peers":
            online = [p["name"] for p in self._client.peers() if p["presence"] != "offline"]
            self._note(f"here: {', '.join(online) or 'nobody else'}")
        elif command == "/help":
            self._screen.show(HELP)
        else:
            self._note(f"{command} is no command and was not sent: /help lists them; //… sends it as text")
