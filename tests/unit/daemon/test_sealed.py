"""Files that a passphrase opens: the format to the byte, and every way in which one may be wrong."""

from __future__ import annotations

import hashlib
import io
import os
import time
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from p2pim.daemon import sealed
from p2pim.daemon.sealed import BACKUP, CHUNK, HEADER_SIZE, KEY, STANDARD, TAG, Cost, seal, unseal
from p2pim.errors import BadInput, NotNow
from tests.served import CHEAP

SECRET = "correct horse"
SALT = bytes(range(16))


def fixed(size: int) -> bytes:
    assert size == 16
    return SALT


def made(*pieces: bytes, kind: bytes = BACKUP, cost: Cost = CHEAP) -> bytes:
    return b"".join(seal(kind, SECRET, pieces, cost=cost, random=fixed))


def opened(raw: bytes, passphrase: str = SECRET, kind: bytes = BACKUP) -> bytes:
    return b"".join(unseal(kind, passphrase, io.BytesIO(raw), "FILE"))


def by_hand(kind: bytes, plain: bytes) -> bytes:
    """The format as its description says, without any of its code."""
    raw = header = kind + bytes([1, 4, 8, 1]) + SALT
    key = hashlib.scrypt(SECRET.encode(), salt=SALT, n=16, r=8, p=1, dklen=32)
    chunks = [plain[i : i + 65536] for i in range(0, len(plain), 65536)] or [b""]
    for number, chunk in enumerate(chunks):
        nonce = bytes(7) + number.to_bytes(4, "big") + bytes([number == len(chunks) - 1])
        raw += ChaCha20Poly1305(key).encrypt(nonce, chunk, header)
    return raw


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_format_is_as_it_is_described(size: int) -> None:
    plain = bytes(i * 7 % 251 for i in range(size))
    assert made(plain) == by_hand(BACKUP, plain)
    assert opened(by_hand(BACKUP, plain)) == plain


def test_the_format_of_today_is_for_ever() -> None:
    """If this fails, files that people have are no longer read: give the format a new version instead."""
    assert made(bytes(range(32)), kind=KEY).hex() == (
        "503250494d4b455901040801000102030405060708090a0b0c0d0e0f"
        "7b9546b9f313db11d99a35ec0fffd739c710dbd0bc72aa194b34cfe17a569607bd5f2c800bfb0e41d1500b06468cd338"
    )


def test_with_the_cost_that_people_get() -> None:
    raw = made(b"seed", cost=STANDARD)
    assert raw[8:12] == bytes([1, 17, 8, 1])
    began = time.perf_counter()
    assert opened(raw) == b"seed"
    assert time.perf_counter() - began > 0.02  # so many tries a second, and no more
    with pytest.raises(BadInput, match="Wrong passphrase"):
        opened(raw, "correct house")


@given(st.lists(st.binary(max_size=200)), st.integers(1, 40))
def test_pieces_of_any_size_come_back(pieces: list[bytes], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "CHUNK", chunk)
        assert opened(made(*pieces)) == b"".join(pieces)


@pytest.mark.parametrize("passphrase", ["", "Correct horse", "correct horse ", "x" * 1000])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(BadInput, match=r"^Wrong passphrase, or FILE is damaged\.$"):
        opened(made(b"secret"), passphrase)


def test_the_same_letters_are_the_same_passphrase() -> None:
    raw = b"".join(seal(KEY, "cafe\u0301 au lait", [b"x"], cost=CHEAP, random=fixed))
    assert opened(raw, "caf\u00e9 au lait", KEY) == b"x"


def test_every_bit_of_a_file_counts() -> None:
    raw = made(b"secret", kind=KEY)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(BadInput):
            opened(bytes(changed), kind=KEY)


@pytest.fixture
def parts() -> list[bytes]:
    """Header and chunks of a file of four."""
    raw = made(b"a" * CHUNK + b"b" * CHUNK + b"c" * CHUNK + b"d")
    whole = CHUNK + TAG
    return [raw[:HEADER_SIZE], *(raw[HEADER_SIZE + i * whole :][:whole] for i in range(4))]


def test_chunks_that_are_missing_moved_or_doubled_are_found(parts: list[bytes]) -> None:
    header, a, b, c, d = parts
    assert opened(b"".join(parts))
    for wrong in (
        [a, b, c],
        [a],
        [],
        [b, a, c, d],
        [a, c, b, d],
        [a, b, b, c, d],
        [a, b, c, d, d],
        [a, b, d],
    ):
        with pytest.raises(BadInput, match="damaged"):
            opened(header + b"".join(wrong))
    for cut in (1, TAG, len(d), len(d) + 1, len(d) + 1000):
        with pytest.raises(BadInput, match=r"^FILE is damaged or incomplete\.$"):
            opened(b"".join(parts)[:-cut])


def test_what_was_proved_comes_before_what_is_wrong(parts: list[bytes]) -> None:
    header, a, b, _, d = parts
    pieces = unseal(BACKUP, SECRET, io.BytesIO(header + a + b + d), "FILE")
    assert next(pieces) == b"a" * CHUNK
    assert next(pieces) == b"b" * CHUNK
    with pytest.raises(BadInput, match="incomplete"):
        next(pieces)


@pytest.mark.parametrize("cut", [0, 7, 8, 9, HEADER_SIZE - 1, HEADER_SIZE])
def test_a_file_that_is_hardly_there(cut: int) -> None:
    with pytest.raises(BadInput, match="FILE is"):
        opened(made(b"x")[:cut])


def test_one_kind_is_not_the_other() -> None:
    with pytest.raises(BadInput, match="FILE is no such file"):
        opened(made(b"x", kind=KEY), kind=BACKUP)
    forged = BACKUP + made(b"x", kind=KEY)[8:]
    with pytest.raises(BadInput, match="Wrong passphrase"):
        opened(forged)


def test_a_newer_version_is_refused_with_a_sentence() -> None:
    raw = bytearray(made(b"x"))
    raw[8] = 2
    for newer in (bytes(raw), bytes(raw[:9])):
        with pytest.raises(BadInput, match=r"newer p2pim \(version 2 of its format\): update p2pim"):
            opened(newer)


@pytest.mark.parametrize(
    "cost",
    [
        (0, 8, 1),
        (4, 0, 1),
        (4, 8, 0),
        (4, 8, 5),
        (19, 8, 1),
        (17, 32, 1),
        (40, 8, 1),
        (16, 1, 1),
        (255, 255, 255),
    ],
)
def test_a_file_cannot_ask_for_any_amount_of_memory_or_time(cost: tuple[int, int, int]) -> None:
    raw = made(b"x")
    with pytest.raises(BadInput, match="nobody would ask for such"):
        opened(raw[:9] + bytes(cost) + raw[12:])
    with pytest.raises(BadInput, match="nobody would ask for such"):
        opened(raw[:8] + b"\0" + raw[9:])


@pytest.mark.parametrize(
    ("passphrase", "says"),
    [("", "too short"), ("seven77", "too short"), ("x" * 1025, "too long"), ("\ud800" * 8, "valid text")],
)
def test_what_is_no_good_as_a_passphrase(passphrase: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        sealed.check_new_passphrase(passphrase)
    sealed.check_new_passphrase("eight888")


def test_too_little_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(sealed, "Scrypt", lambda **_: SimpleNamespace(derive=fail))
    with pytest.raises(NotNow, match="128 MiB must be free"):
        made(b"x", cost=STANDARD)


def test_neither_side_holds_more_than_a_few_chunks() -> None:
    count = 300

    def pieces() -> Iterator[bytes]:
        for _ in range(count):
            yield bytes(CHUNK)

    class Growing(io.RawIOBase):
        """A file that is written and read at the same time, and keeps nothing that was read."""

        def __init__(self) -> None:
            self.parts = seal(BACKUP, SECRET, pieces(), cost=CHEAP, random=os.urandom)
            self.waiting = b""

        def read(self, size: int = -1) -> bytes:
            while len(self.waiting) < size and (part := next(self.parts, b"")):
                self.waiting += part
            taken, self.waiting = self.waiting[:size], self.waiting[size:]
            return taken

    tracemalloc.start()
    try:
        total = sum(map(len, unseal(BACKUP, SECRET, Growing(), "FILE")))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == count * CHUNK
    assert peak < 16 * CHUNK
