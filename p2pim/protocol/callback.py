"""Call-backs: one end of a Link asks the other whether a connection to it can be made (SPEC section 15)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from p2pim.errors import DecodeError
from p2pim.protocol.fields import Byte, UInt32
from p2pim.protocol.route import MAX_ADDRESSES, AddressBytes, Port

#: What became of a try: connected; refused at once; no answer in time; no way there; not tried (why is not said).
CONNECTED: Final = 0
REFUSED: Final = 1
NO_ANSWER: Final = 2
NO_WAY: Final = 3
NOT_TRIED: Final = 4


class Callback(Struct, frozen=True, array_like=True, gc=False):
    """0x29: try to connect to me there."""

    number: UInt32
    addresses: Annotated[list[tuple[AddressBytes, Port]], Meta(min_length=1, max_length=MAX_ADDRESSES)]

    def __post_init__(self) -> None:
        if any(len(address) not in (4, 16) for address, _ in self.addresses):
            raise DecodeError("An address has 4 or 16 bytes.")


class Called(Struct, frozen=True, array_like=True, gc=False):
    """0x2a: what became of it, address by address, in the order of the question."""

    number: UInt32
    outcomes: Annotated[list[Byte], Meta(max_length=MAX_ADDRESSES)]


CallRecord = Callback | Called
CALL_TYPES: Final[dict[type[Any], int]] = {Callback: 0x29, Called: 0x2A}
