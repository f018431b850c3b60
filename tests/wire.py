"""Two connections back to back in memory, with a clock that moves when told to and repeatable randomness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from p2pim.protocol.connection import Connection, Event
from p2pim.protocol.handshake import StaticKey
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import Message, examine, id_of, prove
from p2pim.protocol.network import OPEN, Network
from p2pim.protocol.records import Hello, Signed


class Dice:
    """Bytes that look random and are the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._calls = 0

    def __call__(self, size: int) -> bytes:
        self._calls += 1
        block = self._seed + self._calls.to_bytes(8, "big")
        return hashlib.shake_256(block).digest(size)


@dataclass
class Rules:
    """A policy that refuses whoever is named, and remembers whom it was asked about."""

    refused: set[PeerId] = field(default_factory=set)
    asked: list[tuple[PeerId, bytes, Network]] = field(default_factory=list)

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: Network) -> bool:
        self.asked.append((peer_id, boot_id, network))
        return peer_id in self.refused


@dataclass
class End:
    """One side of a connection with everything it was made of."""

    connection: Connection
    identity: Identity
    policy: Rules
    events: list[Event] = field(default_factory=list)

    def drain(self) -> list[Event]:
        """Take all events that are due, remember and return them."""
        fresh: list[Event] = []
        while (event := self.connection.next_event()) is not None:
            fresh.append(event)
        self.events += fresh
        return fresh


def make_end(
    name: str,
    *,
    initiator: bool,
    now: float = 0.0,
    networks: Iterable[Network] = (OPEN,),
    hello: Callable[[], Hello] | None = None,
    identity: Identity | None = None,
    bulk: bool = False,
    aes: bool = False,
) -> End:
    """Make one side; everything about it follows from its name."""
    dice = Dice(name)
    identity = identity or Identity.generate(dice)
    policy = Rules()
    connection = Connection(
        initiator=initiator,
        identity=identity,
        static=StaticKey(dice(32)),
        boot_id=dice(8),
        networks=list(networks),
        hello=hello or (lambda: Hello([1], 1_000, name, "test")),
        now=now,
        random=dice,
        policy=policy,
        bulk=bulk,
        aes=aes,
    )
    return End(connection, identity, policy)


def make_pair() -> tuple[End, End]:
    """Make an initiator and a responder that have not met yet."""
    return make_end("alice", initiator=True), make_end("bob", initiator=False)


def exchange(a: End, b: End, now: float = 0.0) -> None:
    """Carry bytes both ways until both fall silent."""
    for _ in range(50):
        a.drain()
        b.drain()
        from_a, from_b = a.connection.data_to_send(), b.connection.data_to_send()
        if from_a:
            b.connection.receive_data(from_a, now)
        if from_b:
            a.connection.receive_data(from_b, now)
        if not from_a and not from_b:
            return
    raise AssertionError("The two never fell silent.")


def ready_pair(now: float = 0.0) -> tuple[End, End]:
    """Make two sides that have finished the handshake and said HELLO."""
    a, b = make_pair()
    exchange(a, b, now)
    a.events.clear()
    b.events.clear()
    return a, b


def open_message(signed: Signed) -> Message:
    """Check a message in full, as a receiver does in two steps."""
    return prove(signed, id_of(signed), examine(signed))
