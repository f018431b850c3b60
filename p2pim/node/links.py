"""The ready Links of a node: at most one to each process of a peer, and which of two goes (SPEC section 6)."""

from __future__ import annotations

from typing import Final

from p2pim.node.link import Link
from p2pim.protocol.identity import PeerId

#: Two handshakes closer together than this are one simultaneous attempt.
TOGETHER_SECONDS: Final = 5.0
MAX_PEERS: Final = 256
MAX_PER_PEER: Final = 4


class Links:
    """Which Link is the one to each (PeerId, boot id)."""

    def __init__(self, me: PeerId, boot_id: bytes) -> None:
        self._me = me + boot_id
        self._by_process: dict[bytes, Link] = {}
        self._open: set[Link] = set()
        #: Wall clock of each peer met, less ours, in milliseconds, as its HELLO said.
        self.skews: dict[PeerId, int] = {}

    def __len__(self) -> int:
        return len(self._by_process)

    def add(self, link: Link, open_network: bool) -> Link | None:
        """Take in a Link that became ready; returns the one that must go, if any (it may be this one)."""
        process = link.peer_id + link.boot_id
        other = self._by_process.get(process)
        if other is not None and (other.via is None) != (link.via is None):
            if other.via is None:
                return link  # a direct one is better than one that is carried
        elif other is not None and self._keeps(other, link, process):
            return link
        if other is None and self._is_crowded(link):
            return link
        self._by_process[process] = link
        if open_network:
            self._open.add(link)
        return other

    def _keeps(self, old: Link, new: Link, process: bytes) -> bool:
        """Made together: the one dialled by the lower end stays. Else the newer, which has just been authenticated."""
        since = (new.connection.established_at or 0.0) - (old.connection.established_at or 0.0)
        if since >= TOGETHER_SECONDS:
            return False
        dialler_old = self._me if old.initiator else process
        dialler_new = self._me if new.initiator else process
        return dialler_old < dialler_new

    def _is_crowded(self, link: Link) -> bool:
        same = sum(process.startswith(link.peer_id) for process in self._by_process)
        return len(self._by_process) >= MAX_PEERS or same >= MAX_PER_PEER

    def is_open(self, link: Link) -> bool:
        """Whether the other end takes part in the open network."""
        return link in self._open

    def remove(self, link: Link) -> None:
        """A Link is gone."""
        self._open.discard(link)
        process = link.peer_id + link.boot_id
        if self._by_process.get(process) is link:
            del self._by_process[process]
