"""A node: one identity, one store, its Links. The use cases that the daemon and the simulator call.

All of it is synchronous and single-threaded. Use cases write in one transaction; whatever others see (records,
events) leaves after the commit. Networks of bytes and time are injected: see ``Clock``, ``Link`` and ``Transport``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from p2pim.config import Settings
from p2pim.config.policy import NO_POLICY, MachinePolicy, Policy
from p2pim.errors import NotNow, RemoteProtocolError, StoreError, UnknownTarget
from p2pim.node import events
from p2pim.node.alerts import Alerts
from p2pim.node.author import Author
from p2pim.node.boxes import Boxes
from p2pim.node.callbacks import Callbacks
from p2pim.node.changes import Changes
from p2pim.node.clock import Clock
from p2pim.node.completeness import Completeness
from p2pim.node.contacts import OwnMachines
from p2pim.node.control import Control
from p2pim.node.delivery import Delivery
from p2pim.node.disk import Disk
from p2pim.node.fading import Fading
from p2pim.node.finder import Finder
from p2pim.node.joining import Joining
from p2pim.node.link import Link
from p2pim.node.links import Links
from p2pim.node.networks import FEATURE_OPEN, Networks
from p2pim.node.people import People
from p2pim.node.policies import Policies
from p2pim.node.presence import PresenceBoard
from p2pim.node.receipts import Receipts
from p2pim.node.refill import Refill
from p2pim.node.retention import Retention
from p2pim.node.reviser import Reviser
from p2pim.node.rooms import Rooms
from p2pim.node.roster import Roster
from p2pim.node.routes import RouteBoard
from p2pim.node.session import Session
from p2pim.node.splices import Splices
from p2pim.node.sync import Sync
from p2pim.node.teams import Teams
from p2pim.node.transfers import Transfers
from p2pim.node.turns import Turns
from p2pim.node.views import Views
from p2pim.protocol import records
from p2pim.protocol.events import Handed
from p2pim.protocol.handshake import StaticKey
from p2pim.protocol.identity import BOOT_ID_LENGTH, Identity, PeerId, safety_number, short_id
from p2pim.protocol.message import RoomId
from p2pim.protocol.network import Network
from p2pim.protocol.records import Record
from p2pim.protocol.room import Room, lobby
from p2pim.store.store import Store

log = logging.getLogger(__name__)

#: How long a Link that replaces another may take to be ready at this end before its peer counts as gone.
REPLACED_SECONDS: Final = 2.0


class Node:
    """One running peer, as its user (``settings``) and its machine's administrator (``machine``) want it."""

    #: The rules in force, and what they leave of the user's choice. See ``Policies``, which keeps both.
    policy: Policy
    open_network: bool
    #: Where it listens, and how the network is in one line; set by whoever runs the network.
    port: int | None = None
    state_line = ""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        clock: Clock,
        random: Callable[[int], bytes],
        settings: Settings,
        *,
        machine: MachinePolicy = NO_POLICY,
    ) -> None:
        self.identity = identity
        self.peer_id: PeerId = identity.peer_id
        self.store = store
        self.clock = clock
        self.random = random
        self.settings = settings
        self.policies = Policies(self, machine)
        self.short_id = short_id(identity.peer_id)
        self.boot_id = random(BOOT_ID_LENGTH)
        self.static = StaticKey.generate(random)
        self.disk = Disk(self)
        self.writing = self.disk.writing
        self.lobby = lobby()
        self.turns = Turns(clock)
        self.links = Links(self.peer_id, self.boot_id)
        self.rooms = Rooms(self)
        self.nets = Networks(self)
        #: What the network asks for: see Host.
        self.networks = self.nets.served
        self.dialled_networks = self.nets.dialled
        self.join_networks = self.nets.joins
        self.connection = self.nets.connection
        self.people = People(self)
        self.presence = PresenceBoard(self)
        self.fading = Fading(self)
        self.delivery = Delivery(self)
        self.sync = Sync(self)
        self.machines = OwnMachines(self)
        self.control = Control(self)
        self.retention = Retention(self)
        self.refill = Refill(self)
        self.teams = Teams(self)
        self.joining = Joining(self)
        self.roster = Roster(self)
        self.boxes = Boxes(self)
        self.views, self.author, self.transfers = Views(self), Author(self), Transfers(self)
        self.receipts = Receipts(self)
        self.routes, self.callbacks, self.splices = RouteBoard(self), Callbacks(self), Splices(self)
        self.completeness, self.reviser = Completeness(self), Reviser(self)
        self.changes, self.alerts = Changes(self), Alerts(self)
        self._subscribers: list[Callable[[events.Event], None]] = []
        #: Peers whose Link was closed in favour of another, until when that one may take to be ready here, and
        #: what the peer last said of itself: until then that still holds.
        self.replaced: dict[PeerId, tuple[float, records.State | None]] = {}
        with store.transaction():
            store.messages.ensure_room(self.lobby)
            self.fading.tick()
            self.control.obey()
        self._takers: dict[type[Record], Callable[[Session, Any], None]] = {
            records.Messages: self.delivery.receive,
            records.Ack: self.delivery.acknowledged,
            records.Have: self.sync.have,
            records.Lack: self.sync.lack,
            records.Done: self.sync.runs.done,
            records.Contacts: self.machines.received,
            records.State: self.presence.received,
            records.Read: self.receipts.received,
            **self.boxes.takers(),
            **self.routes.takers(),
            **self.callbacks.takers(),
            **self.splices.takers(),
            **self.transfers.takers(),
        }
        self._offer_use_cases()

    def _offer_use_cases(self) -> None:
        """Name the use cases, each of the concept it belongs to."""
        self.status = self.views.status
        self.peers = self.views.peers
        self.conversations = self.views.rooms
        self.history = self.views.history
        self.find = Finder(self).find
        self.resolve = self.people.resolve
        self.find_peer = self.people.find
        self.find_room = self.rooms.find
        self.name_of = self.people.name
        self.accept = self.people.accept
        self.decline = self.people.decline
        self.block = self.people.block
        self.unblock = self.people.unblock
        self.verify = self.people.verify
        self.set_petname = self.people.set_petname
        self.set_nickname = self.presence.set_nickname
        self.set_presence = self.presence.choose
        self.typing = self.presence.typing
        self.add_address: Callable[[str, int], None] = self._no_network
        #: Where others may reach this machine, the best first: what an invite link names.
        self.addresses: Callable[[], list[tuple[str, int]]] = list
        #: Set by whoever runs the network: it advertises anew, and dials whom it knows.
        self.on_networks_changed: Callable[[], None] = lambda: None
        #: Set by whoever runs the threads for files.
        self.take_bulk: Callable[[Link, Handed], None] = lambda link, handed: link.abort("no files here")
        self.diagnose: Callable[[], Awaitable[list[events.Check]]] = self._undiagnosed
        self.send_text = self.author.send_text
        self.mark_read = self.author.mark_read
        self.find_message = self.reviser.find
        self.edit = self.reviser.edit
        self.delete = self.reviser.delete
        self.react = self.reviser.react
        self.set_topic = self.reviser.set_topic
        self.set_alerts = self.alerts.set
        self.set_team_policies = self.policies.set_of_teams

    @property
    def writable(self) -> bool:
        """Whether something can be stored."""
        return self.disk.writable

    # -- for the network

    def networks_changed(self) -> None:
        """What we serve may have changed: tell the network, if it has."""
        before = self.nets.served()
        self.nets.forget()
        if self.nets.served() != before:
            self.on_networks_changed()

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: Network) -> bool:
        """Whether a handshake must go no further: ourselves, or somebody blocked (Policy of Connection)."""
        return (peer_id, boot_id) == (self.peer_id, self.boot_id) or self.people.contact(peer_id).blocked

    def is_linked(self, peer_id: PeerId) -> bool:
        """Whether a Link with this peer is up."""
        return any(link.peer_id == peer_id for link in self.sync.sessions)

    def is_linked_directly(self, peer_id: PeerId) -> bool:
        """Whether one is up that nobody carries."""
        return any(link.peer_id == peer_id and link.via is None for link in self.sync.sessions)

    # -- from Links

    def link_ready(self, link: Link, hello: records.Hello) -> None:
        """A Link has finished its handshake; of two with the same process one goes."""
        if self.joining.concerns(link):
            self.joining.link_ready(link)
            return
        if not self.nets.is_ordinary(link.network):
            link.close(records.NOT_AUTHORISED, "its network has ended")
            return
        self.links.skews[link.peer_id] = hello.wall_ms - self.clock.wall_ms()
        loser = self.links.add(link, FEATURE_OPEN in hello.features)
        if loser is link:
            link.close(records.DUPLICATE, "duplicate")
            return
        if loser is not None:
            loser.close(records.DUPLICATE, "duplicate")
        if self.writable and link.peer_id != self.peer_id:
            self.people.met(link.peer_id, hello.nickname)
        session = self.sync.link_up(link)
        session.state = self.replaced.pop(link.peer_id, (0.0, None))[1]
        self.presence.tell(session)
        for part in (self.boxes, self.receipts, self.routes, self.callbacks, self.splices, self.transfers):
            part.link_up(session, hello)
        self.store.on_commit(lambda: self.peer_changed(link.peer_id), ("peer", link.peer_id))
        log.info("link up with %s (%s)", link.peer_id.hex()[:8], "dialled" if link.initiator else "accepted")

    def link_closed(self, link: Link) -> None:
        """A Link that was ready is gone."""
        if self.joining.has(link):
            self.joining.link_closed(link)
            return
        self.links.remove(link)
        if link not in self.sync.sessions:
            return
        session = self.sync.sessions[link]
        self.sync.link_down(link)
        for part in (self.callbacks, self.splices, self.transfers):
            part.link_down(session)
        log.info("link down with %s: %s", link.peer_id.hex()[:8], link.reason)
        if link.code == records.DUPLICATE:
            self.replaced[link.peer_id] = (self.clock.monotonic() + REPLACED_SECONDS, session.state)
        else:
            self._left(link.peer_id)

    def _left(self, peer_id: PeerId) -> None:
        """Note that somebody is gone, unless another Link with them is up."""
        if self.is_linked(peer_id) or peer_id == self.peer_id:
            return
        if self.writable:
            try:
                with self.store.transaction():
                    self.people.left(peer_id)
            except StoreError as error:
                self.disk.failed(error)
        self.store.on_commit(lambda: self.peer_changed(peer_id), ("peer", peer_id))

    def record_received(self, link: Link, record: Record) -> None:
        """One record of a ready Link; a broken rule ends the Link."""
        if self.joining.has(link):
            self.joining.record_received(link, record)
            return
        session = self.sync.sessions.get(link)
        if session is None:
            return
        try:
            self._dispatch(session, record)
        except RemoteProtocolError as error:
            log.info("protocol error from %s: %s", link.peer_id.hex()[:8], error)
            link.close(records.PROTOCOL, "protocol error")

    def _dispatch(self, session: Session, record: Record) -> None:
        if isinstance(record, records.Messages) and record.set == records.CONTROL:
            self.control.receive(session, record)
        elif isinstance(record, records.Reconcile | records.Want):
            self._serve(session, record)
        elif (take := self._takers.get(type(record))) is not None:
            take(session, record)
        else:
            raise RemoteProtocolError("a record of joining on another network")

    def _serve(self, session: Session, record: records.Reconcile | records.Want) -> None:
        """Answer, but read no further for a moment from a peer that asks too fast."""
        session.slow(session.serving, self.clock.monotonic(), rest=0.5)
        if isinstance(record, records.Want):
            self.sync.wanted(session, record)
        else:
            self.sync.runs.received(session, record)

    def lobby_open(self, session: Session) -> bool:
        """Whether both ends of a Link have the open network on."""
        return self.open_network and self.links.is_open(session.link)

    def drop_links(self, peer_id: PeerId) -> None:
        """Close every Link with somebody (they were blocked)."""
        for link in [link for link in self.sync.sessions if link.peer_id == peer_id]:
            link.close(records.NOT_AUTHORISED, "blocked")

    def shut_down(self) -> None:
        """Say goodbye on every Link."""
        for link in list(self.sync.sessions):
            link.close(records.SHUTDOWN, "shutting down")

    # -- time and disk

    def tick(self) -> None:
        """Once a second: what time alone brings about."""
        now, wall = self.clock.monotonic(), self.clock.wall_ms()
        for peer_id in [peer_id for peer_id, (until, _) in self.replaced.items() if now >= until]:
            del self.replaced[peer_id]
            self._left(peer_id)
        self.splices.tick()
        try:
            if not self.writable:
                self.disk.probe()
                return
            with self.store.transaction():
                self.presence.tick()
                for stored in self.store.messages.due(self.peer_id, wall):
                    self.changes.made_by(stored)
                self.author.seal_anew(self.store.messages.overdue(wall))
                self.fading.tick()
                self.control.tick()
                self.teams.follow_leaves()
                self.retention.tick()
                self.joining.tick()
                self.boxes.tick()
                self.routes.tick()
                self.transfers.tick()
            self.store.scrub()
        except StoreError as error:
            self.disk.failed(error)

    # -- events

    def subscribe(self, callback: Callable[[events.Event], None]) -> Callable[[], None]:
        """Be told of every event; returns how to stop."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def emit(self, event: events.Event) -> None:
        """Tell the subscribers."""
        for callback in list(self._subscribers):
            callback(event)

    @property
    def watched(self) -> bool:
        """Whether anybody is told of events."""
        return bool(self._subscribers)

    def peer_changed(self, peer_id: PeerId) -> None:
        """Something about a peer changed."""
        if self._subscribers and peer_id != self.peer_id:
            self.emit(events.PeerChanged(self.views.peer(peer_id)))

    # -- shared by the use cases

    def safety_number(self, peer_id: PeerId) -> str:
        """60 digits, the same on both sides, to compare by another way."""
        return safety_number(self.peer_id, peer_id)

    @staticmethod
    def _no_network(host: str, port: int) -> None:
        raise NotNow("The network is not running.")

    @staticmethod
    async def _undiagnosed() -> list[events.Check]:
        return []

    @property
    def nickname(self) -> str:
        """The user's own name; "" until they choose one."""
        return self.store.profile("nickname")

    def room(self, room_id: RoomId) -> Room:
        """The room of that id.

        Raises:
            UnknownTarget: there is none here.
        """
        if (room := self.store.messages.room(room_id)) is None:
            raise UnknownTarget(
                "There is no such conversation here. p2pim peers lists whom you can write to."
            )
        return room
