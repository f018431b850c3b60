"""Puts a profile's parts together: identity, store, node, network."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable

from p2pim.config import Paths, Settings
from p2pim.config.policy import NO_POLICY, MachinePolicy
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput
from p2pim.node import events
from p2pim.node.clock import Clock, SystemClock
from p2pim.node.doctor import diagnose
from p2pim.node.files.mover import FileMover
from p2pim.node.inbound import Inbound
from p2pim.node.link import Link, Transport
from p2pim.node.net.address import Endpoint
from p2pim.node.net.host import Known
from p2pim.node.net.network import Network
from p2pim.node.node import Node
from p2pim.node.routes import RouteHint
from p2pim.node.stateline import state_line
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Closed
from p2pim.protocol.identity import Identity
from p2pim.protocol.network import OPEN
from p2pim.store.database import Database
from p2pim.store.store import Store

log = logging.getLogger(__name__)


class Peer:
    """One running peer: a node on the network, with everything it keeps."""

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        machine: MachinePolicy,
        identity: Identity | None,
        clock: Clock,
    ) -> None:
        self._store = Store(Database(paths.database))
        try:
            key, expected = KeyFile(paths.identity_key), self._store.profile("identity")
            identity = key.belonging(identity, expected) if identity else key.load_or_make(expected)
            self.identity = identity
            self.node = Node(identity, self._store, clock, os.urandom, settings, machine=machine)
            with self._store.transaction():
                self._store.set_profile("identity", identity.peer_id.hex())
        except BaseException:
            self._store.close()
            raise
        self.node.transfers.folder = paths.downloads(settings.download_folder)
        self._network: Network | None = None
        self._mover: FileMover | None = None
        self._inbound = Inbound(self.node)

    async def start(self) -> None:
        """Listen, announce, look for others."""
        known = [
            Known(Endpoint(h, p), OPEN.name, peer) for h, p, peer in self._store.peers.addresses() if peer
        ]
        network = Network(
            self.node,
            self._new_link,
            known=known,
            on_known=self._on_known,
            on_changed=self._network_changed,
            on_tick=self._tick,
        )
        self._network = network
        mover = self._mover = self.node.transfers.mover = FileMover(self.node)
        self.node.take_bulk = mover.take
        await network.start()
        for host, port, peer in self._store.peers.addresses():
            if peer is None:
                with contextlib.suppress(BadInput):  # it may have become one of our own
                    network.add_address(Endpoint(host, port))
        self.node.add_address = self._add_address
        self.node.addresses = lambda: _for_others(network)
        self.node.callbacks.try_all = network.try_all
        self.node.views.reach = network.book.reach
        self.node.routes.on_hint = lambda hint: _hint(network, hint)
        for hint in self.node.routes.hints():
            _hint(network, hint)
        self.node.on_networks_changed = network.networks_changed
        self.node.policies.on_change = network.policy_changed
        self.node.diagnose = lambda: diagnose(self.node, network)
        self._note_network()

    async def stop(self) -> None:
        """Say goodbye, end every Link, close the store."""
        self.node.policies.on_change = lambda: None  # a network that is stopped stays so
        if self._mover is not None:
            self._mover.close()
        if self._network is not None:
            await self._network.stop()
        self._store.close()

    def _new_link(
        self,
        connection: Connection,
        transport: Transport,
        address: Endpoint,
        now: float,
        *,
        on_ready: Callable[[Link], None],
        on_closed: Callable[[Link, Closed], None],
    ) -> Link:
        return Link(connection, transport, self.node, address=address, on_ready=on_ready, on_closed=on_closed)

    def _on_known(self, known: Known) -> None:
        if self.node.writable:
            self._store.peers.address_worked(
                known.endpoint.host, known.endpoint.port, known.peer_id, self.node.clock.wall_ms()
            )

    def _add_address(self, host: str, port: int) -> None:
        assert self._network is not None
        self._network.add_address(Endpoint(host, port))
        with self.node.writing():
            self._store.peers.address_typed(host, port, self.node.clock.wall_ms())

    def _tick(self) -> None:
        """Once a second, with the network's own: an idle daemon wakes as seldom as it can."""
        self.node.tick()
        self._inbound.tick()
        self._note_network()

    def _network_changed(self) -> None:
        self._inbound.changed()
        self._note_network()

    def _note_network(self) -> None:
        """Keep the one line that says how the network is, and tell when it changes."""
        if self._network is None:
            return
        self.node.port = self._network.port or None
        peers = len({link.peer_id for link in self.node.sync.sessions} - {self.node.peer_id})
        line = state_line(
            self._network.interfaces,
            self._network.trouble,
            peers,
            blocked=self._inbound.state == "blocked",
        )
        if line != self.node.state_line:
            self.node.state_line = line
            self.node.emit(events.NetworkChanged(line))


def _hint(network: Network, hint: RouteHint) -> None:
    network.hint(hint.peer_id, [Endpoint(host, port) for host, port in hint.endpoints], hint.network)


def _for_others(network: Network) -> list[tuple[str, int]]:
    return [(str(address), network.port) for address in network.interfaces.for_others if network.port]


def assemble(
    paths: Paths,
    settings: Settings,
    machine: MachinePolicy = NO_POLICY,
    identity: Identity | None = None,
    *,
    clock: Clock | None = None,
) -> Peer:
    """Open the store, load or make the identity, build the node.

    Args:
        machine: the policy of this machine.
        identity: what the key file holds, where that needed a passphrase.
        clock: another than the machine's.

    Raises:
        StoreError: the database cannot be used.
        ProfileError: the identity cannot be used.
    """
    return Peer(paths, settings, machine, identity, clock or SystemClock())
