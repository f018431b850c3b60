"""One end of a splice, as the Transport of a Link: its bytes go as records on a Link to a third (SPEC section 16)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from p2pim.node.net.limits import TokenBucket
from p2pim.protocol.splice import MAX_DATA, OVER, TOO_FAST, Spliceclose, Splicedata

if TYPE_CHECKING:
    from p2pim.node.link import Link
    from p2pim.node.session import Session

#: Bytes an end sends: a second, and in a burst. Whoever carries them takes twice as much before it ends a splice.
BYTES_PER_SECOND: Final = 64 * 1024
BYTES_BURST: Final = 512 * 1024
#: Seconds until what was held back is tried again.
PAUSE: Final = 0.1
#: Bytes that have come and nobody takes.
MAX_WAITING: Final = 1024 * 1024
#: The carrier's Link has more than this queued: wait.
OUTER_BELOW: Final = 256 * 1024


class SpliceTransport:
    """A Transport. Whoever made it sets ``link``.

    Args:
        on_over: called once, when nothing more will pass.
    """

    link: Link

    def __init__(
        self, outer: Session, number: int, clock: Callable[[], float], on_over: Callable[[], None]
    ) -> None:
        self._outer, self._number, self._clock, self._on_over = outer, number, clock, on_over
        self._allowance = TokenBucket(BYTES_PER_SECOND, BYTES_BURST, clock())
        self._out = bytearray()
        self._in: deque[bytes] = deque()
        self._waiting = 0
        self._paused = self._closing = self._is_due = self._is_sending = False
        self.over = False
        self.opened_at = clock()

    # -- as its Link sees it

    @property
    def queued(self) -> int:
        """Bytes not yet taken by the Link that carries them."""
        return len(self._out)

    def write(self, data: bytes) -> None:
        """Send, or queue."""
        if not self.over:
            self._out += data
            self._send()

    def close(self) -> None:
        """Send what is queued, then close."""
        self._closing = True
        self._send()

    def abort(self) -> None:
        """Close at once."""
        self.end(OVER)

    def pause_reading(self) -> None:
        """Deliver nothing for now."""
        self._paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        self._paused = False
        self._deliver_soon()

    def defer(self, call: Callable[[], None], seconds: float = 0.0) -> None:
        """Call back soon, or after some seconds."""
        self._outer.link.transport.defer(call, seconds)

    # -- as the Link below sees it

    def received(self, data: bytes) -> None:
        """Bytes came. They are looked at when the turn of the Link below is over."""
        self._in.append(data)
        self._waiting += len(data)
        if self._waiting > MAX_WAITING:
            self.end(TOO_FAST)
        else:
            self._deliver_soon()

    def ended(self) -> None:
        """The other end is gone, or who carried it."""
        if not self.over:
            self.over = True
            self._on_over()
            self.defer(self.link.closed_by_peer)

    def end(self, code: int) -> None:
        """Nothing more will pass, and the carrier is told."""
        if not self.over:
            self._outer.link.send(Spliceclose(self._number, code))
            self._outer.link.flush()
            self.ended()

    # -- in between

    def _deliver_soon(self) -> None:
        if self._in and not self._is_due and not self._paused:
            self._is_due = True
            self.defer(self._deliver)

    def _deliver(self) -> None:
        self._is_due = False
        while self._in and not self._paused and not self.over:
            data = self._in.popleft()
            self._waiting -= len(data)
            self.link.received(data)

    def _send(self) -> None:
        outer = self._outer.link
        while self._out and not self.over and outer.queued < OUTER_BELOW:
            part = bytes(self._out[:MAX_DATA])
            if not self._allowance.take(self._clock(), cost=len(part)):
                break
            del self._out[: len(part)]
            outer.send(Splicedata(self._number, part))
        outer.flush()
        if self._out and not self.over and not self._is_sending:
            self._is_sending = True
            self.defer(self._go_on, PAUSE)
        elif self._closing and not self._out:
            self.end(OVER)

    def _go_on(self) -> None:
        self._is_sending = False
        self._send()
        if not self._out and not self.over:
            self.link.writable()
