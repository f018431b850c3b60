"""A small real node in memory, for whatever sits on top of one: no network, but its rules and its commits."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from p2pim.config import Settings
from p2pim.config.policy import NO_POLICY, MachinePolicy, combine
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, UnknownTarget
from p2pim.node.clock import SystemClock
from p2pim.node.events import (
    Change,
    Check,
    Delivery,
    Event,
    MessageAdded,
    MessageChanged,
    MessageView,
    PeerChanged,
    PeerView,
    ProfileChanged,
    Quote,
    RoomChanged,
    RoomRead,
    RoomView,
    Status,
)
from p2pim.node.node import Node
from p2pim.protocol.fold import Reacted
from p2pim.protocol.identity import Identity, encode_peer_id, safety_number, short_id
from p2pim.store.database import Database
from p2pim.store.folding import holds, words_of
from p2pim.store.store import Store
from tests.fake_store import FakeStore
from tests.fake_transfers import FakeTransfers

LOBBY = hashlib.sha256(b"fake lobby").digest()


def identity(name: str) -> Identity:
    """The same identity for the same name, always."""
    return Identity.from_seed(hashlib.sha256(name.encode()).digest())


def real_node(me: Identity) -> Node:
    """A real node on no network, its store in memory and for any thread."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    node = Node(me, Store(Database(connection=connection)), SystemClock(), os.urandom, Settings())
    weakref.finalize(node, connection.close)
    return node


class FakeNode:
    """Ann, who knows Ben (accepted, online), Cy (a stranger who asks) and two people called Dee.

    Her teams are those of a real node, ``real``.
    """

    def __init__(self, machine: MachinePolicy = NO_POLICY) -> None:
        self.store = FakeStore(self)
        self.policy = combine(machine, {})
        self.identity = identity("ann")
        self.peer_id = self.identity.peer_id
        self.short_id = short_id(self.peer_id)
        self.nickname = "ann"
        self.presence: tuple[str, str, int | None] = ("online", "", None)
        self.messages: list[MessageView] = []
        self.tokens: dict[str, MessageView] = {}
        self.tried: list[tuple[str, int]] = []
        self.checks = [Check("clock", "ok", "within 2 s of 1 peer", None)]
        self.typed: list[bytes] = []
        self.meant: tuple[list[bytes], bool] = ([], False)
        self.topics: dict[bytes, str] = {}
        self.alerts: dict[bytes, str] = {}
        self.broken: Exception | None = None
        self.now_ms = 1_764_000_000_000
        self._callbacks: list[Callable[[Event], None]] = []
        self.known = {
            name: _peer(name, nickname)
            for name, nickname in [("ben", "ben"), ("dee1", "dee"), ("dee2", "dee")]
        }
        self.known["ben"] = replace(
            self.known["ben"], trust="accepted", presence="online", address="192.168.1.7:26747"
        )
        self.known["cy"] = replace(_peer("cy", "cy\x1b]0;evil\x07"), request="pending")
        self.real = real_node(self.identity)
        self.real.set_nickname(self.nickname)
        self.real.set_petname(identity("ben").peer_id, "ben")
        self.real.subscribe(self.emit)
        self.transfers = FakeTransfers(self)
        self.teams, self.joining, self.roster = self.real.teams, self.real.joining, self.real.roster
        self.completeness = self.real.completeness
        self.find_room, self.name_of = self.real.find_room, self.real.name_of

    # -- what is shown

    def status(self) -> Status:
        presence, text, _ = self.presence
        return Status(
            peer_id=self.peer_id,
            nickname=self.nickname,
            short_id=self.short_id,
            presence=presence,
            status_text=text,
            port=26747,
            links=1,
            waiting=0,
            unread=sum(view.unread and self._announces(view) for view in self.messages),
            requests=1,
            storage="ok",
            state_line="LAN ok, 1 peer",
        )

    def peers(self) -> list[PeerView]:
        if self.broken is not None:
            raise self.broken
        return list(self.known.values())

    def conversations(self) -> list[RoomView]:
        written = {view.room for view in self.messages} | self.topics.keys() | self.alerts.keys()
        found = [peer for peer in self.known.values() if peer.room in written]
        return [
            self._room(LOBBY, "lobby", "#lobby", None),
            *(self._room(peer.room, "dm", peer.name, peer.peer_id) for peer in found),
            *(view for view in self.real.conversations() if view.role),
        ]

    def _room(self, room: bytes, kind: str, name: str, peer_id: bytes | None) -> RoomView:
        mentions = sum(v.unread and v.mentions_me for v in self.messages if v.room == room)
        topic = self.topics.get(room, "")
        view = RoomView(room, kind, name, peer_id, self._unread(room), 0, None, mentions, topic)
        return replace(view, alerts=self.alerts.get(room, "all"))

    def _unread(self, room: bytes) -> int:
        return sum(view.unread for view in self.messages if room == view.room)

    def _announces(self, view: MessageView) -> bool:
        return {"mentions": view.mentions_me, "none": False}.get(self.alerts.get(view.room, ""), True)

    def resolve(self, target: str) -> bytes:
        if len(target) == 64:
            return bytes.fromhex(target)
        if target == "#lobby":
            return LOBBY
        if target.startswith("#"):
            return self.real.resolve(target)
        return self._peer(self.find_peer(target)).room

    def find_peer(self, target: str) -> bytes:
        found = [
            p for p in self.known.values() if target in (p.petname, p.nickname, encode_peer_id(p.peer_id))
        ]
        found = found or [
            p for p in self.known.values() if len(target) >= 4 and p.short_id.startswith(target)
        ]
        if not found:
            raise UnknownTarget(f"Nobody is called {target}: run `p2pim peers` to see who is known.")
        if len(found) > 1:
            which = ", ".join(p.short_id for p in found)
            raise AmbiguousTarget(f"Several are called {target}: use one of the ids {which}.")
        return found[0].peer_id

    def _peer(self, peer_id: bytes) -> PeerView:
        return next(p for p in self.known.values() if p.peer_id == peer_id)

    def history(self, room: bytes, limit: int, before: tuple[int, bytes] | None) -> list[MessageView]:
        views = sorted((v for v in self.messages if v.room == room), key=lambda v: (v.clock, v.id))
        return [v for v in views if before is None or (v.clock, v.id) < before][-limit:]

    def find(
        self,
        text: str,
        limit: int,
        *,
        room: bytes | None,
        author: bytes | None,
        since_ms: int | None,
        until_ms: int | None,
        files: bool = False,
    ) -> tuple[list[MessageView], bool]:
        found = [
            view
            for view in sorted(self.messages, key=lambda v: (v.clock, v.id), reverse=True)
            if view.text is not None
            and holds(view.text, words_of(text))
            and room in (None, view.room)
            and author in (None, view.author)
            and (since_ms or 0) <= view.clock <= (until_ms or view.clock)
            and (view.file is not None or not files)
        ]
        return found[:limit], len(found) > limit

    def safety_number(self, peer_id: bytes) -> str:
        return safety_number(self.peer_id, peer_id)

    async def diagnose(self) -> list[Check]:
        return self.checks

    # -- what is done

    def send_text(
        self,
        room: bytes,
        text: str,
        token: str | None,
        *,
        reply_to: bytes | None = None,
        mentions: Sequence[bytes] = (),
        everyone: bool = False,
    ) -> MessageView:
        if token in self.tokens:
            return self.tokens[token]
        if len(text.encode()) > 40_000:
            raise BadInput("That is too long: at most 40000 bytes a message.")
        if text == "blocked":
            raise NotNow("You blocked them: unblock them first.")
        view = self.store_line(room, self.peer_id, "ann", text, mine=True, reply_to=self._quote(reply_to))
        self.meant = (list(mentions), everyone)
        if token is not None:
            self.tokens[token] = view
        return view

    def receive(self, author: str, text: str, room: bytes = LOBBY, **more: Any) -> MessageView:
        """A message of somebody else arrives."""
        with self.store.transaction():
            return self.store_line(room, identity(author).peer_id, author, text, mine=False, **more)

    def _quote(self, message_id: bytes | None) -> Quote | None:
        if message_id is None:
            return None
        return Quote((view := self._at(message_id)).id, view.author, view.author_name, view.text)

    def _at(self, message_id: bytes) -> MessageView:
        return next(view for view in self.messages if view.id == message_id)

    def find_message(self, digits: str) -> bytes:
        found = [view.id for view in self.messages if view.id.hex().startswith(digits)]
        if len(found) != 1:
            raise UnknownTarget(
                f"No message here begins with {digits}: `p2pim history NAME --ids` shows their ids."
            )
        return found[0]

    def revise(self, view: MessageView, what: Change, **changes: Any) -> MessageView:
        """A message comes to read differently."""
        self.messages[self.messages.index(view)] = changed = replace(view, **changes)
        self.store.on_commit(lambda: self.emit(MessageChanged(changed, what)))
        return changed

    def edit(
        self, message: bytes, text: str, mentions: Sequence[bytes] = (), everyone: bool = False
    ) -> MessageView:
        self.meant = (list(mentions), everyone)
        return self.revise(self._at(message), "edit", text=text, edited=True)

    def delete(self, message: bytes) -> MessageView:
        gone = {"text": None, "note": "deleted", "deleted_by": self.peer_id, "reactions": (), "edited": False}
        return self.revise(self._at(message), "delete", **gone)

    def react(self, message: bytes, emoji: str, remove: bool = False) -> MessageView:
        if emoji == "long":
            raise BadInput("A reaction is one emoji.")
        view = self._at(message)
        left = tuple(each for each in view.reactions if each.emoji != emoji)
        more = () if remove else (Reacted(emoji, (self.peer_id,)),)
        return self.revise(view, "reaction", reactions=left + more)

    def set_topic(self, room: bytes, topic: str) -> RoomView:
        self.topics[room] = topic
        return next(view for view in self.conversations() if view.room == room)

    def set_alerts(self, room: bytes, alerts: str) -> RoomView:
        if alerts not in ("all", "mentions", "none"):
            raise BadInput(f"{alerts!r} is no choice of alerts. Choose one of: all, mentions, none.")
        if self.real.store.messages.room(room) is not None:
            return self.real.set_alerts(room, alerts)
        self.alerts[room] = alerts
        self.store.on_commit(lambda: self.emit(RoomChanged(room)))
        return next(view for view in self.conversations() if view.room == room)

    def deliver(self, view: MessageView) -> None:
        """A message of one's own is taken by the other side."""
        by = (Delivery(identity("ben").peer_id, "ben", "delivered", self.now_ms),)
        self.revise(view, "delivery", state="delivered", deliveries=by)

    def hold(self, view: MessageView, holder: str) -> MessageView:
        """A message of one's own is held by somebody for its recipient."""
        by = Delivery(identity(holder).peer_id, holder, "held", self.now_ms)
        return self.revise(view, "delivery", state="held", deliveries=(*view.deliveries, by))

    def store_line(
        self, room: bytes, author: bytes, name: str, text: str, *, mine: bool, **more: Any
    ) -> MessageView:
        seq = len(self.messages) + 1
        view = MessageView(
            seq,
            hashlib.sha256(f"{seq} {text}".encode()).digest(),
            room,
            author,
            name,
            mine,
            self.now_ms + seq,
            self.now_ms + seq,
            1,
            text,
            None,
            not mine,
            "waiting" if mine else "received",
            **more,
        )
        self.messages.append(view)
        notify = not mine and self._announces(view)
        self.store.on_commit(lambda: self.emit(MessageAdded(view, notify)))
        return view

    def mark_read(self, room: bytes, seq: int) -> None:
        self.messages[:] = [
            replace(v, unread=False) if v.room == room and v.seq <= seq else v for v in self.messages
        ]
        unread = self._unread(room)
        self.store.on_commit(lambda: self.emit(RoomRead(room, unread)))

    def typing(self, room: bytes) -> None:
        self.typed.append(room)

    def set_nickname(self, text: str) -> None:
        if len(text.encode()) > 64:
            raise BadInput("That name is too long: at most 64 bytes.")
        self.nickname = text
        self.store.on_commit(lambda: self.emit(ProfileChanged()))

    def set_presence(self, presence: str, text: str | None, until_ms: int | None) -> None:
        self.presence = (presence, self.presence[1] if text is None else text, until_ms)

    def set_petname(self, peer_id: bytes, text: str) -> None:
        self._change(peer_id, petname=text, name=text or self._peer(peer_id).nickname)

    def accept(self, peer_id: bytes) -> None:
        self._change(peer_id, trust="accepted", request="none")

    def decline(self, peer_id: bytes) -> None:
        self._change(peer_id, request="declined")

    def block(self, peer_id: bytes) -> None:
        self._change(peer_id, blocked=True)

    def unblock(self, peer_id: bytes) -> None:
        self._change(peer_id, blocked=False)

    def verify(self, peer_id: bytes, verified: bool) -> None:
        self._change(peer_id, trust="verified" if verified else "accepted")

    def _change(self, peer_id: bytes, **changes: Any) -> None:
        key = next(name for name, p in self.known.items() if p.peer_id == peer_id)
        self.known[key] = changed = replace(self.known[key], **changes)
        self.store.on_commit(lambda: self.emit(PeerChanged(changed)))

    def add_address(self, host: str, port: int) -> None:
        self.tried.append((host, port))

    def addresses(self) -> list[tuple[str, int]]:
        return [("192.168.1.5", 26747), ("fd00::5", 26747)]

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def emit(self, event: Event) -> None:
        """Tell whoever subscribed."""
        for callback in self._callbacks:
            callback(event)


def _peer(name: str, nickname: str) -> PeerView:
    peer_id = identity(name).peer_id
    return PeerView(
        peer_id=peer_id,
        name=nickname,
        nickname=nickname,
        petname="",
        short_id=short_id(peer_id),
        trust="new",
        blocked=False,
        request="none",
        presence="offline",
        status_text="",
        last_seen_ms=None,
        address=None,
        room=hashlib.sha256(b"dm" + peer_id).digest(),
        unread=0,
        waiting=0,
        lookalike=None,
    )
