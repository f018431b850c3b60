"""Joining a team by a code, through any member that is online (SPEC section 11).

On the network of an invite nothing passes but this: the member says which team it is and shows the invite, bound to
the code; whoever joins checks that, proves to have the code and asks to be let in; the member stores an ADMIT and
hands over the control set. Links on such a network are not among those of the node, and end with this.
"""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput, DecodeError, RemoteProtocolError
from p2pim.node import events
from p2pim.node.link import Link
from p2pim.node.networks import Invitation
from p2pim.protocol import records
from p2pim.protocol.authority import Standing
from p2pim.protocol.control import INVITE, Admit, Invite, Role, RoomType, consent, decode, is_genuine
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.invite import InviteKeys, derive, parse_code, parse_invitation, prove
from p2pim.protocol.message import Message, MessageId, RoomId, examine, id_of
from p2pim.protocol.message import prove as prove_message
from p2pim.protocol.names import received_name
from p2pim.protocol.records import CONTROL, Messages, Record
from p2pim.store.control import Join

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)

#: How long a Link of this kind may last.
PATIENCE: Final = 20.0
#: Control messages a joiner takes from one member.
MAX_CONTROL: Final = 20_000
#: A code that led nowhere for so long is given up.
GIVEN_UP_MS: Final = 30 * 24 * 3600 * 1000

_REASONS: Final = {
    records.PENDING: "An admin must approve you first: leave p2pim running, you come in as soon as one is online.",
    records.REFUSED: "They do not let you in: ask for a new code.",
    records.USED_UP: "This code has been used as often as it may be: ask for a new one.",
    records.EXPIRED: "This code has expired: ask for a new one.",
    records.REVOKED: "This code was revoked: ask for a new one.",
}


class _Talk:
    """One Link on the network of an invite: what was said on it so far."""

    def __init__(self, since: float, join: Join | None, invitation: Invitation | None) -> None:
        self.since, self.join, self.invitation = since, join, invitation
        self.team: RoomId | None = None
        self.let_in = False
        self.control: dict[MessageId, Message] = {}


class Joining:
    """Both sides of joining."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._talks: dict[Link, _Talk] = {}

    # -- for the user

    def begin(self, text: str) -> tuple[Join, list[tuple[str, int]]]:
        """Enter a code or a link; it is tried until it leads into its team, or is refused.

        Returns:
            The join, and addresses to try that the link holds.

        Raises:
            BadInput: it is neither, or mistyped.
        """
        link = parse_invitation(text)
        keys = derive(parse_code(link.code))
        for team in self._node.rooms.mine():
            if any(s.invite.secret == keys.secret for s in self._node.rooms.authority(team).invites.values()):
                raise BadInput(
                    f"You are in {self._node.rooms.name(team)} already, the team that this code is for."
                )
        seed, secret, bind = keys.reveal()
        join = Join(secret, seed, bind, self._node.clock.wall_ms())
        with self._node.writing():
            self._store.control.put_join(join)
            self._store.on_commit(self._node.networks_changed)
        return join, list(link.addresses)

    def under_way(self) -> list[Join]:
        """The codes that have not led into their teams yet."""
        return self._store.control.joins()

    def give_up(self, secret: bytes) -> None:
        """Try a code no longer."""
        with self._node.writing():
            self._store.control.drop_join(secret)
            self._store.on_commit(self._node.networks_changed)

    # -- Links

    def has(self, link: Link) -> bool:
        """Whether this is a Link of this kind."""
        return link in self._talks

    def concerns(self, link: Link) -> bool:
        """Whether a Link that became ready is of this kind."""
        nets = self._node.nets
        return nets.join_of(link.network) is not None or nets.invitation_of(link.network) is not None

    def link_ready(self, link: Link) -> None:
        """Say which team it is, if we are the member."""
        join = self._node.nets.join_of(link.network)
        invitation = self._node.nets.invitation_of(link.network)
        talk = _Talk(self._node.clock.monotonic(), join, None if join else invitation)
        self._talks[link] = talk
        if talk.invitation is not None:
            team, invite = talk.invitation
            standing = self._node.rooms.authority(team).invites.get(invite)
            if standing is None:  # whoever made it turned out, during this handshake, to have had no right to
                link.close(records.NOT_AUTHORISED, "the invite does not count any more")
                return
            name = self._node.rooms.name(team)
            link.send(records.Joinfo(team, standing.deed.message.signed(), name))
            link.flush()

    def link_closed(self, link: Link) -> None:
        """It is over."""
        self._talks.pop(link, None)

    def tick(self) -> None:
        """End what takes too long, and give up codes that led nowhere."""
        now = self._node.clock.monotonic()
        for link in [link for link, talk in self._talks.items() if now - talk.since > PATIENCE]:
            link.close(records.IDLE_OR_AGE, "took too long")
        for join in self._store.control.joins() if self._node.nets.joins() else []:
            if join.since_ms + GIVEN_UP_MS < self._node.clock.wall_ms():
                self._store.control.drop_join(join.secret)
                self._store.on_commit(self._node.networks_changed)

    def record_received(self, link: Link, record: Record) -> None:
        """One record on a Link of this kind; anything else than what belongs here breaks a rule."""
        talk = self._talks[link]
        try:
            if talk.join is not None:
                self._as_joiner(link, talk, talk.join, record)
            elif talk.invitation is not None and isinstance(record, records.Join):
                self._as_member(link, talk.invitation, record)
            elif talk.invitation is not None and isinstance(record, records.Joinfo):
                # Whoever shows the invite is in already, as we are: one of us has come in since this Link was begun.
                link.close(records.SHUTDOWN, "both are in the team")
            else:
                raise RemoteProtocolError("not to be said on the network of an invite")
        except RemoteProtocolError as error:
            log.info("joining: %s", error)
            link.close(records.PROTOCOL, "protocol error")

    # -- the one who joins

    def _as_joiner(self, link: Link, talk: _Talk, join: Join, record: Record) -> None:
        if isinstance(record, records.Joinfo) and talk.team is None:
            self._ask(link, talk, join, record)
        elif isinstance(record, records.Joined) and talk.team == record.team:
            talk.let_in = record.status == records.LET_IN
            if not talk.let_in:
                self._refused(link, join, record.status)
        elif (
            isinstance(record, Messages)
            and record.room == talk.team
            and record.set == CONTROL
            and talk.let_in
        ):
            self._learn(link, talk, join, record)
        else:
            raise RemoteProtocolError("out of turn while joining")

    def _ask(self, link: Link, talk: _Talk, join: Join, record: records.Joinfo) -> None:
        keys = InviteKeys(join.seed, join.secret, join.bind)
        invite = _invite_of(record)
        if invite is None or not hmac.compare_digest(invite.bind, keys.bind(record.team)):
            raise RemoteProtocolError("a team that the code does not belong to")
        talk.team = record.team
        proof = prove(keys, record.team, self._node.peer_id)
        name = received_name(self._node.nickname) or None
        agreed = consent(self._node.identity, id_of(record.invite), proof, name)
        link.send(records.Join(record.team, proof, agreed, name))
        link.flush()

    def _refused(self, link: Link, join: Join, status: int) -> None:
        reason = _REASONS.get(status, _REASONS[records.REFUSED])
        pending = status == records.PENDING
        if not pending:
            self._store.control.drop_join(join.secret)
        self._store.on_commit(self._node.networks_changed)
        self._store.on_commit(
            lambda: self._node.emit(
                events.JoinChanged(join.secret, "pending" if pending else "refused", reason)
            )
        )
        link.close(records.SHUTDOWN, "not let in")

    def _learn(self, link: Link, talk: _Talk, join: Join, record: Messages) -> None:
        """Collect the control set until it makes us a member; then we are in."""
        for signed in record.messages:
            if len(talk.control) >= MAX_CONTROL or signed.content is None:
                raise RemoteProtocolError("too much, or nothing, while joining")
            message_id = id_of(signed)
            talk.control[message_id] = prove_message(signed, message_id, examine(signed))
        trial = ControlSet(record.room)
        entered = trial.add_all(talk.control.values())
        if not trial.is_member(self._node.peer_id, self._node.clock.wall_ms()):
            return
        if trial.genesis is None or trial.genesis.type != RoomType.TEAM:
            raise RemoteProtocolError("that is no team")
        if not self._node.writable:
            return
        if self._node.rooms.control(record.room) is None:
            self._node.control.take_up(trial, entered, None)
        else:  # it was here before: we had left, or were removed
            new = [m for m in entered if self._node.control.adds(record.room, m)]
            self._node.control.grew(record.room, new)
        self._store.control.drop_join(join.secret)
        self._store.on_commit(self._node.networks_changed)
        self._store.on_commit(lambda: self._welcome(join, record.room))
        for other in [other for other, its in self._talks.items() if its.join == join]:
            other.close(records.SHUTDOWN, "let in")

    def _welcome(self, join: Join, team: RoomId) -> None:
        name = self._node.rooms.name(team)
        self._node.emit(events.JoinChanged(join.secret, "joined", f"You are in {name} now.", team))

    # -- the member

    def _as_member(self, link: Link, invitation: Invitation, record: records.Join) -> None:
        team, invite = invitation
        if record.team != team:
            raise RemoteProtocolError("not the team of this invite")
        if not self._node.writable:
            link.close(records.SHUTDOWN, "the disk is full here")
            return
        authority = self._node.rooms.authority(team)
        standing = authority.invites.get(invite)
        if standing is None:
            self._answer(link, team, records.REVOKED)
            return
        admit = Admit(link.peer_id, invite, record.proof, record.consent, record.name)
        if not is_genuine(admit, standing.invite, team):
            raise RemoteProtocolError("no proof, or no consent")
        if record.name is not None and received_name(record.name) != record.name:
            self._answer(link, team, records.REFUSED)  # a name that not everybody could read
            return
        if authority.is_member(link.peer_id):
            self._let_in(link, team)  # it was let in already, and did not hear of it
        elif (status := self._status(standing, authority.role(self._node.peer_id))) != records.LET_IN:
            self._answer(link, team, status)
        elif authority.timelines.get(link.peer_id):
            self._answer(link, team, records.REFUSED)  # who was removed comes back by an admin's word only
        else:
            self._node.teams.admit(team, admit)
            self._store.on_commit(lambda: self._let_in(link, team))

    def _status(self, standing: Standing, role: Role) -> int:
        if standing.revoked:
            return records.REVOKED
        if standing.invite.expiry_ms < self._node.clock.wall_ms():
            return records.EXPIRED
        if standing.left <= 0:
            return records.USED_UP
        if standing.invite.approval and role < Role.ADMIN:
            return records.PENDING
        return records.LET_IN

    def _let_in(self, link: Link, team: RoomId) -> None:
        link.send(records.Joined(team, records.LET_IN))
        signed = [deed.message.signed() for deed in self._node.rooms.sets[team].deeds()]
        self._node.sync.send_all(link, team, signed)
        link.flush()

    @staticmethod
    def _answer(link: Link, team: RoomId, status: int) -> None:
        link.send(records.Joined(team, status))
        link.flush()


def _invite_of(record: records.Joinfo) -> Invite | None:
    """The invite that a member shows; its signature proves nothing here: the code binds it to the team."""
    header = examine(record.invite)
    if header.kind != INVITE or header.room != record.team or record.invite.content is None:
        return None
    try:
        body = decode(INVITE, record.invite.content)
    except DecodeError:
        return None
    assert isinstance(body, Invite)
    return body
