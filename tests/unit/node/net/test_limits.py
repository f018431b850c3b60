from __future__ import annotations

from p2pim.node.net.limits import AcceptLimits, AcceptPolicy, Penalties, Refusal, TokenBucket


def test_a_bucket_allows_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=2, burst=3, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert bucket.ready_in(0) == 0.5
    assert not bucket.take(0.4)
    assert bucket.take(0.5)
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]


def test_a_refused_event_costs_nothing_and_time_never_runs_back() -> None:
    bucket = TokenBucket(rate=1, burst=1, now=10)
    assert bucket.take(10)
    assert not any(bucket.take(10.5) for _ in range(100))
    assert not bucket.take(5)
    assert bucket.ready_in(5) == 0.5
    assert bucket.take(6)
    assert bucket.ready_in(7) == 0


def test_some_tokens_can_be_kept_for_others() -> None:
    bucket = TokenBucket(rate=1, burst=5, now=0)
    assert [bucket.take(0, keep=3) for _ in range(3)] == [True, True, False]
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]


def test_one_address_has_eight_unauthenticated_sockets() -> None:
    limits = AcceptLimits(0)
    assert [limits.admit("10.0.0.1", known=False, now=0) for _ in range(9)] == [None] * 8 + [
        Refusal.SOURCE_FULL
    ]
    assert limits.admit("10.0.0.2", known=False, now=0) is None
    limits.release("10.0.0.1")
    assert limits.admit("10.0.0.1", known=False, now=0) is None


def test_a_64_of_ipv6_counts_as_one_address() -> None:
    limits = AcceptLimits(0)
    for host in range(8):
        assert limits.admit(f"fd00::{host}", known=False, now=0) is None
    assert limits.admit("fd00::9", known=False, now=0) is Refusal.SOURCE_FULL
    assert limits.admit("fd00:0:0:1::9", known=False, now=0) is None


def test_one_address_opens_four_a_second_after_a_burst_of_sixteen() -> None:
    limits = AcceptLimits(0)

    def attempt(now: float) -> Refusal | None:
        refused = limits.admit("10.0.0.1", known=False, now=now)
        if refused is None:
            limits.release("10.0.0.1")
        return refused

    assert [attempt(0) for _ in range(17)] == [None] * 16 + [Refusal.SOURCE_RATE]
    assert [attempt(1) for _ in range(5)] == [None] * 4 + [Refusal.SOURCE_RATE]


def test_a_known_address_gets_in_when_strangers_hold_every_slot() -> None:
    limits = AcceptLimits(0)
    results = [limits.admit(f"10.0.{n}.1", known=False, now=0) for n in range(60)]
    assert results == [None] * 54 + [Refusal.FULL] * 6
    assert [limits.admit(f"10.1.{n}.1", known=True, now=0) for n in range(11)] == [None] * 10 + [Refusal.FULL]
    assert limits.unauthenticated == 64


def test_a_known_address_gets_in_when_strangers_spend_every_handshake() -> None:
    limits = AcceptLimits(0)

    def attempt(n: int, *, known: bool, now: float) -> Refusal | None:
        refused = limits.admit(f"10.{n // 256}.{n % 256}.1", known=known, now=now)
        if refused is None:
            limits.release(f"10.{n // 256}.{n % 256}.1")
        return refused

    results = [attempt(n, known=False, now=0) for n in range(200)]
    assert results == [None] * 90 + [Refusal.RATE] * 110
    assert attempt(300, known=True, now=0) is None
    results = [attempt(400 + n, known=False, now=1) for n in range(100)]
    assert results.count(None) == 29, "30 a second, of which the known address used one"


def test_the_table_of_addresses_is_bounded() -> None:
    policy = AcceptPolicy(
        sources=4, handshake_rate=1e6, handshake_burst=1e6, source_burst=1, source_rate=1e-9
    )
    limits = AcceptLimits(0, policy)
    for n in range(6):
        assert limits.admit(f"10.0.0.{n}", known=False, now=0) is None
        limits.release(f"10.0.0.{n}")
    assert limits.admit("10.0.0.5", known=False, now=0) is Refusal.SOURCE_RATE
    assert limits.admit("10.0.0.0", known=False, now=0) is None, "forgotten, as the least recently seen"


def test_a_fault_shuts_out_for_a_minute_and_the_third_in_an_hour_for_an_hour() -> None:
    penalties = Penalties()
    assert not penalties.is_shut_out(b"a", 0)
    assert penalties.fault(b"a", 0) == 60
    assert penalties.is_shut_out(b"a", 59)
    assert not penalties.is_shut_out(b"a", 60)
    assert not penalties.is_shut_out(b"b", 0)
    assert penalties.fault(b"a", 100) == 160
    assert penalties.fault(b"a", 200) == 3800
    assert penalties.fault(b"a", 8000) == 8060, "old faults are forgotten"


def test_the_table_of_penalties_is_bounded() -> None:
    penalties = Penalties()
    for n in range(Penalties.KEPT + 1):
        penalties.fault(n, 0)
    assert not penalties.is_shut_out(0, 1)
    assert penalties.is_shut_out(1, 1)
    assert penalties.is_shut_out(Penalties.KEPT, 1)
