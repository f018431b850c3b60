"""A small peer with blocking sockets, written from the specification alone: it imports nothing of p2pim."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from . import records
from .frames import LIMIT, Closed, Wire
from .keys import OPEN_SECRET, Identity, Network, to_text
from .messages import LOBBY, Message, dm, heads, open_message, seal, write_text
from .noise_xx import Handshake, Proof, payload, public, read_payload
from .packing import Refused
from .reconcile import Bound, Driver, Range, answer

CONTENT = 1
SHUTDOWN, RULE_BROKEN = 1, 2
OK, NOT_ACCEPTED, NOT_SHARED = 0, 3, 4
ASK, ANSWER, NOT_SERVED = range(3)
LOBBY_LASTS = 604_800_000


def now_ms() -> int:
    """Give the wall clock as the protocol counts it."""
    return time.time_ns() // 1_000_000


@dataclass
class Run:
    """A run that this end drives."""

    driver: Driver
    held: set[bytes]
    floor: int
    asked_all: bool = False
    wanted: set[bytes] = field(default_factory=set)


class SmallPeer:
    """An identity on the open network, what it holds, and what it knows to be delivered."""

    def __init__(self, nickname: str) -> None:
        self.identity = Identity(secrets.token_bytes(32))
        self.id = self.identity.peer_id
        self.text_id = to_text(self.id)
        self.boot_id = secrets.token_bytes(8)
        self.static = X25519PrivateKey.generate()
        self.network = Network(OPEN_SECRET)
        self.nickname = nickname
        self.held: dict[bytes, dict[bytes, Message]] = {}
        self.delivered: set[bytes] = set()

    def write(self, room: bytes, words: str) -> Message:
        """Seal a text and keep it."""
        held = list(self.held.get(room, {}).values())
        clock = max([now_ms(), *(1 + message.clock for message in held)])
        parents = () if room == LOBBY else heads(held)
        content = write_text(secrets.token_bytes(16), now_ms(), words)
        message = seal(self.identity, room, content, clock=clock, parents=parents)
        self.held.setdefault(room, {})[message.id] = message
        return message

    def dial(self, port: int) -> Link:
        """Connect to a daemon on this machine, as the initiator."""
        wire = Wire(socket.create_connection(("127.0.0.1", port), timeout=LIMIT))
        try:
            preamble = self.network.preamble(secrets.token_bytes(16))
            noise = self._noise(preamble, initiator=True)
            wire.write_block(noise.write(b""), before=preamble)
            proof = read_payload(noise.read(wire.read_block(1, 1_024)), noise.rs, of_initiator=False)
            self._decide(proof)
            wire.write_block(noise.write(self._payload(initiator=True)))
            return Link(self, wire, noise, proof)
        except BaseException:
            wire.sock.close()
            raise

    def accept(self, listener: socket.socket) -> Link:
        """Take a connection, as the responder."""
        listener.settimeout(LIMIT)
        wire = Wire(listener.accept()[0])
        try:
            preamble = wire.exactly(40)
            if not self.network.dialled_by(preamble):
                raise Refused("a preamble for nobody here")
            noise = self._noise(preamble, initiator=False)
            if noise.read(wire.read_block(1, 1_024)):
                raise Refused("message 1 with a payload")
            wire.write_block(noise.write(self._payload(initiator=False)))
            proof = read_payload(noise.read(wire.read_block(1, 1_024)), noise.rs, of_initiator=True)
            self._decide(proof)
            return Link(self, wire, noise, proof)
        except BaseException:
            wire.sock.close()
            raise

    def _noise(self, preamble: bytes, *, initiator: bool) -> Handshake:
        return Handshake(
            initiator=initiator,
            prologue=b"p2pim/1" + preamble,
            psk=self.network.psk,
            static=self.static,
            ephemeral=X25519PrivateKey.generate(),
        )

    def _payload(self, *, initiator: bool) -> bytes:
        return payload(self.identity, public(self.static), self.boot_id, initiator=initiator)

    def _decide(self, proof: Proof) -> None:
        if proof.peer_id == self.id:
            raise Refused("this is me")


class Link:
    """A connection after both HELLOs; whatever comes is handled while somebody waits for something."""

    def __init__(self, me: SmallPeer, wire: Wire, noise: Handshake, proof: Proof) -> None:
        self.me, self.wire, self.proof = me, wire, proof
        self.dialled = noise.initiator
        self.wire.ciphers = noise.split()
        self.wire.send(records.HELLO, (1,), now_ms(), me.nickname, "small peer")
        kind, self.hello = self.wire.receive(most=4_112)
        if kind != records.HELLO:
            raise Refused("no HELLO")
        self.dm = dm(me.id, proof.peer_id)
        self.shared = {self.dm} | ({LOBBY} if 1 in self.hello[0] else set())
        self.acks: dict[bytes, int] = {}
        self.pongs: list[bytes] = []
        self.state: tuple[Any, ...] | None = None
        self.runs: dict[bytes, tuple[int, Run]] = {}  # driven here, by room
        self.answering: dict[bytes, tuple[int, int, set[bytes]]] = {}  # run, floor, held when it came
        self.offered: dict[bytes, set[bytes]] = {}
        self.finished: list[tuple[bytes, int]] = []  # runs of either end that ended with a DONE from there
        self.unasked: list[tuple[bytes, bytes]] = []  # (room, id), the next to ask for at the end
        self.unanswered: set[bytes] = set()
        self.next_run = 1 if self.dialled else 2

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        """Say BYE and close."""
        try:
            self.wire.send(records.BYE, SHUTDOWN)
        except OSError:
            pass
        finally:
            self.wire.sock.close()

    def until(self, what: Callable[[], bool]) -> None:
        """Handle records until this holds; the deadline of the wire ends it if it never does."""
        while not what():
            self.handle(*self.wire.receive())

    def ping(self) -> None:
        """Ask for a PONG, and so wait until all that was sent before has been handled there."""
        echo = secrets.token_bytes(8)
        self.wire.send(records.PING, echo)
        self.until(lambda: echo in self.pongs)

    def push(self, message: Message) -> int:
        """Send a new message and give the code of its ACK."""
        self.wire.send(records.MESSAGES, message.room, CONTENT, (message.signed,))
        self.until(lambda: message.id in self.acks)
        return self.acks[message.id]

    def texts(self, room: bytes) -> list[str | None]:
        """Give what is held, in order."""
        return [m.text for m in sorted(self.me.held.get(room, {}).values(), key=lambda m: m.place)]

    def items(self, room: bytes) -> list[Bound]:
        """Give the set that the two ends compare."""
        return sorted(m.place for m in self.me.held.get(room, {}).values() if self.carries(m))

    def carries(self, message: Message) -> bool:
        """Say whether a message may travel here: in the lobby, only what one of the ends wrote."""
        return message.room != LOBBY or message.author in (self.me.id, self.proof.peer_id)

    def handle(self, kind: int, fields: tuple[Any, ...]) -> None:
        """Do what a record asks for."""
        if kind == records.HELLO or kind == records.CONTACTS:
            raise Refused("a record that has no place here")
        if kind == records.BYE:
            raise Closed(fields[0])
        if kind == records.PING:
            self.wire.send(records.PONG, *fields)
        elif kind == records.PONG:
            self.pongs.append(fields[0])
        elif kind == records.STATE:
            self.state = fields
        elif kind in (records.HAVE, records.WANT, records.MESSAGES, records.ACK, records.LACK, records.DONE):
            if fields[0] in self.shared and fields[1] == CONTENT:
                self._in_room(kind, *fields)
            else:
                self._elsewhere(kind, *fields)
        elif kind == records.RECONCILE:
            self._reconcile(*fields)

    def _in_room(self, kind: int, room: bytes, _: int, *rest: Any) -> None:
        handlers: dict[int, Callable[..., None]] = {
            records.HAVE: self._have,
            records.WANT: self._want,
            records.MESSAGES: self._messages,
            records.ACK: self._ack,
            records.LACK: self._answered,
            records.DONE: self._done,
        }
        handlers[kind](room, *rest)

    def _elsewhere(self, kind: int, room: bytes, set_: int, *rest: Any) -> None:
        """Answer for a room that is not shared."""
        if kind == records.WANT:
            self.wire.send(records.LACK, room, set_, rest[0])
        elif kind == records.DONE and (rest[0] % 2 == 1) is not self.dialled:
            self.wire.send(records.RECONCILE, room, set_, rest[0], NOT_SERVED, ())
        elif kind == records.MESSAGES and set_ != CONTENT:
            raise Refused("messages for a set that no room has")
        elif kind == records.MESSAGES:
            ids = tuple(open_message(*signed).id for signed in rest[0])
            self.wire.send(records.ACK, room, set_, ids, 4)

    def _reconcile(self, room: bytes, set_: int, run: int, kind: int, ranges: tuple[Range, ...]) -> None:
        served = room in self.shared and set_ == CONTENT
        if kind == ASK and not served:
            self.wire.send(records.RECONCILE, room, set_, run, NOT_SERVED, ())
        elif kind == ASK:
            if run < self.answering.get(room, (0,))[0]:
                return
            if run != self.answering.get(room, (0,))[0]:
                floor = ranges[0][0] if ranges and ranges[0][2] == 0 else 0
                self.answering[room] = (run, floor, set(self.me.held.get(room, {})))
                self.offered[room] = set()
            self.wire.send(records.RECONCILE, room, set_, run, ANSWER, answer(self.items(room), ranges))
        elif served and kind == ANSWER and self.runs.get(room, (0,))[0] == run:
            self._drive(room, run, ranges)

    def _have(self, room: bytes, items: tuple[tuple[bytes, int], ...]) -> None:
        ids = {id_ for id_, _ in items}
        self.offered.setdefault(room, set()).update(ids)
        self._ask_for(room, [id_ for id_, _ in sorted(items, key=lambda item: (item[1], item[0]))])

    def _ask_for(self, room: bytes, ids: list[bytes]) -> None:
        """Ask for what is not here, the newest (the last) first, with at most 512 ids unanswered."""
        held = self.me.held.get(room, {})
        begun = self.unanswered | {id_ for _, id_ in self.unasked}
        self.unasked += [(room, id_) for id_ in ids if id_ not in held and id_ not in begun]
        while self.unasked and len(self.unanswered) < 512:
            of, _ = self.unasked[-1]
            batch: list[bytes] = []
            while self.unasked and self.unasked[-1][0] == of and len(self.unanswered) + len(batch) < 512:
                batch.append(self.unasked.pop()[1])
            self.unanswered.update(batch)
            self.wire.send(records.WANT, of, CONTENT, tuple(batch))

    def _want(self, room: bytes, ids: tuple[bytes, ...]) -> None:
        held = self.me.held.get(room, {})
        here = sorted(
            (held[id_] for id_ in ids if id_ in held and self.carries(held[id_])), key=lambda m: m.place
        )
        for message in here:
            self.wire.send(records.MESSAGES, room, CONTENT, (message.signed,))
        missing = tuple(id_ for id_ in ids if id_ not in {m.id for m in here})
        if missing:
            self.wire.send(records.LACK, room, CONTENT, missing)

    def _messages(self, room: bytes, signed: tuple[tuple[bytes, bytes, bytes | None], ...]) -> None:
        opened = [open_message(*each) for each in signed]
        for message in opened:
            wrong = (
                (message.author not in (self.me.id, self.proof.peer_id))
                if room == self.dm
                else message.parents
            )
            if message.room != room or message.kind >= 128 or wrong:
                raise Refused("a message that may not be in this room")
            stored = self.carries(message) and message.content is not None
            if stored:
                self.me.held.setdefault(room, {})[message.id] = message
            if message.content is not None:
                self.wire.send(records.ACK, room, CONTENT, (message.id,), OK if stored else 4)
        self._answered(room, tuple(message.id for message in opened))

    def _ack(self, room: bytes, ids: tuple[bytes, ...], code: int) -> None:
        for id_ in ids:
            if self.acks.get(id_) != OK:
                self.acks[id_] = code
            if code == OK and id_ in self.me.held.get(room, {}):
                self.me.delivered.add(id_)

    def _answered(self, room: bytes, ids: tuple[bytes, ...]) -> None:
        """Note that ids need no more waiting for; end the run that waited for them."""
        self.unanswered -= set(ids)
        self._ask_for(room, [])
        number, run = self.runs.get(room, (0, None))
        if run is not None:
            run.wanted -= set(ids)
            self._finish(room, number, run)

    def drive(self, room: bytes) -> int:
        """Begin a run and give its number."""
        number, self.next_run = self.next_run, self.next_run + 2
        floor = now_ms() - LOBBY_LASTS if room == LOBBY else 0
        run = Run(Driver(self.items(room), floor), set(self.me.held.get(room, {})), floor)
        self.runs[room] = (number, run)
        self.wire.send(records.RECONCILE, room, CONTENT, number, ASK, run.driver.question)
        return number

    def _drive(self, room: bytes, number: int, ranges: tuple[Range, ...]) -> None:
        driver, run = self.runs[room][1].driver, self.runs[room][1]
        needed, lacking = len(driver.needed), len(driver.lacking)
        following = driver.take(self.items(room), ranges)
        if following is not None:
            self.wire.send(records.RECONCILE, room, CONTENT, number, ASK, following)
        offers = [(id_, clock) for clock, id_ in driver.lacking[lacking:]]
        for i in range(0, len(offers), 512):
            self.wire.send(records.HAVE, room, CONTENT, tuple(offers[i : i + 512]))
        run.wanted.update(driver.needed[needed:])
        self._ask_for(room, driver.needed[needed:])
        run.asked_all = following is None
        self._finish(room, number, run)

    def _finish(self, room: bytes, number: int, run: Run) -> None:
        if run.asked_all and not run.wanted:
            run.asked_all = False
            held = self.me.held.get(room, {})
            missing = tuple(id_ for id_ in run.driver.needed if id_ not in held)
            self.wire.send(records.DONE, room, CONTENT, number, missing)

    def _done(self, room: bytes, number: int, ids: tuple[bytes, ...]) -> None:
        if self.runs.get(room, (0,))[0] == number:
            run = self.runs.pop(room)[1]
            held, floor = run.held, run.floor
        elif self.answering.get(room, (0,))[0] == number:
            _, floor, held = self.answering[room]
            missing = tuple(self.offered.get(room, set()) - set(self.me.held.get(room, {})))
            self.wire.send(records.DONE, room, CONTENT, number, missing)
        else:
            return
        for id_ in held - set(ids):
            message = self.me.held[room][id_]
            if message.author == self.me.id and message.clock >= floor:
                self.me.delivered.add(id_)
        self.finished.append((room, number))
