"""A file that only a passphrase opens: the identity key, and backups.

::

    header   28 bytes   magic (8), version 1, log2 N, r, p (1 byte each), salt (16)
    chunks   of 64 KiB  ChaCha20-Poly1305, 16 bytes longer each; the last one may be shorter

    key      scrypt(passphrase in UTF-8 and NFC, salt, N, r, p), 32 bytes
    nonce    number of the chunk, from 0 (11 bytes, big-endian), then 1 for the last chunk and 0 for any other

Every chunk has the whole header as associated data. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway,
Vizár 2015) in the form that age gave it: a chunk that was changed, moved, left out or cut off does not open. The salt
is drawn anew for every file, so no key ever meets a nonce twice. Either side holds no more than a few chunks at a time.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from p2pim.errors import BadInput, NotNow

KEY: Final = b"P2PIMKEY"
BACKUP: Final = b"P2PIMBAK"
VERSION: Final = 1
CHUNK: Final = 1 << 16
TAG: Final = 16
#: A file may ask for so much memory and time when it is opened, and no more.
MOST_MEMORY: Final = 1 << 28
MOST_PASSES: Final = 4

SHORTEST_PASSPHRASE: Final = 8
LONGEST_PASSPHRASE: Final = 1024

_HEADER: Final = struct.Struct(">8sBBBB16s")
HEADER_SIZE: Final = _HEADER.size


class Cost(NamedTuple):
    """What one try at a passphrase costs: scrypt's parameters."""

    log_n: int
    r: int
    p: int


#: 128 MiB and 0.3 to 0.5 s on a machine of today.
STANDARD: Final = Cost(17, 8, 1)


def check_new_passphrase(passphrase: str) -> None:
    """Raise BadInput unless a passphrase is good enough to be set."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadInput(f"That passphrase is too short: at least {SHORTEST_PASSPHRASE} characters, please.")
    _prepared(passphrase)


def _prepared(passphrase: str) -> bytes:
    """The same bytes for the same text, however a keyboard composes its letters."""
    try:
        raw = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise BadInput("A passphrase must be valid text.") from None
    if len(raw) > LONGEST_PASSPHRASE:
        raise BadInput(f"That passphrase is too long: at most {LONGEST_PASSPHRASE} bytes.")
    return raw


def is_sealed(head: bytes, kind: bytes) -> bool:
    """Whether a file that begins like this is one of ours of that kind, of whatever version."""
    return head[: len(kind)] == kind


def seal(
    kind: bytes,
    passphrase: str,
    plain: Iterable[bytes],
    *,
    cost: Cost = STANDARD,
    random: Callable[[int], bytes],
) -> Iterator[bytes]:
    """The parts of a sealed file, one after the other.

    Args:
        plain: what is to be sealed, in pieces of any size.
        random: a source of secret bytes, for the salt.
    """
    salt = random(16)
    header = _HEADER.pack(kind, VERSION, *cost, salt)
    cipher = _cipher(passphrase, salt, cost)
    yield header
    for number, (chunk, last) in enumerate(_chunks(plain)):
        yield cipher.encrypt(_nonce(number, last), chunk, header)


def unseal(kind: bytes, passphrase: str, file: BinaryIO, name: str) -> Iterator[bytes]:
    """What was sealed, in pieces; each is proved before it is given, that it is the whole only at the end.

    Args:
        name: what the file is called in sentences.

    Raises:
        BadInput: not such a file, a newer one, damaged, cut off, or not this passphrase.
        NotNow: there is not enough memory.
    """
    header = file.read(HEADER_SIZE)
    cost, salt = read_header(kind, header, name)
    cipher = _cipher(passphrase, salt, cost)
    number, block = 0, file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        try:
            plain = cipher.decrypt(_nonce(number, not following), block, header)
        except InvalidTag:
            wrong = f"Wrong passphrase, or {name} is damaged."
            raise BadInput(wrong if number == 0 else f"{name} is damaged or incomplete.") from None
        yield plain
        if not following:
            return
        number, block = number + 1, following


def read_header(kind: bytes, header: bytes, name: str) -> tuple[Cost, bytes]:
    """Scrypt's cost and the salt of a sealed file.

    Raises:
        BadInput: not such a file, a newer one, or it asks for too much.
    """
    if not is_sealed(header, kind):
        raise BadInput(f"{name} is no such file: it does not begin as one.")
    if len(header) > len(kind) and header[len(kind)] > VERSION:
        raise BadInput(
            f"{name} was written by a newer p2pim (version {header[len(kind)]} of its format): update p2pim."
        )
    if len(header) < HEADER_SIZE:
        raise BadInput(f"{name} is damaged or incomplete.")
    _, version, log_n, r, p, salt = _HEADER.unpack(header[:HEADER_SIZE])
    cost = Cost(log_n, r, p)
    sensible = version and 0 < p <= MOST_PASSES and 0 < log_n < min(32, 16 * r)
    if not sensible or (128 * r << log_n) > MOST_MEMORY:
        raise BadInput(f"{name} is damaged: nobody would ask for such scrypt parameters.")
    return cost, salt


def _cipher(passphrase: str, salt: bytes, cost: Cost) -> ChaCha20Poly1305:
    scrypt = Scrypt(salt=salt, length=32, n=1 << cost.log_n, r=cost.r, p=cost.p)
    try:
        return ChaCha20Poly1305(scrypt.derive(_prepared(passphrase)))
    except MemoryError:
        need = (128 * cost.r << cost.log_n) >> 20
        raise NotNow(f"There is not enough memory for the passphrase: {need} MiB must be free.") from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The pieces as chunks, and whether one is the last; only nothing at all makes an empty one."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > CHUNK:
            yield bytes(waiting[:CHUNK]), False
            del waiting[:CHUNK]
    yield bytes(waiting), True
