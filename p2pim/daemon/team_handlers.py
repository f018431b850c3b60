"""API method → use case, for teams, channels and groups. Nothing is decided here either."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from p2pim.api import schema, team_schema
from p2pim.api.jsonrpc import LONGEST_LINE
from p2pim.config.policy import check_team_rules
from p2pim.daemon import views
from p2pim.daemon.ports import UseCases
from p2pim.errors import AmbiguousTarget, BadInput, UnknownTarget, UserError
from p2pim.protocol.control import Role
from p2pim.protocol.identity import encode_peer_id

#: Lines of a log travel as one line of the API, with the faults that were found: leave room for those.
LARGEST_ANSWER = LONGEST_LINE - 200_000
LONGEST_LOG = 1000
MOST_FAULTS = 500

_PREFIX = re.compile(r"[0-9a-f]{4,64}")
_ROLES = {"member": Role.MEMBER, "admin": Role.ADMIN}
_T = TypeVar("_T")


class TeamHandlers:
    """The methods ``team.*``, ``room.create`` and ``room.archive`` over one node."""

    def __init__(self, node: UseCases) -> None:
        self._node = node
        self.methods: dict[str, Callable[..., Any]] = {
            "room.create": self.room_create,
            "room.archive": self.room_archive,
            "team.create": self.team_create,
            "team.list": self.team_list,
            "team.members": self.team_members,
            "team.invite": self.team_invite,
            "team.invites": self.team_invites,
            "team.revoke": self.team_revoke,
            "team.join": self.team_join,
            "team.joins": self.team_joins,
            "team.give_up": self.team_give_up,
            "team.grant": self.team_grant,
            "team.remove": self.team_remove,
            "team.leave": self.team_leave,
            "team.rename": self.team_rename,
            "team.policy": self.team_policy,
            "team.log": self.team_log,
        }

    def _team(self, target: str) -> bytes:
        return self._node.teams.team(self._node.find_room(target))

    def _shown(self, room: bytes) -> schema.Room:
        return next(views.room(view) for view in self._node.conversations() if view.room == room)

    def _named(self, peer_id: bytes) -> schema.Named:
        return {"peer_id": encode_peer_id(peer_id), "name": self._node.name_of(peer_id)}

    # -- founding and looking

    def team_create(self, name: str) -> team_schema.Founded:
        """Found a team."""
        shown = self._shown(self._node.teams.create(name))
        return {"team": shown["room"], "name": shown["name"].removeprefix("#")}

    def team_list(self) -> list[team_schema.Team]:
        """Every team."""
        return [views.team(view) for view in self._node.conversations() if view.kind == "team"]

    def team_members(self, room: str) -> list[team_schema.Member]:
        """Who belongs there."""
        return [views.member(view) for view in self._node.teams.members(self._node.find_room(room))]

    def room_create(
        self, team: str, name: str, private: bool = False, members: Sequence[str] = ()
    ) -> schema.Room:
        """Found a channel or group."""
        if members and not private:
            raise BadInput("A channel is open to its whole team: name members only of a private room.")
        within = self._team(team)
        people = [self._node.roster.find_member(within, member) for member in members]
        return self._shown(self._node.teams.create_room(within, name, private, people))

    def room_archive(self, room: str, archived: bool) -> schema.Room:
        """Close a room, or open it again."""
        found = self._node.find_room(room)
        self._node.teams.archive(found, archived)
        return self._shown(found)

    # -- invites

    def team_invite(
        self, team: str, uses: int = 1, days: float = 7, approval: bool = False, label: str = ""
    ) -> team_schema.Invited:
        """Make an invite."""
        code, link, invite = self._node.teams.invite(
            self._team(team),
            uses=uses,
            days=days,
            approval=approval,
            label=label,
            addresses=self._node.addresses(),
        )
        return {"code": code, "link": link, "id": invite.hex()}

    def team_invites(self, team: str) -> list[team_schema.Invite]:
        """All of a team."""
        return [views.invite(view) for view in self._node.teams.invites(self._team(team))]

    def team_revoke(self, team: str, invite: str) -> schema.Nothing:
        """End one."""
        within = self._team(team)
        known = {view.id.hex(): view.id for view in self._node.teams.invites(within)}
        wanted = invite.strip().casefold()
        if not _PREFIX.fullmatch(wanted):
            raise BadInput(
                "An invite is named by its id, at least 4 digits of it: p2pim team invites lists them."
            )
        found = [each for text, each in known.items() if text.startswith(wanted)]
        if len(found) > 1:
            raise AmbiguousTarget(f"Several invites begin with {wanted}: give more digits.")
        if not found:
            raise UnknownTarget("There is no such invite. p2pim team invites lists them.")
        self._node.teams.revoke(within, found[0])
        return {}

    # -- joining

    def team_join(self, invitation: str) -> team_schema.Begun:
        """Begin to try a code; addresses in a link are hints, and one that is no good is no reason to fail."""
        join, hints = self._node.joining.begin(invitation)
        tried = []
        for host, port in hints:
            with contextlib.suppress(UserError):
                self._node.add_address(host, port)
                tried.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        return {"join": views.join_id(join.secret), "addresses": tried}

    def team_joins(self) -> list[team_schema.Join]:
        """Those under way."""
        return [
            {"join": views.join_id(join.secret), "since_ms": join.since_ms}
            for join in self._node.joining.under_way()
        ]

    def team_give_up(self, join: str) -> schema.Nothing:
        """End one."""
        known = {views.join_id(each.secret): each.secret for each in self._node.joining.under_way()}
        wanted = join.strip().casefold()
        found = [secret for text, secret in known.items() if text.startswith(wanted)]
        if not _PREFIX.fullmatch(wanted) or len(found) != 1:
            raise UnknownTarget("There is no such join under way. p2pim team joins lists them.")
        self._node.joining.give_up(found[0])
        return {}

    # -- people

    def team_grant(self, room: str, peer: str, role: str, name: str | None = None) -> schema.Named:
        """A role for somebody."""
        found = self._node.find_room(room)
        peer_id = self._node.roster.find_member(found, peer)
        self._node.teams.grant(found, peer_id, _ROLES[role], name)
        return self._named(peer_id)

    def team_remove(self, room: str, peer: str) -> schema.Named:
        """Somebody goes."""
        found = self._node.find_room(room)
        peer_id = self._node.roster.find_member(found, peer)
        self._node.teams.remove(found, peer_id)
        return self._named(peer_id)

    def team_leave(self, room: str) -> schema.Room:
        """Oneself goes."""
        found = self._node.find_room(room)
        self._node.teams.leave(found)
        return self._shown(found)

    # -- rules and the log

    def team_rename(self, room: str, name: str) -> schema.Room:
        """Another name."""
        found = self._node.find_room(room)
        self._node.teams.rename(found, name)
        return self._shown(found)

    def team_policy(
        self, room: str, values: dict[str, team_schema.PolicyValue] | None = None
    ) -> team_schema.Policy:
        """Set rules, show rules."""
        found = self._node.find_room(room)
        if values:
            if self._shown(found)["kind"] != "team":
                raise BadInput("Rules are for a whole team: name the team, not one of its rooms.")
            check_team_rules(values)
            self._node.teams.set_policy(found, values)
        in_force, gen = self._node.roster.policy(found)
        return {"values": in_force, "gen": gen}

    def team_log(self, room: str, verify: bool = False, limit: int = LONGEST_LOG) -> team_schema.Log:
        """Who did what."""
        if limit < 1:
            raise BadInput("team.log: limit must be at least 1.")
        found = self._node.find_room(room)
        log = self._node.roster.log(found, verify)
        faults = None
        if log.faults is not None:
            faults = [views.log_fault(fault) for fault in log.faults[:MOST_FAULTS]]
        return {
            "room": found.hex(),
            "name": self._shown(found)["name"],
            "lines": _fitting([views.log_line(line) for line in log.lines[-limit:]]),
            "total": len(log.lines),
            "fingerprint": log.fingerprint.hex(),
            "faults": faults,
        }


def _fitting(shown: list[_T]) -> list[_T]:
    """The last of these that fit into one line."""
    size = 0
    for place in range(len(shown) - 1, -1, -1):
        size += len(msgspec.json.encode(shown[place])) + 1
        if size > LARGEST_ANSWER:
            return shown[place + 1 :]
    return shown
