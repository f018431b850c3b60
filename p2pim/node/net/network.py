"""The node on the network: listens, finds, dials and keeps Links going until it is stopped.

One task, the pulse, does everything that happens by time: it wakes when something was learnt, when a dial is
due and once a second, lets the deadlines of all Links pass (at most that second late, so that no ping wakes the
machine for itself), and dials what the address book says.
Everything else happens in callbacks. Nothing is fatal once started: a taken port, no interface at all or
broken mDNS only make the node less reachable, and `trouble` says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from p2pim.errors import BadInput, Forbidden, UserError
from p2pim.node.net.address import Address, Endpoint, is_office, parse, parse_endpoint
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.dialer import SocketAddress, local_host
from p2pim.node.net.discovery.broadcast import Broadcast
from p2pim.node.net.discovery.interfaces import Interfaces, InterfaceWatch
from p2pim.node.net.discovery.lookout import Lookout
from p2pim.node.net.discovery.mdns import Mdns, Sighting
from p2pim.node.net.host import Host, Known, Timing
from p2pim.node.net.limits import AcceptPolicy
from p2pim.node.net.listener import ANY, Listener
from p2pim.node.net.multicast import Heard, hear
from p2pim.node.net.probe import probe_all
from p2pim.node.net.reach import Here, Source
from p2pim.node.net.sockets import Sockets
from p2pim.node.net.tcp import LinkFactory, SocketTransport
from p2pim.protocol.identity import PeerId
from p2pim.protocol.network import OPEN
from p2pim.protocol.network import Network as NetworkSecret

DEFAULT_PORT: Final = 26747
MDNS_RETRY: Final = 60.0
#: Seconds between tries of a code at every endpoint known, doubled each time; and how many endpoints.
JOIN_FIRST: Final = 2.0
JOIN_LAST: Final = 60.0
JOIN_ENDPOINTS: Final = 64

_log = logging.getLogger(__name__)


class Network:
    """See the module. `start` and `stop` once each; everything in one event loop."""

    def __init__(
        self,
        node: Host,
        new_link: LinkFactory,
        *,
        known: Iterable[Known] = (),
        on_known: Callable[[Known], None] = lambda known: None,
        on_changed: Callable[[], None] = lambda: None,
        on_tick: Callable[[], None] = lambda: None,
        accept: AcceptPolicy | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._node, self._known, self._on_changed = node, tuple(known), on_changed
        self._on_tick = on_tick
        self._timing = timing or Timing()
        self._wake = asyncio.Event()
        self.book = AddressBook(node.random)
        self.book.is_carried = lambda peer_id: (
            node.is_linked(peer_id) and not node.is_linked_directly(peer_id)
        )
        self.sockets = Sockets(
            node,
            new_link,
            self.book,
            may_enter=self._may_enter,
            may_dial=self._may_dial,
            accept=accept,
            timing=self._timing,
            on_known=on_known,
            on_news=self._wake.set,
        )
        self._listener = Listener(self.sockets.accepting)
        self._watch = InterfaceWatch(
            node.settings.interfaces,
            self._interfaces_changed,
            allowed=lambda: node.policy.value("interfaces"),
        )
        self._mdns = Mdns(
            networks=node.networks,
            random=node.random,
            now=node.clock.monotonic,
            advertise=node.settings.visible != "nobody",
            advertised=lambda: [n for n in node.networks() if node.settings.visible != "team" or n != OPEN],
            on_sighting=self._sighted,
        )
        self._broadcast = Broadcast(
            random=node.random,
            now=node.clock.monotonic,
            label=lambda: self._mdns.label,
            announce=node.settings.visible == "everyone",
            may_meet=self._may_enter,
            on_found=lambda label, host, port, asked: self._found(
                label, [host], port, None, Source.ASKED if asked else Source.MDNS
            ),
        )
        self._lookout = Lookout(node.settings, self._broadcast.ask, node.clock.wall_ms)
        self._mdns_hears = False
        self._pulsing: asyncio.Task[None] | None = None
        self._probes: set[asyncio.Task[list[int]]] = set()
        self._next_tick = self._mdns_retry_at = node.clock.monotonic()
        self._ticked_wall_ms = node.clock.wall_ms()
        self._advert_is_old = False
        self._join_tries: dict[str, tuple[float, float]] = {}

    @property
    def port(self) -> int:
        """The port listened on; 0 if there is none."""
        return self._listener.port

    @property
    def interfaces(self) -> Interfaces:
        """The interfaces, used and ignored."""
        return self._watch.current

    def linked_from(self) -> set[Address]:
        """Addresses of ours that Links use, whichever end dialled."""
        hosts = (
            peer.transport.local_host for peer in self.sockets if peer.transport and peer.ready_at is not None
        )
        return {address for host in hosts if (address := parse(host)) is not None}

    @property
    def trouble(self) -> str | None:
        """Why peers may not be found by themselves, or None."""
        return self._mdns.trouble if self._watch.current.used else "no network"

    async def start(self) -> None:
        """Listen, advertise, browse and dial. Succeeds without any network, too."""
        self._watch.start()
        self._settle_in()
        now = self._node.clock.monotonic()
        for text in self._node.settings.peers:
            try:
                self.add_address(parse_endpoint(text, DEFAULT_PORT))
            except UserError as error:
                _log.warning("setting `peers`: %s", error)
        for known in self._known:
            self.book.add(known.endpoint, Source.KNOWN, now, network=known.network, peer_id=known.peer_id)
        self._pulsing = asyncio.get_running_loop().create_task(self._pulse())

    async def stop(self) -> None:
        """Say goodbye to all peers and close everything, within about two seconds whatever they do."""
        if self._pulsing is not None:
            self._pulsing.cancel()
        for probing in self._probes:
            probing.cancel()
        self._watch.close()
        self._broadcast.close()
        self._lookout.close()
        await asyncio.gather(self._listener.close(), self.sockets.close(), self._mdns.close())

    def add_address(self, endpoint: Endpoint) -> None:
        """Dial an address that the user typed, now and from now on; BadInput or Forbidden if that cannot be."""
        address = parse(endpoint.host)
        if address is not None and not self.book.here.permits(address):
            raise Forbidden(f"{endpoint} cannot be dialled: {self._node.policy.refuse('subnets')}")
        refused = self.book.add(endpoint, Source.TYPED, self._node.clock.monotonic())
        if refused is not None:
            raise BadInput(f"{endpoint} cannot be dialled: {refused}")
        self._wake.set()

    def hint(self, peer_id: PeerId, endpoints: Iterable[Endpoint], network: str) -> None:
        """A team-mate says that it can be reached there."""
        # One of the two dials at once, the other only if that failed, as with sightings.
        delay = self._timing.larger_label_waits if self._node.peer_id > peer_id else 0.0
        now = self._node.clock.monotonic()
        if self.book.route(peer_id, endpoints, network=network, now=now, delay=delay):
            self._wake.set()

    async def probe(self, endpoints: Sequence[Endpoint]) -> list[int]:
        """Find out whether these can be connected to, as far as the dial policy allows; outcomes of SPEC section 15."""
        return await probe_all(endpoints, self.book.here, self._may_dial)

    async def listen_around(self) -> list[Heard]:
        """Find out what mDNS carries at each interface."""
        current = self._watch.current
        return await hear(current.for_mdns, current.addresses)

    def try_all(self, endpoints: Sequence[Endpoint], report: Callable[[Sequence[int]], None]) -> None:
        """The same for a peer that asks."""
        task = asyncio.get_running_loop().create_task(self.probe(endpoints))
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)
        task.add_done_callback(lambda done: None if done.cancelled() else report(done.result()))

    def policy_changed(self) -> None:
        """Obey the rules now in force: look around as after a change of interfaces, and part from whom they forbid."""
        if not self._watch.check():
            self._refresh()
        for peer in self.sockets:
            # One that is not ready yet may have said what is no longer so: it begins anew.
            if peer.transport is not None and (peer.ready_at is None or not self._may_stay(peer.transport)):
                peer.transport.abort()

    def retry(self) -> None:
        """Forget all back-offs and dial: the user asked, or others may be reachable again."""
        self.book.reset(self._node.clock.monotonic())
        self._wake.set()

    # what happens by time

    async def _pulse(self) -> None:
        while True:
            self._wake.clear()
            try:
                delay = self._beat(self._node.clock.monotonic())
            except Exception:
                # One bad Link must not end discovery and deadlines for all others.
                _log.exception("the pulse of the network failed")
                delay = self._timing.tick
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()

    def _beat(self, now: float) -> float:
        if self._advert_is_old:  # once, however much has changed together
            self._start_mdns()
        if now >= self._next_tick:
            self._tick(now)
        return max(0.0, min(self._next_tick, self._dial(now)) - now)

    def _tick(self, now: float) -> None:
        wall_ms = self._node.clock.wall_ms()
        # The monotonic clock stands still in sleep, so a tick that took long by the wall clock tells of one.
        slept = (wall_ms - self._ticked_wall_ms) / 1000 > self._timing.tick + self._timing.resume_gap
        self._ticked_wall_ms = wall_ms
        if slept and not self._watch.check():
            self._refresh()
        self._next_tick = now + self._timing.tick
        self.sockets.tick(now)
        self._mdns.tick(now, alone=not self.sockets.any_ready)
        self._lookout.tick(now)
        self._broadcast.tick(now, alone=not self._mdns_hears)
        self._try_joins(now)
        if self._mdns.trouble is not None and now >= self._mdns_retry_at:
            self._start_mdns()
        self._on_tick()

    def _dial(self, now: float) -> float:
        """Start the dials that are due, as limits allow, and return when to look again."""
        networks = {network.name: network for network in self._node.networks()}
        if not networks:
            return float("inf")
        plan = self.book.plan(now, self._node.is_linked_directly)
        for entry in plan.ready:
            network = self._network_for(entry, networks)
            if network is None or (
                entry.peer_id is not None and self.sockets.penalties.is_shut_out(entry.peer_id, now)
            ):
                self.book.failed(entry, now)
                continue
            if not self.sockets.dial(entry, network, now):
                return now + max(0.01, self.sockets.dialer.ready_in(now))
        return plan.next_due

    def _network_for(self, entry: Entry, networks: Mapping[str, NetworkSecret]) -> NetworkSecret | None:
        """The network to dial an endpoint in: where it was met or seen; where that fails, each in turn."""
        options = [n for n in self._node.dialled_networks() if n.name != entry.network]
        if (seen := networks.get(entry.network or "")) is not None:
            options.insert(0, seen)
        return options[entry.failures % len(options)] if options else None

    def networks_changed(self) -> None:
        """We serve other networks now: say so, and look who else does."""
        self._advert_is_old = True
        self._join_tries.clear()
        self.retry()

    def _try_joins(self, now: float) -> None:
        """With a code every endpoint is tried, linked or not: any of them may be a member's."""
        joins = {network.name: network for network in self._node.join_networks()}
        self._join_tries = {name: tries for name, tries in self._join_tries.items() if name in joins}
        for name, network in joins.items():
            due, step = self._join_tries.get(name, (now, JOIN_FIRST))
            if now >= due:
                self._join_tries[name] = now + step, min(2 * step, JOIN_LAST)
                usable = [entry for entry in self.book if entry.refused is None and not entry.is_self]
                usable.sort(key=lambda entry: (entry.source is not Source.TYPED, -entry.seen))
                for entry in usable[:JOIN_ENDPOINTS]:
                    self.sockets.dial_once(entry.endpoint, network, now)

    # what is learnt

    def _may_enter(self, host: str) -> bool:
        address = parse(host)
        if address is None or not self.book.here.permits(address):
            return False
        if address.is_loopback or is_office(address):
            return True
        # Anything else only where the user said so: an interface or a peer that was named.
        if self._node.settings.interfaces and self.book.here.on_link(address):
            return True
        return any(parse(endpoint.host) == address for endpoint in self.book.typed_addresses())

    def _may_dial(self, address: SocketAddress) -> bool:
        # A name may lead anywhere, and it is the system that chooses the interface.
        remote = parse(address[0])
        return (
            remote is not None
            and self.book.here.permits(remote)
            and self._is_used(lambda: local_host(address))
        )

    def _may_stay(self, transport: SocketTransport) -> bool:
        remote = parse(transport.remote_host)
        return (
            remote is not None
            and self.book.here.permits(remote)
            and self._is_used(lambda: transport.local_host)
        )

    def _is_used(self, host: Callable[[], str]) -> bool:
        """Tell whether an address of ours is of an interface that may be used, where a policy says which may."""
        if self._node.policy.value("interfaces") is None:
            return True
        return parse(host()) in {interface.address for interface in self._watch.current.used}

    def _sighted(self, sighting: Sighting) -> None:
        self._mdns_hears = True
        self._found(sighting.label, sighting.hosts, sighting.port, sighting.network.name)

    def _found(
        self,
        label: str,
        hosts: Sequence[str],
        port: int,
        network: str | None,
        source: Source = Source.MDNS,
    ) -> None:
        # One of the two dials at once, the other only if that failed: one connection, not two.
        waits = self._mdns.advertise and self._mdns.label > label
        taken = self.book.sight(
            label,
            hosts,
            port,
            network=network,
            now=self._node.clock.monotonic(),
            delay=self._timing.larger_label_waits if waits else 0.0,
            source=source,
        )
        if taken:
            self._wake.set()

    def _interfaces_changed(self, new: Interfaces, old: Interfaces) -> None:
        _log.info("interfaces changed: %d addresses in use", len(new.used))
        self._refresh()

    def _refresh(self) -> None:
        """After a change or a sleep: drop what cannot live, test the rest, look around as if just started."""
        now, addresses = self._node.clock.monotonic(), self._watch.current.addresses
        for peer in self.sockets:
            if peer.transport is None or peer.connection is None or peer.link is None:
                continue
            if parse(peer.transport.local_host) not in addresses:
                peer.transport.abort()
            elif peer.ready_at is not None:
                peer.connection.ping(now, self._timing.ping_limit)
                peer.link.tick(now)
        self._settle_in()
        self.retry()
        self._on_changed()

    def _settle_in(self) -> None:
        interfaces = self._watch.current
        named = self._node.settings.interfaces or self._node.policy.value("interfaces") is not None
        hosts = [interface.host for interface in interfaces.used] if named else ANY
        self._listener.listen(hosts, self._node.settings.port)
        scopes = (i.index for i in interfaces.used if i.address.version == 6 and i.address.is_link_local)
        self.book.here = Here(
            subnets=tuple(interface.subnet for interface in interfaces.used),
            lans=tuple(interface.subnet for interface in interfaces.used if interface.multicast),
            addresses=interfaces.addresses,
            port=self._listener.port,
            scopes=tuple(dict.fromkeys(scopes)),
            allowed=self._node.policy.subnets,
        )
        self._start_mdns()
        self._mdns_hears = False
        permitted = [i for i in interfaces.used if self.book.here.permits_some(i.subnet.network)]
        self._broadcast.restart(permitted, self._listener.port)
        self._lookout.restart(permitted)

    def _start_mdns(self) -> None:
        self._advert_is_old = False
        self._mdns_retry_at = self._node.clock.monotonic() + MDNS_RETRY
        here = self.book.here
        usable = [i for i in self._watch.current.for_mdns if here.permits_some(i.subnet.network)]
        self._mdns.restart(usable, here.port)
