from __future__ import annotations

import errno
import socket
import sys

import pytest

from p2pim.node.net.trouble import why_no_connection, why_no_link
from p2pim.protocol.events import Closed, Reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no address"),
        (TimeoutError(), "no answer"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "does not run there"),
        (OSError(errno.EPERM, "Operation not permitted"), "outgoing"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no route"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError("the policy forbids it"), "the policy forbids it"),
    ],
)
def test_why_an_address_cannot_be_connected_to(error: OSError, said: str) -> None:
    assert said in why_no_connection(error)


def test_on_macos_it_may_be_a_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Local Network" in why_no_connection(OSError(errno.EHOSTUNREACH, "No route to host"))


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        (None, "nothing answers"),
        (Closed(Reason.HANDSHAKE, 2, remote=False), "sign-in page"),
        (Closed(Reason.ENDED, 0, remote=True), "serves no network"),
        (Closed(Reason.REFUSED, 5, remote=False), "not let in"),
    ],
)
def test_why_no_link_came_of_a_connection(closed: Closed | None, said: str) -> None:
    assert said in why_no_link(closed)
