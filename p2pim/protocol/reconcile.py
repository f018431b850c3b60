"""Range-based set reconciliation: two machines find what each lacks (SPEC section 9).

A set is the ordered list of (clock, id) a machine holds of a room. A fingerprint is SHA-256 over the ids of a range,
in order (not an additive hash: an insider could collide those to hide messages). One end drives: it **asks** with
fingerprints; the other end, which keeps no state, **answers** each range with nothing if the fingerprints are equal,
with its ids if they are few, else with the fingerprints of sixteen parts. The driver compares, closes what is equal or
listed, and asks again about the rest until nothing is open:

    driver   ask     [-------- fp --------]
    answerer answer  [fp|fp|fp|ids|  =  |fp]
    driver   ask     [fp|  =  | closed | fp]
    ...

Every round closes ranges or makes them smaller, so a run between honest ends stops by itself.
After Meyer, "Range-Based Set Reconciliation" (2022), and the negentropy protocol.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from p2pim.errors import RemoteProtocolError
from p2pim.protocol import records
from p2pim.protocol.identity import digest
from p2pim.protocol.message import MAX_CLOCK, MessageId
from p2pim.protocol.records import Range

SKIP: Final = records.SKIP
FINGERPRINT: Final = records.FINGERPRINT
IDS: Final = records.IDS

#: A range of at most this many ids is answered by listing them.
LEAF: Final = 256
#: A larger one is answered by the fingerprints of this many parts.
FANOUT: Final = 16
#: Bytes of ranges in one record, and of one range without its ids.
BUDGET: Final = 60_000
RANGE_COST: Final = 96
MAX_RANGES: Final = BUDGET // RANGE_COST
#: A driver asks about at most this many ranges at a time: their details fit into one record.
MAX_ASKED: Final = 16
#: A driver gives up after this many rounds (a room of 100,000 unknown messages takes about 60).
MAX_ROUNDS: Final = 1024
#: Ranges a driver keeps open at most; an honest end splits one range after the other and never makes so many.
MAX_OPEN: Final = 16_384


def key(clock: int, message_id: MessageId) -> bytes:
    """Sortable form of (clock, id)."""
    return clock.to_bytes(8, "big") + message_id


START: Final = key(0, b"")
END: Final = key(MAX_CLOCK, b"")


def bound_of(r: Range) -> bytes:
    """Sortable form of a range's upper bound."""
    return key(r.clock, r.prefix)


class ItemSet:
    """The (clock, id) of one set in order, with the fingerprint of the whole kept as it grows at the end."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._sorted = sorted(keys)
        self._added: list[bytes] = []
        self._whole: bytes | None = None

    @property
    def _keys(self) -> list[bytes]:
        """All keys in order. A newcomer adds thousands before anybody looks: they are put in place together."""
        if self._added:
            keys = self._sorted
            keys += self._added
            keys.sort()  # quick: two runs in order
            self._sorted = [k for i, k in enumerate(keys) if not i or k != keys[i - 1]]
            self._added = []
        return self._sorted

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, k: object) -> bool:
        if not isinstance(k, bytes):
            return False
        i = bisect_left(self._keys, k)
        return i < len(self._keys) and self._keys[i] == k

    def add(self, k: bytes) -> None:
        """Add a key; adding it twice changes nothing."""
        if not self._added and (not self._sorted or k > self._sorted[-1]):
            self._sorted.append(k)
        else:
            self._added.append(k)
        self._whole = None

    def span(self, low: bytes, high: bytes) -> tuple[int, int]:
        """Positions of the keys in [low, high)."""
        return bisect_left(self._keys, low), bisect_left(self._keys, high)

    def ids(self, start: int, stop: int) -> list[MessageId]:
        """Ids at those positions."""
        return [k[8:] for k in self._keys[start:stop]]

    def entries(self, start: int, stop: int) -> list[tuple[MessageId, int]]:
        """(id, clock) at those positions."""
        return [(k[8:], int.from_bytes(k[:8], "big")) for k in self._keys[start:stop]]

    def fingerprint(self, start: int, stop: int) -> bytes:
        """Fingerprint of the keys at those positions: 32 bytes."""
        whole = start == 0 and stop == len(self._keys)
        if whole and self._whole is not None:
            return self._whole
        result = digest("fingerprint", b"".join(self.ids(start, stop)))
        if whole:
            self._whole = result
        return result

    def cut(self, start: int, stop: int, parts: int) -> list[tuple[int, int, bytes | None]]:
        """Split positions into ``parts`` of about equal size: (start, stop, upper bound; None: the range's own)."""
        step = -(-(stop - start) // parts)
        starts = range(start, stop, step)
        return [(i, min(i + step, stop), self._keys[i + step] if i + step < stop else None) for i in starts]


def _range(bound: bytes, mode: int, payload: bytes = b"") -> Range:
    return Range(int.from_bytes(bound[:8], "big"), bound[8:], mode, payload)


def ask(items: ItemSet, floor: int = 0) -> list[Range]:
    """Open a run over everything with a clock of at least ``floor``."""
    low = key(floor, b"")
    ranges = [_range(low, SKIP)] if floor else []
    return [*ranges, _range(END, FINGERPRINT, items.fingerprint(*items.span(low, END)))]


def check(ranges: Sequence[Range], modes: tuple[int, ...]) -> None:
    """Raise RemoteProtocolError unless the ranges rise and are of these modes (a Range checks its own payload)."""
    low = b""
    if len(ranges) > MAX_RANGES:
        raise RemoteProtocolError("too many ranges")
    for r in ranges:
        bound = bound_of(r)
        if bound <= low or bound > END or r.mode not in modes:
            raise RemoteProtocolError("ranges out of order or of a wrong mode")
        low = bound


def answer(items: ItemSet, asked: Sequence[Range]) -> list[Range]:
    """Answer a driver's ranges; keeps no state.

    What does not fit into one record is answered by the fingerprint of the whole range, so the driver asks again.
    """
    check(asked, (SKIP, FINGERPRINT))
    out: list[Range] = []
    low, room = b"", BUDGET - RANGE_COST * len(asked)
    for r in asked:
        high = bound_of(r)
        start, stop = items.span(low, high)
        part, cost = [_range(high, SKIP)], 0
        if r.mode == FINGERPRINT and (own := items.fingerprint(start, stop)) != r.payload:
            part, cost = _detail(items, start, stop, high)
            if cost > room:
                part, cost = [_range(high, FINGERPRINT, own)], 0
        out += part
        room -= cost
        low = high
    return _merge_skips(out)


def _detail(items: ItemSet, start: int, stop: int, high: bytes) -> tuple[list[Range], int]:
    """A range that differs, in more detail, and its size in bytes."""
    if stop - start <= LEAF:
        return [_range(high, IDS, b"".join(items.ids(start, stop)))], 32 * (stop - start)
    parts = items.cut(start, stop, FANOUT)
    return [_range(b or high, FINGERPRINT, items.fingerprint(i, j)) for i, j, b in parts], RANGE_COST * len(
        parts
    )


def _merge_skips(ranges: list[Range]) -> list[Range]:
    """Join neighbouring skips and drop the last: what is not mentioned is equal."""
    out: list[Range] = []
    for r in ranges:
        if out and out[-1].mode == SKIP and r.mode == SKIP:
            out.pop()
        out.append(r)
    if out and out[-1].mode == SKIP:
        out.pop()
    return out


@dataclass
class Run:
    """The driver's side of one run, from the first question to the last range closed."""

    floor: int = 0
    rounds: int = 0
    _open: list[tuple[bytes, bytes]] = field(default_factory=list)
    _asked: list[tuple[bytes, bytes]] = field(default_factory=list)

    def start(self, items: ItemSet) -> list[Range]:
        """The first question."""
        self._asked = [(key(self.floor, b""), END)]
        return ask(items, self.floor)

    @property
    def finished(self) -> bool:
        """Whether every range is closed."""
        return not self._open and not self._asked

    def step(
        self, items: ItemSet, answered: Sequence[Range]
    ) -> tuple[list[MessageId], list[tuple[MessageId, int]], list[Range]]:
        """Take an answer, given the set as it is now.

        Returns:
            Ids the other end has and we lack; (id, clock) we have and it lacks; what to ask next (nothing: finished).

        Raises:
            RemoteProtocolError: the answer breaks the rules, or the run has no end.
        """
        check(answered, (SKIP, FINGERPRINT, IDS))
        self.rounds += 1
        if self.rounds > MAX_ROUNDS:
            raise RemoteProtocolError("reconciliation does not end")
        need: list[MessageId] = []
        have: list[tuple[MessageId, int]] = []
        again: list[tuple[bytes, bytes]] = []
        low = START
        for r in answered:
            high = bound_of(r)
            if r.mode != SKIP and not any(a <= low and high <= b for a, b in self._asked):
                raise RemoteProtocolError("an answer outside of what was asked")
            start, stop = items.span(low, high)
            if r.mode == IDS:
                _compare(r.payload, items.entries(start, stop), need, have)
            elif r.mode == FINGERPRINT and r.payload != items.fingerprint(start, stop):
                again.append((low, high))
            low = high
        self._open = again + self._open
        if len(self._open) > MAX_OPEN:
            raise RemoteProtocolError("reconciliation splits without end")
        self._asked, self._open = self._open[:MAX_ASKED], self._open[MAX_ASKED:]
        return need, have, self._ask(items)

    def _ask(self, items: ItemSet) -> list[Range]:
        """The question about the ranges now asked; what lies between them is skipped."""
        out: list[Range] = []
        last = START
        for low, high in self._asked:
            if low > last:
                out.append(_range(low, SKIP))
            out.append(_range(high, FINGERPRINT, items.fingerprint(*items.span(low, high))))
            last = high
        return out


def _compare(
    payload: bytes,
    mine: list[tuple[MessageId, int]],
    need: list[MessageId],
    have: list[tuple[MessageId, int]],
) -> None:
    """Sort out one listed range into what is needed here and what is lacking there."""
    theirs = [payload[i : i + 32] for i in range(0, len(payload), 32)]
    held, listed = {i for i, _ in mine}, set(theirs)
    need += [i for i in theirs if i not in held]
    have += [item for item in mine if item[0] not in listed]
