from __future__ import annotations

import inspect
import os

from p2pim.config import Settings
from p2pim.daemon.ports import UseCases
from p2pim.node.clock import SystemClock
from p2pim.node.node import Node
from p2pim.protocol.identity import Identity
from p2pim.store.database import Database
from p2pim.store.store import Store
from tests.fakes import FakeNode


def test_the_fake_and_the_node_offer_the_same() -> None:
    """What the handlers were tested with must be there, and as callable, in what they run on."""
    store = Store(Database(None))
    node = Node(Identity.generate(os.urandom), store, SystemClock(), os.urandom, Settings())
    fake: UseCases = FakeNode()
    try:
        for name, member in vars(UseCases).items():
            if name.startswith("_"):
                continue
            real, ours = getattr(node, name), getattr(fake, name)
            if inspect.isfunction(member):
                taken = list(inspect.signature(member).parameters.values())[1:]
                by_place = [None for one in taken if one.kind is not one.KEYWORD_ONLY]
                by_name = {one.name: None for one in taken if one.kind is one.KEYWORD_ONLY}
                inspect.signature(real).bind(*by_place, **by_name)
                inspect.signature(ours).bind(*by_place, **by_name)
    finally:
        store.close()
