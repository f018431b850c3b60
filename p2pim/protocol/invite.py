"""Invitations, as far as they are bytes and text: the code, the keys that follow from it, and links (SPEC section 11).

A code is short enough to be read aloud and has 75 random bits; scrypt stands before everything made from it. So nobody
finds a code by trying, whatever was seen on the wire, and no attempt need be counted.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote, unquote

from p2pim.errors import BadInput
from p2pim.protocol.identity import ID_LENGTH, Identity, PeerId, Secret, verify
from p2pim.protocol.names import received_name

#: Crockford's base32: no I, L and O, which look like digits, and no U.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SYMBOLS: Final = 15
TEXT_SYMBOLS: Final = CODE_SYMBOLS + 1
MAX_ADDRESSES: Final = 4
MAX_LINK: Final = 2_048

_SYMBOLS: Final = (
    {c: c for c in ALPHABET} | {c.lower(): c for c in ALPHABET} | dict(zip("OoIiLl", "001111", strict=True))
)
#: What stands between groups, also after a word processor made dashes of hyphens.
_HYPHENS: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015")
#: What people copy along with a code or a link: white space, quotes and the brackets that mails put around links.
_AROUND: Final = string.whitespace + "\u00a0\"'`<>\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e"
_LINK_START: Final = "p2pim:join"
# A name to resolve. Its last label begins with a letter, so that no misspelt address is taken for one.
_NAME: Final = re.compile(r"(?:[0-9A-Za-z_][0-9A-Za-z_-]{0,62}\.)*[A-Za-z][0-9A-Za-z_-]{0,62}")
_MAX_NAME: Final = 253
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_SCRYPT_MEMORY: Final = 64 * 2**20  # it takes 32 MiB and a little, which is just over OpenSSL's default

Address = tuple[str, int]
"""Host and port. The host is an IPv4 or IPv6 address or a name, each in one spelling."""


# -- codes


def new_code(random: Callable[[int], bytes]) -> str:
    """Make a new code, as people see it: ``K7QM-2XPA-94TR-6WHY``."""
    number = int.from_bytes(random(10), "big") >> 5
    return code_text("".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(CODE_SYMBOLS))))


def code_text(symbols: str) -> str:
    """Write the 15 symbols of a code as people see them: with the check symbol, in groups of four."""
    text = symbols + _check_symbol(symbols)
    return "-".join(text[i : i + 4] for i in range(0, TEXT_SYMBOLS, 4))


def parse_code(text: str) -> str:
    """Return the 15 symbols of a code in any case and grouping; O is read as 0, I and L as 1.

    Raises:
        BadInput: it is no code; says what is wrong with it, and never the code.
    """
    typed = [c for c in text if c not in _HYPHENS and not c.isspace()]
    for c in typed:
        if c not in _SYMBOLS:
            raise BadInput(
                f"No invite code holds {c!r}, only digits and letters except U: compare it with the original."
            )
    if len(typed) != TEXT_SYMBOLS:
        raise BadInput(
            f"An invite code has {TEXT_SYMBOLS} letters and digits, this has {len(typed)}: "
            "type all four groups of four."
        )
    symbols = "".join(_SYMBOLS[c] for c in typed)
    if symbols[-1] != _check_symbol(symbols[:-1]):
        raise BadInput(
            "This invite code is mistyped somewhere: compare it with the original, letter by letter."
        )
    return symbols[:-1]


def _check_symbol(symbols: str) -> str:
    return ALPHABET[hashlib.sha256(b"p2pim/1 code" + symbols.encode("ascii")).digest()[0] & 31]


# -- what follows from a code


class InviteKeys:
    """All that follows from a code; whoever has this has the code, as far as anybody can tell."""

    __slots__ = ("_bind", "identity", "secret")

    def __init__(self, seed: bytes, secret: bytes, bind: bytes) -> None:
        #: Its peer_id is the invite's public key; it signs the proofs of those who come in by it.
        self.identity: Final = Identity(seed)
        #: Of the network on which they are met.
        self.secret: Final = secret
        self._bind: Final = Secret(bind)

    def bind(self, team_id: bytes) -> bytes:
        """Return the 32 bytes that tie the code to this team; only who knows the code can make or check them."""
        return hmac.digest(self._bind.reveal(), b"p2pim/1 bind\0" + team_id, "sha256")

    def __repr__(self) -> str:
        return f"<InviteKeys {self.identity!r}>"


def derive(symbols: str) -> InviteKeys:
    """Make the keys of a code, given as its 15 symbols. Takes 0.1 s and 32 MiB on purpose."""
    assert len(symbols) == CODE_SYMBOLS, "not the text form: parse_code gives the symbols"
    raw = hashlib.scrypt(
        symbols.encode("ascii"),
        salt=b"p2pim/1 invite",
        n=2**15,
        r=8,
        p=1,
        maxmem=_SCRYPT_MEMORY,
        dklen=96,
    )
    return InviteKeys(raw[:32], raw[32:64], raw[64:])


def prove(keys: InviteKeys, team_id: bytes, joiner: PeerId) -> bytes:
    """Sign, with the key of the invite, that ``joiner`` had the code; good for this team and this joiner only."""
    return keys.identity.sign("join", team_id + joiner)


def proves(invite_public: bytes, team_id: bytes, joiner: PeerId, proof: bytes) -> bool:
    """Say whether ``proof`` shows that ``joiner`` had the code of the invite; hostile bytes are simply False."""
    return len(team_id) == len(joiner) == ID_LENGTH and verify(invite_public, "join", team_id + joiner, proof)


# -- links


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation as it was handed over. Name and addresses are hints: whoever wrote the link chose them."""

    code: str = field(repr=False)  # the text form
    name: str = ""
    addresses: tuple[Address, ...] = ()


def make_link(code: str, name: str = "", addresses: Sequence[Address] = ()) -> str:
    """Write a link with this code, the team's name if it is a proper one, and the first four of the addresses.

    Raises:
        BadInput: the code is none, or one of the four addresses cannot be written.
    """
    values = [("c", code_text(parse_code(code)))]
    if name := received_name(name):
        values.append(("n", name))
    for address in addresses[:MAX_ADDRESSES]:
        values.append(("a", _address_text(*_parse_address(_address_text(*address)))))
    return f"{_LINK_START}?" + "&".join(f"{key}={quote(value, safe=':')}" for key, value in values)


def parse_link(text: str) -> Link:
    """Read a link. Parameters that this version does not know are passed over.

    Raises:
        BadInput: it is no link to join a team, or a part of it is broken; one sentence says which.
    """
    if len(text) > MAX_LINK:
        raise BadInput(
            f"This is too long for an invite link, which has at most {MAX_LINK} characters: copy it again."
        )
    start, _, query = text.partition("?")
    if start.lower() != _LINK_START:
        raise BadInput(
            f"This is no invite link: one begins with {_LINK_START}?c= and holds the code; copy it again."
        )
    codes, names, addresses = list[str](), list[str](), list[Address]()
    for parameter in query.partition("#")[0].split("&"):
        key, _, value = parameter.partition("=")
        # What is no UTF-8 becomes half a surrogate pair, which no code, name or address may hold.
        value = unquote(value, errors="surrogateescape")
        if key == "c":
            codes.append(code_text(parse_code(value)))
        elif key == "n":
            names.append(received_name(value))
        elif key == "a":
            addresses.append(_parse_address(value))
    if len(codes) != 1:
        raise BadInput(
            f"An invite link holds one code, this holds {len(codes)}: copy it again, from beginning to end."
        )
    if len(addresses) > MAX_ADDRESSES:
        raise BadInput(
            f"An invite link names at most {MAX_ADDRESSES} addresses, this names {len(addresses)}: use its code alone."
        )
    return Link(codes[0], names[0] if len(names) == 1 else "", tuple(addresses))


def parse_invitation(text: str) -> Link:
    """Read what somebody pasted: a code or a link, with the white space and quotes that came along.

    Raises:
        BadInput: it is neither; one sentence says why.
    """
    text = text.strip().strip(_AROUND)
    return parse_link(text) if ":" in text else Link(code_text(parse_code(text)))


def _address_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parse_address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    host = _canonical_host(host)
    if not host or not _PORT.fullmatch(port) or int(port) > 65_535:
        raise BadInput(
            f"{text[:100]!r} is no address for an invite link: "
            "it is HOST:PORT, for example 10.99.0.2:26747 or [fd00::2]:26747."
        )
    return host, int(port)


def _canonical_host(text: str) -> str:
    """One spelling of an address or name; "" if it is neither, or an address that only this machine understands."""
    if _NAME.fullmatch(text):
        return text.lower() if len(text) <= _MAX_NAME else ""
    try:
        if text.startswith("[") and text.endswith("]") and "%" not in text:
            address = IPv6Address(text[1:-1])
            return str(address.ipv4_mapped or address)
        return str(IPv4Address(text))
    except ValueError:
        return ""
