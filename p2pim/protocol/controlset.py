"""The control set of one room: what may enter it, and what it amounts to at a time (SPEC section 12)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from enum import Enum
from typing import Final

from p2pim.errors import DecodeError
from p2pim.protocol.authority import Authority, fold
from p2pim.protocol.control import (
    GENESIS,
    NO_ROOM,
    Admit,
    Body,
    Genesis,
    Grant,
    Invite,
    Policy,
    Role,
    RoomType,
    decode,
    is_genuine,
)
from p2pim.protocol.deed import Deed
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import FIRST_CONTROL_KIND, FUTURE_MS, Message, MessageId, RoomId

#: What policies have their gens under; no identity is so short.
_POLICIES: Final = b""


class Verdict(Enum):
    """Whether a message may enter."""

    ENTERS = "enters"
    HELD = "held already"
    ORPHAN = "a parent is not here"
    EARLY = "not as long as the team over it knows no such founder or admin"
    REFUSED = "never"


class ControlSet:
    """Control messages with all their ancestors, and everything that follows from them.

    ``parent``: the control set of the team that a channel belongs to; its roles are the channel's.
    """

    def __init__(self, room: RoomId, parent: ControlSet | None = None) -> None:
        self.room = room
        self.parent = parent
        self.genesis: Genesis | None = None
        self.owner: PeerId = b""
        #: Everybody whom this set ever named a member or more, counting or not: it only grows.
        self.ever: set[PeerId] = set()
        self.ever_admin: set[PeerId] = set()
        self._deeds: dict[MessageId, Deed] = {}
        self._in_order: list[Deed] = []
        self._admin_grants: dict[PeerId, int] = {}
        self._named: dict[PeerId, int] = {}
        #: For each subject and gen, from 1 on, the mask of its good deeds.
        self._gens: dict[PeerId, list[int]] = {}
        #: The last two results (what is due, and everything), with what they rest on.
        self._folds: list[tuple[int, Authority | None, Authority]] = []

    @property
    def is_channel(self) -> bool:
        """Whether roles here are those of the team it belongs to."""
        return self.genesis is not None and self.genesis.type == RoomType.CHANNEL

    def __len__(self) -> int:
        return len(self._deeds)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._deeds

    def copy(self) -> ControlSet:
        """A set of its own with the same messages, to find out what others would amount to."""
        copy = ControlSet(self.room, self.parent)
        copy.genesis, copy.owner = self.genesis, self.owner
        copy.ever, copy.ever_admin = set(self.ever), set(self.ever_admin)
        copy._deeds, copy._in_order = dict(self._deeds), list(self._in_order)
        copy._admin_grants, copy._named = dict(self._admin_grants), dict(self._named)
        copy._gens = {subject: list(masks) for subject, masks in self._gens.items()}
        copy._folds = list(self._folds)
        return copy

    # -- what may enter

    def judge(self, message: Message) -> tuple[Verdict, Body | None]:
        """Whether a message may enter, by its bytes and its causal past alone; and what it says."""
        header = message.header
        if message.id in self._deeds:
            return Verdict.HELD, None
        if header.kind < FIRST_CONTROL_KIND or message.content is None:
            return Verdict.REFUSED, None
        try:
            body = decode(header.kind, message.content)
        except DecodeError:
            return Verdict.REFUSED, None
        if header.kind == GENESIS:
            fine = message.id == self.room and header.room == NO_ROOM and not header.parents
            return (self._found(header.author, body) if fine else Verdict.REFUSED), body
        if header.room != self.room or not header.parents:
            return Verdict.REFUSED, None
        if not all(parent in self._deeds for parent in header.parents):
            return Verdict.ORPHAN, None
        if header.clock <= max(self._deeds[parent].clock for parent in header.parents):
            return Verdict.REFUSED, None
        if self._may_act(header.author, body, self._past(header.parents)):
            return Verdict.ENTERS, body
        return (Verdict.EARLY if self.is_channel else Verdict.REFUSED), body

    def _found(self, founder: PeerId, body: Body | None) -> Verdict:
        assert isinstance(body, Genesis)
        team = self.parent
        if team is None:
            return Verdict.ENTERS if body.parent is None else Verdict.REFUSED
        if body.parent != team.room or team.genesis is None or team.genesis.type != RoomType.TEAM:
            return Verdict.REFUSED
        return Verdict.ENTERS if founder in team.ever else Verdict.EARLY

    def _may_act(self, author: PeerId, body: Body | None, past: int) -> bool:
        if self.is_channel and self.parent is not None:
            return author in (self.owner, self.parent.owner) or author in self.parent.ever_admin
        if isinstance(body, Admit):  # the owner's word is no proof either: a fold does not look again
            invite = self._deeds.get(body.invite)
            return (
                invite is not None
                and bool(past >> invite.number & 1)
                and isinstance(invite.body, Invite)
                and is_genuine(body, invite.body, self.room)
            )
        if author == self.owner or past & self._admin_grants.get(author, 0):
            return True
        leaves = isinstance(body, Grant) and body.subject == author and body.role == Role.NONE
        return leaves and bool(past & self._named.get(author, 0))

    def _past(self, parents: Iterable[MessageId]) -> int:
        past = 0
        for parent in parents:
            deed = self._deeds[parent]
            past |= deed.past | 1 << deed.number
        return past

    def add(self, message: Message) -> Verdict:
        """Take a message in, if it may enter."""
        verdict, body = self.judge(message)
        if verdict is Verdict.ENTERS:
            past = self._past(message.header.parents)
            subject = _subject(body)
            good = subject is None or _gen(body) == self._highest_gen(subject, past) + 1
            deed = Deed(len(self._deeds), message, body, past, good)
            self._note(deed)
            self._deeds[message.id] = deed
            insort(self._in_order, deed, key=lambda each: each.message.order)
            self._folds.clear()
        return verdict

    def add_all(self, messages: Iterable[Message]) -> list[Message]:
        """Take in what may enter, ancestors first whatever the order given; returns what entered."""
        return [m for m in sorted(messages, key=lambda m: m.order) if self.add(m) is Verdict.ENTERS]

    def _highest_gen(self, subject: PeerId, past: int) -> int:
        """The highest good gen in a past. With a gen it has all below it, so it is found by halving."""
        return bisect_left(self._gens.get(subject, []), True, key=lambda mask: not past & mask)

    def _note(self, deed: Deed) -> None:
        """Keep what only grows."""
        body, bit = deed.body, 1 << deed.number
        if deed.good and (subject := _subject(body)) is not None:
            masks = self._gens.setdefault(subject, [])
            masks += [0] * (deed.gen - len(masks))
            masks[deed.gen - 1] |= bit
        if isinstance(body, Genesis):
            self.genesis, self.owner = body, deed.author
            self.ever.add(deed.author)
        elif isinstance(body, Grant) and body.role >= Role.MEMBER:
            self.ever.add(body.subject)
            self._named[body.subject] = self._named.get(body.subject, 0) | bit
            if body.role == Role.ADMIN and deed.author == self.owner:
                self.ever_admin.add(body.subject)
                self._admin_grants[body.subject] = self._admin_grants.get(body.subject, 0) | bit
        elif isinstance(body, Admit):
            self.ever.add(body.subject)
            self._named[body.subject] = self._named.get(body.subject, 0) | bit

    # -- what it amounts to

    def due(self, now_ms: int) -> int:
        """How many messages have a clock that is not too far ahead."""
        return bisect_right(self._in_order, now_ms + FUTURE_MS, key=lambda deed: deed.clock)

    def authority(self, now_ms: int | None = None) -> Authority | None:
        """What the messages that are due amount to (None: all of them); None while there is no genesis, due or not.

        A genesis counts at once: an owner whose clock is days ahead would make a team that nobody sees.
        """
        if self.genesis is None:
            return None
        count = len(self._in_order) if now_ms is None else max(1, self.due(now_ms))
        over = self.parent.authority(now_ms) if self.parent is not None else None
        for known_count, known_over, known in self._folds:
            if known_count == count and known_over is over:
                return known
        authority = fold(self.genesis, self.owner, self._in_order[:count], over)
        self._folds = [(count, over, authority), *self._folds[:1]]
        return authority

    def is_member(self, peer_id: PeerId, now_ms: int) -> bool:
        """Whether somebody is served: a member by what is due and by all that is here. So a removal bites at once."""
        due, full = self.authority(now_ms), self.authority()
        return due is not None and full is not None and due.is_member(peer_id) and full.is_member(peer_id)

    def heads(self, now_ms: int, without: PeerId | None = None) -> list[MessageId]:
        """What no message that is due follows, the newest first.

        ``without``: as if this author had written nothing that others do not follow. So thousands of messages by
        somebody who is being demoted or removed cannot stand in the way.
        """
        due = self._in_order[: max(1, self.due(now_ms))]
        others = [deed for deed in due if deed.author != without]
        followed = self._past(parent for deed in others for parent in deed.message.header.parents)
        return [deed.id for deed in reversed(others) if not followed >> deed.number & 1]

    def next_gen(self, subject: PeerId | None, parents: Iterable[MessageId]) -> int:
        """The gen of a grant about somebody that has these parents; None: of a policy."""
        return self._highest_gen(_POLICIES if subject is None else subject, self._past(parents)) + 1

    def highest(self, now_ms: int) -> int:
        """The highest clock that counts: of what is due, or of the genesis."""
        return self._in_order[max(1, self.due(now_ms)) - 1].clock if self._in_order else 0

    def deeds(self) -> list[Deed]:
        """Everything in order."""
        return list(self._in_order)

    def deed(self, message_id: MessageId) -> Deed | None:
        """One of them."""
        return self._deeds.get(message_id)

    def with_ancestors(self, wanted: Iterable[MessageId]) -> set[MessageId]:
        """These and everything in their causal past."""
        past = 0
        for message_id in wanted:
            deed = self._deeds[message_id]
            past |= deed.past | 1 << deed.number
        return {deed.id for deed in self._deeds.values() if past >> deed.number & 1}


def _subject(body: Body | None) -> PeerId | None:
    """Whom the gen of a body is about; None if it has none."""
    if isinstance(body, Grant):
        return body.subject
    return _POLICIES if isinstance(body, Policy) else None


def _gen(body: Body | None) -> int:
    assert isinstance(body, Grant | Policy)
    return body.gen
