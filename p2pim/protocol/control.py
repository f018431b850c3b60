"""Control messages: who may do what in a room (SPEC section 12). Their content is never erased.

They are messages like any other, of kinds from 128 on, in a set of their own: parents are of the same set, all
known, and of lower clocks. What they amount to together is the business of ``authority``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from p2pim.errors import DecodeError
from p2pim.protocol.fields import Id
from p2pim.protocol.identity import Identity, PeerId, check_peer_id, verify
from p2pim.protocol.invite import proves
from p2pim.protocol.message import FIRST_CONTROL_KIND, MAX_CONTENT, SALT, MessageId, RoomId
from p2pim.protocol.names import MAX_NAME_BYTES
from p2pim.protocol.nesting import is_plain_array, is_shallow

GENESIS: Final = 128
GRANT: Final = 129
POLICY: Final = 130
INVITE: Final = 131
REVOKE: Final = 132
ADMIT: Final = 133
MERGE: Final = 134

#: The room named in the header of a genesis: its own id is the room's.
NO_ROOM: Final[RoomId] = bytes(32)
SECRET: Final = 32
SIGNATURE: Final = 64
MAX_KEEP: Final = 1_000
MAX_POLICIES: Final = 64
#: Bytes of content; of a REVOKE, which may name many, what any message may have.
MAX_BODY: Final = 4_096
#: Gens are counted one by one: nobody reaches this.
MAX_GEN: Final = 2**32

Secret = Annotated[bytes, Meta(min_length=SECRET, max_length=SECRET)]
Signature = Annotated[bytes, Meta(min_length=SIGNATURE, max_length=SIGNATURE)]
Salt = Annotated[bytes, Meta(min_length=SALT, max_length=SALT)]
Gen = Annotated[int, Meta(ge=1, lt=MAX_GEN)]
Millis = Annotated[int, Meta(ge=0, lt=2**53)]


class RoomType(IntEnum):
    """What a genesis founds; the numbers are the wire's."""

    TEAM = 1
    CHANNEL = 2
    GROUP = 3


class Role(IntEnum):
    """What somebody is in a room, from the least; the numbers are the wire's (an owner is not made by a grant)."""

    NONE = 0
    MEMBER = 1
    ADMIN = 2
    OWNER = 3


def _check_name(name: str | None) -> None:
    # Its size only: what a name may hold depends on the version of Unicode, and what enters a set must not.
    if name is not None and len(name.encode("utf-8")) > MAX_NAME_BYTES:
        raise DecodeError("A name in a control message is too long.")


class Genesis(Struct, frozen=True, array_like=True, gc=False):
    """The first message of a room: its author is the owner. ``secret``: of the network that a team makes."""

    salt: Salt
    type: Annotated[int, Meta(ge=1, le=3)]
    name: str
    parent: Id | None = None
    secret: Secret | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        if (self.type == RoomType.TEAM) != (self.secret is not None):
            raise DecodeError("A team has a secret, and nothing else has.")
        if self.type == RoomType.TEAM and self.parent is not None:
            raise DecodeError("A team has no parent.")
        if self.type == RoomType.CHANNEL and self.parent is None:
            raise DecodeError("A channel has a parent.")


class Grant(Struct, frozen=True, array_like=True, gc=False):
    """What somebody is from now on: none, member or admin. ``secret``: the team's new one, when somebody is removed."""

    subject: Id
    gen: Gen
    role: Annotated[int, Meta(ge=0, le=2)]
    name: str | None = None
    secret: Secret | None = None

    def __post_init__(self) -> None:
        check_peer_id(self.subject)
        _check_name(self.name)
        if self.secret is not None and self.role != Role.NONE:
            raise DecodeError("Only a removal brings a new secret.")


class Policy(Struct, frozen=True, array_like=True, gc=False):
    """Rules of the room: key and value, whatever the keys mean to this version."""

    gen: Gen
    values: Annotated[dict[str, bool | int | str | list[str]], Meta(max_length=MAX_POLICIES)]


class Invite(Struct, frozen=True, array_like=True, gc=False):
    """A way in for whoever has the code (SPEC section 11); ``label``: the certified name of the one it is for."""

    key: Id
    secret: Secret
    bind: Secret
    expiry_ms: Millis
    uses: Annotated[int, Meta(ge=1, le=MAX_KEEP)]
    approval: bool
    label: str | None = None

    def __post_init__(self) -> None:
        check_peer_id(self.key)
        _check_name(self.label)


class Revoke(Struct, frozen=True, array_like=True, gc=False):
    """The end of an invite: from now on exactly those came in by it whose ADMITs are kept."""

    invite: Id
    keep: Annotated[list[Id], Meta(max_length=MAX_KEEP)]


class Admit(Struct, frozen=True, array_like=True, gc=False):
    """Somebody came in by an invite: their proof that they had the code, and their consent."""

    subject: Id
    invite: Id
    proof: Signature
    consent: Signature
    name: str | None = None

    def __post_init__(self) -> None:
        check_peer_id(self.subject)
        _check_name(self.name)


class Merge(Struct, frozen=True, array_like=True, gc=False):
    """Nothing but parents: joins heads when there are too many for one message."""

    salt: Salt


Body = Genesis | Grant | Policy | Invite | Revoke | Admit | Merge

KINDS: Final[dict[int, type[Body]]] = {
    GENESIS: Genesis,
    GRANT: Grant,
    POLICY: Policy,
    INVITE: Invite,
    REVOKE: Revoke,
    ADMIT: Admit,
    MERGE: Merge,
}
_NUMBERS: Final = {body: number for number, body in KINDS.items()}
_DECODERS: Final = {number: msgspec.msgpack.Decoder(body) for number, body in KINDS.items()}
_encode: Final = msgspec.msgpack.Encoder(order="sorted").encode


def kind_of(body: Body) -> int:
    """The kind of the message that has this content."""
    return _NUMBERS[type(body)]


def encode(body: Body) -> bytes:
    """The content of a control message."""
    return _encode(body)


def decode(kind: int, content: bytes) -> Body | None:
    """Read the content of a control message; None for a kind that this version does not know.

    Raises:
        DecodeError: it is of a known kind and breaks its rules.
    """
    assert kind >= FIRST_CONTROL_KIND
    if (decoder := _DECODERS.get(kind)) is None:
        return None
    if len(content) > (MAX_CONTENT if kind == REVOKE else MAX_BODY):
        raise DecodeError("The content of a control message is too long.")
    if not (is_plain_array(content, len(KINDS[kind].__struct_fields__)) or is_shallow(content)):
        raise DecodeError("The content of a control message is nested too deeply.")
    try:
        body: Body = decoder.decode(content)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DecodeError(f"The content of a control message of kind {kind} is malformed.") from error
    return body


# -- the joiner's consent


def _consented(invite: MessageId, proof: bytes, name: str | None) -> bytes:
    return invite + proof + (name or "").encode("utf-8")


def consent(joiner: Identity, invite: MessageId, proof: bytes, name: str | None) -> bytes:
    """The joiner's signature under its ADMIT: nobody is made a member who did not ask."""
    return joiner.sign("consent", _consented(invite, proof, name))


def is_genuine(admit: Admit, invite: Invite, team: RoomId) -> bool:
    """Whether the subject of an ADMIT had the code of the invite, and agreed to this ADMIT."""
    subject: PeerId = admit.subject
    return proves(invite.key, team, subject, admit.proof) and verify(
        subject, "consent", _consented(admit.invite, admit.proof, admit.name), admit.consent
    )
