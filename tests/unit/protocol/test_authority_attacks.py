"""Authority against those who know the rules: each test is a way that was once open, or nearly."""

from __future__ import annotations

from p2pim.protocol.control import Role
from tests.council import Council

NONE, MEMBER, ADMIN, OWNER = Role.NONE, Role.MEMBER, Role.ADMIN, Role.OWNER


def test_rules_made_after_some_that_turned_out_void_still_hold() -> None:
    """A demotion written elsewhere voids what an honest admin has already built upon."""
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    b = c.grant("O", "B", 1, ADMIN, a)
    first = c.policy("A", 1, {"relay": True}, b)
    c.policy("B", 2, {"retention_days": 30}, first)
    c.grant("O", "A", 2, NONE, b)  # knows of neither
    authority = c.authority()
    assert authority.policy == {"retention_days": 30}
    assert authority.policy_gen == 2
