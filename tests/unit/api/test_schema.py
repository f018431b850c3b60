from __future__ import annotations

import inspect
import typing

from p2pim.api import schema
from p2pim.daemon.file_handlers import FileHandlers
from p2pim.daemon.handlers import Handlers
from p2pim.daemon.team_handlers import TeamHandlers
from tests.fakes import FakeNode

# These are the server's own business: they concern a connection, not the node.
OF_THE_SERVER = {"subscribe", "resync"}
FILE_METHODS = FileHandlers(FakeNode()).methods.keys()
TEAM_METHODS = TeamHandlers(FakeNode()).methods.keys()


def test_every_method_has_a_handler_with_just_its_parameters() -> None:
    for name, method in schema.METHODS.items():
        if name in OF_THE_SERVER:
            continue
        hints = typing.get_type_hints(method.params, include_extras=True)
        keys = set(hints)
        required = {key for key, hint in hints.items() if typing.get_origin(hint) is not typing.NotRequired}
        owner: type = TeamHandlers if name in TEAM_METHODS else Handlers
        owner = FileHandlers if name in FILE_METHODS else owner
        function = getattr(owner, name.replace(".", "_"), None)
        if function is None:  # the acts on a peer share one, and those on a file
            assert keys == ({"message"} if name in FILE_METHODS else {"peer"}), name
            continue
        taken = dict(list(inspect.signature(function).parameters.items())[1:])  # all but self
        assert set(taken) == keys, name
        assert {key for key, one in taken.items() if one.default is one.empty} == required, name


def test_every_method_and_event_says_what_it_is() -> None:
    assert all(method.doc.endswith(".") for method in schema.METHODS.values())
    assert all(text for text in schema.EVENTS.values())


def test_what_changes_the_store_is_marked_so() -> None:
    writing = {name for name, method in schema.METHODS.items() if method.writes}
    assert writing == {
        "peers.name",
        "peers.accept",
        "peers.decline",
        "peers.block",
        "peers.unblock",
        "peers.verify",
        "identity.name",
        "presence.set",
        "rooms.read",
        "rooms.topic",
        "rooms.alerts",
        "file.accept",
        "file.decline",
        "file.pause",
        "file.resume",
        "file.cancel",
        "message.send",
        "message.edit",
        "message.delete",
        "message.react",
        "network.add",
        "room.create",
        "room.archive",
        "team.create",
        "team.invite",
        "team.revoke",
        "team.join",
        "team.give_up",
        "team.grant",
        "team.remove",
        "team.leave",
        "team.rename",
        "team.policy",
    }
