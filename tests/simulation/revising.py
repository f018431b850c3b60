"""What people say about what was said, the same in every simulated room."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from p2pim.errors import UserError
from p2pim.protocol.message import TEXT
from tests.simulation.world import Machine, World


def revise(world: World, machine: Machine, number: int) -> None:
    """Say something about a text that is shown: edit or delete one's own, react, answer."""
    node, rng = machine.node, world.rng
    if node is None:
        return
    room = rng.choice([view.room for view in node.conversations()])
    texts = [view for view in node.history(room, 20) if view.kind == TEXT and view.deleted_by is None]
    if not texts:
        return
    text = rng.choice(texts)
    deeds: list[Callable[[], object]] = [
        lambda: node.react(text.id, rng.choice("abc"), rng.random() < 0.3),
        lambda: node.send_text(room, "yes", reply_to=text.id),
        lambda: node.set_topic(room, f"topic {number}"),
    ]
    if text.mine:
        deeds += [lambda: node.edit(text.id, f"edited {number}"), lambda: node.delete(text.id)] * 2
    world.count["revised"] += 1
    with contextlib.suppress(UserError):
        rng.choice(deeds)()
