"""What a stranger can make us spend: token buckets, accept limits, penalties. Pure: time is an argument.

Theory. A socket is *unauthenticated* from accept until its Connection is ready. While it is, it costs a
slot (of 64 in all and 8 per address) and may cost a handshake (1.2 ms of CPU), so both are counted when it
is accepted: counting only those that send a valid preamble would gain nothing, as everybody knows the open
network's tag. Of slots and of handshakes 10 are kept for *known* addresses (a Link to them once came up, or
the user typed them), so that a flood from any number of strangers never locks out colleagues.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from p2pim.node.net.address import source_key


class TokenBucket:
    """Allows `burst` events at once and `rate` a second in the long run; or bytes, where `cost` says how many."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, now: float, keep: float = 0.0, cost: float = 1.0) -> bool:
        """Take so many tokens if at least `keep` are left then; a refused event costs nothing."""
        self._refill(now)
        if self._tokens < cost + keep:
            return False
        self._tokens -= cost
        return True

    def ready_in(self, now: float) -> float:
        """Return the seconds until `take` can succeed."""
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self._rate)

    def _refill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now


class Refusal(Enum):
    """Why a socket was not accepted."""

    SOURCE_RATE = "too many new connections from this address"
    SOURCE_FULL = "too many unauthenticated connections from this address"
    FULL = "too many unauthenticated connections"
    RATE = "too many handshakes"


@dataclass(frozen=True, slots=True)
class AcceptPolicy:
    """The numbers; tests lower them."""

    unauthenticated: int = 64
    per_source: int = 8
    source_rate: float = 4.0
    source_burst: float = 16.0
    handshake_rate: float = 30.0
    handshake_burst: float = 100.0
    reserved: int = 10
    sources: int = 1024


class AcceptLimits:
    """Decides on each accepted socket; `release` must follow each admitted one, once."""

    def __init__(self, now: float, policy: AcceptPolicy | None = None) -> None:
        self._policy = policy or AcceptPolicy()
        self._open: dict[str, int] = {}
        self._total = 0
        self._rates: OrderedDict[str, TokenBucket] = OrderedDict()
        self._handshakes = TokenBucket(self._policy.handshake_rate, self._policy.handshake_burst, now)

    @property
    def unauthenticated(self) -> int:
        """How many admitted sockets have not been released."""
        return self._total

    def admit(self, host: str, *, known: bool, now: float) -> Refusal | None:
        """Take a slot for a socket from `host`, or say why not."""
        policy, source = self._policy, source_key(host)
        keep = 0 if known else policy.reserved
        if self._open.get(source, 0) >= policy.per_source:
            return Refusal.SOURCE_FULL
        if self._total >= policy.unauthenticated - keep:
            return Refusal.FULL
        if not self._rate(source, now).take(now):
            return Refusal.SOURCE_RATE
        if not self._handshakes.take(now, keep):
            return Refusal.RATE
        self._open[source] = self._open.get(source, 0) + 1
        self._total += 1
        return None

    def release(self, host: str) -> None:
        """Give the slot back: the socket is closed or its Connection is ready."""
        source = source_key(host)
        left = self._open[source] - 1
        if left:
            self._open[source] = left
        else:
            del self._open[source]
        self._total -= 1

    def _rate(self, source: str, now: float) -> TokenBucket:
        bucket = self._rates.get(source)
        if bucket is None:
            # The least recently seen goes: a flood from countless addresses is held by the totals anyway.
            if len(self._rates) >= self._policy.sources:
                self._rates.popitem(last=False)
            bucket = self._rates[source] = TokenBucket(
                self._policy.source_rate, self._policy.source_burst, now
            )
        self._rates.move_to_end(source)
        return bucket


class Penalties:
    """Who broke the protocol once authenticated is shut out for 60 s; three times in an hour: for an hour."""

    SHORT, LONG, WINDOW, FAULTS, KEPT = 60.0, 3600.0, 3600.0, 3, 1024

    def __init__(self) -> None:
        self._faults: OrderedDict[Hashable, list[float]] = OrderedDict()
        self._until: dict[Hashable, float] = {}

    def fault(self, who: Hashable, now: float) -> float:
        """Note a fault and return until when `who` is shut out."""
        faults = [at for at in self._faults.pop(who, ()) if at > now - self.WINDOW] + [now]
        if len(self._faults) >= self.KEPT:
            oldest, _ = self._faults.popitem(last=False)
            del self._until[oldest]
        self._faults[who] = faults[-self.FAULTS :]
        self._until[who] = now + (self.LONG if len(faults) >= self.FAULTS else self.SHORT)
        return self._until[who]

    def is_shut_out(self, who: Hashable, now: float) -> bool:
        """Tell whether `who` must not be talked to now."""
        return now < self._until.get(who, float("-inf"))
