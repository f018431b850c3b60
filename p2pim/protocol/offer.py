"""What is offered to others: a file or a folder, named by the root of its hashes (SPEC section 18).

A folder is one run of bytes, its files one after the other in the order of its manifest, so that ten thousand small
files travel like one large one. ``listing`` is what everything is checked with: the hash of each chunk, then the
manifest (nothing for a file); the root covers all of it. No file is read here and no chunk is hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from p2pim.errors import DecodeError
from p2pim.protocol.identity import digest
from p2pim.protocol.message import SALT
from p2pim.protocol.nesting import is_shallow

Root = bytes

CHUNK: Final = 1 << 20
HASH_LENGTH: Final = 32
MAX_CHUNKS: Final = 1 << 20
MAX_SIZE: Final = MAX_CHUNKS * CHUNK
MAX_MANIFEST: Final = 16 << 20
MAX_ENTRIES: Final = 200_000
MAX_NAME: Final = 255
MAX_PATH: Final = 4_096
#: Bytes of a listing that travel in one record.
PAGE: Final = 32_768
BLAKE3: Final = 1

_Salt = Annotated[bytes, Meta(min_length=SALT, max_length=SALT)]
_Hash = Annotated[bytes, Meta(min_length=HASH_LENGTH, max_length=HASH_LENGTH)]
_Size = Annotated[int, Meta(ge=0, le=MAX_SIZE)]


class Offer(Struct, frozen=True, array_like=True, gc=False):
    """Content of kind 5. ``manifest``: bytes of it, 0 for a single file; ``entries``: how many files a folder has."""

    salt: _Salt
    wall_ms: int
    name: str
    size: _Size
    root: _Hash
    algorithm: Annotated[int, Meta(ge=0, le=255)] = BLAKE3
    manifest: Annotated[int, Meta(ge=0, le=MAX_MANIFEST)] = 0
    entries: Annotated[int, Meta(ge=0, le=MAX_ENTRIES)] = 0

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder with whatever is in it."""
        return self.manifest > 0

    @property
    def listing_size(self) -> int:
        """Bytes of its listing."""
        return chunks_of(self.size) * HASH_LENGTH + self.manifest


class ManifestEntry(NamedTuple):
    """A file in a folder, or a folder in it (``size`` is None); ``path`` with slashes, relative."""

    path: str
    size: int | None


_offer_decoder: Final = msgspec.msgpack.Decoder(Offer)
_manifest_decoder: Final = msgspec.msgpack.Decoder(list[tuple[str, _Size | None]])
_encode: Final = msgspec.msgpack.Encoder().encode


def chunks_of(size: int) -> int:
    """How many chunks so many bytes make; an empty file has none."""
    return -(-size // CHUNK)


def chunk_size(size: int, chunk: int) -> int:
    """Bytes of one chunk: all are full but the last."""
    return min(CHUNK, size - chunk * CHUNK)


def pages_of(listing_size: int) -> int:
    """How many records a listing takes."""
    return -(-listing_size // PAGE)


def root_of(size: int, listing: bytes) -> Root:
    """The name of a file or folder: the hash over its size and its listing."""
    return digest("file", size.to_bytes(8, "big") + CHUNK.to_bytes(4, "big") + listing)


def offer_content(offer: Offer) -> bytes:
    """Encode the content of an offer."""
    return _encode(offer)


def make_offer(
    name: str,
    size: int,
    listing: bytes,
    entries: int,
    *,
    wall_ms: int,
    random: Callable[[int], bytes],
) -> Offer:
    """Offer what has this listing; its name may be any."""
    manifest = len(listing) - chunks_of(size) * HASH_LENGTH
    return Offer(random(SALT), wall_ms, name, size, root_of(size, listing), BLAKE3, manifest, entries)


def decode_offer(content: bytes) -> Offer | None:
    """Read the content of an offer; None if its author wrote something else, or breaks a bound."""
    try:
        offer = _offer_decoder.decode(content)
        name = offer.name.encode("utf-8")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return offer if 0 < len(name) <= MAX_NAME else None


def hash_of(listing: bytes, chunk: int) -> bytes:
    """The hash of one chunk, by the listing it is in."""
    return listing[chunk * HASH_LENGTH : (chunk + 1) * HASH_LENGTH]


def encode_manifest(entries: Sequence[ManifestEntry]) -> bytes:
    """Write the manifest of a folder."""
    return _encode([tuple(entry) for entry in entries])


def decode_manifest(raw: bytes, size: int) -> list[ManifestEntry]:
    """Read the manifest of a folder whose files have so many bytes in all.

    Raises:
        DecodeError: it is none, has more than ``MAX_ENTRIES``, or another size. Paths are only bounded here: whoever
            writes them to a disk makes them safe (``filename``).
    """
    if not is_shallow(raw):
        raise DecodeError("A manifest is too deep.")
    try:
        entries = [ManifestEntry(path, length) for path, length in _manifest_decoder.decode(raw)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise DecodeError("A manifest is malformed.") from None
    if len(entries) > MAX_ENTRIES or any(not 0 < len(entry.path) <= MAX_PATH for entry in entries):
        raise DecodeError("A manifest exceeds a limit.")
    if sum(entry.size or 0 for entry in entries) != size:
        raise DecodeError("A manifest does not have the size that was offered.")
    return entries
