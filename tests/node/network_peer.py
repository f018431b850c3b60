"""A node reduced to what `Network` needs of it: the real Connection, sockets and mDNS, and no rooms."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from p2pim.config.policy import NO_RULES, Policy
from p2pim.node.net.address import Endpoint
from p2pim.node.net.host import Known, Timing
from p2pim.node.net.limits import AcceptPolicy
from p2pim.node.net.network import Network
from p2pim.node.net.tcp import Link, SocketTransport
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Closed, Ready, RecordReceived
from p2pim.protocol.handshake import StaticKey
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.network import Network as NetworkSecret
from p2pim.protocol.records import Hello, Record

HIDDEN = "nobody"
# The loopback interface is shared with every other test run and daemon of this machine: a network of our own
# keeps them apart.
OURS = NetworkSecret("ours", os.urandom(32))


@dataclass
class PeerSettings:
    port: int = 0
    interfaces: Sequence[str] = ("lo",)
    visible: str = "everyone"
    sweep: bool = False
    tailscale: bool = False
    peers: Sequence[str] = ()


@dataclass
class PeerClock:
    """Real time, from which a test can jump ahead; `speed` makes seconds short."""

    speed: float = 1.0
    slept_ms: int = 0
    origin: float = field(default_factory=time.monotonic)

    def monotonic(self) -> float:
        return self.origin + (time.monotonic() - self.origin) * self.speed

    def wall_ms(self) -> int:
        return int(time.time() * 1000) + self.slept_ms


class PlainLink:
    """The five steps of any skin around the Connection, and nothing else."""

    def __init__(
        self,
        peer: Peer,
        connection: Connection,
        transport: SocketTransport,
        address: Endpoint,
        on_ready: Callable[[Link], None],
        on_closed: Callable[[Link, Closed], None],
    ) -> None:
        self.peer, self.connection, self.transport, self.address = peer, connection, transport, address
        self.on_ready, self.on_closed = on_ready, on_closed
        self.peer.links.append(self)
        self._pump()

    def received(self, data: bytes) -> None:
        self.connection.receive_data(data, self.peer.clock.monotonic())
        self._pump()

    def closed_by_peer(self) -> None:
        self.connection.end_of_stream(self.peer.clock.monotonic())
        self._pump()

    def writable(self) -> None:
        self.peer.writable += 1

    def tick(self, now: float) -> None:
        self.connection.tick(now)
        self._pump()

    def close(self, code: int) -> None:
        self.connection.close(code)
        self._pump()

    def send(self, record: Record) -> None:
        self.connection.send(record)
        self._pump()

    def _pump(self) -> None:
        while (event := self.connection.next_event()) is not None:
            if isinstance(event, Ready):
                self.on_ready(self)
            elif isinstance(event, RecordReceived):
                self.peer.records.append(event.record)
            elif isinstance(event, Closed):
                self.transport.write(self.connection.data_to_send())
                self.peer.closed.append(event)
                self.on_closed(self, event)
        if data := self.connection.data_to_send():
            self.transport.write(data)
        self.peer.changed.set()


class Peer:
    """The `Host` of a Network."""

    def __init__(
        self,
        settings: PeerSettings | None = None,
        *,
        clock: PeerClock | None = None,
        identity: Identity | None = None,
        boot_id: bytes | None = None,
        accept: AcceptPolicy | None = None,
        timing: Timing | None = None,
        known: Sequence[Known] = (),
        policy: Policy = NO_RULES,
    ) -> None:
        self.policy = policy
        self.settings = settings or PeerSettings()
        self.clock = clock or PeerClock()
        self.identity = identity or Identity.generate(os.urandom)
        self.static = StaticKey.generate(os.urandom)
        self.boot_id = boot_id or os.urandom(8)
        self.served: list[NetworkSecret] = [OURS]
        self.links: list[PlainLink] = []
        self.records: list[Record] = []
        self.closed: list[Closed] = []
        self.known: list[Known] = []
        self.network_changes = 0
        self.writable = 0
        self.changed = asyncio.Event()
        self.network = Network(
            self,
            self._new_link,
            known=known,
            on_known=self.known.append,
            on_changed=self._network_changed,
            accept=accept,
            timing=timing,
        )

    @property
    def peer_id(self) -> PeerId:
        return self.identity.peer_id

    @property
    def ready(self) -> list[PlainLink]:
        return [link for link in self.links if link.connection.state.value == "ready"]

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def networks(self) -> Sequence[NetworkSecret]:
        return self.served

    def dialled_networks(self) -> list[NetworkSecret]:
        return list(self.networks())

    def join_networks(self) -> list[NetworkSecret]:
        return []

    def is_linked_directly(self, peer_id: PeerId) -> bool:
        return self.is_linked(peer_id)

    def is_linked(self, peer_id: PeerId) -> bool:
        return any(link.connection.peer_id == peer_id for link in self.ready)

    def connection(self, initiator: bool, network: NetworkSecret | None = None) -> Connection:
        return Connection(
            initiator=initiator,
            identity=self.identity,
            static=self.static,
            boot_id=self.boot_id,
            networks=[network] if network is not None else self.served,
            hello=lambda: Hello([], self.clock.wall_ms(), "", "test"),
            now=self.clock.monotonic(),
            random=os.urandom,
            policy=self,
        )

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: NetworkSecret) -> bool:
        return (peer_id, boot_id) == (self.peer_id, self.boot_id)

    async def until(self, condition: Callable[[], bool], within: float = 10.0) -> None:
        """Wait for something this node will see; every event of a Link or of the network wakes the check."""
        async with asyncio.timeout(within):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def _new_link(
        self,
        connection: Connection,
        transport: SocketTransport,
        address: Endpoint,
        now: float,
        *,
        on_ready: Callable[[Link], None],
        on_closed: Callable[[Link, Closed], None],
    ) -> PlainLink:
        return PlainLink(self, connection, transport, address, on_ready, on_closed)

    def _network_changed(self) -> None:
        self.network_changes += 1
        self.changed.set()


@asynccontextmanager
async def running(*peers: Peer) -> AsyncIterator[None]:
    """Start the networks, and stop them whatever happens."""
    try:
        for peer in peers:
            await peer.network.start()
        yield
    finally:
        await asyncio.gather(*(peer.network.stop() for peer in peers))


async def linked(one: Peer, other: Peer) -> None:
    """Wait until each has a ready Link to the other."""
    await one.until(lambda: one.is_linked(other.peer_id))
    await other.until(lambda: other.is_linked(one.peer_id))
