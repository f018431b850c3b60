"""Noise_XXpsk0_25519_ChaChaPoly_SHA256 written from revision 34 of the Noise specification alone.

A second opinion for the tests: it shares no code with the package the product uses. All keys are given.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

NAME = b"Noise_XXpsk0_25519_ChaChaPoly_SHA256"
PATTERN = (("psk", "e"), ("e", "ee", "s", "es"), ("s", "se"))


def hkdf(chaining_key: bytes, material: bytes, count: int) -> list[bytes]:
    temp = hmac.digest(chaining_key, material, "sha256")
    outputs: list[bytes] = []
    for i in range(1, count + 1):
        previous = outputs[-1] if outputs else b""
        outputs.append(hmac.digest(temp, previous + bytes((i,)), "sha256"))
    return outputs


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def dh(private: bytes, remote: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(remote))


class Cipher:
    """A key and how often it was used."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.count = 0

    def nonce(self) -> bytes:
        self.count += 1
        return bytes(4) + (self.count - 1).to_bytes(8, "little")

    def encrypt(self, plaintext: bytes, ad: bytes = b"") -> bytes:
        return ChaCha20Poly1305(self.key).encrypt(self.nonce(), plaintext, ad)

    def decrypt(self, ciphertext: bytes, ad: bytes = b"") -> bytes:
        return ChaCha20Poly1305(self.key).decrypt(self.nonce(), ciphertext, ad)

    def rekey(self) -> None:
        self.key = ChaCha20Poly1305(self.key).encrypt(bytes(4) + b"\xff" * 8, bytes(32), b"")[:32]


class Party:
    """One side of the handshake."""

    def __init__(self, initiator: bool, prologue: bytes, psk: bytes, s: bytes, e: bytes) -> None:
        self.initiator, self.psk, self.s, self.e = initiator, psk, s, e
        self.s_public = public(s)
        self.rs = self.re = b""
        self.h = self.ck = hashlib.sha256(NAME).digest()
        self.cipher: Cipher | None = None
        self.step = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, material: bytes) -> None:
        self.ck, key = hkdf(self.ck, material, 2)
        self.cipher = Cipher(key)

    def mix_psk(self) -> None:
        self.ck, temp, key = hkdf(self.ck, self.psk, 3)
        self.mix_hash(temp)
        self.cipher = Cipher(key)

    def seal(self, plaintext: bytes) -> bytes:
        assert self.cipher is not None
        ciphertext = self.cipher.encrypt(plaintext, self.h)
        self.mix_hash(ciphertext)
        return ciphertext

    def open(self, ciphertext: bytes) -> bytes:
        assert self.cipher is not None
        plaintext = self.cipher.decrypt(ciphertext, self.h)
        self.mix_hash(ciphertext)
        return plaintext

    def mix_token(self, token: str) -> None:
        if token == "psk":
            self.mix_psk()
        elif token == "ee":
            self.mix_key(dh(self.e, self.re))
        elif (token == "es") is self.initiator:
            self.mix_key(dh(self.e, self.rs))
        else:
            self.mix_key(dh(self.s, self.re))

    def write(self, payload: bytes) -> bytes:
        message = b""
        for token in PATTERN[self.step]:
            if token == "e":
                message += public(self.e)
                self.mix_hash(public(self.e))
                self.mix_key(public(self.e))
            elif token == "s":
                message += self.seal(self.s_public)
            else:
                self.mix_token(token)
        self.step += 1
        return message + self.seal(payload)

    def read(self, message: bytes) -> bytes:
        for token in PATTERN[self.step]:
            if token == "e":
                self.re, message = message[:32], message[32:]
                self.mix_hash(self.re)
                self.mix_key(self.re)
            elif token == "s":
                self.rs, message = self.open(message[:48]), message[48:]
            else:
                self.mix_token(token)
        self.step += 1
        return self.open(message)

    def split(self) -> tuple[Cipher, Cipher]:
        """The ciphers of the initiator's and of the responder's direction."""
        first, second = hkdf(self.ck, b"", 2)
        return Cipher(first), Cipher(second)
