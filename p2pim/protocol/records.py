"""Records: what two peers say to each other once they share a session. One record fills one frame.

A record is its type byte and a body. Bodies are MessagePack arrays, fields in the order written here; more
fields than we know are ignored, so that a newer peer may append some. PING and PONG are raw bytes. Every
bound is checked while decoding: whoever gets a record from ``decode`` may rely on lengths and ranges.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from p2pim.errors import DecodeError, LocalProtocolError
from p2pim.protocol import fields
from p2pim.protocol.callback import CALL_TYPES, CallRecord
from p2pim.protocol.fields import Bound, Byte, Clock, Id, IdList, Trio, UInt32, check_size
from p2pim.protocol.filetalk import FILE_TYPES, FileRecord
from p2pim.protocol.identity import ID_LENGTH, SIGNATURE_LENGTH, check_peer_id
from p2pim.protocol.peersum import Peersum
from p2pim.protocol.route import ROUTE_TYPES, RouteRecord
from p2pim.protocol.splice import SPLICE_TYPES, SpliceRecord

MAX_PLAINTEXT: Final = 65_519
MAX_LIST: Final = fields.MAX_LIST
CLOCK_END: Final = fields.CLOCK_END
MAX_DONE: Final = 1_900
MAX_READS: Final = 32
MAX_RANGES: Final = 4_096
MAX_HEADER: Final = 1_024
MAX_CONTENT: Final = 48 * 1_024
MAX_HELLO: Final = 4_096
MAX_PEERS: Final = 64
MAX_PEER_RECORD: Final = 4_096
MIN_BOX: Final = 48
MAX_BOX: Final = 60_048
MAX_NAME: Final = 64
MAX_STATUS: Final = 128
MIN_ECHO: Final = 8
MAX_ECHO: Final = 8_192
IGNORED_FROM: Final = 0x80
"""Unknown types from here on are ignored; unknown types below end the connection."""

# BYE codes
SHUTDOWN: Final = 1
PROTOCOL: Final = 2
DUPLICATE: Final = 3
LIMIT: Final = 4
NOT_AUTHORISED: Final = 5
IDLE_OR_AGE: Final = 6

# sets of a room
CONTROL: Final = 0
CONTENT: Final = 1

# RANGE modes and RECONCILE kinds
SKIP, FINGERPRINT, IDS = 0, 1, 2
ASK, ANSWER, NOT_SERVED = 0, 1, 2

# ACK codes
STORED: Final = 0
FULL: Final = 1
NOT_ACCEPTED: Final = 3
AUTHOR_UNKNOWN: Final = 4

# JOINED statuses
LET_IN, PENDING, REFUSED, USED_UP, EXPIRED, REVOKED = range(6)

# BOXACK codes
BOX_STORED, BOX_REFUSED, BOX_HANDED_OVER, BOX_KEEP = 0, 1, 2, 3

Set = Annotated[int, Meta(ge=CONTROL, le=CONTENT)]


class Hello(Struct, frozen=True, array_like=True, gc=False):
    """0x01: the first record of both sides, and only the first."""

    features: Annotated[list[UInt32], Meta(max_length=32)]
    wall_ms: Bound
    nickname: str
    software: str

    def __post_init__(self) -> None:
        check_size("A nickname", self.nickname, MAX_NAME)
        check_size("A software name", self.software, MAX_NAME)


class Ping(Struct, frozen=True, gc=False):
    """0x02: are you there? Long ones find links that drop big packets."""

    echo: bytes


class Pong(Struct, frozen=True, gc=False):
    """0x03: yes, with the same bytes."""

    echo: bytes


class Bye(Struct, frozen=True, array_like=True, gc=False):
    """0x04: the last record, with the reason."""

    code: Byte


class Range(Struct, frozen=True, array_like=True, gc=False):
    """One range of a RECONCILE: up to (clock, prefix), exclusive, from where the one before it ended."""

    clock: Bound
    prefix: Annotated[bytes, Meta(max_length=ID_LENGTH)]
    mode: Trio
    payload: bytes

    def __post_init__(self) -> None:
        size = len(self.payload)
        if (size % ID_LENGTH) if self.mode == IDS else (size != ID_LENGTH * self.mode):
            raise DecodeError("A range's payload does not fit its mode.")


class Reconcile(Struct, frozen=True, array_like=True, gc=False):
    """0x10: compare one set of a room, range by range."""

    room: Id
    set: Set
    run: Bound
    kind: Trio
    ranges: Annotated[list[Range], Meta(max_length=MAX_RANGES)]


class Have(Struct, frozen=True, array_like=True, gc=False):
    """0x11: these messages can be had here."""

    room: Id
    set: Set
    items: Annotated[list[tuple[Id, Clock]], Meta(max_length=MAX_LIST)]


class Want(Struct, frozen=True, array_like=True, gc=False):
    """0x12: send me these messages."""

    room: Id
    set: Set
    ids: IdList


class Signed(Struct, frozen=True, array_like=True, gc=False):
    """A message as its author signed it: exact bytes, forwarded unchanged; content may be absent."""

    header: Annotated[bytes, Meta(min_length=1, max_length=MAX_HEADER)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]
    content: Annotated[bytes, Meta(max_length=MAX_CONTENT)] | None


class Messages(Struct, frozen=True, array_like=True, gc=False):
    """0x13: messages, pushed or wanted."""

    room: Id
    set: Set
    messages: Annotated[list[Signed], Meta(max_length=MAX_LIST)]


class Ack(Struct, frozen=True, array_like=True, gc=False):
    """0x14: these are stored here durably (code 0), or are not, and why."""

    room: Id
    set: Set
    ids: IdList
    code: Byte = STORED


class Lack(Struct, frozen=True, array_like=True, gc=False):
    """0x15: these wanted messages cannot be had here."""

    room: Id
    set: Set
    ids: IdList


class Done(Struct, frozen=True, array_like=True, gc=False):
    """0x16: a run ended; all I held when it began but these counts as acknowledged."""

    room: Id
    set: Set
    run: Bound
    ids: Annotated[list[Id], Meta(max_length=MAX_DONE)]


class Contacts(Struct, frozen=True, array_like=True, gc=False):
    """0x17: between two machines of one identity: whom I hold direct messages with."""

    peers: IdList

    def __post_init__(self) -> None:
        for peer_id in self.peers:
            check_peer_id(peer_id)


class Read(Struct, frozen=True, array_like=True, gc=False):
    """0x18: of your messages in this room that I have acknowledged, those with clocks in these ranges are read here."""

    room: Id
    ranges: Annotated[list[tuple[Clock, Clock]], Meta(max_length=MAX_READS)]


class SignedPeer(Struct, frozen=True, array_like=True, gc=False):
    """A peer record (see ``box``) as its subject signed it: exact bytes, passed on unchanged."""

    record: Annotated[bytes, Meta(min_length=1, max_length=MAX_PEER_RECORD)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]


class Peers(Struct, frozen=True, array_like=True, gc=False):
    """0x20: peer records, of the sender and of those in a team with both ends."""

    peers: Annotated[list[SignedPeer], Meta(max_length=MAX_PEERS)]


class State(Struct, frozen=True, array_like=True, gc=False):
    """0x21: presence, for now only; never stored. ``nickname``: the sender chose another since its HELLO."""

    presence: Annotated[int, Meta(ge=0, le=3)]
    status: str
    typing: Id | None = None
    nickname: str | None = None

    def __post_init__(self) -> None:
        check_size("A status", self.status, MAX_STATUS)
        check_size("A nickname", self.nickname or "", MAX_NAME)


class Joinfo(Struct, frozen=True, array_like=True, gc=False):
    """0x22: on the network of an invite, by a member: the team and the invite that the code belongs to."""

    team: Id
    invite: Signed
    name: str

    def __post_init__(self) -> None:
        check_size("A team's name", self.name, MAX_NAME)


class Join(Struct, frozen=True, array_like=True, gc=False):
    """0x23: whoever has the code asks to be let in, with proof and consent (the content of the ADMIT)."""

    team: Id
    proof: Annotated[bytes, Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]
    consent: Annotated[bytes, Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]
    name: str | None = None

    def __post_init__(self) -> None:
        check_size("A name", self.name or "", MAX_NAME)


class Joined(Struct, frozen=True, array_like=True, gc=False):
    """0x24: the answer: let in (the control set follows), to be approved by an admin, or not, and why."""

    team: Id
    status: Byte


Sealed = Annotated[bytes, Meta(min_length=MIN_BOX, max_length=MAX_BOX)]


class Boxput(Struct, frozen=True, array_like=True, gc=False):
    """0x30: hold this box for somebody who is not here, until then at most."""

    recipient: Id
    expiry_ms: Bound
    box: Sealed


class Boxack(Struct, frozen=True, array_like=True, gc=False):
    """0x31: what became of a box, named by its hash."""

    digest: Id
    code: Byte


class Box(Struct, frozen=True, array_like=True, gc=False):
    """0x32: a box for you, held here."""

    box: Sealed


class Unknown(Struct, frozen=True, gc=False):
    """A record of a type that this version may ignore."""

    type: int


Record = (
    Hello
    | Ping
    | Pong
    | Bye
    | Reconcile
    | Have
    | Want
    | Messages
    | Ack
    | Lack
    | Done
    | Contacts
    | Read
    | Peers
    | State
    | RouteRecord
    | CallRecord
    | Joinfo
    | Join
    | Joined
    | SpliceRecord
    | FileRecord
    | Boxput
    | Boxack
    | Box
    | Peersum
)

TYPES: Final[dict[type[Any], int]] = {
    Hello: 0x01,
    Ping: 0x02,
    Pong: 0x03,
    Bye: 0x04,
    Reconcile: 0x10,
    Have: 0x11,
    Want: 0x12,
    Messages: 0x13,
    Ack: 0x14,
    Lack: 0x15,
    Done: 0x16,
    Contacts: 0x17,
    Read: 0x18,
    Peers: 0x20,
    State: 0x21,
    Joinfo: 0x22,
    Join: 0x23,
    Joined: 0x24,
    **ROUTE_TYPES,
    **CALL_TYPES,
    **SPLICE_TYPES,
    **FILE_TYPES,
    Boxput: 0x30,
    Boxack: 0x31,
    Box: 0x32,
    Peersum: 0x33,
}

_HEADS: Final = {kind: bytes((code,)) for kind, code in TYPES.items()}
_ECHOES: Final[dict[int, type[Ping] | type[Pong]]] = {TYPES[Ping]: Ping, TYPES[Pong]: Pong}
_DECODERS: Final = {
    code: msgspec.msgpack.Decoder(kind).decode for kind, code in TYPES.items() if code not in _ECHOES
}
_encode: Final = msgspec.msgpack.Encoder().encode


def encode(record: Record) -> bytes:
    """Type byte and body; LocalProtocolError if it does not fit one frame."""
    body = record.echo if isinstance(record, Ping | Pong) else _encode(record)
    plaintext = _HEADS[type(record)] + body
    if len(plaintext) > MAX_PLAINTEXT:
        raise LocalProtocolError(f"A record of {len(plaintext)} bytes does not fit one frame.")
    return plaintext


def decode(plaintext: bytes) -> Record | Unknown:
    """Read one record; DecodeError, and nothing else, if its bytes break a rule."""
    if not plaintext:
        raise DecodeError("A record is empty.")
    code = plaintext[0]
    decoder = _DECODERS.get(code)
    if decoder is None:
        return _decode_other(code, plaintext)
    if code == 0x01 and len(plaintext) > MAX_HELLO:
        raise DecodeError("A HELLO is too long.")
    try:
        record: Record = decoder(plaintext[1:])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # ValueError: text that is no UTF-8. RecursionError: a bomb of nested arrays in a field we skip.
        raise DecodeError(f"A record of type {code:#04x} is malformed.") from error
    return record


def _decode_other(code: int, plaintext: bytes) -> Ping | Pong | Unknown:
    echo = _ECHOES.get(code)
    if echo is not None:
        if not MIN_ECHO < len(plaintext) <= MAX_ECHO + 1:
            raise DecodeError("A PING or PONG has a wrong length.")
        return echo(plaintext[1:])
    if code < IGNORED_FROM:
        raise DecodeError(f"A record has the unknown type {code:#04x}.")
    return Unknown(code)
