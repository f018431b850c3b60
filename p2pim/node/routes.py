"""Routes: members of a team tell each other where everybody can be reached (SPEC section 14).

Where nothing is announced to a whole network, as in most VPNs, one address of one member is enough: over the Link to
it come those of all others. What is new is named to whoever is linked and not known to have it, and sent to who asks:
so a record crosses each Link once at most, and in a full mesh most Links see its name only. A sum over all, when a
Link comes up and now and then, finds what was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from p2pim.errors import RemoteProtocolError
from p2pim.node.net.limits import TokenBucket
from p2pim.node.networks import FEATURE_ROUTES
from p2pim.node.session import Session
from p2pim.protocol.identity import PeerId
from p2pim.protocol.records import MAX_LIST, Hello
from p2pim.protocol.route import (
    LIFE_MS,
    MAX_ADDRESSES,
    MAX_ROUTES,
    Route,
    Routehave,
    RouteKey,
    Routes,
    Routesum,
    Routewant,
    SignedRoute,
    is_genuine,
    read_route,
    sum_of,
    write_route,
)

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: One's own record is signed anew when an address changes, and after so long.
RENEW_MS: Final = 24 * 3600 * 1000
#: Seconds between two sums on one Link or another: half of it to one and a half.
SUM_SECONDS: Final = 30.0


#: Changes of where somebody is that are followed: a second, and in a burst.
MOVES_PER_SECOND, MOVES_BURST = 1 / 30, 6.0


class RouteHint(NamedTuple):
    """Where a team-mate says to be reachable, and the name of the network to dial in."""

    peer_id: PeerId
    endpoints: list[tuple[str, int]]
    network: str


class RouteBoard:
    """One's own record, those of team-mates, and who is told of which."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._own: tuple[Route, SignedRoute] | None = None
        self._held: dict[RouteKey, Route] | None = None
        self._next_sum = 0.0
        self._has_news = True
        #: How often somebody moves: whoever does it all the time must not use up the dials that others need.
        self._moves: dict[PeerId, TokenBucket] = {}
        self._unhinted: set[RouteKey] = set()
        #: Set by whoever runs the network: it dials.
        self.on_hint: Callable[[RouteHint], None] = lambda hint: None
        self._undone, node.store.database.undone = node.store.database.undone, self.forget

    def takers(self) -> dict[type[Any], Callable[[Session, Any], None]]:
        """Which records are for us."""
        return {
            Routes: self.received,
            Routesum: self.summed,
            Routehave: self.named,
            Routewant: self.wanted,
        }

    # -- what is known

    def own(self) -> tuple[Route, SignedRoute] | None:
        """Our own record, signed anew if need be; None where nothing is to be told."""
        now = self._node.clock.wall_ms()
        endpoints = self._node.addresses()[:MAX_ADDRESSES]
        if not endpoints or now < 1 or self._node.settings.visible == "nobody":
            return None
        last = 0
        if self._own is not None:
            route, _ = self._own
            if route.endpoints() == endpoints and route.is_current(now) and now < route.seq + RENEW_MS:
                return self._own
            last = route.seq
        seq = max(now, last + 1)
        signed = write_route(self._node.identity, self._node.boot_id, seq, seq + LIFE_MS, endpoints)
        self._own = read_route(signed), signed
        return self._own

    def held(self) -> dict[RouteKey, Route]:
        """Every record of somebody else that is here: verified, but it may have expired."""
        if self._held is None:
            self._held = {route.key: route for route in map(read_route, self._store.routes.all())}
        return self._held

    def forget(self) -> None:
        """Something was taken back in the store: read it again."""
        self._held = None
        self._undone()

    def _known(self, session: Session) -> dict[RouteKey, int]:
        """What is current and about people in a team with both ends, the two ends left out."""
        now = self._node.clock.wall_ms()
        common = self._node.rooms.common(session.link.peer_id) - {self._node.peer_id, session.link.peer_id}
        return {
            key: route.seq
            for key, route in self.held().items()
            if key.peer_id in common and route.is_current(now)
        }

    def endpoints_of(self, peer_id: PeerId) -> list[tuple[str, int]]:
        """Where somebody's machines say to be, as far as that is current."""
        now = self._node.clock.wall_ms()
        return [
            endpoint
            for key, route in self.held().items()
            if key.peer_id == peer_id and route.is_current(now)
            for endpoint in route.endpoints()
        ]

    def hints(self) -> list[RouteHint]:
        """All that is known, for a network that starts."""
        return [hint for route in self.held().values() if (hint := self._hint(route)) is not None]

    def _hint(self, route: Route) -> RouteHint | None:
        network = self._node.nets.common_with(route.peer_id)
        if network is None or not route.is_current(self._node.clock.wall_ms()):
            return None
        return RouteHint(route.peer_id, route.endpoints(), network.name)

    def _give_hints(self) -> None:
        now = self._node.clock.monotonic()
        for key in list(self._unhinted):
            bucket = self._moves.setdefault(key.peer_id, TokenBucket(MOVES_PER_SECOND, MOVES_BURST, now))
            if (route := self.held().get(key)) is None:
                self._unhinted.discard(key)
            elif bucket.take(now):
                self._unhinted.discard(key)
                if (hint := self._hint(route)) is not None:
                    self.on_hint(hint)

    # -- telling

    def link_up(self, session: Session, hello: Hello) -> None:
        """A Link is ready: give our own record, and find out whether both hold the same of others."""
        session.routing.able = FEATURE_ROUTES in hello.features and session.link.peer_id != self._node.peer_id
        session.routing.owes_sum = session.link.initiator
        self._tell(session)

    def members_changed(self) -> None:
        """Whose record was passed over may be a team-mate now, and so may be who is linked."""
        self._has_news = True
        for session in self._node.sync.sessions.values():
            session.routing.owes_sum |= session.routing.passed_over
            session.routing.passed_over = False

    def tick(self) -> None:
        """Once a second: tell what is new; now and then, on one Link or another, a sum of all."""
        now = self._node.clock.monotonic()
        if now >= self._next_sum:
            chance = int.from_bytes(self._node.random(4), "big")
            self._next_sum = now + SUM_SECONDS * (0.5 + chance / 2**32)
            self._drop()
            self._moves = {p: bucket for p, bucket in self._moves.items() if self._node.rooms.is_mate(p)}
            able = [session for session in self._node.sync.sessions.values() if self._may_tell(session)]
            if able:
                one = able[chance % len(able)]
                one.routing.owes_sum = True
                self._tell(one)
        self._give_hints()
        before, _ = self._own, self.own()
        self._has_news |= self._own is not before
        if self._has_news and self._node.writable:
            self._has_news = False
            for session in self._node.sync.sessions.values():
                self._tell(session)

    def _drop(self) -> None:
        mates, now = self._node.rooms.mates(), self._node.clock.wall_ms()
        for key, route in list(self.held().items()):
            if key.peer_id not in mates or route.expiry_ms <= now:
                self._store.routes.drop(key)
                del self.held()[key]

    def _may_tell(self, session: Session) -> bool:
        return session.routing.able and self._node.rooms.is_mate(session.link.peer_id)

    def _tell(self, session: Session) -> None:
        """Our own record, if it is news there; a sum, if one is owed; the names of what else is news."""
        if not self._may_tell(session):
            return
        told = session.routing.told
        if (own := self.own()) is not None:
            route, signed = own
            if route.seq > told.get(route.key, 0):
                told[route.key] = route.seq
                session.link.send(Routes([signed]))
                self._node.sync.touch(session)
        known = self._known(session)
        if session.routing.owes_sum:
            session.routing.owes_sum = False
            session.link.send(Routesum(sum_of(known.items())))
            self._node.sync.touch(session)
        elif session.routing.compared:
            self._name(session, [(key, seq) for key, seq in known.items() if seq > told.get(key, 0)])

    def _name(self, session: Session, items: Sequence[tuple[RouteKey, int]], every: bool = False) -> None:
        """Say what can be had here, once; ``every``: that this is all."""
        session.routing.compared = True
        session.routing.told.update(items)
        for start in range(0, len(items) or every, MAX_LIST):
            part = [(key.short, seq) for key, seq in items[start : start + MAX_LIST]]
            session.link.send(Routehave(part, every and len(items) <= MAX_LIST))
            self._node.sync.touch(session)

    # -- being told

    def _listens(self, session: Session) -> bool:
        """Whether anything is said or taken on this Link; one that asks too fast is not read for a moment."""
        session.slow(session.boxing.costly, self._node.clock.monotonic())
        return self._may_tell(session) and self._node.writable

    def summed(self, session: Session, record: Routesum) -> None:
        """The other end holds what makes this sum: say that we do, or what we hold instead."""
        if not self._listens(session):
            return
        known = self._known(session)
        if sum_of(known.items()) != record.sum:
            self._name(session, list(known.items()), every=True)
        elif not session.routing.compared:
            session.routing.compared = True
            session.routing.told.update(known)
            if not session.link.initiator:
                session.link.send(Routesum(record.sum))
                self._node.sync.touch(session)

    def named(self, session: Session, record: Routehave) -> None:
        """The other end has these: ask for what is news here; if they are all it has, name what is news there."""
        if not self._listens(session):
            return
        theirs, told = dict(record.items), session.routing.told
        known = {key.short: (key, seq) for key, seq in self._known(session).items()}
        for short, (key, _) in known.items():
            told[key] = max(theirs.get(short, 0), 0 if record.all else told.get(key, 0))
        wanted = [s for s, seq in theirs.items() if s not in known or seq > known[s][1]]
        if wanted:
            session.link.send(Routewant(wanted))
            self._node.sync.touch(session)
        if record.all:
            self._name(session, [(key, seq) for key, seq in known.values() if seq > told[key]])

    def wanted(self, session: Session, record: Routewant) -> None:
        """Send what was asked for, as far as it may be known there."""
        if not self._listens(session):
            return
        asked = set(record.keys)
        keys = [key for key in self._known(session) if key.short in asked]
        routes = [signed for key in keys if (signed := self._store.routes.get(key)) is not None]
        for start in range(0, len(routes), MAX_ROUTES):
            session.link.send(Routes(routes[start : start + MAX_ROUTES]))
            self._node.sync.touch(session)

    def received(self, session: Session, record: Routes) -> None:
        """Route records, the sender's own or those of others.

        Raises:
            RemoteProtocolError: one is malformed or not signed by whom it is about.
        """
        for signed in record.routes:
            route = read_route(signed)
            if self._is_news(session, route):
                session.slow(session.boxing.costly, self._node.clock.monotonic())
                if not is_genuine(signed, route):
                    raise RemoteProtocolError("a route record that its subject did not sign")
                self._keep(session, route, signed)

    def _is_news(self, session: Session, route: Route) -> bool:
        if not self._node.writable or route.peer_id == self._node.peer_id:
            return False
        if not self._node.rooms.is_mate(route.peer_id):
            session.routing.passed_over = True
            return False
        held = self.held().get(route.key)
        return route.is_current(self._node.clock.wall_ms()) and (held is None or route.seq > held.seq)

    def _keep(self, session: Session, route: Route, signed: SignedRoute) -> None:
        session.routing.told[route.key] = route.seq
        gone = self._store.routes.put(route, signed)
        self.held()[route.key] = route
        for key in gone:
            self.held().pop(key, None)
        self._has_news = True
        self._unhinted.add(route.key)
        self._store.on_commit(self._give_hints, "routes")
