"""Section 11: the code of an invitation, what follows from it, and links."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .keys import Identity, verify
from .packing import Refused

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
AROUND = re.compile(r"^[\s\"'<>`]+|[\s\"'<>`]+$")


def text_of(symbols: str) -> str:
    """Write the code with its check symbol in groups of four."""
    whole = symbols + SYMBOLS[hashlib.sha256(b"p2pim/1 code" + symbols.encode()).digest()[0] % 32]
    return "-".join((whole[:4], whole[4:8], whole[8:12], whole[12:]))


def code_of(random: bytes) -> str:
    """Make a code of the first 75 bits."""
    bits = "".join(f"{byte:08b}" for byte in random)
    return text_of("".join(SYMBOLS[int(bits[i : i + 5], 2)] for i in range(0, 75, 5)))


def read_code(text: str) -> str:
    """Read what somebody typed; the 15 symbols."""
    same = dict(zip("OIL", "011", strict=True)) | {symbol: symbol for symbol in SYMBOLS}
    typed = re.sub(r"[-\u2010-\u2015\s]", "", text)
    if not typed.isascii() or len(typed) != 16 or not set(typed.upper()) <= set(same):
        raise Refused("no code")
    symbols = "".join(same[symbol] for symbol in typed.upper())
    if text_of(symbols[:15])[-1] != symbols[15]:
        raise Refused("mistyped")
    return symbols[:15]


class Keys:
    """What follows from a code."""

    def __init__(self, symbols: str) -> None:
        raw = hashlib.scrypt(
            symbols.encode(), salt=b"p2pim/1 invite", n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=96
        )
        self.seed, self.secret, self.bind_key = raw[:32], raw[32:64], raw[64:]
        self.identity = Identity(self.seed)

    def bind(self, team: bytes) -> bytes:
        """Tie the code to a team."""
        return hmac.digest(self.bind_key, b"p2pim/1 bind\x00" + team, "sha256")

    def prove(self, team: bytes, joiner: bytes) -> bytes:
        """Show that the joiner had the code."""
        return self.identity.sign("join", team + joiner)


def proves(public: bytes, team: bytes, joiner: bytes, proof: bytes) -> bool:
    """Verify such a proof."""
    return (len(team), len(joiner)) == (32, 32) and verify(public, "join", team + joiner, proof)


class Link(NamedTuple):
    """An invitation as read."""

    code: str
    name: str
    addresses: list[tuple[str, int]]


def read(text: str) -> Link:
    """Read a code or a link that was pasted."""
    text = AROUND.sub("", text)
    if ":" not in text:
        return Link(text_of(read_code(text)), "", [])
    start, _, query = text.partition("?")
    if len(text) > 2048 or start.upper() != "P2PIM:JOIN":
        raise Refused("no link")
    values: dict[str, list[bytes]] = {"c": [], "n": [], "a": []}
    for piece in query.split("#")[0].split("&"):
        key, _, value = piece.partition("=")
        values.get(key, []).append(unquote_to_bytes(value))
    if len(values["c"]) != 1 or len(values["a"]) > 4:
        raise Refused("not one code, or too many addresses")
    code = text_of(read_code(values["c"][0].decode("utf-8", "replace")))
    name = values["n"][0] if len(values["n"]) == 1 else b""
    return Link(code, _name(name), [_address(value.decode("utf-8", "replace")) for value in values["a"]])


def _name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return ""
    categories = {unicodedata.category(c) for c in name}
    bad = len(raw) > 64 or categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "" if bad or name.strip() != name or unicodedata.normalize("NFC", name) != name else name


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not re.fullmatch("[1-9][0-9]{0,4}", port) or int(port) > 65_535:
        raise Refused("no port")
    labels = host.split(".")
    if all(LABEL.fullmatch(label) for label in labels) and labels[-1][0].isalpha():
        if len(host) > 253:
            raise Refused("too long a name")
        return host.lower(), int(port)
    try:
        if (host[:1], host[-1:]) == ("[", "]") and "%" not in host:
            six = IPv6Address(host[1:-1])
            return str(six.ipv4_mapped or six), int(port)
        return str(IPv4Address(host)), int(port)
    except AddressValueError as error:
        raise Refused("no host") from error
