"""What the daemon wants of a node: the use cases, and a store to group their effects in one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from p2pim.config.policy import Policy
from p2pim.node.audit import Log
from p2pim.node.events import (
    Check,
    Completeness,
    Event,
    InviteView,
    MemberView,
    MessageView,
    PeerView,
    RoomView,
    Status,
)
from p2pim.protocol.authority import PolicyValue
from p2pim.protocol.control import Role
from p2pim.store.control import Join


class Transactions(Protocol):
    """The one thing of the store that the server needs."""

    def transaction(self) -> AbstractContextManager[None]:
        """One commit for all inside; re-entrant: an inner one is a savepoint."""
        ...


class EventSource(Protocol):
    """Where events come from."""

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Be told of events after their commit; what is returned ends it."""
        ...


class TeamUseCases(Protocol):
    """What people do in teams, channels and groups. Rooms and teams are given by id."""

    def team(self, room: bytes, /) -> bytes:
        """The same room, if it is a team."""
        ...

    def create(self, name: str, /) -> bytes:
        """Found a team."""
        ...

    def create_room(self, team: bytes, name: str, private: bool, members: Sequence[bytes], /) -> bytes:
        """Found a channel or a private group in a team."""
        ...

    def archive(self, room: bytes, archived: bool, /) -> None:
        """Close a room to new messages, or open it again."""
        ...

    def members(self, room: bytes, /) -> list[MemberView]:
        """Who belongs there."""
        ...

    def grant(self, room: bytes, subject: bytes, role: Role, name: str | None, /) -> None:
        """Make somebody a member or an admin."""
        ...

    def remove(self, room: bytes, subject: bytes, /) -> None:
        """Remove somebody."""
        ...

    def leave(self, room: bytes, /) -> None:
        """Go oneself."""
        ...

    def invite(
        self,
        team: bytes,
        *,
        uses: int,
        days: float,
        approval: bool,
        label: str,
        addresses: Sequence[tuple[str, int]],
    ) -> tuple[str, str, bytes]:
        """Make an invite: its code, a link, its id."""
        ...

    def invites(self, team: bytes, /) -> list[InviteView]:
        """Those of a team."""
        ...

    def revoke(self, team: bytes, invite: bytes, /) -> None:
        """End one."""
        ...

    def rename(self, room: bytes, name: str, /) -> None:
        """Call it otherwise."""
        ...

    def set_policy(self, room: bytes, values: dict[str, PolicyValue], /) -> None:
        """Set rules."""
        ...


class CompletenessUseCase(Protocol):
    """Whether all is here."""

    def of(self, room: bytes, /) -> Completeness:
        """Of one room."""
        ...


class RosterUseCases(Protocol):
    """What can be looked up about a team or room."""

    def find_member(self, room: bytes, target: str, /) -> bytes:
        """The person that is meant: a member, or else anybody known."""
        ...

    def policy(self, room: bytes, /) -> tuple[dict[str, PolicyValue], int]:
        """The rules in force, and how often they were set."""
        ...

    def log(self, room: bytes, verify: bool, /) -> Log:
        """Who did what."""
        ...


class JoinUseCases(Protocol):
    """Joining by a code."""

    def begin(self, text: str, /) -> tuple[Join, list[tuple[str, int]]]:
        """Try a code or link from now on; the addresses in the link."""
        ...

    def under_way(self) -> list[Join]:
        """Those tried."""
        ...

    def give_up(self, secret: bytes, /) -> None:
        """Try one no longer."""
        ...


class FileUseCases(Protocol):
    """Files, offered and fetched."""

    def send(self, room: bytes, path: Path, /) -> Awaitable[MessageView]:
        """Hash and offer a file or folder."""
        ...

    def accept(self, message: bytes, folder: Path | None, /) -> None:
        """Fetch it, or go on."""
        ...

    def decline(self, message: bytes, /) -> None:
        """Not wanted."""
        ...

    def pause(self, message: bytes, /) -> None:
        """Not now."""
        ...

    def cancel(self, message: bytes, /) -> None:
        """No longer wanted."""
        ...

    def shown(self, message: bytes, /) -> MessageView:
        """An offer as it is now."""
        ...


class UseCases(EventSource, Protocol):
    """The node as its user sees it. Every method raises a UserError with a sentence where it cannot."""

    @property
    def store(self) -> Transactions:
        """Where everything is kept."""
        ...

    @property
    def peer_id(self) -> bytes:
        """Who this is."""
        ...

    @property
    def nickname(self) -> str:
        """The name others see."""
        ...

    @property
    def short_id(self) -> str:
        """The beginning of the id, to tell people apart."""
        ...

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        ...

    @property
    def teams(self) -> TeamUseCases:
        """Teams, channels and groups."""
        ...

    @property
    def roster(self) -> RosterUseCases:
        """Who is meant, which rules hold, who did what."""
        ...

    @property
    def completeness(self) -> CompletenessUseCase:
        """Whether all that is known of a room is here."""
        ...

    @property
    def joining(self) -> JoinUseCases:
        """Joining a team by a code."""
        ...

    @property
    def transfers(self) -> FileUseCases:
        """Files."""
        ...

    def status(self) -> Status:
        """One's own state at a glance."""
        ...

    def peers(self) -> list[PeerView]:
        """Everybody known."""
        ...

    def conversations(self) -> list[RoomView]:
        """Every room."""
        ...

    def resolve(self, target: str, /) -> bytes:
        """The room that a person means."""
        ...

    def find_peer(self, target: str, /) -> bytes:
        """The peer that a person means."""
        ...

    def find_room(self, target: str, /) -> bytes:
        """The team, channel or group that a person means."""
        ...

    def name_of(self, peer_id: bytes, /) -> str:
        """The name to show for somebody."""
        ...

    def addresses(self) -> list[tuple[str, int]]:
        """Where others may reach this machine, the best first."""
        ...

    def history(self, room: bytes, limit: int, before: tuple[int, bytes] | None, /) -> list[MessageView]:
        """The newest messages before a place in the order, oldest first."""
        ...

    def find(
        self,
        text: str,
        limit: int,
        /,
        *,
        room: bytes | None,
        author: bytes | None,
        since_ms: int | None,
        until_ms: int | None,
        files: bool,
    ) -> tuple[list[MessageView], bool]:
        """Messages that have all words of a text, the newest first; whether there may be more."""
        ...

    def send_text(
        self,
        room: bytes,
        text: str,
        token: str | None,
        /,
        *,
        reply_to: bytes | None,
        mentions: list[bytes],
        everyone: bool,
    ) -> MessageView:
        """Write; the same token again stores nothing new."""
        ...

    def find_message(self, digits: str, /) -> bytes:
        """The message whose id begins with these digits."""
        ...

    def edit(self, message: bytes, text: str, mentions: list[bytes], everyone: bool, /) -> MessageView:
        """Put other words in place of one's own."""
        ...

    def delete(self, message: bytes, /) -> MessageView:
        """Erase a message, and ask others to."""
        ...

    def react(self, message: bytes, emoji: str, remove: bool, /) -> MessageView:
        """Put an emoji to a message, or take it back."""
        ...

    def set_topic(self, room: bytes, topic: str, /) -> RoomView:
        """Say what a room is about."""
        ...

    def set_alerts(self, room: bytes, alerts: str, /) -> RoomView:
        """Choose what of a room draws attention: all, mentions, none."""
        ...

    def mark_read(self, room: bytes, seq: int, /) -> None:
        """All that arrived up to here was shown."""
        ...

    def typing(self, room: bytes, /) -> None:
        """The user is typing."""
        ...

    def set_nickname(self, text: str, /) -> None:
        """Choose the name others see."""
        ...

    def set_petname(self, peer_id: bytes, text: str, /) -> None:
        """Name a peer for oneself; empty takes it back."""
        ...

    def set_presence(self, presence: str, text: str | None, until_ms: int | None, /) -> None:
        """Set one's presence, perhaps until a moment."""
        ...

    def accept(self, peer_id: bytes, /) -> None:
        """Accept a message request."""
        ...

    def decline(self, peer_id: bytes, /) -> None:
        """Decline a message request."""
        ...

    def block(self, peer_id: bytes, /) -> None:
        """Hear and tell nothing any more."""
        ...

    def unblock(self, peer_id: bytes, /) -> None:
        """Take a block back."""
        ...

    def verify(self, peer_id: bytes, verified: bool, /) -> None:
        """Note that safety numbers were compared."""
        ...

    def safety_number(self, peer_id: bytes, /) -> str:
        """60 digits to compare."""
        ...

    def add_address(self, host: str, port: int, /) -> None:
        """Try an address and keep it."""
        ...

    def diagnose(self) -> Awaitable[list[Check]]:
        """Find out what hinders."""
        ...
