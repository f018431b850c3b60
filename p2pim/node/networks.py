"""The networks a node serves: the open one, those of its teams, those of invites (SPEC sections 2, 11 and 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from p2pim import __version__
from p2pim.protocol import records
from p2pim.protocol.connection import Connection
from p2pim.protocol.control import Role
from p2pim.protocol.identity import PeerId, digest
from p2pim.protocol.message import MAX_CLOCK, MessageId, RoomId
from p2pim.protocol.network import OPEN, SLOT_COUNT, Network
from p2pim.store.control import Join

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: HELLO feature: the open network (and so the lobby) is on.
FEATURE_OPEN: Final = 1
#: HELLO feature: peer records and boxes are understood.
FEATURE_BOXES: Final = 2
#: The sender takes records about what was read.
FEATURE_READS: Final = 3
#: The sender takes records about where team-mates can be reached.
FEATURE_ROUTES: Final = 4
#: The sender answers whether it can connect to the other end.
FEATURE_CALLBACKS: Final = 5
#: The sender takes part in splices.
FEATURE_SPLICES: Final = 6
#: The sender offers, fetches and serves files.
FEATURE_FILES: Final = 7
#: Seconds of silence before a ping; with more Links than that, half as often.
PING_SECONDS: Final = 15.0
MANY_LINKS: Final = 64
#: An invite that has ended is still answered for a while: whoever comes with it is told so.
ANSWERED_MS: Final = 30 * 24 * 3600 * 1000
MAX_NETWORKS: Final = 256


class Invitation(NamedTuple):
    """An invite of a team of ours, by the network that its code leads to."""

    team: RoomId
    invite: MessageId


class Networks:
    """What is served, in the order of need: an advertisement names only the first eight."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._known: dict[tuple[str, bytes], Network] = {}
        self._teams: dict[str, RoomId] = {}
        self._invitations: dict[str, Invitation] = {}
        self._joins: dict[str, Join] = {}
        self._served: tuple[Network, ...] | None = None
        self._was_open = False

    def forget(self) -> None:
        """What follows from the store may have changed."""
        self._served = None

    def served(self) -> Sequence[Network]:
        """Every network, the most important first."""
        if self._served is None or self._was_open != self._node.open_network:
            self._was_open = self._node.open_network
            self._served = tuple(self._all())
        return self._served

    def dialled(self) -> Sequence[Network]:
        """The open network and those of teams."""
        return [n for n in self.served() if n is OPEN or n.name in self._teams]

    def joins(self) -> Sequence[Network]:
        """Those of joins under way."""
        return [n for n in self.served() if n.name in self._joins]

    def _all(self) -> list[Network]:
        self._teams, self._invitations, self._joins = {}, {}, {}
        current, former = self._of_teams()
        # An invite that names the secret of another network, as a hostile admin's may, must not take that one's place.
        live, ended = self._of_invites({network.psk for network in (OPEN, *current, *former)})
        open_network = [OPEN] if self._node.open_network else []
        ordered = [*self._of_joins(), *open_network, *current, *live]
        # All eight served secrets of one team can be named: else two halves of a split team would not meet.
        ordered += [*former, *ended]
        return list(dict.fromkeys(ordered))[:MAX_NETWORKS]

    def _network(self, kind: str, secret: bytes) -> Network:
        if (known := self._known.get((kind, secret))) is None:
            known = Network(f"{kind} {digest('net', secret)[:8].hex()}", secret)
            self._known[kind, secret] = known
        return known

    def _of_joins(self) -> list[Network]:
        networks = []
        for join in self._store.control.joins():
            network = self._network("invite", join.secret)
            self._joins[network.name] = join
            networks.append(network)
        return networks

    def _of_teams(self) -> tuple[list[Network], list[Network]]:
        """The current network of each team, and the earlier ones."""
        rooms, now = self._node.rooms, self._node.clock.wall_ms()
        current: list[Network] = []
        former: list[Network] = []
        for team in rooms.teams():
            secrets = self._store.control.former_secrets(team, now)
            if rooms.role(team) >= Role.MEMBER:
                full = rooms.sets[team].authority()
                assert full is not None
                both = [*full.secrets[-SLOT_COUNT:], *rooms.authority(team).secrets[-SLOT_COUNT:]]
                secrets = [full.secrets[-1], *secrets, *reversed(both)]
            networks = [self._network("team", secret) for secret in dict.fromkeys(secrets)]
            self._teams.update((network.name, team) for network in networks)
            current += networks[:1]
            former += networks[1:]
        return current, former

    def _of_invites(self, taken: set[bytes]) -> tuple[list[Network], list[Network]]:
        """The networks of invites that can be used, and of those that ended not long ago."""
        rooms, now = self._node.rooms, self._node.clock.wall_ms()
        live: list[Network] = []
        ended: list[Network] = []
        for team in rooms.mine():
            for message_id, standing in rooms.authority(team).invites.items():
                if standing.invite.expiry_ms + ANSWERED_MS > now:
                    network = self._network("invite", standing.invite.secret)
                    if network.psk in taken:
                        continue
                    self._invitations[network.name] = Invitation(team, message_id)
                    usable = standing.left > 0 and standing.invite.expiry_ms >= now
                    (live if usable else ended).append(network)
        return live, ended

    # -- whose a network is

    def team_of(self, network: Network | None) -> RoomId | None:
        """The team whose network it is or was."""
        self.served()
        return None if network is None else self._teams.get(network.name)

    def common_with(self, peer_id: PeerId) -> Network | None:
        """The network of a team that somebody is in with us."""
        return next(
            (
                n
                for n in self.served()
                if (team := self._teams.get(n.name)) and self._node.rooms.is_member(team, peer_id)
            ),
            None,
        )

    def invitation_of(self, network: Network | None) -> Invitation | None:
        """The invite of one of our teams that it belongs to."""
        self.served()
        return None if network is None else self._invitations.get(network.name)

    def join_of(self, network: Network | None) -> Join | None:
        """The join under way here that it belongs to."""
        self.served()
        return None if network is None else self._joins.get(network.name)

    def is_ordinary(self, network: Network | None) -> bool:
        """Whether ordinary Links are made in it, now: not in a code's, nor in one that has ended meanwhile."""
        return (network == OPEN and self._node.open_network) or self.team_of(network) is not None

    def of_join(self, join: Join) -> Network:
        """The network in which a join is under way."""
        return self._network("invite", join.secret)

    # -- connections

    def connection(self, initiator: bool, network: Network | None = None) -> Connection:
        """A new connection's protocol side: to dial in ``network``, or to answer in any we serve."""
        # Many Links, fewer pings: half as often above 64 of them.
        ping_after = PING_SECONDS if len(self._node.links) <= MANY_LINKS else 2 * PING_SECONDS
        connection = Connection(
            initiator=initiator,
            identity=self._node.identity,
            static=self._node.static,
            boot_id=self._node.boot_id,
            networks=[network] if network is not None else list(self.served()),
            hello=lambda: self._hello(connection.network),
            now=self._node.clock.monotonic(),
            random=self._node.random,
            policy=self._node,
            ping_after=ping_after,
        )
        return connection

    def _hello(self, network: Network | None) -> records.Hello:
        wall = max(0, min(self._node.clock.wall_ms(), MAX_CLOCK - 1))
        if not self.is_ordinary(network):
            return records.Hello([], wall, "", "")  # nothing of us before we know who it is
        features = [
            *([FEATURE_OPEN] if self._node.open_network else []),
            FEATURE_BOXES,
            FEATURE_READS,
            FEATURE_ROUTES,
            FEATURE_CALLBACKS,
            FEATURE_SPLICES,
            FEATURE_FILES,
        ]
        return records.Hello(features, wall, self._node.nickname, f"p2pim {__version__}")
