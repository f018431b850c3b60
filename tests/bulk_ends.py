"""Two ends of a bulk connection, shaken hands in memory, on a pair of sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from p2pim.node.files.channel import Channel
from p2pim.protocol.events import Handed
from p2pim.protocol.handshake import Session
from tests.wire import exchange, make_end


def sessions(*, aes: bool = True) -> tuple[Session, Session]:
    """The two ends of a bulk connection, shaken hands in memory."""
    a, b = make_end("ann", initiator=True, bulk=True, aes=aes), make_end("ben", initiator=False)
    exchange(a, b)
    found = []
    for end in (a, b):
        handed = [event for event in end.events if isinstance(event, Handed)]
        assert len(handed) == 1
        found.append(handed[0].session)
    return found[0], found[1]


@contextmanager
def channels() -> Iterator[tuple[Channel, Channel]]:
    one, two = socket.socketpair()
    first, second = sessions()
    pair = Channel(one, first), Channel(two, second)
    yield pair
    for each in pair:
        each.close()


def start(run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
