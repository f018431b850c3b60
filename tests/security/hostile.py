"""A peer that follows the protocol as far as it likes to, over a plain socket.

It has a real identity and makes a real handshake; from then on it says whatever a test wants: records as they
are, or any plaintext sealed as one. Nothing runs in the background, so it reads only when it is told to.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from p2pim.protocol import records
from p2pim.protocol.connection import Connection
from p2pim.protocol.events import Closed, Ready, RecordReceived
from p2pim.protocol.frames import frame
from p2pim.protocol.handshake import StaticKey
from p2pim.protocol.identity import Identity, PeerId, digest
from p2pim.protocol.message import TEXT, Header, Message, next_clock, seal, text_content
from p2pim.protocol.network import OPEN, Network
from p2pim.protocol.records import Hello, Messages, Reconcile, Record, Signed

R = TypeVar("R")
PATIENCE = 10.0
pack = msgspec.msgpack.Encoder().encode


class Gullible:
    """Talks to anybody."""

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: Network) -> bool:
        return False


class Hostile:
    """One identity that dials one daemon.

    Args:
        port: where the daemon listens on the loopback interface.
        source: the address it comes from; honest daemons come from 127.0.0.1.
        name: the nickname in its HELLO.
        read_buffer: bytes the kernel keeps for it, when it is not going to read.
    """

    def __init__(
        self,
        port: int,
        *,
        source: str = "127.0.0.2",
        name: str = "mallory",
        identity: Identity | None = None,
        features: Sequence[int] = (1,),
        read_buffer: int | None = None,
        sock: socket.socket | None = None,
    ) -> None:
        self.identity = identity or Identity.generate(os.urandom)
        self.peer_id = self.identity.peer_id
        self.boot_id = os.urandom(8)
        self.name = name
        self.received: list[Record] = []
        self.closed: Closed | None = None
        self.ready: Ready | None = None
        self._features = list(features)
        self._socket = sock or self._dial(port, source, read_buffer)
        self._socket.settimeout(PATIENCE)
        self.connection = self.make_connection(sock is None)

    @classmethod
    def accepting(cls, sock: socket.socket, **how: Any) -> Hostile:
        """One that was dialled."""
        return cls(0, sock=sock, **how)

    @staticmethod
    def _dial(port: int, source: str, read_buffer: int | None) -> socket.socket:
        sock = socket.socket()
        try:
            if read_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
            sock.bind((source, 0))
            sock.settimeout(PATIENCE)
            sock.connect(("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        return sock

    def make_connection(self, initiator: bool) -> Connection:
        """The protocol's side of it."""
        return Connection(
            initiator=initiator,
            identity=self.identity,
            static=StaticKey.generate(os.urandom),
            boot_id=self.boot_id,
            networks=[OPEN],
            hello=self.hello,
            now=time.monotonic(),
            random=os.urandom,
            policy=Gullible(),
            ping_after=3600.0,
        )

    def hello(self) -> Hello:
        return Hello(self._features, int(time.time() * 1000), self.name, "hostile")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    # -- bytes

    def fileno(self) -> int:
        return self._socket.fileno()

    def write(self, data: bytes) -> None:
        """Bytes as they are; the daemon may have hung up meanwhile."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.connection.end_of_stream(time.monotonic())
            self._take()

    def write_while(self, data: bytes, seconds: float) -> int:
        """Bytes as fast as they are taken, for some time; how many were."""
        end, sent = time.monotonic() + seconds, 0
        self._socket.setblocking(False)
        try:
            while sent < len(data) and (left := end - time.monotonic()) > 0:
                if select.select([], [self._socket], [], left)[1]:
                    sent += self._socket.send(data[sent : sent + (1 << 16)])
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self._socket.settimeout(PATIENCE)
        return sent

    def read(self, seconds: float = PATIENCE) -> bool:
        """Take what has arrived, waiting for something; False: nothing came."""
        if not select.select([self._socket], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        now = time.monotonic()
        if data:
            self.connection.receive_data(data, now)
        else:
            self.connection.end_of_stream(now)
        self._take()
        return True

    def drop_bytes(self) -> int:
        """Take what has arrived and forget it unread; how much it was."""
        if not select.select([self._socket], [], [], 0.05)[0]:
            return 0
        return len(self._socket.recv(1 << 20))

    def _take(self) -> None:
        while (event := self.connection.next_event()) is not None or self.connection.pending:
            if isinstance(event, RecordReceived):
                self.received.append(event.record)
            elif isinstance(event, Ready):
                self.ready = event
            elif isinstance(event, Closed):
                self.closed = event
        if (out := self.connection.data_to_send()) and self.closed is None:
            self.write(out)

    # -- records

    def greet(self) -> Self:
        """Make the handshake and say HELLO."""
        self.write(self.connection.data_to_send())
        self.until(lambda: self.ready or self.closed, "the handshake")
        assert self.ready is not None, f"it hung up: {self.closed}"
        return self

    def sealed(self, plaintext: bytes) -> bytes:
        """Any plaintext as a frame of this session: type byte and body, right or wrong."""
        session = self.connection._session
        assert session is not None
        return frame(session.encrypt(plaintext))

    def say(self, *said: Record) -> None:
        """Records as they are meant to be."""
        self.write(b"".join(self.sealed(records.encode(record)) for record in said))

    def say_raw(self, kind: int, body: object) -> None:
        """A record of any type with any body: bytes as they are, all else as MessagePack."""
        raw = body if isinstance(body, bytes) else pack(body)
        self.write(self.sealed(bytes((kind,)) + raw))

    def until(self, holds: Callable[[], Any], what: str, within: float = PATIENCE) -> None:
        """Read until something holds."""
        end = time.monotonic() + within
        while not holds():
            left = end - time.monotonic()
            assert left > 0, f"not within {within:g} s: {what}; got {self.received[-5:]} {self.closed}"
            self.read(left)

    def hears(self, kind: type[R], matches: Callable[[R], bool] = lambda _: True) -> R:
        """Read until a record of this kind comes (or has come); that record."""
        found: list[R] = []

        def heard() -> bool:
            found.extend(r for r in self.received if isinstance(r, kind) and matches(r))
            return bool(found) or self.closed is not None

        self.until(heard, kind.__name__)
        assert found, f"it hung up: {self.closed}"
        return found[0]

    def is_cut_off(self) -> Closed:
        """Read until the daemon hangs up; how."""
        self.until(lambda: self.closed, "the end")
        assert self.closed is not None
        return self.closed

    def settle(self) -> None:
        """Return once the daemon has done and answered everything said so far."""
        for _ in range(2):  # what follows a commit is sent after the answers given before it
            run = int.from_bytes(os.urandom(4), "big")
            self.say(Reconcile(os.urandom(32), records.CONTENT, run, records.ASK, []))
            self.hears(Reconcile, lambda r: r.run == run)  # noqa: B023  it is called at once


# -- messages


def text(
    author: Identity,
    room: bytes,
    words: str,
    *,
    clock: int | None = None,
    parents: Sequence[bytes] = (),
    kind: int = TEXT,
) -> Message:
    """A message as an honest author seals it."""
    now = int(time.time() * 1000)
    content = text_content(words, now, os.urandom)
    return seal(author, room, parents=parents, clock=clock or next_clock(now, 0), kind=kind, content=content)


def forged(signer: Identity, room: bytes, words: str = "forged", **changes: Any) -> Signed:
    """A message with anything wrong in its header or content, and a signature that is right for it."""
    content = changes.pop("content", text_content(words, 0, os.urandom))
    fields: dict[str, Any] = {
        "version": 1,
        "room": room,
        "author": signer.peer_id,
        "clock": int(time.time() * 1000),
        "parents": (),
        "kind": TEXT,
        "content_hash": digest("content", content),
        "content_size": len(content),
        "target": None,
    }
    header = pack(Header(**{**fields, **changes}))
    return Signed(header, signer.sign("message", header), content)


def id_of(signed: Signed) -> bytes:
    """The id a message has, whatever is in it."""
    return digest("message", signed.header)


def messages(room: bytes, *signed: Signed) -> Messages:
    """A record of messages of the content set."""
    return Messages(room, records.CONTENT, list(signed))
