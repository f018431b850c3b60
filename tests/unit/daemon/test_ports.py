from __future__ import annotations

import inspect
import os

from p2pim.config import Settings
from p2pim.daemon.ports import JoinUseCases, RosterUseCases, TeamUseCases, UseCases
from p2pim.node.clock import SystemClock
from p2pim.node.node import Node
from p2pim.protocol.identity import Identity
from p2pim.store.database import Database
from p2pim.store.store import Store
from tests.fakes import FakeNode


def assert_offers(port: type, *objects: object) -> None:
    """Each of them can be called in every way that the port says."""
    for name, member in vars(port).items():
        if name.startswith("_"):
            continue
        for one in objects:
            offered = getattr(one, name)
            if inspect.isfunction(member):
                parameters = list(inspect.signature(member).parameters.values())[1:]
                named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
                unnamed = [None] * (len(parameters) - len(named))
                inspect.signature(offered).bind(*unnamed, **dict.fromkeys(named))


def test_the_fake_and_the_node_offer_the_same() -> None:
    """What the handlers were tested with must be there, and as callable, in what they run on."""
    store = Store(Database(None))
    node = Node(Identity.generate(os.urandom), store, SystemClock(), os.urandom, Settings())
    fake: UseCases = FakeNode()
    try:
        assert_offers(UseCases, node, fake)
        assert_offers(TeamUseCases, node.teams, fake.teams)
        assert_offers(RosterUseCases, node.roster, fake.roster)
        assert_offers(JoinUseCases, node.joining, fake.joining)
    finally:
        store.close()
