"""The fields that records are made of, each with its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Protocol, TypeVar

import msgspec
from msgspec import Meta

from p2pim.errors import DecodeError
from p2pim.protocol.identity import ID_LENGTH, PeerId, check_peer_id

MAX_LIST: Final = 512
CLOCK_END: Final = 2**53
"""Clocks are below this, so that any language can hold one in a double."""

Id = Annotated[bytes, Meta(min_length=ID_LENGTH, max_length=ID_LENGTH)]
IdList = Annotated[list[Id], Meta(max_length=MAX_LIST)]
Clock = Annotated[int, Meta(ge=1, lt=CLOCK_END)]
Bound = Annotated[int, Meta(ge=0, le=CLOCK_END)]
Byte = Annotated[int, Meta(ge=0, le=255)]
UInt32 = Annotated[int, Meta(ge=0, lt=2**32)]
Trio = Annotated[int, Meta(ge=0, le=2)]


class About(Protocol):
    """A record about somebody."""

    @property
    def peer_id(self) -> PeerId:
        """Whom it is about."""
        ...


A = TypeVar("A", bound=About)


def read_about(decode: Callable[[bytes], A], raw: bytes, what: str) -> A:
    """Decode a record that its subject signs, and check what needs no key.

    Raises:
        DecodeError: it is no such record.
    """
    try:
        record = decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise DecodeError(f"{what} is malformed.") from None
    check_peer_id(record.peer_id)
    return record


def check_size(what: str, text: str, most: int) -> None:
    """Refuse a text of more bytes than this with DecodeError."""
    # A text has at most one byte for each quarter of its length, so the decoder's own bound is too weak.
    if len(text.encode("utf-8", "surrogatepass")) > most:
        raise DecodeError(f"{what} exceeds {most} bytes.")
