"""Teams, channels and groups: what owners, admins and members do (SPEC section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.rooms import ARCHIVED, NAME
from p2pim.node.session import SetId
from p2pim.protocol.authority import Deed, PolicyValue, Standing
from p2pim.protocol.control import (
    NO_ROOM,
    Admit,
    Body,
    Genesis,
    Grant,
    Invite,
    Merge,
    Policy,
    Revoke,
    Role,
    RoomType,
    encode,
    kind_of,
)
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import PeerId
from p2pim.protocol.invite import derive, make_link, new_code, parse_code
from p2pim.protocol.message import MAX_PARENTS, Message, MessageId, RoomId, next_clock, seal
from p2pim.protocol.names import own_name
from p2pim.protocol.records import CONTROL
from p2pim.protocol.room import RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node

INVITE_DAYS: Final = 7
MAX_INVITE_DAYS: Final = 366
DAY_MS: Final = 24 * 3600 * 1000
#: How long an admin waits for the owner to follow somebody's leave.
FOLLOW_LEAVE_MS: Final = 3600 * 1000


class Teams:
    """Use cases. Every deed is one transaction, and is checked before anything is written."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    # -- founding

    def create(self, name: str) -> RoomId:
        """Found a team; returns its id.

        Raises:
            BadInput: no name, or one that a room of ours has already.
        """
        with self._node.writing():
            return self._found(RoomType.TEAM, name, None)

    def create_room(self, team: RoomId, name: str, private: bool, members: Sequence[PeerId] = ()) -> RoomId:
        """Found a channel that is open to a team, or a private group within it."""
        with self._node.writing():
            self._require(team, Role.MEMBER, "found rooms in it")
            for member in members:
                if not self._node.rooms.authority(team).is_member(member):
                    raise BadInput(
                        f"{self._node.people.name(member)} is not in {self._node.rooms.name(team)}."
                    )
            room = self._found(RoomType.GROUP if private else RoomType.CHANNEL, name, team)
            if private:
                for member in members:
                    self.write(room, Grant(member, 1, Role.MEMBER))
            return room

    def _found(self, kind: RoomType, name: str, team: RoomId | None) -> RoomId:
        name = own_name(name)
        if not name or "/" in name or name.startswith("#"):
            raise BadInput("Give it a name, without / and without # at its beginning.")
        rooms = self._node.rooms
        taken = [
            r for r in rooms.all() if r.parent == team and rooms.name(r.id).casefold() == name.casefold()
        ]
        if any(rooms.role(r.id) >= Role.MEMBER for r in taken) or name.casefold() == "lobby":
            raise BadInput(f"There is a room called {name} already. Choose another name.")
        secret = self._node.random(32) if kind is RoomType.TEAM else None
        body = Genesis(self._node.random(16), kind, name, team, secret)
        parent = rooms.control(team) if team is not None else None
        least = rooms.highest(team) if team is not None else 0
        message = self._seal(NO_ROOM, body, [], least)
        trial = ControlSet(message.id, parent)
        assert trial.add(message) is Verdict.ENTERS
        self._node.control.take_up(trial, [message], None)
        self._store.database.on_known(lambda: self._push(message.id, message))
        return message.id

    # -- any control message of ours

    def write(
        self, room_id: RoomId, body: Body, *, after: MessageId | None = None, without: PeerId | None = None
    ) -> Message:
        """Seal a control message, take it in and push it; whoever calls has checked that we may.

        Args:
            body: its gen, if it has one, is put right here.
            after: what it must follow, however many heads there are.
            without: somebody whose latest deeds need not be followed, for this ends their time: where they are so many,
                and at odds, that they could stand in the way. Else they count: whom they removed stays out.
        """
        control, now = self._node.rooms.sets[room_id], self._node.clock.wall_ms()
        heads = control.heads(now)
        if without is not None and len(heads) > MAX_PARENTS:
            heads = control.heads(now, without)
        if len(heads) > MAX_PARENTS and self._node.rooms.role(room_id) >= Role.ADMIN:
            # A deed must follow everything its author knows: heads beyond what one message can name are joined first.
            self._seal_and_take(room_id, Merge(self._node.random(16)), heads[-MAX_PARENTS:])
            return self.write(room_id, body, after=after, without=without)
        parents = heads[:MAX_PARENTS]
        if after is not None and after not in control.with_ancestors(parents):
            parents = [*heads[: MAX_PARENTS - 1], after]
        return self._seal_and_take(room_id, body, parents)

    def _seal_and_take(self, room_id: RoomId, body: Body, parents: Sequence[MessageId]) -> Message:
        rooms = self._node.rooms
        control = rooms.sets[room_id]
        if isinstance(body, Grant | Policy):
            subject = body.subject if isinstance(body, Grant) else None
            body = replace(body, gen=control.next_gen(subject, parents))
        # A genesis counts whatever its clock: ours may be behind it.
        followed = [message.header.clock for message in rooms.messages(room_id, parents)]
        message = self._seal(room_id, body, parents, max(rooms.highest(room_id), *followed))
        verdict = rooms.add(room_id, message)
        if verdict is Verdict.HELD:
            return message  # the same was said before, and is not due yet by today's clock
        assert verdict is Verdict.ENTERS, "what we may do enters the set"
        self._node.control.grew(room_id, [message])
        self._store.database.on_known(lambda: self._push(room_id, message))
        return message

    def _seal(self, room_id: RoomId, body: Body, parents: Sequence[MessageId], least: int) -> Message:
        clock = next_clock(self._node.clock.wall_ms(), least)
        return seal(
            self._node.identity,
            room_id,
            parents=parents,
            clock=clock,
            kind=kind_of(body),
            content=encode(body),
        )

    def _push(self, room_id: RoomId, message: Message) -> None:
        sync = self._node.sync
        sync.push(message, SetId(room_id, CONTROL), sync.sharing.with_whom(room_id))

    # -- people

    def grant(self, room_id: RoomId, subject: PeerId, role: Role, name: str | None = None) -> None:
        """Make somebody member or admin, or certify another name for a member.

        Raises:
            NotNow: we may not; the text says who may.
        """
        assert role in (Role.MEMBER, Role.ADMIN)
        with self._node.writing():
            authority = self._node.rooms.authority(room_id)
            current = authority.timelines.get(subject, ())
            own = current[-1].role if current else Role.NONE
            needed = Role.OWNER if Role.ADMIN in (role, own) else Role.ADMIN
            self._require(
                room_id, needed, "make or unmake admins" if needed is Role.OWNER else "let people in"
            )
            if subject == authority.owner:
                raise BadInput("That is the owner, and stays so.")
            if authority.over is not None and not authority.over.is_member(subject):
                raise BadInput(f"{self._node.people.name(subject)} is not in the team that this belongs to.")
            certified = own_name(name) or None if name is not None else None
            demoted = subject if own is Role.ADMIN and role < own else None
            self.write(room_id, Grant(subject, 1, role, certified), without=demoted)

    def remove(self, room_id: RoomId, subject: PeerId) -> None:
        """Remove somebody for good: from now on nobody serves them, and a team has a new secret that they do not know.

        Raises:
            NotNow: we may not; the text says who may.
        """
        with self._node.writing():
            authority = self._node.rooms.authority(room_id)
            if subject == self._node.peer_id:
                raise BadInput("That is you: leave instead (p2pim team leave).")
            if subject == authority.owner:
                raise NotNow("The owner cannot be removed.")
            steps = authority.timelines.get(subject, ())
            if not steps or steps[-1].role is Role.NONE:
                raise BadInput(f"{self._node.people.name(subject)} is not a member.")
            admin = steps[-1].role is Role.ADMIN
            self._require(
                room_id, Role.OWNER if admin else Role.ADMIN, "remove an admin" if admin else "remove people"
            )
            for message_id, standing in authority.invites.items():
                # They may know its code: who has come in by it stays, nobody comes in by it any more.
                if standing.invite.uses > 1 and standing.left > 0:
                    self._revoke(room_id, message_id, standing)
            secret = self._node.random(32) if authority.genesis.secret is not None else None
            self.write(room_id, Grant(subject, 1, Role.NONE, None, secret), without=subject)

    def leave(self, room_id: RoomId) -> None:
        """Leave a room. Its history stays here.

        Raises:
            NotNow: we are its owner.
        """
        with self._node.writing():
            authority = self._node.rooms.authority(room_id)
            me = self._node.peer_id
            if me == authority.owner:
                raise NotNow("You founded it and cannot leave; remove the others, or archive it.")
            if authority.role(me) is Role.NONE:
                raise NotNow("You are not a member (any more).")
            if authority.genesis.type == RoomType.CHANNEL:
                path = self._node.rooms.paths(self._node.room(room_id))[-1]
                raise NotNow(
                    f"A channel belongs to everybody in its team: leave the team, or p2pim mute '#{path}'."
                )
            self.write(room_id, Grant(me, 1, Role.NONE), after=authority.timelines[me][-1].by)

    # -- invites

    def invite(
        self,
        team: RoomId,
        *,
        uses: int = 1,
        days: float = INVITE_DAYS,
        approval: bool = False,
        label: str = "",
        addresses: Sequence[tuple[str, int]] = (),
    ) -> tuple[str, str, MessageId]:
        """Make an invite.

        Returns:
            Its code, which is kept nowhere here, a link with it, and its id.
        """
        code = new_code(self._node.random)
        keys = derive(parse_code(code))
        with self._node.writing():
            self._require(team, Role.ADMIN, "invite people")
            if not 1 <= uses <= 1_000:
                raise BadInput("An invite can be used 1 to 1,000 times.")
            if not 0 < days <= MAX_INVITE_DAYS:
                raise BadInput(f"An invite is good for some time up to {MAX_INVITE_DAYS} days.")
            expiry = self._node.clock.wall_ms() + int(days * DAY_MS)
            body = Invite(
                keys.identity.peer_id,
                keys.secret,
                keys.bind(team),
                expiry,
                uses,
                approval,
                own_name(label) or None,
            )
            message = self.write(team, body)
        return code, make_link(code, self._node.rooms.name(team), addresses), message.id

    def revoke(self, team: RoomId, invite: MessageId) -> None:
        """End an invite; who came in by it stays."""
        with self._node.writing():
            self._require(team, Role.ADMIN, "revoke invites")
            standing = self._node.rooms.authority(team).invites.get(invite)
            if standing is None:
                raise UnknownTarget("There is no such invite. p2pim team invites lists them.")
            if standing.revoked:
                raise BadInput("That invite is revoked already.")
            self._revoke(team, invite, standing)

    def _revoke(self, team: RoomId, invite: MessageId, standing: Standing) -> None:
        self.write(team, Revoke(invite, [deed.id for deed in standing.admits]))

    def admit(self, team: RoomId, admit: Admit) -> None:
        """Let in who has shown that they have the code (see Joining); inside a transaction."""
        self.write(team, admit, after=admit.invite)

    def follow_leaves(self) -> None:
        """Whoever left still knows the secret of the network: remove them for good, where that is ours to do.

        The owner does it at once; an admin only later, lest several do it together. In a transaction.
        """
        now, me = self._node.clock.wall_ms(), self._node.peer_id
        for team in self._node.rooms.mine():
            authority = self._node.rooms.authority(team)
            role = authority.role(me)
            if role < Role.ADMIN:
                continue
            for subject, steps in authority.timelines.items():
                last = steps[-1]
                deed = self._node.rooms.sets[team].deed(last.by)
                if last.role is not Role.NONE or deed is None or deed.author != subject:
                    continue
                was_admin = len(steps) > 1 and steps[-2].role is Role.ADMIN
                if role is Role.OWNER or (not was_admin and now - deed.clock > FOLLOW_LEAVE_MS):
                    removal = Grant(subject, 1, Role.NONE, None, self._node.random(32))
                    self.write(team, removal, without=subject)

    # -- rules

    def set_policy(self, room_id: RoomId, values: dict[str, PolicyValue]) -> None:
        """Set rules of a team or room."""
        with self._node.writing():
            self._require(room_id, Role.ADMIN, "set its rules")
            self.write(room_id, Policy(1, values))

    def archive(self, room_id: RoomId, archived: bool) -> None:
        """Close a room to new messages, or open it again."""
        self.set_policy(room_id, {ARCHIVED: archived})

    def rename(self, room_id: RoomId, name: str) -> None:
        """Call a team or room otherwise."""
        if not (name := own_name(name)) or "/" in name or name.startswith("#"):
            raise BadInput("Give it a name, without / and without # at its beginning.")
        self.set_policy(room_id, {NAME: name})

    # -- looking

    def members(self, room_id: RoomId) -> list[events.MemberView]:
        """Who belongs to a room, the highest roles first."""
        authority = self._node.rooms.authority(room_id)
        views = []
        for peer_id in authority.members():
            steps = authority.timelines.get(peer_id, ())
            since = steps[-1].start if steps else None
            views.append(
                events.MemberView(
                    peer_id=peer_id,
                    name=self._node.people.name(peer_id),
                    certified=authority.names.get(peer_id, ""),
                    role=authority.role(peer_id).name.lower(),
                    since_ms=since,
                    mine=peer_id == self._node.peer_id,
                    presence=self._node.presence.of(peer_id)[0],
                )
            )
        return views

    def invites(self, team: RoomId) -> list[events.InviteView]:
        """The invites of a team that were ever good, the newest first."""
        now = self._node.clock.wall_ms()
        views = []
        for message_id, standing in self._node.rooms.authority(team).invites.items():
            state = "open"
            if standing.revoked:
                state = "revoked"
            elif standing.left <= 0:
                state = "used up"
            elif standing.invite.expiry_ms < now:
                state = "expired"
            names = tuple(self._subject_name(deed) for deed in standing.admits)
            invite = standing.invite
            views.append(
                events.InviteView(
                    id=message_id,
                    by=self._node.people.name(standing.deed.author),
                    label=invite.label or "",
                    uses=invite.uses,
                    left=max(0, standing.left),
                    over=standing.over,
                    expiry_ms=invite.expiry_ms,
                    approval=invite.approval,
                    state=state,
                    admitted=names,
                )
            )
        return sorted(views, key=lambda view: -view.expiry_ms)

    def _subject_name(self, deed: Deed) -> str:
        assert isinstance(deed.body, Admit)
        return self._node.people.name(deed.body.subject)

    def _require(self, room_id: RoomId, least: Role, what: str) -> None:
        role = self._node.rooms.role(room_id)
        if role >= least:
            return
        name = self._node.rooms.name(room_id)
        if role is Role.NONE:
            raise NotNow(f"You are not a member of {name} (any more).")
        who = "its owner" if least is Role.OWNER else "its owner and admins"
        raise NotNow(
            f"Only {who} can {what}; you are {role.name.lower()} in {name}. Ask one of them: p2pim team members."
        )

    def team(self, room_id: RoomId) -> RoomId:
        """The room itself, which must be a team."""
        room = self._node.room(room_id)
        if room.kind is not RoomKind.TEAM:
            raise BadInput("That is not a team.")
        return room_id
