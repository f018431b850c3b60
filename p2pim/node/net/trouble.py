"""Why a dial came to nothing, in words for whoever gave the address."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Final

from p2pim.protocol.events import Closed, Reason

NO_ANSWER: Final = "no answer: it is off or not on this network, or a firewall drops the connection"
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
_FORBIDDEN = {errno.EPERM, errno.EACCES}


def why_no_connection(error: OSError) -> str:
    """The address could not be connected to."""
    if isinstance(error, socket.gaierror):
        return "the name has no address here"
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, ConnectionRefusedError):
        return "refused: p2pim does not run there or has another port, or a firewall refuses the connection"
    if error.errno in _FORBIDDEN:
        return "this machine does not allow the connection: a firewall for outgoing ones?"
    if error.errno in _NO_WAY and sys.platform == "darwin":
        return "no way there: it is off, or p2pim lacks the permission Privacy & Security > Local Network"
    if error.errno in _NO_WAY:
        return "no way there: it is off, or no route leads to it"
    return error.strerror or str(error) or "it failed"


def why_no_link(closed: Closed | None) -> str:
    """Something answered, but no Link came of it."""
    if closed is None or closed.reason is Reason.TIMEOUT:
        return "connected, but nothing answers: large packets may be lost on the way, or it is no p2pim"
    if closed.reason in (Reason.HANDSHAKE, Reason.PROTOCOL):
        return "a wrong answer: something else than p2pim is there (the sign-in page of a guest network?)"
    if closed.remote:
        return "it hangs up: it serves no network that is served here, or no p2pim is there"
    return "whoever is there is not let in here"
