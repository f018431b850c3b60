"""What the parts cost with nothing around them: the floor under every figure of ours. All in milliseconds."""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _contest import TEXT
from cryptography.hazmat.primitives.asymmetric import ed25519
from noise.connection import Keypair, NoiseConnection

PATTERN = b"Noise_XXpsk0_25519_ChaChaPoly_SHA256"


def _milliseconds(action: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000


def _noise_pair() -> tuple[NoiseConnection, NoiseConnection]:
    pair = NoiseConnection.from_name(PATTERN), NoiseConnection.from_name(PATTERN)
    pair[0].set_as_initiator()
    pair[1].set_as_responder()
    for side in pair:
        side.set_psks(psk=bytes(32))
        side.set_keypair_from_private_bytes(Keypair.STATIC, os.urandom(32))
        side.start_handshake()
    sender, receiver = pair
    for _ in range(3):
        receiver.read_message(sender.write_message())
        sender, receiver = receiver, sender
    return pair


def noise(times: int) -> dict[str, float]:
    """Time a handshake, and a text there and back, both sides in this process."""
    a, b = _noise_pair()
    text = TEXT.encode()

    def round_trip() -> None:
        b.decrypt(a.encrypt(text))
        a.decrypt(b.encrypt(text))

    return {
        "Noise handshake, both sides": _milliseconds(_noise_pair, max(3, times // 10)),
        "Noise round trip, both sides": _milliseconds(round_trip, times),
    }


def signatures(times: int) -> dict[str, float]:
    """Time signing and verifying a text."""
    key = ed25519.Ed25519PrivateKey.generate()
    public, text = key.public_key(), TEXT.encode()
    signature = key.sign(text)
    return {
        "Ed25519 sign": _milliseconds(lambda: key.sign(text), times),
        "Ed25519 verify": _milliseconds(lambda: public.verify(signature, text), times),
    }


def commits(times: int) -> dict[str, float]:
    """Time durable commits of one row and of a hundred, in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "bench.db", isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("CREATE TABLE message (id BLOB PRIMARY KEY, text TEXT) STRICT")

            def commit(rows: int) -> None:
                database.execute("BEGIN IMMEDIATE")
                new = [(os.urandom(32), TEXT) for _ in range(rows)]
                database.executemany("INSERT INTO message VALUES (?, ?)", new)
                database.execute("COMMIT")

            return {
                "SQLite FULL commit of 1 row": _milliseconds(lambda: commit(1), times),
                "SQLite FULL commit of 100 rows": _milliseconds(lambda: commit(100), max(3, times // 10)),
            }
        finally:
            database.close()
