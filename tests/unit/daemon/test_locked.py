from __future__ import annotations

import os

import pytest

from p2pim.api import schema
from p2pim.api.jsonrpc import API_VERSION, WrongVersion
from p2pim.api.schema import METHODS
from p2pim.daemon import views
from p2pim.daemon.locked import LockedHandlers, Nobody
from p2pim.errors import Locked

SERVED = {"hello", "status", "identity.unlock", "daemon.stop"}
OF_THE_SERVER = {"subscribe"}


class Api:
    """The handlers, and what they were told."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.stopped = False
        self.handlers = LockedHandlers(self._unlock, self._stop)

    async def _unlock(self, passphrase: str) -> schema.Status:
        self.given.append(passphrase)
        return views.locked_status(1)

    def _stop(self) -> None:
        self.stopped = True


async def test_the_few_things_that_need_no_node() -> None:
    api = Api()
    call = api.handlers.call
    assert call("hello", {"api": API_VERSION, "version": "x"})["pid"] == os.getpid()
    with pytest.raises(WrongVersion):
        call("hello", {"api": 99, "version": "x"})
    status = call("status", {})
    assert (status["state"], status["pid"]) == ("locked", os.getpid())
    assert status.keys() == schema.Status.__annotations__.keys()
    await call("identity.unlock", {"passphrase": "open sesame"})
    assert api.given == ["open sesame"]
    assert call("daemon.stop", {})["pid"] == os.getpid()
    assert api.stopped


@pytest.mark.parametrize("method", sorted(METHODS.keys() - SERVED - OF_THE_SERVER))
def test_all_else_is_locked(method: str) -> None:
    with pytest.raises(Locked, match=r"^p2pim is locked: run `p2pim unlock`\.$"):
        Api().handlers.call(method, {})
    with pytest.raises(Locked):
        Api().handlers.snapshot(1)


def test_nobody_does_nothing() -> None:
    nobody = Nobody()
    nobody.subscribe(lambda event: None)()
    with nobody.transaction():
        pass
