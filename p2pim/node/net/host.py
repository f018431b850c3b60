"""What the network needs of the node it belongs to, and what it is told at its start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from p2pim.config.policy import Policy
from p2pim.node.clock import Clock
from p2pim.node.net.address import Endpoint
from p2pim.node.net.mtu import SWALLOWED_AFTER

if TYPE_CHECKING:
    from p2pim.protocol.connection import Connection
    from p2pim.protocol.identity import PeerId
    from p2pim.protocol.network import Network as NetworkSecret


class Settings(Protocol):
    """The settings that concern the network."""

    @property
    def port(self) -> int:
        """The wanted port."""

    @property
    def interfaces(self) -> Sequence[str]:
        """Names or addresses; none: automatic."""

    @property
    def visible(self) -> str:
        """To whom to advertise: "everyone", the members of a "team", or "nobody"."""

    @property
    def sweep(self) -> bool:
        """Whether to ask every address of a small VPN."""

    @property
    def tailscale(self) -> bool:
        """Whether to ask the machines that Tailscale names."""

    @property
    def peers(self) -> Sequence[str]:
        """Addresses typed by the user."""


class Host(Protocol):
    """What the network needs of the node it belongs to."""

    @property
    def peer_id(self) -> PeerId:
        """Who we are."""

    @property
    def boot_id(self) -> bytes:
        """Which process we are."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def policy(self) -> Policy:
        """The rules in force; those about the network are `subnets` and `interfaces`."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    def random(self, size: int) -> bytes:
        """Random bytes."""

    def networks(self) -> Sequence[NetworkSecret]:
        """Return the networks served, the most important first."""

    def dialled_networks(self) -> Sequence[NetworkSecret]:
        """Return those in which any peer may be dialled, the most important first."""

    def join_networks(self) -> Sequence[NetworkSecret]:
        """Return those in which a code is to be tried everywhere."""

    def is_linked(self, peer_id: PeerId) -> bool:
        """Tell whether a Link to the peer is up."""

    def is_linked_directly(self, peer_id: PeerId) -> bool:
        """Tell whether one is up that nobody carries."""

    def connection(self, initiator: bool, network: NetworkSecret | None = None) -> Connection:
        """Make the Connection for a socket; `network` is the one to dial with."""


class Known(NamedTuple):
    """An address that once led to a peer: worth keeping over a restart."""

    endpoint: Endpoint
    network: str
    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class Timing:
    """What tests make shorter."""

    tick: float = 1.0
    handshake: float = (
        13.0  # 3 s to the first message, 5 s to the third, 5 s to HELLO: the Connection is stricter
    )
    dial_handshake: float = 10.0
    larger_label_waits: float = 0.3
    ping_limit: float = 2.0
    swallowed: float = SWALLOWED_AFTER
    resume_gap: float = 3.0
    stop: float = 1.0
