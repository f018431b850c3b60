"""Whether others can connect to this machine, found out by itself: one who is linked is asked to try (SPEC section 15).

It is asked anew after each change of the network. Whoever dialled us has shown that it works, and is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NO_WAY, REFUSED
from p2pim.protocol.identity import PeerId

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Seconds that a network has to settle before somebody is asked, and between two who are.
SETTLED: Final = 5.0
#: Seconds until somebody is asked again whether it is still so.
AGAIN: Final = 60.0
#: Who is asked before it is believed that nobody can connect to here.
ASKED: Final = 2
_FAILED: Final = {REFUSED, NO_ANSWER, NO_WAY}


class Inbound:
    """What is known; ``changed`` after each change of the network, ``tick`` now and then."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.changed()

    def changed(self) -> None:
        """The network is another one: nothing is known."""
        self.state: Literal["unknown", "open", "blocked"] = "unknown"
        self._asked: set[PeerId] = set()
        self._failed = 0
        self._next = self._node.clock.monotonic() + SETTLED

    def tick(self) -> None:
        """See who dialled us, or ask one more."""
        sessions = [s for s in self._node.sync.sessions.values() if s.link.peer_id != self._node.peer_id]
        if any(not s.link.initiator and s.link.via is None for s in sessions):
            self.state = "open"
        now = self._node.clock.monotonic()
        if self.state == "open" or now < self._next or not (addresses := self._node.addresses()):
            return
        if self.state == "blocked" and now >= self._next + AGAIN:
            self._asked.clear()  # a firewall may have been opened
        for session in sessions:
            peer = session.link.peer_id
            if peer not in self._asked and self._node.callbacks.ask(session, addresses, self._tried):
                self._asked.add(peer)
                self._next = now + SETTLED
                return

    def _tried(self, outcomes: Sequence[int] | None) -> None:
        if CONNECTED in (outcomes or ()):
            self.state = "open"
        elif outcomes and _FAILED.intersection(outcomes) and self.state == "unknown":
            self._failed += 1
            if self._failed >= ASKED:
                self.state = "blocked"
