"""The address book: which endpoints to dial, and when. Pure: time and randomness are arguments.

Every way of learning an address only puts a *hint* in here; only a finished handshake makes a peer. A hint passes
the dial policy or is dropped, so nobody can use us to scan or flood others: an advert costs its victim one
connection attempt per back-off step.

An entry is *covered* when a Link to its peer is up: then it is not dialled. For an endpoint we once reached we know
whose it is. For a fresh advert we do not, and the peer may have dialled us meanwhile from a port that says nothing;
so as many adverts of a host as there are accepted peers of that host without a known endpoint count as covered. If
that guess is wrong, a second Link comes up and the tie-break closes it. On this very machine nothing is guessed: two
users there could both guess wrong and would never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any

from p2pim.node.net.address import Endpoint, canonical, parse
from p2pim.node.net.limits import TokenBucket
from p2pim.node.net.reach import Here, Reach, Source, refusal
from p2pim.node.net.trouble import NO_ANSWER
from p2pim.protocol.identity import PeerId

CAPACITY, PER_HOST = 512, 8
STAGGER = 0.25  # between the addresses of one instance
OTHER_ADDRESS_HOLD = 60.0  # before the other addresses of an instance we reached are tried
STABLE_AFTER = 30.0  # a Link that died younger counts as a failed dial, or a peer that hangs up makes us spin
REDIAL_SPREAD = 0.3
BACKOFF_CAP = 60.0
CARRIED_CAP = 6.0
LONG_STEPS = ((24 * 3600.0, 1800.0), (600.0, 300.0))  # (failing for, step)
FORGET_AFTER = 24 * 3600.0


@dataclass(slots=True, eq=False)
class Entry:
    """One endpoint and what became of dialling it."""

    endpoint: Endpoint
    source: Source
    seen: float
    due: float
    resets: TokenBucket
    network: str | None = None
    label: str | None = None
    peer_id: PeerId | None = None
    good: bool = False
    failures: int = 0
    failing_since: float | None = None
    dialling: bool = False
    linked: bool = False
    is_self: bool = False
    refused: str | None = None
    #: The most bytes of a TCP segment, and whether the way there swallows larger ones (None: not known; see ``mtu``).
    segment: int | None = None
    swallows: bool | None = None
    #: Why the last dial came to nothing.
    trouble: str | None = None


@dataclass(slots=True)
class Plan:
    """What to dial now, best first, and when to look again."""

    ready: list[Entry] = field(default_factory=list)
    next_due: float = float("inf")


class AddressBook:
    """All endpoints, bounded; see the module's theory."""

    def __init__(
        self, random: Callable[[int], bytes], *, capacity: int = CAPACITY, per_host: int = PER_HOST
    ) -> None:
        self._random = random
        self._capacity, self._per_host = capacity, per_host
        self._entries: dict[Endpoint, Entry] = {}
        self._accepted: dict[str, dict[PeerId, int]] = {}
        # Who always dials us is a colleague too; in order of the last Link.
        self._came_from: dict[str, None] = {}
        self._here = Here()
        #: Whether a third carries the Link to somebody: then a direct one is tried often.
        self.is_carried: Callable[[PeerId], bool] = lambda peer_id: False

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter([*self._entries.values()])

    @property
    def here(self) -> Here:
        """Where this node is now."""
        return self._here

    @here.setter
    def here(self, here: Here) -> None:
        self._here = here
        for entry in self._entries.values():
            entry.refused = refusal(entry.endpoint, entry.source, here)
            entry.is_self = False

    def entry(self, endpoint: Endpoint) -> Entry | None:
        """Return the entry of an endpoint."""
        return self._entries.get(_canonical(endpoint))

    def add(
        self,
        endpoint: Endpoint,
        source: Source,
        now: float,
        *,
        network: str | None = None,
        label: str | None = None,
        peer_id: PeerId | None = None,
        delay: float = 0.0,
    ) -> str | None:
        """Take a hint; return why it was refused, or None. Repeated, it may reset the back-off."""
        endpoint = _canonical(endpoint)
        refused = refusal(endpoint, source, self._here)
        if refused is not None:
            return refused
        entry = self._entries.get(endpoint)
        if entry is None:
            if not self._make_room(endpoint.host):
                return "the address book is full"
            bucket = TokenBucket(rate=1 / 30, burst=3, now=now)
            entry = Entry(endpoint, source, now, now + delay, bucket)
            self._entries[endpoint] = entry
            entry.peer_id, entry.good = peer_id, source is Source.KNOWN
        elif source is Source.GOSSIP:
            if entry.peer_id != peer_id and not entry.good:
                entry.peer_id = None  # two say to be there: a handshake tells who is
            self._urge(entry, now)
            return None  # what we found out ourselves says more
        else:
            self._repeat(entry, source, label, now, delay)
        entry.seen, entry.refused = now, None
        entry.network = network or entry.network
        entry.label = label or entry.label
        return None

    def sight(
        self,
        label: str,
        hosts: Iterable[str],
        port: int,
        *,
        network: str | None,
        now: float,
        delay: float = 0.0,
        source: Source = Source.MDNS,
    ) -> int:
        """Take a sighting (mDNS, broadcast) of one instance with all its addresses; return how many were accepted."""
        endpoints = sorted(
            (_canonical(endpoint) for host in hosts for endpoint in self._scoped(host, port)), key=self._rank
        )
        return self._add_in_turn(endpoints, source, now, delay, network=network, label=label)

    def route(
        self, peer_id: PeerId, endpoints: Iterable[Endpoint], *, network: str, now: float, delay: float
    ) -> int:
        """Take what a team-mate says of where they are, in place of what they said before; return how many fit."""
        endpoints = [_canonical(endpoint) for endpoint in endpoints]
        for entry in list(self._entries.values()):
            stale = entry.source is Source.GOSSIP and entry.peer_id == peer_id and not entry.good
            if stale and not entry.dialling and entry.endpoint not in endpoints:
                del self._entries[entry.endpoint]
        # Of a machine's networks the one where others have been reached comes first: it may be a VPN, the rest homes.
        proven = self._proven_subnets()
        endpoints.sort(key=lambda endpoint: not self._is_in(endpoint, proven))
        return self._add_in_turn(endpoints, Source.GOSSIP, now, delay, network=network, peer_id=peer_id)

    def _add_in_turn(
        self, endpoints: Iterable[Endpoint], source: Source, now: float, delay: float, **known: Any
    ) -> int:
        """Take the addresses of one machine, each to be dialled a little after the one before; how many fit."""
        taken = 0
        for endpoint in endpoints:
            taken += self.add(endpoint, source, now, delay=delay + taken * STAGGER, **known) is None
        return taken

    def plan(self, now: float, is_linked: Callable[[PeerId], bool]) -> Plan:
        """Return the entries to dial now, those that once worked first, and the time of the next one."""
        covered_hosts = self._covered_hosts()
        plan = Plan()
        for entry in self._entries.values():
            if entry.dialling or entry.is_self or entry.refused is not None:
                continue
            if entry.peer_id is not None:
                covered = is_linked(entry.peer_id)
            else:
                covered = entry.label is not None and entry.endpoint.host in covered_hosts
            if covered:
                continue
            if entry.due <= now:
                plan.ready.append(entry)
            else:
                plan.next_due = min(plan.next_due, entry.due)
        plan.ready.sort(key=lambda entry: (not entry.good, self._rank(entry.endpoint), entry.due))
        return plan

    def succeeded(self, entry: Entry, peer_id: PeerId, now: float) -> None:
        """Note that a dial ended in a Link to `peer_id`."""
        entry.dialling, entry.linked, entry.good, entry.trouble = False, True, True, None
        entry.peer_id, entry.seen, entry.failing_since = peer_id, now, None
        for other in [other for other in self._entries.values() if other is not entry]:
            if entry.label is not None and other.label == entry.label:
                other.due = max(other.due, now + OTHER_ADDRESS_HOLD)
            moved = other.peer_id == peer_id and other.endpoint.host == entry.endpoint.host
            if moved and other.source is not Source.TYPED and not other.dialling and not other.linked:
                # It listens on another port of that host now. The old ones would fill the host's places for good.
                del self._entries[other.endpoint]

    def failed(self, entry: Entry, now: float, trouble: str | None = None) -> None:
        """Note a failed dial, and why: wait longer, and drop adverts that never worked after a day."""
        entry.dialling, entry.trouble = False, trouble
        entry.failing_since = now if entry.failing_since is None else entry.failing_since
        hinted = entry.source in (Source.MDNS, Source.ASKED, Source.GOSSIP, Source.NAMED)
        if hinted and not entry.good and now - entry.failing_since >= FORGET_AFTER:
            self._entries.pop(entry.endpoint, None)
            return
        self._back_off(entry, now)

    def turned_out_self(self, entry: Entry) -> None:
        """Note that the dial ended at this very node (an address we did not know as ours)."""
        entry.dialling, entry.is_self = False, True

    def accepted(self, peer_id: PeerId, host: str) -> None:
        """Note a Link to `peer_id` that was dialled by it, from `host`."""
        host = canonical(host)
        self._came_from.pop(host, None)
        self._came_from[host] = None
        if len(self._came_from) > CAPACITY:
            del self._came_from[next(iter(self._came_from))]
        peers = self._accepted.setdefault(host, {})
        peers[peer_id] = peers.get(peer_id, 0) + 1

    def lost_accepted(self, peer_id: PeerId, host: str, now: float) -> None:
        """Note the end of such a Link."""
        peers = self._accepted[canonical(host)]
        peers[peer_id] -= 1
        if not peers[peer_id]:
            del peers[peer_id]
        if not peers:
            del self._accepted[canonical(host)]
        self._redial(peer_id, now)

    def lost_dialled(self, entry: Entry, lived: float, now: float) -> None:
        """Note the end of a Link that we had dialled."""
        entry.linked = False
        if lived < STABLE_AFTER:
            self._back_off(entry, now)
            return
        entry.failures, entry.failing_since = 0, None
        if entry.peer_id is not None:
            self._redial(entry.peer_id, now)

    def reset(self, now: float) -> None:
        """Forget all back-offs: the network changed, the machine woke up or the user asked."""
        for entry in self._entries.values():
            entry.failures, entry.failing_since = 0, None
            entry.due = min(entry.due, now)

    def reach(self, peer_id: PeerId) -> Reach:
        """How it goes with somebody who is not linked."""
        entries = [e for e in self._entries.values() if e.peer_id == peer_id and e.refused is None]
        if any(entry.dialling and not entry.failures for entry in entries):
            return "connecting"
        return "no-answer" if any(entry.trouble == NO_ANSWER for entry in entries) else "away"

    def is_known(self, host: str) -> bool:
        """Tell whether a Link to or from this address once came up or the user typed it; an advert is not enough."""
        host = canonical(host)
        return host in self._came_from or any(
            entry.endpoint.host == host and (entry.good or entry.source is Source.TYPED)
            for entry in self._entries.values()
        )

    def typed_addresses(self) -> list[Endpoint]:
        """Return what the user typed, and what the names among it stand for."""
        return [e.endpoint for e in self._entries.values() if e.source in (Source.TYPED, Source.NAMED)]

    def _back_off(self, entry: Entry, now: float) -> None:
        entry.failures += 1
        step = min(BACKOFF_CAP, 2.0 ** min(entry.failures - 1, 16))
        if entry.failing_since is not None:
            failing = now - entry.failing_since
            step = next((long for failing_for, long in LONG_STEPS if failing >= failing_for), step)
        if entry.peer_id is not None and self.is_carried(entry.peer_id):
            step = min(step, CARRIED_CAP)
        entry.due = now + step * (0.5 + 0.5 * self._fraction())

    def _repeat(self, entry: Entry, source: Source, label: str | None, now: float, delay: float) -> None:
        if source is Source.TYPED:
            entry.source = source
            entry.due, entry.failures, entry.failing_since = now, 0, None
            return
        renewed = label != entry.label and not entry.linked
        if (entry.failures or renewed) and entry.resets.take(now):
            entry.due = min(entry.due, now) if entry.failures else now + delay
            entry.failures, entry.failing_since = 0, None
            if renewed:
                # Another process may have taken over the endpoint: whose it is must be learnt anew.
                entry.peer_id = None

    def _proven_subnets(self) -> set[IPv4Interface | IPv6Interface]:
        """Subnets of ours in which somebody has been reached, or has come from."""
        hosts = [*self._came_from, *(entry.endpoint.host for entry in self._entries.values() if entry.good)]
        addresses = [address for host in hosts if (address := parse(host)) is not None]
        return {s for s in self._here.subnets if any(a in s.network for a in addresses)}

    @staticmethod
    def _is_in(endpoint: Endpoint, subnets: set[IPv4Interface | IPv6Interface]) -> bool:
        address = parse(endpoint.host)
        return address is not None and any(address in subnet.network for subnet in subnets)

    @staticmethod
    def _urge(entry: Entry, now: float) -> None:
        """Somebody says that this works now."""
        if entry.failures and not entry.linked and entry.resets.take(now):
            entry.due, entry.failures, entry.failing_since = min(entry.due, now), 0, None

    def _redial(self, peer_id: PeerId, now: float) -> None:
        # Both ends notice a dead Link at the same moment: spread, or they always dial twice.
        for entry in self._entries.values():
            if entry.peer_id == peer_id and not entry.failures:
                entry.due = now + REDIAL_SPREAD * self._fraction()

    def _covered_hosts(self) -> set[str]:
        covered: set[str] = set()
        by_host: dict[str, list[Entry]] = {host: [] for host in self._accepted if not self._here.has(host)}
        for entry in self._entries.values():
            if entry.endpoint.host in by_host:
                by_host[entry.endpoint.host].append(entry)
        for host, entries in by_host.items():
            peers = self._accepted[host]
            located = {entry.peer_id for entry in entries}
            adverts = {
                entry.label
                for entry in entries
                if entry.peer_id is None and not entry.failures and not entry.is_self
            }
            unlocated = len(peers.keys() - located)
            if unlocated and unlocated >= len(adverts):
                covered.add(host)
        return covered

    def _make_room(self, host: str) -> bool:
        same_host = [entry for entry in self._entries.values() if entry.endpoint.host == host]
        if len(same_host) >= self._per_host:
            # What once worked goes only if it does not now: else a host of many users could never be met again.
            return self._evict(
                [entry for entry in same_host if not entry.good or entry.failures], good_too=True
            )
        if len(self._entries) >= self._capacity:
            return self._evict(list(self._entries.values()), good_too=True)
        return True

    def _evict(self, entries: Sequence[Entry], *, good_too: bool) -> bool:
        candidates = [
            entry
            for entry in entries
            if entry.source is not Source.TYPED and not entry.dialling and (good_too or not entry.good)
        ]
        if not candidates:
            return False
        del self._entries[min(candidates, key=lambda entry: (entry.good, entry.seen)).endpoint]
        return True

    def _scoped(self, host: str, port: int) -> list[Endpoint]:
        address = parse(host)
        if address is not None and address.version == 6 and address.is_link_local:
            # The scope a packet came by was measured to be wrong on hosts with two LANs: try every interface.
            return [Endpoint(f"{address}%{scope}", port) for scope in self._here.scopes]
        return [Endpoint(host, port)]

    def _rank(self, endpoint: Endpoint) -> int:
        address = parse(endpoint.host)
        if address is None:
            return 1
        if address.version == 6 and address.is_link_local:
            return 2
        return 0 if self._here.on_link(address) else 1

    def _fraction(self) -> float:
        return int.from_bytes(self._random(4), "big") / 2**32


def _canonical(endpoint: Endpoint) -> Endpoint:
    return Endpoint(canonical(endpoint.host), endpoint.port)
