"""A blocking client of the local API, for the command line and for anybody's Python.

with Client(Paths()) as client:
    client.send("#lobby", "hello")
    client.subscribe()
    for event in client.events():
        print(event["type"])
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from p2pim import __version__
from p2pim.api import transport
from p2pim.api.jsonrpc import API_VERSION, NotRunning, parse_line, reply_of, request_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from p2pim.api import schema, team_schema
    from p2pim.config import Paths

PATIENCE = 15.0


class ConnectionLost(NotRunning):
    """The daemon went away; what it had not answered may or may not have been done."""


class Client:
    """One connection to a daemon. Not for several threads at once."""

    def __init__(self, paths: Paths, timeout: float = PATIENCE) -> None:
        self._paths = paths
        self._timeout = timeout
        self._number = 0
        self._received = bytearray()
        self._events: deque[schema.Event] = deque()
        self._socket = transport.connect(paths, timeout)
        # Hello travels with the first request: one round trip less for `p2pim send`.
        self._unsent = request_line(0, "hello", {"api": API_VERSION, "version": __version__})

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def fileno(self) -> int:
        """For ``select``: readable when ``ready_events`` has something to do."""
        return self._socket.fileno()

    def call(self, method: str, /, **params: Any) -> Any:
        """Ask, wait, and give the result or raise the error the daemon told of."""
        return self.gather([(method, params)])[0]

    def gather(self, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
        """Ask several things in one go; the daemon stores their effects in one commit.

        The first error is raised once all have been answered.
        """
        with self._told_as_lost():
            deadline = time.monotonic() + self._timeout
            wanted, greeting = self._send(calls)
            replies: dict[int, dict[str, Any]] = {}
            self._read_replies(replies, {*greeting, *wanted}, deadline)
        for number in greeting:
            reply_of(replies[number])
        return [reply_of(replies[number]) for number in wanted]

    def each(self, calls: list[tuple[str, dict[str, Any]]]) -> Iterator[Any]:
        """As ``gather``, but gives each result as soon as it is here.

        If the daemon goes away in the middle, what was given until then is done; the rest may or may not be.
        """
        with self._told_as_lost():
            wanted, greeting = self._send(calls)
        replies: dict[int, dict[str, Any]] = {}
        for number in [*greeting, *wanted]:
            with self._told_as_lost():
                self._read_replies(replies, {number}, time.monotonic() + self._timeout)
            result = reply_of(replies.pop(number))
            if number not in greeting:
                yield result

    @contextlib.contextmanager
    def _told_as_lost(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            self.close()
            raise ConnectionLost(f"p2pim does not answer; see {self._paths.log_file}.") from error
        except OSError as error:
            self.close()
            raise ConnectionLost("p2pim went away before it answered.") from error

    def ask(self, method: str, /, **params: Any) -> None:
        """Ask without waiting; the answer is dropped when it comes."""
        self._send([(method, params)])

    def _send(self, calls: list[tuple[str, dict[str, Any]]]) -> tuple[list[int], list[int]]:
        """Send; the numbers of the calls, and that of hello if it went with them."""
        numbers = range(self._number + 1, self._number + 1 + len(calls))
        requests = [
            request_line(n, method, params) for n, (method, params) in zip(numbers, calls, strict=True)
        ]
        self._socket.settimeout(self._timeout)
        self._socket.sendall(self._unsent + b"".join(requests))
        self._number += len(calls)
        greeting = [0] if self._unsent else []
        self._unsent = b""
        return list(numbers), greeting

    def _read_replies(self, replies: dict[int, dict[str, Any]], wanted: set[int], deadline: float) -> None:
        while wanted - replies.keys():
            message = self._next_message(deadline)
            if message.get("method") == "event":
                self._events.append(message["params"])
            elif message.get("id") is None:
                reply_of(message)  # about no request in particular: it did not understand us at all
            else:
                replies[message["id"]] = message

    def events(self, timeout: float | None = None) -> Iterator[schema.Event]:
        """Events as they come; ends after ``timeout`` seconds in all, never without one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            while self._events:
                yield self._events.popleft()
            try:
                message = self._next_message(deadline)
            except TimeoutError:
                return
            except OSError as error:
                raise ConnectionLost("p2pim went away.") from error
            if message.get("method") == "event":
                self._events.append(message["params"])

    def ready_events(self) -> list[schema.Event]:
        """The events that are here already; waits for none."""
        return list(self.events(timeout=0.0))

    def _next_message(self, deadline: float | None) -> dict[str, Any]:
        while (end := self._received.find(b"\n")) < 0:
            self._fill(deadline)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return parse_line(line)

    def _fill(self, deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        self._socket.settimeout(left)
        try:
            chunk = self._socket.recv(1 << 16)
        except BlockingIOError as error:  # how a socket with timeout 0 says "nothing yet"
            raise TimeoutError from error
        if not chunk:
            raise ConnectionLost("p2pim went away.")
        self._received += chunk

    # The methods, typed. Those of which the caller needs no result are called by name.

    def status(self) -> schema.Status:
        """One's own state at a glance."""
        result: schema.Status = self.call("status")
        return result

    def stop(self) -> schema.Stopping:
        """End the daemon, whatever API version it speaks."""
        # Not in one go with hello: that may be refused, and this is answered all the same.
        self._unsent = b""
        result: schema.Stopping = self.call("daemon.stop")
        return result

    def subscribe(self) -> int:
        """Ask for events; the number of the last one before."""
        return int(self.call("subscribe")["seq"])

    def resync(self) -> schema.Snapshot:
        """All that is drawn, at one moment of the event sequence."""
        result: schema.Snapshot = self.call("resync")
        return result

    def identity(self) -> schema.Identity:
        """One's own id and name."""
        result: schema.Identity = self.call("identity.get")
        return result

    def peers(self) -> list[schema.Peer]:
        """Everybody known here."""
        result: list[schema.Peer] = self.call("peers.list")
        return result

    def rooms(self) -> list[schema.Room]:
        """Every room."""
        result: list[schema.Room] = self.call("rooms.list")
        return result

    def room(self, target: str) -> schema.Room:
        """The room a person means by a text."""
        result: schema.Room = self.call("rooms.get", room=target)
        return result

    def send(self, room: str, text: str, token: str | None = None, **more: Any) -> schema.Message:
        """Write; returns when it is on disk. The same token again stores nothing new.

        Args:
            more: the other parameters of ``message.send``: reply_to, mentions, mention_room.
        """
        result: schema.Message = self.call("message.send", room=room, text=text, token=token, **more)
        return result

    def history(
        self, room: str, limit: int = 50, before: tuple[int, str] | None = None
    ) -> list[schema.Message]:
        """The newest messages before a position, oldest first; fewer than asked when they are large."""
        result: list[schema.Message] = self.call("message.history", room=room, limit=limit, before=before)
        return result

    def search(self, text: str, **where: Any) -> schema.Found:
        """Messages that have all words of a text; ``where`` as in SearchParams."""
        result: schema.Found = self.call("message.search", text=text, **where)
        return result

    def send_file(self, room: str, path: str) -> schema.Message:
        """Offer a file or folder; the answer comes when it is hashed."""
        result: schema.Message = self.call("file.send", room=room, path=path)
        return result

    def file(self, act: str, message: str, **more: Any) -> schema.Message:
        """Accept, decline, pause, resume or cancel what a message offers."""
        result: schema.Message = self.call(f"file.{act}", message=message, **more)
        return result

    def safety_number(self, peer: str) -> schema.SafetyNumber:
        """The number to compare with a peer."""
        result: schema.SafetyNumber = self.call("peers.safety_number", peer=peer)
        return result

    def policy(self) -> list[schema.Rule]:
        """The rules in force."""
        result: list[schema.Rule] = self.call("policy.get")
        return result

    def teams(self) -> list[team_schema.Team]:
        """Every team that is here."""
        result: list[team_schema.Team] = self.call("team.list")
        return result

    def members(self, room: str) -> list[team_schema.Member]:
        """Who belongs to a team or room."""
        result: list[team_schema.Member] = self.call("team.members", room=room)
        return result

    def invite(self, team: str, **terms: Any) -> team_schema.Invited:
        """Make an invite; ``terms`` as in InviteParams."""
        result: team_schema.Invited = self.call("team.invite", team=team, **terms)
        return result

    def invites(self, team: str) -> list[team_schema.Invite]:
        """The invites of a team."""
        result: list[team_schema.Invite] = self.call("team.invites", team=team)
        return result

    def join(self, invitation: str) -> team_schema.Begun:
        """Begin to join a team by a code or link; a join.changed tells what became of it."""
        result: team_schema.Begun = self.call("team.join", invitation=invitation)
        return result

    def log(self, room: str, *, verify: bool = False) -> team_schema.Log:
        """Who did what in a team or room."""
        result: team_schema.Log = self.call("team.log", room=room, verify=verify)
        return result

    def addresses(self) -> list[schema.Address]:
        """Where others may reach this machine."""
        result: list[schema.Address] = self.call("network.addresses")
        return result

    def doctor(self) -> list[schema.Check]:
        """What the daemon finds out about its surroundings."""
        result: list[schema.Check] = self.call("doctor.run")
        return result

    def read(self, room: str, seq: int) -> None:
        """All up to this message has been shown."""
        self.call("rooms.read", room=room, seq=seq)


def whole_history(client: Client, room: str, count: int) -> list[schema.Message]:
    """The newest ``count`` messages, asked for in as many pages as they take."""
    messages: list[schema.Message] = []
    before: tuple[int, str] | None = None
    while len(messages) < count:
        page = client.history(room, min(count - len(messages), 200), before)
        if not page:
            break
        messages = page + messages
        before = (page[0]["clock"], page[0]["id"])
    return messages


def is_listening(paths: Paths) -> bool:
    """Whether a daemon serves this profile."""
    try:
        transport.connect(paths, 2.0).close()
    except NotRunning:
        return False
    return True
