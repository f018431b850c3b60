"""An attacker behind a valid session: a peer that anyone may be on the open network."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from noise.backends.default.ciphers import CryptographyCipher

from p2pim.protocol import records
from p2pim.protocol.connection import Closed, Reason
from p2pim.protocol.frames import frame
from tests.wire import End, exchange, make_end, make_pair, ready_pair

TEXT = records.State(0, "text")

# attack 14: MessagePack bombs, behind a valid session


BOMBS = {
    "deep arrays": b"\x91" * 65_000,
    "deep maps": b"\x81\x01" * 32_000,
    "4 GiB array": b"\xdd\xff\xff\xff\xff",
    "4 GiB map": b"\xdf\xff\xff\xff\xff",
    "4 GiB text": b"\xdb\xff\xff\xff\xff",
    "4 GiB bytes": b"\xc6\xff\xff\xff\xff",
    "4 GiB extension": b"\xc9\xff\xff\xff\xff\x01",
    "extension": b"\xd4\x01\x00",
    "timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "reserved byte": b"\xc1",
    "map with the same key twice": b"\x82\x00\x01\x00\x01",
    "trailing bytes": b"\x91\x01\x00",
    "float": b"\x91\xca\x7f\xc0\x00\x00",
    "nothing": b"",
}


# PING and PONG are raw bytes; FCALL has no elements, so one more is something newer
PASSED_OVER = {*((code, what) for code in (0x02, 0x03) for what in BOMBS), (0x4A, "float")}
HARMFUL = [
    pytest.param(code, body, id=f"{code:02x} {what}")
    for code in records.TYPES.values()
    for what, body in BOMBS.items()
    if (code, what) not in PASSED_OVER
]


@pytest.mark.parametrize(("code", "body"), HARMFUL)
def test_a_bomb_ends_the_connection_with_bye_2(code: int, body: bytes) -> None:
    a, b = ready_pair()
    assert a.connection._session is not None
    a.connection._out.append(frame(a.connection._session.encrypt(bytes((code,)) + body)))
    exchange(a, b)
    assert b.events == [Closed(Reason.PROTOCOL, records.PROTOCOL, False)]
    assert a.events == [Closed(Reason.BYE, records.PROTOCOL, True)]


@pytest.mark.parametrize("body", [*BOMBS.values(), msgspec.msgpack.encode({0: [[]] * 200})])
def test_a_bomb_in_the_handshake_is_fatal(body: bytes) -> None:
    a, b = make_pair()
    assert a.connection._handshake is not None
    a.connection._handshake._payloads = (b"", b"", body[:600])
    exchange(a, b)
    assert b.events == [Closed(Reason.HANDSHAKE, records.PROTOCOL, False)]


# I11: a key never sees a nonce twice


class Spy:
    """Stands beside every encryption and remembers key and nonce, for the side that is acting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[tuple[bytes, bytes, int]] = set()
        self.calls = 0
        self.acting = b""
        real = CryptographyCipher.encrypt

        def encrypt(cipher: Any, key: bytes, n: int, ad: bytes, plaintext: bytes) -> bytes:
            self.calls += 1
            self.seen.add((self.acting, key, n))
            ciphertext: bytes = real(cipher, key, n, ad, plaintext)
            return ciphertext

        monkeypatch.setattr(CryptographyCipher, "encrypt", encrypt)


def test_no_key_and_nonce_are_used_twice_across_key_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    spy.acting = b"a"
    a = make_end("alice", initiator=True)
    spy.acting = b"b"
    b = make_end("bob", initiator=False)

    def carry(source: End, target: End, mark: bytes) -> None:
        data = source.connection.data_to_send()
        spy.acting = mark
        target.connection.receive_data(data, 0.0)
        target.drain()

    for _ in range(2):
        carry(a, b, b"b")
        carry(b, a, b"a")
    for _ in range(66):
        spy.acting = b"a"
        for _ in range(1_000):
            a.connection.send(TEXT)
        carry(a, b, b"b")
        for _ in range(10):
            b.connection.send(TEXT)
        carry(b, a, b"a")
    assert len(b.events) == 1 + 66_000
    assert len(a.events) == 1 + 660
    assert spy.calls > 66_660
    assert len(spy.seen) == spy.calls
    assert len({key for _, key, n in spy.seen if n > 1_000}) == 2  # the first key and the one after it
