"""An attacker on the path, or at the other end, of a connection: nothing it does makes a session or a record.

Everything is deterministic (the same names give the same keys and the same bytes), so that a victim can be
made anew for each case and be met with the one bit that is changed.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from itertools import permutations
from math import inf
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from p2pim.protocol import records
from p2pim.protocol.connection import Closed, Connection, ConnectionState, Ready, Reason, RecordReceived
from p2pim.protocol.frames import frame
from p2pim.protocol.handshake import StaticKey
from p2pim.protocol.identity import Identity
from p2pim.protocol.network import OPEN, make_preamble
from tests import reference_noise
from tests.wire import End, exchange, make_end, make_pair, ready_pair

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
TEXT = records.State(0, "text")


def conversation() -> dict[str, bytes]:
    """Everything that is sent until both are ready, and one record: piece by piece."""
    a, b = make_pair()
    opening = a.connection.data_to_send()
    b.connection.receive_data(opening, 0.0)
    second = b.connection.data_to_send()
    a.connection.receive_data(second, 0.0)
    a.drain()
    third = a.connection.data_to_send()
    b.connection.receive_data(third, 0.0)
    b.drain()
    answer = b.connection.data_to_send()
    a.connection.receive_data(answer, 0.0)
    a.drain()
    a.connection.send(TEXT)
    b.connection.send(TEXT)
    end_of_third = 2 + int.from_bytes(third[:2], "big")
    return {
        "preamble": opening[:40],
        "message 1": opening[40:],
        "message 2": second,
        "message 3": third[:end_of_third],
        "hello a": third[end_of_third:],
        "hello b": answer,
        "record a": a.connection.data_to_send(),
        "record b": b.connection.data_to_send(),
    }


SAID = conversation()
TO_RESPONDER = ("preamble", "message 1", "message 3", "hello a", "record a")
TO_INITIATOR = ("message 2", "hello b", "record b")


def victim(initiator: bool, heard: tuple[str, ...]) -> End:
    """One side that has heard so much of the conversation already."""
    end = make_end("alice" if initiator else "bob", initiator=initiator)
    for part in heard:
        end.connection.receive_data(SAID[part], 0.0)
        end.drain()
    end.events.clear()
    end.connection.data_to_send()
    return end


def outlive(end: End) -> None:
    """Let time pass until the connection gives up what it still waits for."""
    for _ in range(10):
        if end.connection.deadline() == inf:
            return
        end.connection.tick(end.connection.deadline())
        end.drain()
    raise AssertionError("It never gave up.")


def assert_nothing_gained(end: End) -> None:
    outlive(end)
    assert [type(event) for event in end.events] == [Closed]
    assert end.connection.state is ConnectionState.CLOSED


def flips(part: bytes) -> Iterator[bytes]:
    for position in range(len(part)):
        for bit in range(8):
            yield part[:position] + bytes((part[position] ^ 1 << bit,)) + part[position + 1 :]


CASES = [(False, i) for i in range(len(TO_RESPONDER))] + [(True, i) for i in range(len(TO_INITIATOR))]


def case(initiator: bool, index: int) -> tuple[tuple[str, ...], bytes]:
    parts = TO_INITIATOR if initiator else TO_RESPONDER
    return parts[:index], SAID[parts[index]]


def name_of(value: Any) -> str:
    return f"to {'initiator' if value else 'responder'}" if isinstance(value, bool) else str(value)


# attack 5: every bit


@pytest.mark.parametrize(("initiator", "index"), CASES, ids=name_of)
def test_every_flipped_bit_is_fatal(initiator: bool, index: int) -> None:
    heard, part = case(initiator, index)
    for flipped in flips(part):
        end = victim(initiator, heard)
        end.connection.receive_data(flipped, 0.0)
        end.drain()
        assert_nothing_gained(end)


def test_without_a_flip_the_same_bytes_do_make_a_session() -> None:
    """Or the test above would show nothing."""
    for initiator, parts in ((True, TO_INITIATOR), (False, TO_RESPONDER)):
        end = victim(initiator, parts[:-2])
        for part in parts[-2:]:
            end.connection.receive_data(SAID[part], 0.0)
            end.drain()
        assert [type(event) for event in end.events] == [Ready, RecordReceived]


# attack 4: replay, reflect, reorder, cut


@pytest.mark.parametrize(("initiator", "index"), CASES, ids=name_of)
def test_every_cut_is_waited_for_and_given_up(initiator: bool, index: int) -> None:
    heard, part = case(initiator, index)
    for length in range(len(part)):
        end = victim(initiator, heard)
        end.connection.receive_data(part[:length], 0.0)
        end.drain()
        assert end.events == []
        if length % 2:
            end.connection.end_of_stream(0.1)
            end.drain()
        assert_nothing_gained(end)


@pytest.mark.parametrize(("initiator", "index"), CASES, ids=name_of)
def test_any_other_part_in_place_of_the_right_one_is_fatal(initiator: bool, index: int) -> None:
    """Said before, said later, or said by the victim itself."""
    heard, right = case(initiator, index)
    for part in SAID.values():
        if part == right:
            continue
        end = victim(initiator, heard)
        end.connection.receive_data(part, 0.0)
        end.drain()
        assert_nothing_gained(end)


def test_a_recorded_conversation_opens_nothing_at_a_fresh_responder() -> None:
    end = make_end("bob after a restart", initiator=False)
    for part in TO_RESPONDER:
        end.connection.receive_data(SAID[part], 0.0)
        end.drain()
    assert end.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]
    assert end.connection.peer_id is None


def test_a_recorded_answer_opens_nothing_at_a_fresh_initiator() -> None:
    end = make_end("alice after a restart", initiator=True)
    for part in TO_INITIATOR:
        end.connection.receive_data(SAID[part], 0.0)
    end.drain()
    assert end.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]
    assert end.connection.peer_id is None


def test_records_said_again_or_in_another_order_are_fatal() -> None:
    a, b = ready_pair()
    frames = []
    for text in ("one", "two", "three"):
        a.connection.send(records.State(0, text))
        frames.append(a.connection.data_to_send())
    for order in [*permutations(range(3)), (0, 0), (0, 1, 1), (1,)]:
        if order == (0, 1, 2):
            continue
        a, b = ready_pair()
        for i in order:
            b.connection.receive_data(frames[i], 0.0)
        b.drain()
        right = next(i for i, j in enumerate(order) if i != j)
        assert len(b.events) == right + 1
        assert b.events[-1] == Closed(Reason.SESSION, records.PROTOCOL, False)


def test_own_records_reflected_are_fatal() -> None:
    a, _ = ready_pair()
    a.connection.send(TEXT)
    a.connection.receive_data(a.connection.data_to_send(), 0.0)
    assert a.drain() == [Closed(Reason.SESSION, records.PROTOCOL, False)]


def test_own_opening_reflected_is_fatal() -> None:
    a = make_end("alice", initiator=True)
    a.connection.receive_data(a.connection.data_to_send(), 0.0)
    a.drain()
    assert_nothing_gained(a)


# attack 6: keys and signatures


LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    P - 1,
    P,
    P + 1,
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_an_ephemeral_of_low_order_is_fatal_to_whoever_hears_it(point: int) -> None:
    for raw in (point, point | 1 << 255):
        b = make_end("bob", initiator=False)
        b.connection.receive_data(opening_with_ephemeral(raw.to_bytes(32, "little")), 0.0)
        b.drain()
        assert b.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]
        assert b.connection.data_to_send() == b""


def opening_with_ephemeral(public: bytes) -> bytes:
    """A preamble and message 1 that are right in every way but for the point in it."""
    preamble = make_preamble(OPEN, bytes(16))
    party = reference_noise.Party(True, b"p2pim/1" + preamble, OPEN.psk, bytes(32), bytes(32))
    party.mix_psk()
    party.mix_hash(public)
    party.mix_key(public)
    return preamble + frame(public + party.seal(b""))


def test_a_right_point_in_the_same_message_is_answered() -> None:
    """Or the tests around this one would show nothing."""
    b = make_end("bob", initiator=False)
    b.connection.receive_data(opening_with_ephemeral((9).to_bytes(32, "little")), 0.0)
    assert b.drain() == []
    assert b.connection.data_to_send() != b""


@pytest.mark.parametrize("point", [P + 9, 9 | 1 << 255, 2**256 - 1])
def test_a_second_form_of_a_point_is_refused(point: int) -> None:
    b = make_end("bob", initiator=False)
    b.connection.receive_data(opening_with_ephemeral(point.to_bytes(32, "little")), 0.0)
    assert b.drain() == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


def test_the_library_refuses_to_compute_with_low_order_points() -> None:
    key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    for point in LOW_ORDER:
        with pytest.raises(ValueError, match="shared key"):
            key.exchange(X25519PublicKey.from_public_bytes(point.to_bytes(32, "little")))


class Liar(Identity):
    """Signs with one key and claims to be another."""

    def __init__(self, seed: bytes, claimed: bytes) -> None:
        super().__init__(seed)
        object.__setattr__(self, "peer_id", claimed)


def test_the_signature_of_another_key_proves_nothing() -> None:
    bob = Identity(b"b" * 32)
    for initiator in (True, False):
        mallory = make_end("mallory", initiator=initiator, identity=Liar(b"m" * 32, bob.peer_id))
        other = make_end("other", initiator=not initiator)
        exchange(mallory, other)
        assert other.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]
        assert other.policy.asked == []


class Thief(Identity):
    """Has no key of its own: shows a certificate that somebody else's static key once got."""

    def __init__(self, stolen: bytes, owner: bytes) -> None:
        super().__init__(bytes(32))
        self.stolen = stolen
        object.__setattr__(self, "peer_id", owner)

    def sign(self, context: str, data: bytes) -> bytes:
        return self.stolen


def test_a_certificate_is_worth_nothing_with_another_static_key() -> None:
    bob = Identity(b"b" * 32)
    certificate = StaticKey(b"s" * 32).certificate(bob)
    for initiator in (True, False):
        mallory = make_end("mallory", initiator=initiator, identity=Thief(certificate, bob.peer_id))
        other = make_end("other", initiator=not initiator)
        exchange(mallory, other)
        assert other.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


class Malleable(Identity):
    """Adds the group order to its signatures: the same signature in another form."""

    def sign(self, context: str, data: bytes) -> bytes:
        signature = super().sign(context, data)
        larger = int.from_bytes(signature[32:], "little") + L
        return signature[:32] + larger.to_bytes(32, "little")


def test_a_signature_with_s_not_below_l_is_refused() -> None:
    mallory = make_end("mallory", initiator=True, identity=Malleable(b"m" * 32))
    other = make_end("other", initiator=False)
    exchange(mallory, other)
    assert other.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


class Nobody(Identity):
    """Claims a key of small order, under which the library takes one signature for any text."""

    def __init__(self, key: int) -> None:
        super().__init__(bytes(32))
        object.__setattr__(self, "peer_id", key.to_bytes(32, "little"))

    def sign(self, context: str, data: bytes) -> bytes:
        return b"\x58" + b"\x66" * 31 + (1).to_bytes(32, "little")


@pytest.mark.parametrize("key", [1, P + 1, 1 | 1 << 255])
def test_an_identity_of_small_order_is_refused(key: int) -> None:
    for initiator in (True, False):
        mallory = make_end("mallory", initiator=initiator, identity=Nobody(key))
        other = make_end("other", initiator=not initiator)
        exchange(mallory, other)
        assert other.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


# attack 8: downgrade


@pytest.mark.parametrize(("position", "value"), [(4, 0), (4, 2), (5, 2), (5, 0x80), (6, 1), (7, 1)])
def test_another_version_or_flag_is_refused_even_with_a_right_tag(position: int, value: int) -> None:
    """The open network's key is public: anybody on the path can make the tag."""
    head = bytearray(SAID["preamble"][:24])
    head[position] = value
    tag = hmac.digest(OPEN.dial, bytes(head), "sha256")[:16]
    b = make_end("bob", initiator=False)
    b.connection.receive_data(bytes(head) + tag + SAID["message 1"], 0.0)
    assert b.drain() == [Closed(Reason.NO_NETWORK, records.NOT_AUTHORISED, False)]
    assert b.connection.data_to_send() == b""


def test_a_preamble_that_was_replaced_on_the_way_breaks_the_handshake() -> None:
    b = make_end("bob", initiator=False)
    b.connection.receive_data(make_preamble(OPEN, bytes(16)) + SAID["message 1"], 0.0)
    assert b.drain() == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


# I9: an identity is reported only if its owner took part


def test_nobody_is_named_before_being_proven() -> None:
    reported: list[Connection] = []
    for name in SAID:
        end = make_end("bob", initiator=False)
        end.connection.receive_data(SAID["preamble"], 0.0)
        end.connection.receive_data(SAID[name], 0.0)
        end.drain()
        if end.connection.peer_id is not None or end.policy.asked:
            reported.append(end.connection)
    assert reported == []
