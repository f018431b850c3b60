"""Noise_XXpsk0_25519_ChaChaPoly_SHA256 (or AESGCM, for files), and proof of identity in it. Only here is ``noise``.

Beside it Noise_N, one message to somebody who is not here, which boxes are made of.

The ``noiseprotocol`` package computes right answers, but its objects are full of traps, each contained here:

N1   after a failed read it lets you write and calls the handshake finished: any failure makes a ``Handshake``
     or ``Session`` DEAD for good, and only ``Handshake.session``, set in the last step, can encrypt
N2   a dozen unrelated exceptions: all become ``HandshakeError``, without a detail
N3   the remote static key is deleted at the end: the handshake state is held before the last message
N4   sizes are not checked: a plaintext has at most 65,519 bytes, a handshake message 1,024
N5   bytes, bytearray and str are mixed: converted here, and the protocol's name is a constant in bytes
N6   a PSK is ignored without a word if the name has none: constant name, asserted, known answer
N7   not thread-safe, nonces repeat: one owner per session; checked by ``node``, as nothing here has threads
N8   after a bad decrypt the nonce stays and "try again" works: the first failure is the last
N9   one-way patterns crash when used in the wrong direction: Noise_N is two functions, each of one direction
N10  private keys stay behind in the connection object: it is dropped, and its key table cleared, at the end
N11  other packages own the name ``noise`` too: a known-answer handshake runs before the first static key

Beyond the package: public keys with u >= p are refused, so that a point has one encoding here, and each
direction changes its key after 65,536 records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.backends.default.keypairs import KeyPair25519
from noise.connection import Keypair, NoiseConnection

from p2pim.errors import HandshakeError, LocalProtocolError
from p2pim.protocol.identity import BOOT_ID_LENGTH, Identity, PeerId, verify

PROTOCOL_NAME: Final = b"Noise_XXpsk0_25519_ChaChaPoly_SHA256"
AES_NAME: Final = b"Noise_XXpsk0_25519_AESGCM_SHA256"
ONE_WAY_NAME: Final = b"Noise_N_25519_ChaChaPoly_SHA256"
PROLOGUE: Final = b"p2pim/1"
MAX_MESSAGE: Final = 1_024
MAX_PLAINTEXT: Final = 65_519
REKEY_INTERVAL: Final = 65_536
#: What sealing to somebody adds: an ephemeral key and a tag.
SEAL_LENGTH: Final = 48
CLASS_MAIN: Final = 0
CLASS_BULK: Final = 1

_KEY_LENGTH: Final = 32
_P: Final = 2**255 - 19
_LAST_STEP: Final = 2
# keys of the map that messages 2 and 3 carry
_PEER_ID, _SIGNATURE, _BOOT_ID, _CLASS = range(4)
_KNOWN_ANSWER: Final = bytes.fromhex("9c0102cf33a2d95908b2dd2d4c443e92226db022fe65628a952aeca6af358728")

_decode_payload: Final = msgspec.msgpack.Decoder(dict[int, Any]).decode


class StaticKey:
    """The X25519 key of this process: made at its start, never stored, certified by the identity."""

    __slots__ = ("_certificates", "_private", "public")

    def __init__(self, private: bytes) -> None:
        self._private = private
        self._certificates: dict[PeerId, bytes] = {}
        self.public: Final = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> StaticKey:
        """Make a fresh key, after checking that the installed ``noise`` gives the right answers."""
        check_package()
        return cls(random(_KEY_LENGTH))

    def certificate(self, identity: Identity) -> bytes:
        """Return the identity's signature that this key speaks for it."""
        signature = self._certificates.get(identity.peer_id)
        if signature is None:
            signature = self._certificates[identity.peer_id] = identity.sign("static", self.public)
        return signature

    def equip(self, noise: Any) -> None:
        """Give the key to a Noise object."""
        noise.set_keypair_from_private_bytes(Keypair.STATIC, self._private)

    def __repr__(self) -> str:
        return "<StaticKey>"


@dataclass(frozen=True, slots=True)
class Remote:
    """The other side, proven by its signature over the static key of this very handshake."""

    peer_id: PeerId
    boot_id: bytes
    #: Whether the connection is to carry files, as its initiator says.
    bulk: bool = False


def _refuse(_ad: None, _text: bytes | memoryview) -> NoReturn:
    raise HandshakeError("This session has ended.")


class Session:
    """What a finished handshake leaves: two directions, each with its own key and counter."""

    __slots__ = ("_decrypt", "_encrypt", "_received", "_rekey_in", "_rekey_out", "_sent", "handshake_hash")

    def __init__(self, noise: Any) -> None:
        protocol = noise.noise_protocol
        outbound, inbound = protocol.cipher_state_encrypt, protocol.cipher_state_decrypt
        # The bound methods are what a record costs: nothing between us and the package's cipher states.
        self._encrypt: Callable[[None, bytes | memoryview], bytes] = outbound.encrypt_with_ad
        self._decrypt: Callable[[None, bytes | memoryview], bytes] = inbound.decrypt_with_ad
        self._rekey_out: Callable[[], None] = outbound.rekey
        self._rekey_in: Callable[[], None] = inbound.rekey
        self._sent = 0
        self._received = 0
        self.handshake_hash: Final = bytes(noise.get_handshake_hash())

    def encrypt(self, plaintext: bytes | memoryview) -> bytes:
        """Seal one record."""
        if len(plaintext) > MAX_PLAINTEXT:
            raise LocalProtocolError("A record does not fit one frame.")
        try:
            ciphertext = self._encrypt(None, plaintext)
        except Exception:
            self._die()
            raise HandshakeError("This session has ended.") from None
        self._sent += 1
        if not self._sent % REKEY_INTERVAL:
            self._rekey_out()
        return ciphertext

    def decrypt(self, ciphertext: bytes | memoryview) -> bytes:
        """Open the next record; HandshakeError, and the end of the session, if it is not exactly that."""
        try:
            plaintext = self._decrypt(None, ciphertext)
        except Exception:
            self._die()
            raise HandshakeError("This session has ended.") from None
        self._received += 1
        if not self._received % REKEY_INTERVAL:
            self._rekey_in()
        return plaintext

    def _die(self) -> None:
        self._encrypt = self._decrypt = _refuse


class Handshake:
    """Three messages in turn, the initiator's first; then ``remote`` and ``session`` are set.

    ``remote`` is set as soon as the other side is proven: for the initiator after message 2, so that it can
    still decide not to reveal itself. ``session`` exists only after message 3.
    """

    __slots__ = ("_aes", "_initiator", "_noise", "_payloads", "_random", "_step", "remote", "session")

    def __init__(
        self,
        *,
        initiator: bool,
        psk: bytes,
        preamble: bytes,
        identity: Identity,
        static: StaticKey,
        boot_id: bytes,
        random: Callable[[int], bytes],
        bulk: bool = False,
        aes: bool = False,
    ) -> None:
        self._initiator = initiator
        self._random = random
        self._aes = aes
        self._step = 0
        self.remote: Remote | None = None
        self.session: Session | None = None
        fields: dict[int, bytes | int] = {
            _PEER_ID: identity.peer_id,
            _SIGNATURE: static.certificate(identity),
            _BOOT_ID: boot_id,
        }
        if initiator:
            fields[_CLASS] = CLASS_BULK if bulk else CLASS_MAIN
        # Message 1 is readable by whoever holds the PSK: it says nothing.
        self._payloads = (b"", *(msgspec.msgpack.encode(fields),) * 2)
        self._noise: Any = NoiseConnection.from_name(AES_NAME if aes else PROTOCOL_NAME)
        assert self._noise.noise_protocol.is_psk_handshake
        self._noise.set_psks(psk)
        self._noise.set_prologue(PROLOGUE + preamble)
        static.equip(self._noise)
        self._noise.set_as_initiator() if initiator else self._noise.set_as_responder()
        self._noise.start_handshake()

    def write(self) -> bytes:
        """Return the next message to send."""
        return self._guarded(self._write, b"", self._initiator)

    def read(self, message: bytes) -> None:
        """Take the other side's next message; HandshakeError if it is anything else."""
        self._guarded(self._read, message, not self._initiator)

    def _guarded(self, act: Callable[[bytes], bytes], message: bytes, on_even_steps: bool) -> bytes:
        if self._step > _LAST_STEP or (self._step % 2 == 0) is not on_even_steps:
            raise LocalProtocolError("It is not this side's turn in the handshake.")
        try:
            result = act(message)
        except Exception:
            self._noise = self.remote = self.session = None
            raise HandshakeError("The handshake failed.") from None
        self._step += 1
        return result

    def _write(self, _message: bytes) -> bytes:
        state = self._noise.noise_protocol.handshake_state
        if self._step < _LAST_STEP:
            # The ephemeral comes from the injected source of randomness, so that a run can be repeated.
            state.e = KeyPair25519.from_private_bytes(self._random(_KEY_LENGTH))
        message = bytes(self._noise.write_message(self._payloads[self._step]))
        self._finish_if_last()
        return message

    def _read(self, message: bytes) -> bytes:
        if len(message) > MAX_MESSAGE:
            raise HandshakeError
        if self._step < _LAST_STEP:
            _check_point(message[:_KEY_LENGTH])
        state = self._noise.noise_protocol.handshake_state
        payload = bytes(self._noise.read_message(message))
        if self._step:
            self.remote = _prove(payload, state.rs.public_bytes, from_initiator=not self._initiator)
            if self._aes and not (self._initiator or self.remote.bulk):
                raise HandshakeError
        elif payload:
            raise HandshakeError
        self._finish_if_last()
        return b""

    def _finish_if_last(self) -> None:
        if self._step == _LAST_STEP:
            self.session = Session(self._noise)
            self._noise.noise_protocol.keypairs.clear()
            self._noise = None


def _check_point(raw: bytes) -> None:
    if int.from_bytes(raw, "little") >= _P:
        raise HandshakeError


def _prove(payload: bytes, static: bytes, *, from_initiator: bool) -> Remote:
    """Check that the key of this handshake is certified by the identity it names."""
    _check_point(static)
    fields = _decode_payload(payload)
    peer_id, signature, boot_id = fields[_PEER_ID], fields[_SIGNATURE], fields[_BOOT_ID]
    if not verify(peer_id, "static", static, signature):
        raise HandshakeError
    if type(boot_id) is not bytes or len(boot_id) != BOOT_ID_LENGTH:
        raise HandshakeError
    if not from_initiator:
        return Remote(peer_id, boot_id)
    if type(fields[_CLASS]) is not int or fields[_CLASS] not in (CLASS_MAIN, CLASS_BULK):
        raise HandshakeError
    return Remote(peer_id, boot_id, bulk=fields[_CLASS] == CLASS_BULK)


def _one_way(prologue: bytes) -> Any:
    noise: Any = NoiseConnection.from_name(ONE_WAY_NAME)
    noise.set_prologue(prologue)
    return noise


def seal_to(public: bytes, prologue: bytes, plaintext: bytes, random: Callable[[int], bytes]) -> bytes:
    """Seal something for whoever has a static key, to be opened without them having been here.

    Raises:
        HandshakeError: the key is no usable one.
    """
    if len(plaintext) + SEAL_LENGTH > MAX_PLAINTEXT:
        raise LocalProtocolError("That is too long to be sealed.")
    try:
        _check_point(public)
        noise = _one_way(prologue)
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public)
        noise.set_as_initiator()
        noise.start_handshake()
        noise.noise_protocol.handshake_state.e = KeyPair25519.from_private_bytes(random(_KEY_LENGTH))
        return bytes(noise.write_message(plaintext))
    except Exception:
        raise HandshakeError("Nothing can be sealed to that key.") from None


def open_with(private: bytes, prologue: bytes, sealed: bytes) -> bytes | None:
    """Open what was sealed to a key of ours; None if it was not, or was changed."""
    if not SEAL_LENGTH <= len(sealed) <= MAX_PLAINTEXT:
        return None
    try:
        _check_point(sealed[:_KEY_LENGTH])
        noise = _one_way(prologue)
        noise.set_keypair_from_private_bytes(Keypair.STATIC, private)
        noise.set_as_responder()
        noise.start_handshake()
        return bytes(noise.read_message(sealed))
    except Exception:
        return None


def _fixed_end(initiator: bool, byte: int) -> Handshake:
    seed = bytes((byte,)) * _KEY_LENGTH
    return Handshake(
        initiator=initiator,
        psk=bytes(_KEY_LENGTH),
        preamble=b"known answer",
        identity=Identity(seed),
        static=StaticKey(seed),
        boot_id=seed[:BOOT_ID_LENGTH],
        random=lambda size: bytes((byte + 2,)) * size,
    )


def known_answer() -> bytes:
    """Run a handshake and a record with all keys fixed; return a hash of everything that was sent."""
    dialler, listener = _fixed_end(True, 1), _fixed_end(False, 2)
    sent = hashlib.sha256()
    for writer, reader in ((dialler, listener), (listener, dialler), (dialler, listener)):
        message = writer.write()
        reader.read(message)
        sent.update(message)
    assert dialler.session is not None
    assert listener.session is not None
    record = dialler.session.encrypt(sent.digest())
    listener.session.decrypt(record)
    sent.update(record)
    return sent.digest()


@lru_cache(maxsize=1)
def check_package() -> None:
    """Refuse to work with a package that is not noiseprotocol or no longer gives its answers."""
    if known_answer() != _KNOWN_ANSWER:
        raise LocalProtocolError("The installed noise package is not noiseprotocol, or gives wrong answers.")
