"""The log of a team or room: who did what, in order, and whether what is stored is what was signed. Pure.

Control messages are signed, name what they follow by hash, and are never erased. So whoever changes one byte of one
that is stored, or takes one away that others follow, is found by ``check``. Only the newest messages, which nothing
follows yet, can be taken away without a trace in what is left. That shows by comparing with a colleague: two machines
that hold the same messages compute the same ``fingerprint``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from p2pim.errors import DecodeError
from p2pim.protocol.authority import Authority, Deed, PolicyValue
from p2pim.protocol.control import (
    Admit,
    Genesis,
    Grant,
    Invite,
    Merge,
    Policy,
    Revoke,
    Role,
    RoomType,
)
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId, examine, id_of, prove
from p2pim.protocol.reconcile import ItemSet, key
from p2pim.protocol.records import Signed

Name = Callable[[PeerId], str]

_HOUR_MS: Final = 3600 * 1000
_LONGEST_VALUE: Final = 80
_TYPES: Final = {RoomType.TEAM: "team", RoomType.CHANNEL: "channel", RoomType.GROUP: "private group"}
_WHY: Final = {
    Verdict.ORPHAN: "follows a message that is not here",
    Verdict.REFUSED: "is none that may be in this log",
    Verdict.HELD: "is here twice",
}


class Line(Struct, frozen=True):
    """One control message as a reader sees it."""

    id: MessageId
    clock: int
    author: PeerId
    author_name: str
    sentence: str
    counts: bool


class Fault(Struct, frozen=True):
    """A stored control message that is not what it should be."""

    id: MessageId
    why: str


class Log(Struct, frozen=True):
    """All of it. ``faults``: None where nobody asked to check."""

    lines: tuple[Line, ...]
    fingerprint: bytes
    faults: tuple[Fault, ...] | None = None


def fingerprint(control: ControlSet) -> bytes:
    """32 bytes that are the same wherever the same control messages are held, and nowhere else."""
    items = ItemSet(key(deed.clock, deed.id) for deed in control.deeds())
    return items.fingerprint(0, len(items))


# -- whether it is what was signed


def check(control: ControlSet, stored: Iterable[tuple[MessageId, bytes, bytes, bytes]]) -> list[Fault]:
    """Check stored messages (id, header, signature, content) from the beginning, and add them to an empty set.

    Returns:
        Every message that fails, and why. What was taken away shows in those that follow it.
    """
    faults: list[Fault] = []
    sound: list[Message] = []
    for message_id, header, signature, content in stored:
        signed = Signed(header, signature, content)
        try:
            message = prove(signed, id_of(signed), examine(signed))
        except DecodeError as error:
            faults.append(Fault(message_id, f"was changed: {error}"))
            continue
        if message.id == message_id:
            sound.append(message)
        else:
            faults.append(Fault(message_id, "was changed: it is stored under an id that is not its own"))
    for message in sorted(sound, key=lambda m: m.order):
        if (verdict := control.add(message)) is not Verdict.ENTERS:
            faults.append(Fault(message.id, _WHY[verdict]))
    if control.genesis is None:
        faults.insert(0, Fault(control.room, "is missing: it is the first message, all others follow it"))
    return faults


# -- who did what


def lines(control: ControlSet, now_ms: int, name: Name) -> list[Line]:
    """Every message in order, as a sentence with the names that ``name`` gives."""
    authority = control.authority(now_ms)
    if authority is None:
        return []
    teller = _Teller(control, authority, name)
    due = max(1, control.due(now_ms))
    return [teller.line(deed, is_due=number < due) for number, deed in enumerate(control.deeds())]


class _Teller:
    """Puts the deeds of one control set into words."""

    def __init__(self, control: ControlSet, authority: Authority, name: Name) -> None:
        self._control, self._authority, self._name = control, authority, name

    def line(self, deed: Deed, *, is_due: bool) -> Line:
        counts = is_due and deed.id in self._authority.counting
        who = self._name(deed.body.subject if isinstance(deed.body, Admit) else deed.author)
        did = self._came_in(deed, deed.body) if isinstance(deed.body, Admit) else self._did(deed)
        if counts:
            sentence = f"{who} {did}"
        elif is_due:
            sentence = f"void: {who} ({self._why_void(deed)}) {did}"
        else:
            sentence = f"not yet: {who} (by a clock that was far ahead) {did}"
        return Line(deed.id, deed.clock, deed.author, self._name(deed.author), sentence, counts)

    def _did(self, deed: Deed) -> str:
        match deed.body:
            case Genesis() as genesis:
                return f"founded the {_TYPES[RoomType(genesis.type)]} {genesis.name}"
            case Grant() as grant:
                return self._granted(deed, grant)
            case Policy() as policy:
                return _decided(policy.values)
            case Invite() as invite:
                return f"made an invite{_for(invite.label)} ({_terms(deed, invite)})"
            case Revoke() as revoke:
                return f"revoked {self._invite(revoke.invite)}"
            case Merge():
                return "brought together what several had done at the same time"
            case _:
                kind = deed.message.header.kind
                return f"did something that only a newer version understands (kind {kind})"

    def _came_in(self, deed: Deed, admit: Admit) -> str:
        invite = self._control.deed(admit.invite)
        inviter = invite.author if invite is not None else None
        through = "" if deed.author == inviter else f", through {self._name(deed.author)}"
        return f"came in by {self._invite(admit.invite)}{through}"

    def _granted(self, deed: Deed, grant: Grant) -> str:
        who, role = self._name(grant.subject), Role(grant.role)
        before = self._role_before(deed, grant.subject)
        called = f", certified as {grant.name}" if grant.name else ""
        if role is Role.NONE:
            if grant.subject == deed.author:
                return "left"
            return f"removed {who}{' and changed the secret' if grant.secret else ''}"
        if role is Role.ADMIN:
            return f"made {who} an admin{called}"
        if before is Role.ADMIN:
            return f"made {who} a member who is no admin any more{called}"
        if before is Role.MEMBER and grant.name:
            return f"certified that {who} is called {grant.name}"
        return f"made {who} a member{called}"

    def _role_before(self, deed: Deed, subject: PeerId) -> Role:
        steps = [s for s in self._authority.timelines.get(subject, ()) if s.start < deed.clock]
        return steps[-1].role if steps else Role.NONE

    def _invite(self, invite: MessageId) -> str:
        """Whose invite, and for whom."""
        found = self._control.deed(invite)
        if found is None or not isinstance(found.body, Invite):
            return "an invite that is not here"
        return f"an invite of {self._name(found.author)}{_for(found.body.label)}"

    def _why_void(self, deed: Deed) -> str:
        body, owner = deed.body, self._authority.owner
        if isinstance(body, Admit):
            standing = self._authority.invites.get(body.invite)
            admitted = standing.admits if standing is not None else ()
            # Several members may answer one code at the same time.
            twice = body.subject in (by.body.subject for by in admitted if isinstance(by.body, Admit))
            return "was let in already" if twice else "the invite was not good any more"
        if isinstance(body, Grant) and deed.author not in (owner, body.subject):
            concerned = (Role(body.role), self._role_before(deed, body.subject))
            if Role.ADMIN in concerned:
                return "who is not the owner"
        if self._authority.role_at(deed.author, deed.clock) < Role.ADMIN:
            return "no admin then"
        return "overruled by another decision at the same time"


def _for(label: str | None) -> str:
    return f" for {label}" if label else ""


def _terms(deed: Deed, invite: Invite) -> str:
    hours = max(0, invite.expiry_ms - deed.clock) / _HOUR_MS
    good = f"{round(hours / 24)} days" if hours > 47.5 else f"{round(hours)} hours"
    uses = "once" if invite.uses == 1 else f"{invite.uses} times"
    return f"good {uses}, for {good}{', with approval' if invite.approval else ''}"


def _decided(values: Mapping[str, PolicyValue]) -> str:
    """What a policy says, in words."""
    said = [_rule(key, value) for key, value in sorted(values.items())]
    return ", ".join(said) or "set no rule"


def _rule(key: str, value: PolicyValue) -> str:
    if key == "name":
        return f"renamed it to {value}"
    if key == "archived":
        return "archived it" if value else "took it out of the archive"
    if isinstance(value, bool):
        shown = "on" if value else "off"
    else:
        shown = ", ".join(value) if isinstance(value, list) else str(value)
    return f"set {key} to {shown[:_LONGEST_VALUE]}"
