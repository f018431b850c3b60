"""Test vectors of SPEC.md, section 11: invitations. Used by vectors.py."""

from __future__ import annotations

from typing import Any

from p2pim.protocol.identity import Identity, digest
from p2pim.protocol.invite import (
    Address,
    code_text,
    derive,
    make_link,
    new_code,
    parse_code,
    parse_invitation,
    prove,
)
from p2pim.protocol.network import Network

SYMBOLS = ("K7QM2XPA94TR6WH", "000000000000000", "ZZZZZZZZZZZZZZZ", "0123456789ABCDE", "FGHJKMNPQRSTVWX")
CODE = code_text(SYMBOLS[0])
LINK = f"p2pim:join?c={CODE}"
TEAM = digest("test", b"team")
JOINERS = tuple(Identity(bytes([n]) * 32).peer_id for n in (0x0A, 0x0B))
LINKS: tuple[tuple[str, tuple[Address, ...]], ...] = (
    ("", ()),
    ("Zoë & Co", (("10.99.0.2", 26747),)),
    ("a+b=c#d?", (("fd00::2", 26747), ("vpn-1.example", 65535), ("100.64.0.9", 1), ("192.168.1.1", 26750))),
)


def _derived(symbols: str) -> dict[str, Any]:
    keys = derive(symbols)
    network = Network("invite", keys.secret)
    return {
        "symbols": symbols,
        "invite_seed": keys.identity.seed.reveal().hex(),
        "invite_public": keys.identity.peer_id.hex(),
        "secret": keys.secret.hex(),
        "network": {"psk": network.psk.hex(), "dial": network.dial.hex(), "mdns": network.mdns.hex()},
        "team_id": TEAM.hex(),
        "bind": keys.bind(TEAM).hex(),
        "proofs": [{"joiner": joiner.hex(), "proof": prove(keys, TEAM, joiner).hex()} for joiner in JOINERS],
    }


def _read(text: str) -> dict[str, Any]:
    link = parse_invitation(text)
    return {
        "text": text,
        "code": link.code,
        "name": link.name,
        "addresses": [list(a) for a in link.addresses],
    }


READ = (
    f" '{CODE.lower()}'\n",
    CODE.replace("-", ""),
    f"<{LINK}>",
    LINK.replace("p2pim:join", "P2Pim:JOIN"),
    LINK.replace("-", "%2d"),
    f"p2pim:join?&v=2&c={CODE}&later#c=0000",
    f"{LINK}&n=Zoë+1",
    f"{LINK}&a=[FD00:0::2]:26747&a=VPN.Example:1&a=[::ffff:10.0.0.7]:2",
    f"{LINK}&n=two&n=names",
    f"{LINK}&n=%FF",
    f"{LINK}&n=a%E2%80%AEb",
    f"{LINK}&n=%20padded",
    f"{LINK}&n={'x' * 65}",
)
REFUSED = {
    "nothing": "",
    "15 symbols": CODE[:-1],
    "17 symbols": CODE + "0",
    "a wrong check symbol": CODE[:-1] + "0",
    "two symbols swapped": "7K" + CODE[2:],
    "a letter of no code": "U" + CODE[1:],
    "a digit that is not ASCII": "\u0667" + CODE[1:],
    "a link without a code": "p2pim:join?n=x",
    "a link with two codes": f"{LINK}&c={CODE}",
    "a link with a mistyped code": LINK[:-1] + "0",
    "a key in upper case": f"p2pim:join?C={CODE}",
    "another path": f"p2pim:chat?c={CODE}",
    "an authority": f"p2pim://join?c={CODE}",
    "another scheme": f"https:join?c={CODE}",
    "five addresses": LINK + "&a=10.0.0.7:26747" * 5,
    "2,049 characters": f"{LINK}&x=".ljust(2049, "x"),
    "a name of 254 bytes": f"{LINK}&a={'a.' * 126}ab:1",
    "a name with a label of 64 bytes": f"{LINK}&a={'a' * 64}:1",
} | {
    f"the address {text!r}": f"{LINK}&a={text}"
    for text in (
        "",
        "10.0.0.7",
        "10.0.0.7:0",
        "10.0.0.7:080",
        "10.0.0.7:65536",
        "10.0.0.07:1",
        "10.0.0:1",
        "0x0a.7:1",
        "fd00::2:1",
        "[fe80::2%25eth0]:1",
        "[10.0.0.7]:1",
        "a..b:1",
        "a.:1",
        "-a:1",
        "a b:1",
        "%FF:1",
    )
}


def invites() -> dict[str, Any]:
    """Codes, what follows from one, links, and what is neither code nor link."""
    return {
        "comment": "random: the bytes of which the first 75 bits are the code. Everything in read and refused is "
        "what somebody typed or pasted, a code or a link.",
        "new": [
            {"random": random.hex(), "code": new_code(lambda size, random=random: random[:size])}  # type: ignore[misc]
            for random in (bytes(10), bytes(range(10)), b"\xff" * 10, digest("test", b"code")[:10])
        ],
        "codes": [{"symbols": symbols, "code": code_text(symbols)} for symbols in SYMBOLS],
        "typed": [
            {"text": text, "symbols": parse_code(text)}
            for text in (CODE.lower(), CODE.replace("-", " "), "oO0oO0oO0oO0oO02", "oI23-4567-89iI-lL12")
        ],
        "keys": [_derived(symbols) for symbols in SYMBOLS[:2]],
        "written": [
            {
                "code": CODE,
                "name": name,
                "addresses": [list(address) for address in addresses],
                "link": make_link(CODE, name, addresses),
            }
            for name, addresses in LINKS
        ],
        "read": [_read(text) for text in READ],
        "refused": [{"why": why, "text": text} for why, text in REFUSED.items()],
    }
