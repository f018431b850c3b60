"""What is said about files on a main connection; the files themselves go over others (SPEC section 18)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from p2pim.protocol.fields import Byte, Id

MAX_STATES: Final = 512

#: How it is with something offered, as who it was offered to says.
FETCHING: Final = 1
PAUSED: Final = 2
DONE: Final = 3
DECLINED: Final = 4
CANCELLED: Final = 5
FAILED: Final = 6
DISK_FULL: Final = 7
FORBIDDEN: Final = 8


class Fseek(Struct, frozen=True, array_like=True, gc=False):
    """0x48: I fetch this; do you have something of it. I shall have, too."""

    root: Id


class Fhold(Struct, frozen=True, array_like=True, gc=False):
    """0x49: I have something of it. ``fetching``: not all, I fetch it myself."""

    root: Id
    fetching: bool


class Fcall(Struct, frozen=True, array_like=True, gc=False):
    """0x4a: make a connection for files to me, over which I fetch: I may not be able to dial you."""


class State(Struct, frozen=True, array_like=True, gc=False):
    """How it is with one offer."""

    offer: Id
    state: Byte


class Fstate(Struct, frozen=True, array_like=True, gc=False):
    """0x4b: how it is with offers of yours. Told again at each connection; the last word counts."""

    states: Annotated[list[State], Meta(min_length=1, max_length=MAX_STATES)]


FileRecord = Fseek | Fhold | Fcall | Fstate
FILE_TYPES: Final[dict[type[Any], int]] = {Fseek: 0x48, Fhold: 0x49, Fcall: 0x4A, Fstate: 0x4B}
