"""A small real node in memory, for whatever sits on top of one: no network, but its rules and its commits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from p2pim.config import Paths, Settings
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, StoreFull, UnknownTarget
from p2pim.node.events import (
    Check,
    Delivery,
    Event,
    MessageAdded,
    MessageChanged,
    MessageView,
    PeerChanged,
    PeerView,
    ProfileChanged,
    RoomRead,
    RoomView,
    Status,
)
from p2pim.protocol.identity import Identity, encode_peer_id, safety_number, short_id

LOBBY = hashlib.sha256(b"fake lobby").digest()


def identity(name: str) -> Identity:
    """The same identity for the same name, always."""
    return Identity.from_seed(hashlib.sha256(name.encode()).digest())


class FakeStore:
    """Transactions over the fake's lists: nested ones are savepoints, effects run after the commit."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self._depth = 0
        self._effects: list[Callable[[], None]] = []
        self.commits = 0
        self.full = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As the store's: see its contract."""
        before, mark = list(self._node.messages), len(self._effects)
        self._depth += 1
        try:
            yield
            if self._depth == 1 and self.full:
                raise StoreFull("No space is left on the disk: free some and send it again.")
        except BaseException:
            self._node.messages[:] = before
            del self._effects[mark:]
            raise
        finally:
            self._depth -= 1
        if self._depth == 0:
            self.commits += 1
            effects, self._effects = self._effects, []
            for effect in effects:
                effect()

    def on_commit(self, effect: Callable[[], None]) -> None:
        """After the commit, or now when nothing is open."""
        if self._depth:
            self._effects.append(effect)
        else:
            effect()


class FakeNode:
    """Ann, who knows Ben (accepted, online), Cy (a stranger who asks) and two people called Dee."""

    def __init__(self) -> None:
        self.store = FakeStore(self)
        self.identity = identity("ann")
        self.peer_id = self.identity.peer_id
        self.short_id = short_id(self.peer_id)
        self.nickname = "ann"
        self.presence: tuple[str, str, int | None] = ("online", "", None)
        self.messages: list[MessageView] = []
        self.tokens: dict[str, MessageView] = {}
        self.addresses: list[tuple[str, int]] = []
        self.checks = [Check("clock", "ok", "within 2 s of 1 peer", None)]
        self.typed: list[bytes] = []
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
            unread=self._unread(None),
            requests=1,
            storage="ok",
            state_line="LAN ok, 1 peer",
        )

    def peers(self) -> list[PeerView]:
        if self.broken is not None:
            raise self.broken
        return list(self.known.values())

    def conversations(self) -> list[RoomView]:
        lobby = RoomView(LOBBY, "lobby", "#lobby", None, self._unread(LOBBY), 0, None)
        written = {view.room for view in self.messages}
        return [lobby] + [
            RoomView(peer.room, "dm", peer.name, peer.peer_id, self._unread(peer.room), 0, None)
            for peer in self.known.values()
            if peer.room in written
        ]

    def _unread(self, room: bytes | None) -> int:
        return sum(view.unread for view in self.messages if room in (None, view.room))

    def resolve(self, target: str) -> bytes:
        if target == "#lobby":
            return LOBBY
        if target.startswith("#"):
            raise UnknownTarget(f"No room is called {target}: there is #lobby.")
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

    def safety_number(self, peer_id: bytes) -> str:
        return safety_number(self.peer_id, peer_id)

    def diagnose(self) -> list[Check]:
        return self.checks

    # -- what is done

    def send_text(self, room: bytes, text: str, token: str | None) -> MessageView:
        if token is not None and token in self.tokens:
            return self.tokens[token]
        if len(text.encode()) > 40_000:
            raise BadInput("That is too long: at most 40000 bytes a message.")
        if text == "blocked":
            raise NotNow("You blocked them: unblock them first.")
        view = self._store(room, self.peer_id, "ann", text, mine=True)
        if token is not None:
            self.tokens[token] = view
        return view

    def receive(self, author: str, text: str, room: bytes = LOBBY) -> MessageView:
        """A message of somebody else arrives."""
        with self.store.transaction():
            return self._store(room, identity(author).peer_id, author, text, mine=False)

    def deliver(self, view: MessageView) -> None:
        """A message of one's own is taken by the other side."""
        done = replace(
            view,
            state="delivered",
            deliveries=(Delivery(identity("ben").peer_id, "ben", "delivered", self.now_ms),),
        )
        self.messages[self.messages.index(view)] = done
        self.emit(MessageChanged(done))

    def hold(self, view: MessageView, holder: str) -> MessageView:
        """A message of one's own is held by somebody for its recipient."""
        held = replace(
            view,
            state="held",
            deliveries=(*view.deliveries, Delivery(identity(holder).peer_id, holder, "held", self.now_ms)),
        )
        self.messages[self.messages.index(view)] = held
        self.emit(MessageChanged(held))
        return held

    def _store(self, room: bytes, author: bytes, name: str, text: str, *, mine: bool) -> MessageView:
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
        )
        self.messages.append(view)
        self.store.on_commit(lambda: self.emit(MessageAdded(view, not mine)))
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
        self.addresses.append((host, port))

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


class FakeAssembly:
    """A fake node that a real daemon can run."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths: Path = paths.data
        self.settings = settings
        self.node = FakeNode()
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False
