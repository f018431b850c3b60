"""Deeds: control messages as a set keeps them, and the tenures in which an admin's count (SPEC section 12).

Of each deed the set keeps its causal past, as a bit mask over the numbers of its deeds. What follows from that past
alone never changes, so it is found once, when the deed enters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from p2pim.protocol.control import Body, Grant, Policy, Role
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId

#: A mask with every deed in it.
ALL: Final = -1


class Deed(NamedTuple):
    """A control message as the set keeps it.

    ``past``: bit i is set if deed number i is an ancestor. ``good``: its gen, if it has one, is one more than the
    highest good one in its past.
    """

    number: int
    message: Message
    body: Body | None
    past: int
    good: bool = True

    @property
    def id(self) -> MessageId:
        """Its message's id."""
        return self.message.id

    @property
    def author(self) -> PeerId:
        """Who did it."""
        return self.message.header.author

    @property
    def clock(self) -> int:
        """When, by its author's word."""
        return self.message.header.clock

    @property
    def gen(self) -> int:
        """Which word about its subject it is; an ADMIT comes before all others."""
        return self.body.gen if isinstance(self.body, Grant | Policy) else 0

    @property
    def role(self) -> Role:
        """What a grant or an ADMIT makes of its subject."""
        return Role(self.body.role) if isinstance(self.body, Grant) else Role.MEMBER

    @property
    def is_leave(self) -> bool:
        """Whether somebody says that they are no member any more."""
        return (
            isinstance(self.body, Grant) and self.body.subject == self.author and self.body.role == Role.NONE
        )

    def follows(self, other: Deed) -> bool:
        """Whether the other one is in this one's causal past."""
        return bool(self.past >> other.number & 1)


class Tenure(NamedTuple):
    """A time as admin, in masks: the owner's grants that began it, and the deeds that what ended it follows."""

    grants: int
    within: int

    def has(self, deed: Deed) -> bool:
        """Whether this deed, of the one who was admin, was done in it."""
        return bool(deed.past & self.grants) and bool(self.within >> deed.number & 1)


def tenures(owner: PeerId, good: Iterable[Deed]) -> list[Tenure]:
    """When somebody was admin, from the good grants about them: what the owner says, and their own leaves.

    Going down the gens: the owner's grant of less than admin ends the tenures below it, and every leave that the owner
    knew of by then ends those below that. All of them must follow a deed: who could choose among their own leaves
    could write another one that follows what they did after the first.
    """
    words, leaves = _sorted_out(owner, good)
    found: list[Tenure] = []
    end: Deed | None = None
    within = ALL
    for gen in sorted(words.keys() | leaves.keys(), reverse=True):
        word = words.get(gen)
        if word is None:
            for leave in leaves[gen]:
                if end is None or end.follows(leave):
                    within &= leave.past
        elif word.role is not Role.ADMIN:
            end, within = word, word.past
        elif found and found[-1].within == within:
            found[-1] = Tenure(found[-1].grants | 1 << word.number, within)
        else:
            found.append(Tenure(1 << word.number, within))
    return found


def _sorted_out(owner: PeerId, good: Iterable[Deed]) -> tuple[dict[int, Deed], dict[int, list[Deed]]]:
    """At each gen what wins of the owner's grants, and all of their own leaves."""
    words: dict[int, Deed] = {}
    leaves: dict[int, list[Deed]] = {}
    for deed in good:
        if deed.author == owner:
            words[deed.gen] = min(deed, words.get(deed.gen, deed), key=lambda one: rank(owner, one))
        elif deed.is_leave:
            leaves.setdefault(deed.gen, []).append(deed)
    return words, leaves


def rank(owner: PeerId, deed: Deed) -> tuple[bool, Role, int, MessageId]:
    """Of several with one gen the lowest wins: the owner's, then the lower role, then the first by (clock, id)."""
    return deed.author != owner, deed.role, *deed.message.order
