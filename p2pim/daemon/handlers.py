"""API method → use case of the node. Nothing is decided here: ids become text and text becomes ids."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from p2pim import __version__
from p2pim.api import schema, team_schema
from p2pim.api.jsonrpc import API_VERSION, LONGEST_LINE, WrongVersion
from p2pim.config import Settings
from p2pim.daemon import views
from p2pim.daemon.care import Care
from p2pim.daemon.file_handlers import FileHandlers
from p2pim.daemon.ports import UseCases
from p2pim.daemon.team_handlers import TeamHandlers
from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node.events import MessageView
from p2pim.protocol.identity import encode_peer_id, short_id

LARGEST_PAGE = 500
# A page of history travels as one line; leave room for what is around it.
LARGEST_PAGE_BYTES = LONGEST_LINE - 4096


def greeting(api: int, version: str) -> schema.Hello:
    """Refuse another API version, naming both."""
    if api != API_VERSION:
        raise WrongVersion(
            f"The running p2pim is version {__version__} (API {API_VERSION}), this one {version} "
            f"(API {api}): run `p2pim stop`, then `p2pim start`."
        )
    return {"api": API_VERSION, "version": __version__, "pid": os.getpid()}


class Handlers:
    """The methods of the API over one node."""

    def __init__(
        self, node: UseCases, settings: Settings, config_file: Path, stop: Callable[[], None], care: Care
    ) -> None:
        self._node = node
        self._settings = settings
        self._config_file = config_file
        self.stop = stop
        self._care = care
        self._methods: dict[str, Callable[..., Any]] = {
            "hello": self.hello,
            "status": self.status,
            "peers.list": self.peers_list,
            "peers.name": self.peers_name,
            "peers.accept": lambda peer: self._peer_act(peer, node.accept),
            "peers.decline": lambda peer: self._peer_act(peer, node.decline),
            "peers.block": lambda peer: self._peer_act(peer, node.block),
            "peers.unblock": lambda peer: self._peer_act(peer, node.unblock),
            "peers.verify": self.peers_verify,
            "peers.safety_number": self.peers_safety_number,
            "identity.get": self.identity_get,
            "identity.name": self.identity_name,
            "identity.unlock": self.identity_unlock,
            "identity.passphrase": self.identity_passphrase,
            "backup.write": self.backup_write,
            "presence.set": self.presence_set,
            "rooms.list": self.rooms_list,
            "rooms.get": self.rooms_get,
            "rooms.read": self.rooms_read,
            "rooms.topic": self.rooms_topic,
            "rooms.alerts": self.rooms_alerts,
            "rooms.state": self.rooms_state,
            "rooms.typing": self.rooms_typing,
            "message.send": self.message_send,
            "message.edit": self.message_edit,
            "message.delete": self.message_delete,
            "message.react": self.message_react,
            "message.history": self.message_history,
            "message.search": self.message_search,
            "config.get": self.config_get,
            "policy.get": self.policy_get,
            "doctor.run": self.doctor_run,
            "network.addresses": self.network_addresses,
            "network.add": self.network_add,
            "daemon.stop": self.daemon_stop,
            **TeamHandlers(node).methods,
            **FileHandlers(node).methods,
        }

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """Run one method; UserError and StoreError tell why not."""
        return self._methods[method](**params)

    def hello(self, api: int, version: str) -> schema.Hello:
        """Who answers."""
        return greeting(api, version)

    def status(self) -> schema.Status:
        """One's own state."""
        return views.status(self._node.status(), os.getpid())

    def snapshot(self, seq: int) -> schema.Snapshot:
        """All that is drawn."""
        return {"seq": seq, "status": self.status(), "peers": self.peers_list(), "rooms": self.rooms_list()}

    def peers_list(self) -> list[schema.Peer]:
        """Everybody known."""
        return [views.peer(view) for view in self._node.peers()]

    def _peer_act(self, target: str, act: Callable[[bytes], None]) -> schema.Named:
        peer_id = self._node.find_peer(target)
        act(peer_id)
        return self._named(peer_id)

    def _named(self, peer_id: bytes) -> schema.Named:
        names = (view.name for view in self._node.peers() if view.peer_id == peer_id)
        return {"peer_id": encode_peer_id(peer_id), "name": next(names, short_id(peer_id))}

    def peers_name(self, peer: str, name: str) -> schema.Named:
        """Petname."""
        return self._peer_act(peer, lambda peer_id: self._node.set_petname(peer_id, name))

    def peers_verify(self, peer: str, verified: bool) -> schema.Named:
        """Mark as compared, or not."""
        return self._peer_act(peer, lambda peer_id: self._node.verify(peer_id, verified))

    def peers_safety_number(self, peer: str) -> schema.SafetyNumber:
        """The number to compare."""
        peer_id = self._node.find_peer(peer)
        number = self._node.safety_number(peer_id)
        named = self._named(peer_id)
        return {"peer_id": named["peer_id"], "name": named["name"], "number": number}

    def identity_get(self) -> schema.Identity:
        """Oneself."""
        node = self._node
        return {
            "peer_id": encode_peer_id(node.peer_id),
            "short_id": node.short_id,
            "nickname": node.nickname,
        }

    def identity_name(self, nickname: str) -> schema.Identity:
        """One's own name."""
        self._node.set_nickname(nickname)
        return self.identity_get()

    async def identity_unlock(self, passphrase: str) -> schema.Status:
        """There is nothing to unlock."""
        raise NotNow("p2pim is not locked.")

    async def identity_passphrase(self, old: str | None, new: str | None) -> schema.Nothing:
        """Protect the key file, or no more."""
        await self._care.change_passphrase(old, new)
        return {}

    async def backup_write(self, file: str, passphrase: str) -> schema.Backup:
        """Everything in one file."""
        return await self._care.back_up(file, passphrase)

    def presence_set(
        self, presence: str, text: str | None = None, until_ms: int | None = None
    ) -> schema.Status:
        """One's own presence."""
        self._node.set_presence(presence, text, until_ms)
        return self.status()

    def rooms_list(self) -> list[schema.Room]:
        """Every room."""
        return [views.room(view) for view in self._node.conversations()]

    def _room(self, target: str) -> bytes:
        return self._node.resolve(target)

    def rooms_get(self, room: str) -> schema.Room:
        """The room somebody means; one in which nothing was written yet is still a room."""
        wanted = self._room(room)
        for view in self._node.conversations():
            if view.room == wanted:
                return views.room(view)
        for peer in self._node.peers():
            if peer.room == wanted:
                return {
                    "room": wanted.hex(),
                    "kind": "dm",
                    "name": peer.name,
                    "peer_id": encode_peer_id(peer.peer_id),
                    "unread": 0,
                    "mentions": 0,
                    "waiting": 0,
                    "last_ms": None,
                    "topic": "",
                    "team": None,
                    "role": "",
                    "members": None,
                    "archived": False,
                    "alerts": "all",
                }
        raise UnknownTarget("No such room here: run `p2pim peers` to see who is known.")

    def rooms_read(self, room: str, seq: int) -> schema.Nothing:
        """Shown up to here."""
        self._node.mark_read(self._room(room), seq)
        return {}

    def rooms_topic(self, room: str, topic: str) -> schema.Room:
        """Say what a room is about."""
        return views.room(self._node.set_topic(self._room(room), topic))

    def rooms_alerts(self, room: str, alerts: str) -> schema.Room:
        """Choose what of a room draws attention."""
        return views.room(self._node.set_alerts(self._room(room), alerts))

    def rooms_state(self, room: str) -> team_schema.RoomState:
        """How complete it is."""
        return views.room_state(self._node.completeness.of(self._room(room)))

    def rooms_typing(self, room: str) -> schema.Nothing:
        """Typing."""
        self._node.typing(self._room(room))
        return {}

    def message_send(
        self,
        room: str,
        text: str,
        token: str | None = None,
        *,
        reply_to: str | None = None,
        mentions: Sequence[str] = (),
        mention_room: bool = False,
    ) -> schema.Message:
        """Write."""
        view = self._node.send_text(
            self._room(room),
            text,
            token,
            reply_to=None if reply_to is None else self._node.find_message(reply_to),
            mentions=[self._node.find_peer(peer) for peer in mentions],
            everyone=mention_room,
        )
        return views.message(view)

    def message_edit(
        self, message: str, text: str, mentions: Sequence[str] = (), mention_room: bool = False
    ) -> schema.Message:
        """Other words."""
        meant = [self._node.find_peer(peer) for peer in mentions]
        return views.message(self._node.edit(self._node.find_message(message), text, meant, mention_room))

    def message_delete(self, message: str) -> schema.Message:
        """Erase."""
        return views.message(self._node.delete(self._node.find_message(message)))

    def message_react(self, message: str, emoji: str, remove: bool = False) -> schema.Message:
        """An emoji."""
        return views.message(self._node.react(self._node.find_message(message), emoji, remove))

    def message_history(
        self, room: str, limit: int = 50, before: tuple[int, str] | None = None
    ) -> list[schema.Message]:
        """Messages, oldest first; the newest that fit into one line."""
        try:
            position = None if before is None else (before[0], bytes.fromhex(before[1]))
        except ValueError:
            raise BadInput("message.history: before must be [clock, id of 64 hexadecimal digits].") from None
        if limit < 1:
            raise BadInput("message.history: limit must be at least 1.")
        page = self._node.history(self._room(room), min(limit, LARGEST_PAGE), position)
        return _fitting(page[::-1])[::-1]

    def message_search(
        self,
        text: str,
        *,
        room: str | None = None,
        author: str | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
        files: bool = False,
        limit: int = 50,
    ) -> schema.Found:
        """Full text of all that is here."""
        if limit < 1:
            raise BadInput("message.search: limit must be at least 1.")
        found, more = self._node.find(
            text,
            min(limit, LARGEST_PAGE),
            room=None if room is None else self._room(room),
            author=None if author is None else self._author(author),
            since_ms=since_ms,
            until_ms=until_ms,
            files=files,
        )
        shown = _fitting(found)
        return {"messages": shown, "more": more or len(shown) < len(found)}

    def _author(self, author: str) -> bytes:
        """Somebody, or oneself, as the search takes them."""
        node = self._node
        mine = (node.nickname.casefold(), node.short_id, encode_peer_id(node.peer_id))
        return node.peer_id if author.casefold() in mine else node.find_peer(author)

    def config_get(self) -> schema.Config:
        """The settings in use."""
        used = msgspec.to_builtins(self._settings)
        used["open_network"] = self._node.policy.switch("open_network", self._settings.open_network)
        return {"file": str(self._config_file), "settings": used}

    def policy_get(self) -> list[schema.Rule]:
        """The rules in force."""
        return [views.rule(rule) for rule in self._node.policy.rules]

    async def doctor_run(self) -> list[schema.Check]:
        """Find out what hinders."""
        return [views.check(view) for view in await self._node.diagnose()]

    def network_addresses(self) -> list[schema.Address]:
        """What to tell a colleague."""
        return [{"host": host, "port": port} for host, port in self._node.addresses()]

    def network_add(self, host: str, port: int) -> schema.Nothing:
        """Try an address."""
        self._node.add_address(host, port)
        return {}

    def daemon_stop(self) -> schema.Stopping:
        """End, once the answer is out."""
        self.stop()
        return {"pid": os.getpid()}


def _fitting(page: Sequence[MessageView]) -> list[schema.Message]:
    """The first of these messages, as many as one line holds, and one at least."""
    fitting: list[schema.Message] = []
    size = 0
    for view in page:
        shown = views.message(view)
        size += len(msgspec.json.encode(shown)) + 1
        if fitting and size > LARGEST_PAGE_BYTES:
            break
        fitting.append(shown)
    return fitting
