"""One TCP connection between two peers, as a pure state machine: bytes and time in, bytes and events out.

Theory of operation
-------------------
Whoever owns the socket calls ``receive_data`` with what arrived, ``tick`` when ``deadline`` has passed, then
takes events from ``next_event`` until it gives None, and sends what ``data_to_send`` returns. Nothing here
waits, and nothing the other side sends makes anything raise: a peer that breaks a rule is a ``Closed`` event.

The initiator dials and has spoken (preamble, message 1) before it reads; the responder is silent until a
preamble names a network it serves. ``states.NEXT`` is the whole machine: a connection goes from state to
state in one direction, and from any state to CLOSED. How long a frame may be in a state, and how long the
state may take, is in ``states.LIMITS``.

    initiator                         MESSAGE_2 ───────────▶ HELLO ─▶ READY ─▶ CLOSED
    responder  PREAMBLE ─▶ MESSAGE_1 ─▶ MESSAGE_3 ─────────▶ HELLO ─▶ READY ─▶ CLOSED

Up to HELLO everything is done while bytes arrive, since it is little. From HELLO on, ``next_event`` opens one
frame after the other, so that the caller can stop after any of them and serve somebody else; bytes that wait
stay sealed. PING, PONG, HELLO, BYE and what is to be ignored never come out as events.

Rules worth knowing:

* The policy is asked as soon as the other side is proven and before this side reveals anything (initiator) or
  acts on anything (responder).
* A failed handshake or a frame that does not open ends the connection without an answer; a broken rule after
  the handshake is answered by BYE 2.
* Whatever arrives proves that the other side is alive, but for ``ping``, which asks whether *this path* still
  works and so wants its own answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol

from p2pim.errors import DecodeError, HandshakeError, LocalProtocolError
from p2pim.protocol import records
from p2pim.protocol.events import Closed, Event, Handed, Ready, Reason, RecordReceived
from p2pim.protocol.frames import FrameReader, frame
from p2pim.protocol.handshake import Handshake, Session, StaticKey
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.liveness import URGENT_LIMIT, Liveness, Verdict
from p2pim.protocol.network import (
    AES_GCM,
    NONCE_LENGTH,
    PREAMBLE_LENGTH,
    Network,
    make_preamble,
    match_preamble,
    names_aes,
)
from p2pim.protocol.records import Bye, Hello, Ping, Pong, Record, Unknown
from p2pim.protocol.states import LIMITS, NEXT, ConnectionState

__all__ = [
    "Closed",
    "Connection",
    "ConnectionState",
    "Event",
    "Handed",
    "Policy",
    "Ready",
    "Reason",
    "RecordReceived",
]

MAX_AGE: Final = 12 * 3600.0
"""The initiator ends a session of this age; new keys come with a new connection."""
RESPONDER_GRACE: Final = 300.0
ECHO_LENGTH: Final = 8
SILENT_RECORDS: Final = 256
"""So many records without an event are opened in one call: a flood of PINGs must not hold up others."""


class Policy(Protocol):
    """Whom to talk to."""

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: Network) -> bool:
        """Say whether to end the connection to this proven peer, without a word."""
        ...


class Connection:
    """See the top of this module. One owner at a time: nothing here is safe to share between threads."""

    def __init__(
        self,
        *,
        initiator: bool,
        identity: Identity,
        static: StaticKey,
        boot_id: bytes,
        networks: Sequence[Network],
        hello: Callable[[], Hello],
        now: float,
        random: Callable[[int], bytes],
        policy: Policy,
        ping_after: float = 15.0,
        bulk: bool = False,
        aes: bool = False,
    ) -> None:
        self.initiator: Final = initiator
        self._bulk, self._aes = bulk, aes
        self.state = ConnectionState.PREAMBLE
        self.peer_id: PeerId | None = None
        self.boot_id: bytes | None = None
        self.network: Network | None = None
        self.established_at: float | None = None
        self._identity = identity
        self._static = static
        self._own_boot_id = boot_id
        self._networks = networks
        self._hello = hello
        self._random = random
        self._policy = policy
        self._handshake: Handshake | None = None
        self._session: Session | None = None
        self._reader = FrameReader()
        self._out: list[bytes] = []
        self._events: deque[Event] = deque()
        self._ended = False
        self._now = now
        self._phase_ends = inf
        # Jitter, or all the links that a network break ended at once would ping in step for ever.
        self._liveness = Liveness(ping_after * (0.9 + 0.2 * random(1)[0] / 255))
        self._flooded = False
        self._large: bytes | None = None
        if initiator:
            self._dial(networks[0])
        else:
            self._enter(ConnectionState.PREAMBLE)

    # what the owner of the socket calls

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes from the network. Then call ``next_event`` and send ``data_to_send``."""
        if self.state is ConnectionState.CLOSED:
            return
        self._now = now
        self._liveness.heard(now)
        self._reader.feed(data)
        if self._session is None:
            self._advance()

    def end_of_stream(self, now: float) -> None:
        """Note that no more will arrive; whole records that wait still come out as events."""
        self._now = now
        self._ended = True
        if self._session is None:
            self._close(Reason.ENDED, 0, remote=True)

    def next_event(self) -> Event | None:
        """Return the next event, opening at most one record that has one; None: nothing to tell for now."""
        self._flooded = False
        for _ in range(SILENT_RECORDS):
            if self._events:
                return self._events.popleft()
            if self._session is None or not self._open_next(self._session):
                return None
        self._flooded = True
        return None

    @property
    def pending(self) -> bool:
        """Whether ``next_event`` gave None too early, after a flood of records without an event."""
        return self._flooded

    def data_to_send(self) -> bytes:
        """Drain what is to be sent now."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def send(self, record: Record) -> None:
        """Seal a record for ``data_to_send``."""
        if self.state is not ConnectionState.READY:
            raise LocalProtocolError(f"Nothing can be sent in state {self.state.value}.")
        self._write(record)

    def close(self, code: int) -> None:
        """Say BYE, if that can be said already, and end."""
        self._bye(Reason.LOCAL, code)

    def ping(self, now: float, limit: float = URGENT_LIMIT) -> None:
        """Ask at once whether the path still works; without an answer to just this, dead after ``limit``."""
        if self.state is ConnectionState.READY:
            self._liveness.ask_urgently(self._ask(), now, limit)

    def ping_large(self, size: int) -> None:
        """Send a PING of so many bytes, which says nothing about life: ``large_passed`` tells whether it came back."""
        if self.state is ConnectionState.READY:
            self._large = self._random(size)
            self._write(Ping(self._large))

    @property
    def large_passed(self) -> bool:
        """Whether what ``ping_large`` sent, if anything, has come back."""
        return self._large is None

    def deadline(self) -> float:
        """When ``tick`` has something to do, unless bytes arrive first."""
        return min(self._phase_ends, self._liveness.deadline())

    def tick(self, now: float) -> None:
        """Let time pass: ping, or give up."""
        self._now = now
        if now >= self._phase_ends:
            self._bye(Reason.TIMEOUT, records.IDLE_OR_AGE)
        match self._liveness.verdict(now):
            case Verdict.ASK:
                self._liveness.ask(self._ask(), now)
            case Verdict.DEAD:
                self._close(Reason.DEAD, records.IDLE_OR_AGE)
            case Verdict.SLOW:
                self._bye(Reason.TIMEOUT, records.PROTOCOL)
            case Verdict.OLD:
                self._bye(Reason.AGE, records.IDLE_OR_AGE)

    # the handshake, step by step

    def _enter(self, state: ConnectionState) -> None:
        self.state = state
        patience = LIMITS[state].patience
        if patience is not None:
            self._phase_ends = self._now + patience

    def _begin(self, network: Network, preamble: bytes, aes: bool) -> Handshake:
        self.network = network
        return Handshake(
            initiator=self.initiator,
            psk=network.psk,
            preamble=preamble,
            identity=self._identity,
            static=self._static,
            boot_id=self._own_boot_id,
            random=self._random,
            bulk=self._bulk,
            aes=aes,
        )

    def _dial(self, network: Network) -> None:
        flags = AES_GCM if self._aes else 0
        preamble = make_preamble(network, self._random(NONCE_LENGTH), flags)
        self._handshake = self._begin(network, preamble, self._aes)
        self._out += (preamble, frame(self._handshake.write()))
        self._enter(ConnectionState.MESSAGE_2)

    def _advance(self) -> None:
        try:
            while self._session is None and self.state is not ConnectionState.CLOSED and self._step():
                pass
        except (DecodeError, HandshakeError):
            self._close(Reason.HANDSHAKE, records.PROTOCOL)

    def _step(self) -> bool:
        if self._handshake is None:
            preamble = self._reader.take(PREAMBLE_LENGTH)
            if preamble is not None:
                self._answer(preamble)
            return preamble is not None
        limits = LIMITS[self.state]
        message = self._reader.take_frame(limits.least, limits.most)
        if message is not None:
            self._handshake.read(message)
            self._reply(self._handshake)
        return message is not None

    def _answer(self, preamble: bytes) -> None:
        network = match_preamble(preamble, self._networks)
        if network is None:
            self._close(Reason.NO_NETWORK, records.NOT_AUTHORISED)
            return
        self._handshake = self._begin(network, preamble, names_aes(preamble))
        self._enter(NEXT[self.state])

    def _reply(self, handshake: Handshake) -> None:
        remote = handshake.remote
        if remote is not None:
            assert self.network is not None
            # Known even if refused: whoever dialled its own address must learn that it did.
            self.peer_id, self.boot_id = remote.peer_id, remote.boot_id
            if self._policy.refuses(remote.peer_id, remote.boot_id, self.network):
                self._close(Reason.REFUSED, records.NOT_AUTHORISED)
                return
        if handshake.session is None:
            self._out.append(frame(handshake.write()))
        if handshake.session is not None and (self._bulk or (remote is not None and remote.bulk)):
            self._hand_over(handshake.session)
            return
        self._enter(NEXT[self.state])
        if handshake.session is not None:
            self._session = handshake.session
            self._handshake = None
            self.established_at = self._now
            self._write(self._hello())

    def _hand_over(self, session: Session) -> None:
        """Nobody speaks before the responder does, and that one's first word is not ours to say."""
        assert self.peer_id is not None
        assert self.boot_id is not None
        assert self.network is not None
        if self._reader.buffered:
            raise HandshakeError
        self._events.append(Handed(self.peer_id, self.boot_id, self.network, session))
        self._close(Reason.HANDED, 0)

    # records

    def _write(self, record: Record) -> None:
        assert self._session is not None
        self._out.append(frame(self._session.encrypt(records.encode(record))))

    def _open_next(self, session: Session) -> bool:
        """Open the next frame, or end; False if there is nothing to do."""
        limits = LIMITS[self.state]
        try:
            sealed = self._reader.take_frame(limits.least, limits.most)
            if sealed is None:
                return self._starve()
            self._liveness.frame_ended()
            self._take(records.decode(session.decrypt(sealed)))
        except DecodeError:
            self._bye(Reason.PROTOCOL, records.PROTOCOL)
        except HandshakeError:
            self._close(Reason.SESSION, records.PROTOCOL)
        return True

    def _starve(self) -> bool:
        if self._ended:
            self._close(Reason.ENDED, 0, remote=True)
        elif self._reader.buffered:
            self._liveness.frame_begun(self._now)
        return self._ended

    def _take(self, record: Record | Unknown) -> None:
        if self.state is ConnectionState.HELLO:
            self._greet(record)
        elif isinstance(record, Ping):
            self._write(Pong(record.echo))
        elif isinstance(record, Pong):
            self._liveness.answered(record.echo)
            if record.echo == self._large:
                self._large = None
        elif isinstance(record, Bye):
            self._close(Reason.BYE, record.code, remote=True)
        elif isinstance(record, Hello):
            raise DecodeError("HELLO was said before.")
        elif not isinstance(record, Unknown):
            self._events.append(RecordReceived(record))

    def _greet(self, record: Record | Unknown) -> None:
        if not isinstance(record, Hello):
            raise DecodeError("The first record is no HELLO.")
        assert self.peer_id is not None
        assert self.boot_id is not None
        assert self.network is not None
        assert self.established_at is not None
        self._enter(NEXT[self.state])
        age = MAX_AGE if self.initiator else MAX_AGE + RESPONDER_GRACE
        self._liveness.start(self._now, self.established_at + age)
        self._events.append(Ready(self.peer_id, self.boot_id, self.network, record))

    def _ask(self) -> bytes:
        echo = self._random(ECHO_LENGTH)
        self._write(Ping(echo))
        return echo

    # the end

    def _bye(self, reason: Reason, code: int) -> None:
        if self._session is not None:
            self._write(Bye(code))
        self._close(reason, code)

    def _close(self, reason: Reason, code: int, *, remote: bool = False) -> None:
        if self.state is ConnectionState.CLOSED:
            return
        self.state = ConnectionState.CLOSED
        self._phase_ends = inf
        self._liveness.stop()
        self._handshake = self._session = None
        self._reader = FrameReader()
        self._events.append(Closed(reason, code, remote))
