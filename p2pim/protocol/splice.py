"""Splices: a Link to somebody who cannot be connected to, carried by a third person (SPEC section 16).

What is carried is a connection like any other, from its first byte on: who carries it reads nothing of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from p2pim.protocol.fields import Byte, Id, UInt32

MAX_DATA: Final = 16_384

#: Whose wish a splice is: the opener asks to be joined to somebody, the carrier passes that on.
ASKED: Final = 0
PASSED_ON: Final = 1

#: Why one ended: it is over; whom it should lead to is not linked with the carrier; the carrier (or who was asked)
#: does not want it; it carried more than it may.
OVER: Final = 0
NOT_LINKED: Final = 1
UNWILLING: Final = 2
TOO_FAST: Final = 3


class Spliceopen(Struct, frozen=True, array_like=True, gc=False):
    """0x50: join this to a Link with ``peer`` (``ASKED``, to who is to carry); ``peer`` wants one (``PASSED_ON``)."""

    number: UInt32
    kind: Byte
    peer: Id


class Splicedata(Struct, frozen=True, array_like=True, gc=False):
    """0x51: bytes of the connection that is carried."""

    number: UInt32
    data: Annotated[bytes, Meta(min_length=1, max_length=MAX_DATA)]


class Spliceclose(Struct, frozen=True, array_like=True, gc=False):
    """0x52: that is all."""

    number: UInt32
    code: Byte


SpliceRecord = Spliceopen | Splicedata | Spliceclose
SPLICE_TYPES: Final[dict[type[Any], int]] = {Spliceopen: 0x50, Splicedata: 0x51, Spliceclose: 0x52}
