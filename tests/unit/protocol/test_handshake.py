from __future__ import annotations

from typing import Any

import msgspec
import pytest

from p2pim.errors import HandshakeError, LocalProtocolError
from p2pim.protocol import handshake as module
from p2pim.protocol.handshake import Handshake, Remote, Session, StaticKey
from p2pim.protocol.identity import Identity
from tests import reference_noise
from tests.wire import Dice

PSK = b"k" * 32
PREAMBLE = b"p" * 40
ALICE, BOB = Identity(b"a" * 32), Identity(b"b" * 32)


def make(name: str, *, initiator: bool, psk: bytes = PSK, preamble: bytes = PREAMBLE) -> Handshake:
    dice = Dice(name)
    return Handshake(
        initiator=initiator,
        psk=psk,
        preamble=preamble,
        identity=ALICE if initiator else BOB,
        static=StaticKey(dice(32)),
        boot_id=name.encode().ljust(8),
        random=dice,
    )


def make_both() -> tuple[Handshake, Handshake]:
    return make("alice", initiator=True), make("bob", initiator=False)


def finish(a: Handshake, b: Handshake) -> tuple[Session, Session]:
    b.read(a.write())
    a.read(b.write())
    b.read(a.write())
    assert a.session is not None
    assert b.session is not None
    return a.session, b.session


def test_both_learn_who_the_other_is_and_share_a_session() -> None:
    a, b = make_both()
    b.read(a.write())
    assert a.remote is None
    assert b.remote is None
    a.read(b.write())
    assert a.remote == Remote(BOB.peer_id, b"bob     ")
    assert a.session is None
    b.read(a.write())
    assert b.remote == Remote(ALICE.peer_id, b"alice   ")
    assert a.session is not None
    assert b.session is not None
    assert a.session.handshake_hash == b.session.handshake_hash
    assert b.session.decrypt(a.session.encrypt(b"ping")) == b"ping"
    assert a.session.decrypt(b.session.encrypt(b"pong")) == b"pong"


def test_messages_have_the_sizes_of_the_specification() -> None:
    a, b = make_both()
    first = a.write()
    b.read(first)
    second = b.write()
    a.read(second)
    assert (len(first), len(second), len(a.write())) == (48, 210, 180)


@pytest.mark.parametrize("initiator", [True, False])
def test_an_independent_implementation_agrees(initiator: bool) -> None:
    """Either side may be the package's; the other is written from the Noise specification."""
    ours = make("alice", initiator=initiator)
    theirs = reference_noise.Party(not initiator, b"p2pim/1" + PREAMBLE, PSK, b"s" * 32, b"e" * 32)
    identity = BOB if initiator else ALICE
    signature = identity.sign("static", reference_noise.public(b"s" * 32))
    fields = {0: identity.peer_id, 1: signature, 2: b"theirs !", 3: 0}
    payload = msgspec.msgpack.encode(fields)
    if initiator:
        theirs.read(ours.write())
        ours.read(theirs.write(payload))
        theirs.read(ours.write())
    else:
        ours.read(theirs.write(b""))
        theirs.read(ours.write())
        ours.read(theirs.write(payload))
    assert ours.remote == Remote(identity.peer_id, b"theirs !")
    assert ours.session is not None
    assert ours.session.handshake_hash == theirs.h
    outbound, inbound = theirs.split() if not initiator else reversed(theirs.split())
    assert ours.session.decrypt(outbound.encrypt(b"hello")) == b"hello"
    assert inbound.decrypt(ours.session.encrypt(b"hello yourself")) == b"hello yourself"


@pytest.mark.parametrize("high_bit", [0x00, 0x80])
def test_a_second_form_of_a_static_key_is_refused(high_bit: int) -> None:
    """The top bit changes nothing in the computation: without a check the handshake would succeed."""
    ours = make("bob", initiator=False)
    theirs = reference_noise.Party(True, b"p2pim/1" + PREAMBLE, PSK, b"s" * 32, b"e" * 32)
    theirs.s_public = theirs.s_public[:31] + bytes((theirs.s_public[31] | high_bit,))
    signature = ALICE.sign("static", theirs.s_public)
    ours.read(theirs.write(b""))
    theirs.read(ours.write())
    third = theirs.write(msgspec.msgpack.encode({0: ALICE.peer_id, 1: signature, 2: b"theirs !", 3: 0}))
    if high_bit:
        with pytest.raises(HandshakeError):
            ours.read(third)
    else:
        ours.read(third)
    assert (ours.session is None) is bool(high_bit)


def test_taking_turns_is_enforced() -> None:
    a, b = make_both()
    with pytest.raises(LocalProtocolError, match="turn"):
        b.write()
    with pytest.raises(LocalProtocolError, match="turn"):
        a.read(b"")
    finish(a, b)
    for late in (a.write, b.write):
        with pytest.raises(LocalProtocolError, match="turn"):
            late()


@pytest.mark.parametrize("difference", [{"psk": b"x" * 32}, {"preamble": b"x" * 40}])
def test_another_network_or_preamble_fails_at_the_first_message(difference: dict[str, bytes]) -> None:
    a = make("alice", initiator=True)
    b = make("bob", initiator=False, **difference)
    with pytest.raises(HandshakeError):
        b.read(a.write())


def test_n1_a_failed_read_is_the_end() -> None:
    a, b = make_both()
    b.read(a.write())
    second = bytearray(b.write())
    second[-1] ^= 1
    with pytest.raises(HandshakeError):
        a.read(bytes(second))
    second[-1] ^= 1
    with pytest.raises(HandshakeError):  # the right message comes too late
        a.read(bytes(second))
    with pytest.raises(LocalProtocolError):
        a.write()
    assert a.session is None
    assert a.remote is None
    assert a._noise is None


def test_n2_every_failure_is_one_error_without_a_detail() -> None:
    seen = set()
    for message in (b"", b"x", b"x" * 31, bytes(48), b"x" * 48, b"\xff" * 48, b"x" * 1024, b"x" * 1025):
        b = make("bob", initiator=False)
        with pytest.raises(HandshakeError) as caught:
            b.read(message)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        seen.add(str(caught.value))
    assert seen == {"The handshake failed."}


def test_n4_sizes_are_bounded_both_ways() -> None:
    ours, theirs = finish(*make_both())
    assert len(theirs.decrypt(ours.encrypt(bytes(65_519)))) == 65_519
    with pytest.raises(LocalProtocolError, match="fit"):
        ours.encrypt(bytes(65_520))
    assert theirs.decrypt(ours.encrypt(b"still alive")) == b"still alive"


@pytest.mark.parametrize("size", [1_024, 1_025])
def test_n4_a_handshake_message_is_bounded_however_right_it_is(size: int) -> None:
    a, b = make_both()
    empty = payload_of({9: bytes(256)}, StaticKey(Dice("alice")(32)), ALICE)
    filler = 256 + size - (64 + len(empty))
    a._payloads = (b"", b"", payload_of({9: bytes(filler)}, StaticKey(Dice("alice")(32)), ALICE))
    b.read(a.write())
    a.read(b.write())
    third = a.write()
    assert len(third) == size
    if size > 1_024:
        with pytest.raises(HandshakeError):
            b.read(third)
    else:
        b.read(third)


def test_n8_a_bad_record_kills_the_session_for_good() -> None:
    ours, theirs = finish(*make_both())
    sealed = ours.encrypt(b"one")
    with pytest.raises(HandshakeError):
        theirs.decrypt(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(HandshakeError):
        theirs.decrypt(sealed)
    with pytest.raises(HandshakeError):
        theirs.encrypt(b"no more")


def test_n8_a_failed_encryption_kills_the_session_too() -> None:
    ours, _ = finish(*make_both())
    wrong: Any = "text"
    with pytest.raises(HandshakeError):
        ours.encrypt(wrong)
    with pytest.raises(HandshakeError):
        ours.encrypt(b"right")


def test_n10_nothing_keeps_the_noise_object_alive() -> None:
    a, b = make_both()
    held = a._noise.noise_protocol
    finish(a, b)
    assert a._noise is None
    assert b._noise is None
    assert held.keypairs == {}


def test_n11_a_package_with_other_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module.check_package.cache_clear()
    module.check_package()
    module.check_package.cache_clear()
    monkeypatch.setattr(module, "_KNOWN_ANSWER", bytes(32))
    with pytest.raises(LocalProtocolError, match="wrong answers"):
        StaticKey.generate(Dice("static"))


def test_a_static_key_comes_from_the_given_randomness_and_prints_nothing() -> None:
    static = StaticKey.generate(Dice("static"))
    assert static.public == reference_noise.public(Dice("static")(32))
    assert repr(static) == "<StaticKey>"


def test_a_certificate_is_made_once_for_each_identity() -> None:
    static = StaticKey(b"s" * 32)
    assert static.certificate(ALICE) is static.certificate(ALICE)
    assert static.certificate(ALICE) == ALICE.sign("static", static.public)
    assert static.certificate(BOB) == BOB.sign("static", static.public)


def test_a_first_message_that_says_something_is_refused() -> None:
    a, b = make_both()
    a._payloads = (b"?", b"", b"")
    with pytest.raises(HandshakeError):
        b.read(a.write())


GOOD: dict[int, Any] = {0: BOB.peer_id, 2: b"bob     "}
PAYLOADS: dict[str, Any] = {
    "no map": [1],
    "nothing": {},
    "no identity": {0: None},
    "no signature": {1: None},
    "no boot id": {2: None},
    "identity is text": {0: "b" * 32},
    "identity is a list": {0: [1]},
    "identity is short": {0: bytes(31)},
    "identity of small order": {0: bytes(32)},
    "signature is text": {1: "s" * 64},
    "signature is short": {1: bytes(63)},
    "signature of nothing": {1: bytes(64)},
    "boot id is short": {2: bytes(7)},
    "boot id is long": {2: bytes(9)},
    "boot id is text": {2: "boot idx"},
    "text key": {"0": 1},
}


def payload_of(change: Any, static: StaticKey, identity: Identity) -> bytes:
    if not isinstance(change, dict) or not change:
        return msgspec.msgpack.encode(change)
    fields = {0: identity.peer_id, 1: static.certificate(identity), 2: b"boot id!", 3: 0} | change
    return msgspec.msgpack.encode({key: value for key, value in fields.items() if value is not None})


@pytest.mark.parametrize("change", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_responder_that_proves_nothing_is_refused(change: Any) -> None:
    a, b = make_both()
    b._payloads = (b"", payload_of(change, StaticKey(Dice("bob")(32)), BOB), b"")
    b.read(a.write())
    with pytest.raises(HandshakeError):
        a.read(b.write())
    assert a.remote is None


CLASSES: dict[str, Any] = {"none there is": 2, "missing": None, "false": False, "float": 0.0, "text": "0"}


@pytest.mark.parametrize("change", [*PAYLOADS.values(), *({3: value} for value in CLASSES.values())])
def test_an_initiator_that_proves_nothing_is_refused(change: Any) -> None:
    a, b = make_both()
    a._payloads = (b"", b"", payload_of(change, StaticKey(Dice("alice")(32)), ALICE))
    b.read(a.write())
    a.read(b.write())
    with pytest.raises(HandshakeError):
        b.read(a.write())
    assert b.remote is None
    assert b.session is None


def test_unknown_fields_in_a_payload_are_ignored() -> None:
    a, b = make_both()
    a._payloads = (b"", b"", payload_of({9: {"new": [1]}}, StaticKey(Dice("alice")(32)), ALICE))
    finish(a, b)
    assert b.remote == Remote(ALICE.peer_id, b"boot id!")


def test_each_direction_changes_its_key_after_65_536_records() -> None:
    ours, theirs = finish(*make_both())
    for i in range(65_540):
        plaintext = i.to_bytes(4, "big")
        assert theirs.decrypt(ours.encrypt(plaintext)) == plaintext
    # the other direction has its own count and is still at the beginning
    assert ours.decrypt(theirs.encrypt(b"first")) == b"first"


def test_the_key_change_is_the_noise_rekey_and_keeps_the_count() -> None:
    a = make("alice", initiator=True)
    b = reference_noise.Party(False, b"p2pim/1" + PREAMBLE, PSK, b"s" * 32, b"e" * 32)
    signature = BOB.sign("static", reference_noise.public(b"s" * 32))
    b.read(a.write())
    a.read(b.write(msgspec.msgpack.encode({0: BOB.peer_id, 1: signature, 2: b"boot id!"})))
    b.read(a.write())
    assert a.session is not None
    cipher, _ = b.split()
    for _ in range(65_535):
        a.session.encrypt(b"")
    cipher.count = 65_535
    assert cipher.decrypt(a.session.encrypt(b"last")) == b"last"
    cipher.rekey()
    assert cipher.decrypt(a.session.encrypt(b"first")) == b"first"
    assert cipher.count == 65_537
