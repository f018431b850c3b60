"""The rules a node obeys: its machine's, read at the start, and those of the teams it is in, which may change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from p2pim.config.policy import MachinePolicy, Policy, combine
from p2pim.node import events
from p2pim.protocol import records

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)


class Policies:
    """Which rules are in force, and what follows when they change."""

    def __init__(self, node: Node, machine: MachinePolicy) -> None:
        self._node = node
        self.machine = machine
        node.policy = combine(machine, {})
        node.open_network = node.policy.switch("open_network", node.settings.open_network)
        #: What the network does about a change.
        self.on_change: Callable[[], None] = lambda: None

    def set_of_teams(self, teams: Mapping[str, Mapping[str, object]]) -> None:
        """These are now the rules of all teams one is in, by the team's name; in a transaction, from its commit on."""
        policy = combine(self.machine, teams)
        self._node.store.on_commit(lambda: self._put_in_force(policy))

    def _put_in_force(self, policy: Policy) -> None:
        if policy == self._node.policy:
            return
        self._node.policy = policy
        self._node.retention.soon()
        log.info("the policy changed: %s", ", ".join(rule.key for rule in policy.rules) or "no rules")
        open_network = policy.switch("open_network", self._node.settings.open_network)
        if open_network != self._node.open_network:
            self._node.open_network = open_network
            # Each HELLO said the opposite, and some Links are of a network that we leave: begin anew.
            for link in list(self._node.sync.sessions):
                link.close(records.IDLE_OR_AGE, "the policy changed")
        self.on_change()
        self._node.emit(events.PolicyChanged())
