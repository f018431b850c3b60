"""What one end of a Link remembers about it, in memory only: runs under way, what was asked, what is to be served."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from p2pim.node.link import Link
from p2pim.node.net.limits import TokenBucket
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.reconcile import Run
from p2pim.protocol.records import Range, Signed, State


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
class Session:
    """A ready Link with everything that dies with it."""

    link: Link
    strangers: TokenBucket
    serving: TokenBucket
    moods: TokenBucket
    state: State | None = None
    drives: dict[RoomId, Drive] = field(default_factory=dict)
    #: Rooms the other end drives a run for.
    driven: dict[RoomId, Driven] = field(default_factory=dict)
    #: Ids offered to us that we do not hold, by room.
    offered: dict[RoomId, set[MessageId]] = field(default_factory=dict)
    to_ask: deque[tuple[RoomId, MessageId]] = field(default_factory=deque)
    asked: dict[MessageId, RoomId] = field(default_factory=dict)
    #: Rooms in which more can be had than was asked for.
    unasked: set[RoomId] = field(default_factory=set)
    #: A stranger's messages that cannot be their request: the first that can is looked for behind them.
    passed_over: set[MessageId] = field(default_factory=set)
    to_serve: deque[tuple[RoomId, MessageId]] = field(default_factory=deque)
    #: Collected during a transaction, sent once it has committed.
    fresh: dict[RoomId, list[Signed]] = field(default_factory=dict)
    acks: dict[tuple[RoomId, int], list[MessageId]] = field(default_factory=dict)
    news: dict[RoomId, list[tuple[MessageId, int]]] = field(default_factory=dict)
