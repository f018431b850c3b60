"""Section 4: Noise_XXpsk0_25519_ChaChaPoly_SHA256 and what its payloads prove."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .keys import Identity, P, refused, verify
from .packing import Map, Refused, Value, pack, unpack

NAME = b"Noise_XXpsk0_25519_ChaChaPoly_SHA256"
TOKENS = (("psk", "e"), ("e", "ee", "s", "es"), ("s", "se"))
REKEY_EVERY = 65_536


class Cipher:
    """One direction of a session; it rekeys by itself after every 65,536 records."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.nonce = 0
        self.aead = ChaCha20Poly1305(key)

    def encrypt(self, plaintext: bytes, ad: bytes = b"") -> bytes:
        """Encrypt with the next nonce."""
        return self._counted(self.aead.encrypt(self._nonce(self.nonce), plaintext, ad))

    def decrypt(self, ciphertext: bytes, ad: bytes = b"") -> bytes:
        """Decrypt with the next nonce."""
        try:
            return self._counted(self.aead.decrypt(self._nonce(self.nonce), ciphertext, ad))
        except InvalidTag:
            raise Refused("does not decrypt") from None

    def _counted(self, result: bytes) -> bytes:
        self.nonce += 1
        if self.nonce % REKEY_EVERY == 0:
            self.key = self.aead.encrypt(self._nonce(2**64 - 1), bytes(32), b"")[:32]
            self.aead = ChaCha20Poly1305(self.key)
        return result

    @staticmethod
    def _nonce(n: int) -> bytes:
        return bytes(4) + n.to_bytes(8, "little")


def hkdf(key: bytes, data: bytes, outputs: int) -> list[bytes]:
    """Derive keys as Noise does."""
    temp = hmac.digest(key, data, "sha256")
    result: list[bytes] = []
    for i in range(outputs):
        result.append(hmac.digest(temp, (result[-1] if result else b"") + bytes([i + 1]), "sha256"))
    return result


def public(key: X25519PrivateKey) -> bytes:
    """Give the public half of a key."""
    return key.public_key().public_bytes_raw()


def agree(key: X25519PrivateKey, other: bytes) -> bytes:
    """Make a shared secret, not with every key."""
    if int.from_bytes(other, "little") >= P:
        raise Refused("a public key that is too high")
    try:
        return key.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:  # the result is all zeros
        raise Refused("a point of low order") from None


class Handshake:
    """The state of one side, from the prologue to the two ciphers."""

    def __init__(
        self,
        *,
        initiator: bool,
        prologue: bytes,
        psk: bytes,
        static: X25519PrivateKey,
        ephemeral: X25519PrivateKey,
    ) -> None:
        self.initiator = initiator
        self.psk = psk
        self.s, self.e = static, ephemeral
        self.rs = self.re = b""
        self.ck = self.h = hashlib.sha256(NAME).digest()  # the name has 36 bytes, more than HASHLEN
        self.cipher: Cipher | None = None
        self.step = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        """Noise MixHash."""
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, data: bytes) -> None:
        """Noise MixKey."""
        self.ck, key = hkdf(self.ck, data, 2)
        self.cipher = Cipher(key)

    def mix_psk(self) -> None:
        """Noise MixKeyAndHash of the pre-shared key."""
        self.ck, middle, key = hkdf(self.ck, self.psk, 3)
        self.mix_hash(middle)
        self.cipher = Cipher(key)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Noise EncryptAndHash; with psk0 there always is a key."""
        assert self.cipher
        ciphertext = self.cipher.encrypt(plaintext, self.h)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Noise DecryptAndHash."""
        assert self.cipher
        plaintext = self.cipher.decrypt(ciphertext, self.h)
        self.mix_hash(ciphertext)
        return plaintext

    def mix_dh(self, token: str) -> None:
        """Mix the secret of ee, es or se: the first letter is the initiator's key."""
        mine, theirs = tuple(token if self.initiator else token[::-1])
        self.mix_key(agree({"e": self.e, "s": self.s}[mine], {"e": self.re, "s": self.rs}[theirs]))

    def write(self, payload: bytes) -> bytes:
        """Make the next message."""
        message = b""
        for token in TOKENS[self.step]:
            if token == "psk":
                self.mix_psk()
            elif token == "e":
                message += public(self.e)
                self.mix_hash(public(self.e))
                self.mix_key(public(self.e))
            elif token == "s":
                message += self.encrypt(public(self.s))
            else:
                self.mix_dh(token)
        self.step += 1
        return message + self.encrypt(payload)

    def read(self, message: bytes) -> bytes:
        """Take the next message and give its payload."""

        def take(size: int) -> bytes:
            nonlocal message
            if len(message) < size:
                raise Refused("cut off")
            part, message = message[:size], message[size:]
            return part

        for token in TOKENS[self.step]:
            self._read_token(token, take)
        self.step += 1
        return self.decrypt(message)

    def _read_token(self, token: str, take: Callable[[int], bytes]) -> None:
        if token == "psk":
            self.mix_psk()
        elif token == "e":
            self.re = take(32)
            if int.from_bytes(self.re, "little") >= P:
                raise Refused("a public key that is too high")
            self.mix_hash(self.re)
            self.mix_key(self.re)
        elif token == "s":
            self.rs = self.decrypt(take(48))
        else:
            self.mix_dh(token)

    def split(self) -> tuple[Cipher, Cipher]:
        """Give the ciphers for (sending, receiving)."""
        one, two = (Cipher(key) for key in hkdf(self.ck, b"", 2))
        return (one, two) if self.initiator else (two, one)


@dataclass(frozen=True)
class Proof:
    """Who the other side is."""

    peer_id: bytes
    boot_id: bytes


def payload(identity: Identity, static_public: bytes, boot_id: bytes, *, initiator: bool) -> bytes:
    """Make the payload of message 3 (initiator) or 2 (responder)."""
    pairs: list[tuple[Value, Value]] = [(0, identity.peer_id), (1, identity.sign("static", static_public))]
    pairs += [(2, boot_id), (3, 0)] if initiator else [(2, boot_id)]
    return pack(Map(tuple(pairs)))


def read_payload(data: bytes, static_public: bytes, *, of_initiator: bool) -> Proof:
    """Check the payload of message 3 (of the initiator) or 2, and the proof in it."""
    value = unpack(data)
    if not isinstance(value, Map) or any(type(key) is not int for key, _ in value.pairs):
        raise Refused("no map with integer keys")
    fields = {key: item for key, item in value.pairs if isinstance(key, int)}
    peer_id, signature, boot_id = (fields.get(key) for key in range(3))
    if not (isinstance(peer_id, bytes) and isinstance(signature, bytes) and isinstance(boot_id, bytes)):
        raise Refused("a field is missing or no bin")
    if (len(peer_id), len(signature), len(boot_id)) != (32, 64, 8) or refused(peer_id):
        raise Refused("a wrong length, or a refused key")
    kind = fields.get(3)
    if of_initiator and not (type(kind) is int and kind == 0):
        raise Refused("a class other than main")
    if not verify(peer_id, "static", static_public, signature):
        raise Refused("not the static key of that identity")
    return Proof(peer_id, boot_id)
