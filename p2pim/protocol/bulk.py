"""What is said on a bulk connection, which carries files and nothing else (SPEC section 18). One record, one frame.

Whoever fetches asks, whoever serves answers, so that neither ever waits for the other to read. Bodies are raw bytes
of fixed shape: a megabyte is cut and joined without being packed and unpacked.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from p2pim.errors import DecodeError
from p2pim.protocol.offer import CHUNK, MAX_CHUNKS, PAGE

#: 0x46, the first record of both sides, the responder's first.
FOPEN: Final = 0x46
#: 0x40 a page of a listing, please; 0x41 here it is.
FLIST: Final = 0x40
FHASH: Final = 0x41
#: 0x42 a chunk, please; 0x43 a piece of it; 0x44 no; 0x45 I have these chunks.
FGET: Final = 0x42
FDATA: Final = 0x43
FERR: Final = 0x44
FHAVE: Final = 0x45

#: Roles in FOPEN: the responder names none.
RESPONDER, FETCHES, SERVES = 0, 1, 2

#: Codes of FERR. What was never offered, was offered elsewhere, or is not here at present sounds the same.
UNAVAILABLE: Final = 1
CHANGED: Final = 2

#: Bytes of a chunk in one FDATA: a chunk takes 17 that are equally long.
PIECE: Final = 61_696
PIECES: Final = -(-CHUNK // PIECE)
#: Chunks whose presence one FHAVE tells.
HAVE_CHUNKS: Final = 8 * 60_000
#: How many requests of one connection may be unanswered.
MAX_ASKED: Final = 16

_ASK: Final = struct.Struct(">BI32sI")
_DATA: Final = struct.Struct(">BII")
_HASHES: Final = struct.Struct(">BI")
_ERROR: Final = struct.Struct(">BIB")
_HAVE: Final = struct.Struct(">B32sI")

DATA_HEAD: Final = _DATA.size


class Ask(NamedTuple):
    """FLIST or FGET: ``which`` page or chunk of a root. ``number`` is the asker's, and in the answer."""

    kind: int
    number: int
    root: bytes
    which: int


class Data(NamedTuple):
    """FDATA: bytes of a chunk, from ``offset`` on."""

    number: int
    offset: int
    piece: memoryview


class Hashes(NamedTuple):
    """FHASH: a page of a listing."""

    number: int
    page: bytes


class Refused(NamedTuple):
    """FERR: why not."""

    number: int
    code: int


class Have(NamedTuple):
    """FHAVE: from chunk ``first`` on, a multiple of 8, a bit each, the highest of a byte first."""

    root: bytes
    first: int
    bits: bytes


class Open(NamedTuple):
    """FOPEN: what the sender came for."""

    role: int


BulkRecord = Ask | Data | Hashes | Refused | Have | Open


def ask(kind: int, number: int, root: bytes, which: int) -> bytes:
    """FLIST or FGET."""
    return _ASK.pack(kind, number, root, which)


def data_head(number: int, offset: int) -> bytes:
    """What stands before the bytes of an FDATA."""
    return _DATA.pack(FDATA, number, offset)


def hashes(number: int, page: bytes) -> bytes:
    """FHASH."""
    return _HASHES.pack(FHASH, number) + page


def refused(number: int, code: int) -> bytes:
    """FERR."""
    return _ERROR.pack(FERR, number, code)


def have(root: bytes, first: int, bits: bytes) -> bytes:
    """FHAVE."""
    return _HAVE.pack(FHAVE, root, first) + bits


def opening(role: int) -> bytes:
    """FOPEN."""
    return bytes((FOPEN, role))


def decode(plaintext: bytes) -> BulkRecord:
    """Read one record; DecodeError, and nothing else, if its bytes break a rule."""
    code, size = plaintext[0] if plaintext else 0, len(plaintext)
    if code == FDATA and DATA_HEAD < size <= DATA_HEAD + PIECE:
        _, number, offset = _DATA.unpack_from(plaintext)
        if offset + size - DATA_HEAD > CHUNK:
            raise DecodeError("A piece goes beyond its chunk.")
        return Data(number, offset, memoryview(plaintext)[DATA_HEAD:])
    if code in (FLIST, FGET) and size == _ASK.size:
        asked = Ask(*_ASK.unpack(plaintext))
        if asked.which >= MAX_CHUNKS:
            raise DecodeError("There is no such chunk.")
        return asked
    if code == FHASH and _HASHES.size <= size <= _HASHES.size + PAGE:
        return Hashes(int.from_bytes(plaintext[1:5], "big"), plaintext[_HASHES.size :])
    if code == FERR and size == _ERROR.size:
        return Refused(*_ERROR.unpack(plaintext)[1:])
    if code == FHAVE and _HAVE.size < size <= _HAVE.size + HAVE_CHUNKS // 8:
        _, root, first = _HAVE.unpack_from(plaintext)
        if first % 8:
            raise DecodeError("Chunks are told of by eights.")
        return Have(root, first, plaintext[_HAVE.size :])
    if code == FOPEN and size == 2 and plaintext[1] <= SERVES:
        return Open(plaintext[1])
    raise DecodeError("A record of a bulk connection is malformed.")
