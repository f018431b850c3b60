"""What one end of a Link remembers about it, in memory only: runs under way, what was asked, what is to be served."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from p2pim.node.link import Link
from p2pim.node.net.limits import TokenBucket
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId, RoomId
from p2pim.protocol.reconcile import Run
from p2pim.protocol.records import CONTENT, Range, Signed, State
from p2pim.protocol.route import RouteKey

if TYPE_CHECKING:
    from p2pim.node.carried import SpliceTransport
    from p2pim.node.splices import Passage

#: Peer records to be verified, boxes to be held and boxes to be opened: a second, and in a burst.
COSTLY_PER_SECOND: Final = 20.0
COSTLY_BURST: Final = 500.0
#: Call-backs a peer may ask for: a second, and in a burst.
CALLS_PER_SECOND: Final = 0.05
CALLS_BURST: Final = 3.0
#: Splices a peer may open: a second, and in a burst.
OPENED_PER_SECOND: Final = 0.5
OPENED_BURST: Final = 32.0
#: How long a peer that sends faster than is taken is not read.
REST_SECONDS: Final = 1.0
#: Ids offered on one Link in one room and lacking here; with more we do not say that a run is done.
MAX_OFFERED: Final = 16_384
#: Messages of a room that a peer is told of and does not answer for; with more it is not known how far it is.
MAX_UNANSWERED: Final = 16_384


class SetId(NamedTuple):
    """One of the two sets of a room, as records name it."""

    room: RoomId
    set: int


@dataclass
class Drive:
    """A run this end drives. ``lacking``: ids found at the other end and not here; ``asked``: those still awaited."""

    number: int
    snapshot: int
    run: Run
    lacking: set[MessageId] = field(default_factory=set)
    asked: set[MessageId] = field(default_factory=set)
    #: What the other end lacks and was not told of yet: it goes out as the network takes it.
    untold: deque[tuple[MessageId, int]] = field(default_factory=deque)
    #: The next question, kept back while enough is awaited.
    next_ask: list[Range] = field(default_factory=list)
    told_done: bool = False


@dataclass(slots=True)
class Driven:
    """A run the other end drives: what we held last when it began, and the clock below which it compares nothing.

    ``owed``: the other end has said DONE, and we have not yet. ``overflowed``: more was offered than is remembered.
    """

    number: int
    snapshot: int
    floor: int
    owed: bool = False
    overflowed: bool = False


@dataclass
class Boxing:
    """What was said about boxes on a Link; only if the other end knows of them (``able``)."""

    able: bool = False
    #: The number of the newest peer record that each end of the Link knows the other to have, by subject.
    told: dict[PeerId, int] = field(default_factory=dict)
    #: The other end's sum was compared with ours: what is told of from now on is what is new.
    compared: bool = False
    #: Boxes of ours that were put to the other end, and since when those of them that it has not answered for.
    put: set[bytes] = field(default_factory=set)
    unanswered: dict[bytes, float] = field(default_factory=dict)
    #: Boxes held for the other end: to be given to it, and given but not yet answered for.
    to_give: deque[bytes] = field(default_factory=deque)
    given: set[bytes] = field(default_factory=set)
    #: All that were to be given on this Link.
    tried: set[bytes] = field(default_factory=set)
    #: Whatever costs a key operation or a place on the disk.
    costly: TokenBucket = field(default_factory=lambda: TokenBucket(COSTLY_PER_SECOND, COSTLY_BURST, 0.0))


@dataclass
class Reading:
    """What is told on a Link of what was read here; only if the other end takes it (``able``)."""

    able: bool = False
    #: Rooms of which something is to be told, and from which clock on.
    untold: dict[RoomId, int] = field(default_factory=dict)


@dataclass
class Routing:
    """What was said about routes on a Link; only if the other end knows of them (``able``)."""

    able: bool = False
    #: Sums were exchanged: what is told of from now on is what is new.
    compared: bool = False
    #: Which number of each record the other end is known to have, or to have been told of.
    told: dict[RouteKey, int] = field(default_factory=dict)
    #: A sum of all is to be sent.
    owes_sum: bool = False
    #: Records came that are about nobody in a team of ours, as far as we know.
    passed_over: bool = False


@dataclass
class Calling:
    """Whether connections to the other end of a Link, or to ours, can be tried (``able``), and how often it asked."""

    able: bool = False
    asked: TokenBucket = field(default_factory=lambda: TokenBucket(CALLS_PER_SECOND, CALLS_BURST, 0.0))


@dataclass
class Splicing:
    """What a Link carries of others (``able``: it may), by number; ``last``: the last number that was chosen here."""

    able: bool = False
    last: int = 0
    opened: TokenBucket = field(default_factory=lambda: TokenBucket(OPENED_PER_SECOND, OPENED_BURST, 0.0))
    ends: dict[int, SpliceTransport | Passage] = field(default_factory=dict)


@dataclass
class Moving:
    """Files between the ends of a Link, if both know of them (``able``); what was asked for on it."""

    able: bool = False
    sought: set[bytes] = field(default_factory=set)


@dataclass
class Session:
    """A ready Link with everything that dies with it."""

    link: Link
    strangers: TokenBucket
    serving: TokenBucket
    moods: TokenBucket
    #: How often what this end shows of itself is looked at as a whole.
    looks: TokenBucket
    state: State | None = None
    drives: dict[SetId, Drive] = field(default_factory=dict)
    #: Sets the other end drives a run for.
    driven: dict[SetId, Driven] = field(default_factory=dict)
    #: Ids offered to us that we do not hold, by set.
    offered: dict[SetId, set[MessageId]] = field(default_factory=dict)
    #: Ids that a DONE of ours said are lacking here: if they come another way, an ACK follows.
    owed: dict[SetId, set[MessageId]] = field(default_factory=dict)
    #: Rooms of whose content this end has said DONE: what the other end takes for acknowledged is what is here.
    compared: set[RoomId] = field(default_factory=set)
    #: Rooms of whose content the other end has said DONE.
    compared_there: set[RoomId] = field(default_factory=set)
    #: Content that the other end is not known to have: what it said to lack in its last DONE, with 0, and what it was
    #: told of since, with the last place in the store at that time. Whatever shows that it has it takes it out.
    lacking_there: dict[RoomId, dict[MessageId, int]] = field(default_factory=dict)
    to_ask: deque[tuple[SetId, MessageId]] = field(default_factory=deque)
    asked: dict[MessageId, SetId] = field(default_factory=dict)
    #: Sets in which more can be had than was asked for.
    unasked: set[SetId] = field(default_factory=set)
    #: A stranger's messages that cannot be their request: the first that can is looked for behind them.
    passed_over: set[MessageId] = field(default_factory=set)
    to_serve: deque[tuple[SetId, MessageId]] = field(default_factory=deque)
    #: Collected during a transaction, sent once it has committed.
    fresh: dict[SetId, list[Signed]] = field(default_factory=dict)
    acks: dict[tuple[SetId, int], list[MessageId]] = field(default_factory=dict)
    news: dict[SetId, list[tuple[MessageId, int]]] = field(default_factory=dict)
    #: Governed rooms served on this Link at present: what changes here is to be compared, or stopped.
    served: set[RoomId] = field(default_factory=set)
    #: Control messages from somebody who is no member yet in our view (see Control).
    beside: dict[RoomId, dict[MessageId, Message]] = field(default_factory=dict)
    #: Rooms of which more was shown than was looked at yet.
    unseen: set[RoomId] = field(default_factory=set)
    #: Rooms whose control set is to be compared again: something came before what it follows.
    orphaned: set[RoomId] = field(default_factory=set)
    #: Held messages whose content was asked for on this Link.
    refilled: set[MessageId] = field(default_factory=set)
    boxing: Boxing = field(default_factory=Boxing)
    reading: Reading = field(default_factory=Reading)
    routing: Routing = field(default_factory=Routing)
    calling: Calling = field(default_factory=Calling)
    splicing: Splicing = field(default_factory=Splicing)
    moving: Moving = field(default_factory=Moving)

    def is_compared(self, room: RoomId) -> bool:
        """Whether both ends have said what they lack of the content of a room, and no run is under way."""
        place = SetId(room, CONTENT)
        under_way = place in self.drives or place in self.driven
        return room in self.compared and room in self.compared_there and not under_way

    def lacking_here(self, room: RoomId) -> set[MessageId]:
        """Content of a room that the other end has shown to have, and that was not here then."""
        place = SetId(room, CONTENT)
        ids = self.offered.get(place, set()) | self.owed.get(place, set())
        if (drive := self.drives.get(place)) is not None:
            ids |= drive.lacking
        return ids | {message_id for message_id, asked in self.asked.items() if asked == place}

    def _has_shown(self, place: SetId, message_id: MessageId) -> bool:
        if message_id in self.offered.get(place, ()) or message_id in self.owed.get(place, ()):
            return True
        drive = self.drives.get(place)
        return self.asked.get(message_id) == place or (drive is not None and message_id in drive.lacking)

    def turned_away(self, place: SetId, message_id: MessageId) -> None:
        """What was sent cannot be stored at present: it is known to exist all the same."""
        offered = self.offered.setdefault(place, set())
        if len(offered) < MAX_OFFERED:
            offered.add(message_id)

    def told(self, room: RoomId, message_id: MessageId, seq: int) -> None:
        """The other end is told of content that it may lack; ``seq``: the last place in the store."""
        if self._has_shown(SetId(room, CONTENT), message_id):
            return
        lacking = self.lacking_there.setdefault(room, {})
        lacking[message_id] = seq
        if len(lacking) > MAX_UNANSWERED:
            lacking.clear()
            self.compared_there.discard(room)

    def has(self, room: RoomId, ids: Iterable[MessageId]) -> None:
        """The other end has shown to have content of a room."""
        if lacking := self.lacking_there.get(room):
            for message_id in ids:
                lacking.pop(message_id, None)

    def slow(self, bucket: TokenBucket, now: float, rest: float = REST_SECONDS) -> None:
        """What is sent faster than a bucket of this Link allows is taken all the same, but then nothing for a while."""
        if not bucket.take(now):
            self.link.rest(rest)
