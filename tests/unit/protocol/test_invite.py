"""Invitations: codes as people mistype them, the keys behind one, proofs, and links as they come out of a mail."""

from __future__ import annotations

import hashlib

import pytest

from p2pim.errors import BadInput
from p2pim.protocol.identity import Identity, verify
from p2pim.protocol.invite import (
    ALPHABET,
    Address,
    InviteKeys,
    Link,
    code_text,
    derive,
    make_link,
    new_code,
    parse_code,
    parse_invitation,
    parse_link,
    prove,
    proves,
)
from p2pim.protocol.network import Network

SYMBOLS = "K7QM2XPA94TR6WH"
CODE = "K7QM-2XPA-94TR-6WHY"
LINK = f"p2pim:join?c={CODE}"
TEAM, OTHER_TEAM = bytes([7]) * 32, bytes([8]) * 32
ANN, BEN = (Identity(bytes([n]) * 32).peer_id for n in (1, 2))


@pytest.fixture(scope="module")
def keys() -> InviteKeys:
    return derive(SYMBOLS)


@pytest.fixture(scope="module")
def other_keys() -> InviteKeys:
    return derive("0" * 15)


def dice(n: int) -> str:
    return new_code(lambda size: hashlib.shake_256(n.to_bytes(4, "big")).digest(size))


# codes


def test_what_keys_are_made_of_makes_them_again(keys: InviteKeys) -> None:
    again = InviteKeys(*keys.reveal())
    assert (again.identity.peer_id, again.secret) == (keys.identity.peer_id, keys.secret)
    assert again.bind(TEAM) == keys.bind(TEAM)


def test_the_alphabet_has_nothing_that_looks_alike() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("ILOU")


def test_a_code_is_75_bits_in_order_and_a_check_symbol() -> None:
    assert new_code(lambda size: bytes(range(size))) == "000G-40R4-0M30-E20P"
    assert new_code(lambda size: b"\xff" * size)[:18] == "ZZZZ-ZZZZ-ZZZZ-ZZZ"
    asked: list[int] = []
    new_code(lambda size: asked.append(size) or bytes(size))  # type: ignore[func-returns-value]
    assert sum(asked) * 8 >= 75


def test_every_bit_of_75_shows() -> None:
    none = new_code(bytes)
    shown = {new_code(lambda size, bit=bit: (1 << bit).to_bytes(size, "big")) for bit in range(80)}  # type: ignore[misc]
    assert len(shown - {none}) == 75


def test_codes_are_made_and_read() -> None:
    assert code_text(SYMBOLS) == CODE
    assert parse_code(CODE) == SYMBOLS
    for n in range(50):
        assert code_text(parse_code(dice(n))) == dice(n)


@pytest.mark.parametrize(
    "text",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        f"  {CODE}\n",
        "\t".join(CODE),
        "K7QM\u20132XPA\u201194TR\u20146WHY",
        "K7QM-\u00a02XPA-94TR-6WHY",
    ],
)
def test_case_hyphens_and_white_space_do_not_matter(text: str) -> None:
    assert parse_code(text) == SYMBOLS


@pytest.mark.parametrize("typed", ["OoIiLl11000000", "oOlLiI11000000"])
def test_letters_that_look_like_digits_are_read_as_these(typed: str) -> None:
    symbols = "00111111000000" + "2"
    assert parse_code(typed + "2" + code_text(symbols)[-1]) == symbols


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("K7QM", 4), (CODE[:-1], 15), (CODE + "0", 17), ("--  ", 0)]
)
def test_a_wrong_length_is_told(text: str, count: int) -> None:
    with pytest.raises(BadInput, match=f"has 16 letters and digits, this has {count}: type all four"):
        parse_code(text)


@pytest.mark.parametrize(
    "symbol", ["U", "u", "\u00df", "\u0131", "\uff11", "\u0663", "_", "*", "\u200b", "\ud800", "\0"]
)
def test_a_symbol_of_no_code_is_named(symbol: str) -> None:
    for text in (symbol + CODE[1:], CODE + symbol, symbol):
        with pytest.raises(BadInput, match="except U") as caught:
            parse_code(text)
        assert repr(symbol) in str(caught.value)
        assert str(caught.value).isprintable()


def test_a_mistyped_symbol_is_told_without_telling_the_code() -> None:
    with pytest.raises(BadInput, match="mistyped") as caught:
        parse_code("K7QM-2XPA-94TR-6WH8")
    assert "K7QM" not in str(caught.value)


def test_mistyped_and_swapped_symbols_are_found_31_times_of_32() -> None:
    """Of each wrong symbol in each place of 200 codes; a wrong check symbol is found always."""
    tried = found = 0
    for n in range(200):
        text = dice(n).replace("-", "")
        wrong = {text[:i] + c + text[i + 1 :] for i in range(16) for c in ALPHABET} - {text}
        assert len(wrong) == 16 * 31
        for code in wrong:
            tried += 1
            found += not is_code(code)
        assert not any(is_code(code) for code in wrong if code[:-1] == text[:-1])
    assert found / tried >= 31 / 32, found / tried
    swapped = [
        t[:i] + t[i + 1] + t[i] + t[i + 2 :]
        for n in range(400)
        for i in range(15)
        if (t := flat(n))[i] != t[i + 1]
    ]
    assert sum(not is_code(code) for code in swapped) / len(swapped) >= 0.96


def flat(n: int) -> str:
    return dice(n).replace("-", "")


def is_code(text: str) -> bool:
    try:
        parse_code(text)
    except BadInput:
        return False
    return True


# keys and proofs


def test_the_keys_are_those_of_scrypt(keys: InviteKeys) -> None:
    raw = hashlib.scrypt(SYMBOLS.encode(), salt=b"p2pim/1 invite", n=32_768, r=8, p=1, maxmem=2**26, dklen=96)
    assert keys.identity.peer_id == Identity(raw[:32]).peer_id
    assert keys.secret == raw[32:64]
    assert Network("invite", keys.secret).psk != Network("invite", raw[:32]).psk
    shown = repr(keys)
    assert not any(
        secret.hex() in shown or repr(secret) in shown for secret in (raw[:32], raw[32:64], raw[64:])
    )


def test_only_symbols_are_derived_from() -> None:
    with pytest.raises(AssertionError, match="parse_code"):
        derive(CODE)


def test_a_bind_is_of_one_code_and_one_team(keys: InviteKeys, other_keys: InviteKeys) -> None:
    assert keys.bind(TEAM) == keys.bind(TEAM)
    assert len(keys.bind(TEAM)) == 32
    assert len({keys.bind(TEAM), keys.bind(OTHER_TEAM), other_keys.bind(TEAM)}) == 3


def test_a_proof_is_for_one_team_and_one_joiner(keys: InviteKeys, other_keys: InviteKeys) -> None:
    public, proof = keys.identity.peer_id, prove(keys, TEAM, ANN)
    assert proves(public, TEAM, ANN, proof)
    assert verify(public, "join", TEAM + ANN, proof)
    assert not proves(public, OTHER_TEAM, ANN, proof)
    assert not proves(public, TEAM, BEN, proof)
    assert not proves(other_keys.identity.peer_id, TEAM, ANN, proof)
    assert not proves(public, TEAM, ANN, proof[:-1] + bytes([proof[-1] ^ 1]))
    assert not proves(public, TEAM, ANN, keys.identity.sign("message", TEAM + ANN))
    assert not proves(public, TEAM[:-1], TEAM[-1:] + ANN, proof)  # the same bytes, cut elsewhere


@pytest.mark.parametrize("public", [b"", bytes(32), b"\xff" * 32, bytes(33)])
def test_no_proof_is_good_under_a_key_that_is_none(public: bytes) -> None:
    assert not proves(public, TEAM, ANN, bytes(64))


# links


@pytest.mark.parametrize(
    ("name", "addresses", "link"),
    [
        ("", [], LINK),
        ("Zo\u00eb & Co", [], LINK + "&n=Zo%C3%AB%20%26%20Co"),
        ("a+b=c#d", [], LINK + "&n=a%2Bb%3Dc%23d"),
        ("", [("10.0.0.7", 26747), ("fd00::7", 1)], LINK + "&a=10.0.0.7:26747&a=%5Bfd00::7%5D:1"),
        ("Ops", [("vpn-1.example", 65535)], LINK + "&n=Ops&a=vpn-1.example:65535"),
    ],
)
def test_links_are_written_and_read(name: str, addresses: list[Address], link: str) -> None:
    assert make_link(CODE, name, addresses) == link
    assert parse_link(link) == parse_invitation(link) == Link(CODE, name, tuple(addresses))


def test_a_link_is_written_in_one_way() -> None:
    addresses = [("FD00:0::7", 26747), ("::ffff:10.0.0.7", 26747), ("VPN.Example", 26747)]
    assert make_link(CODE.lower().replace("-", " "), "Ops", addresses) == make_link(
        CODE, "Ops", [("fd00::7", 26747), ("10.0.0.7", 26747), ("vpn.example", 26747)]
    )


def test_a_link_names_the_first_four_addresses_and_a_proper_name_only() -> None:
    addresses = [(f"10.0.0.{n}", 26747) for n in range(1, 7)]
    link = make_link(CODE, "a\u202eb", addresses)
    assert "&n=" not in link
    assert parse_link(link) == Link(CODE, "", tuple(addresses[:4]))


def test_the_longest_link_is_read() -> None:
    host = ".".join(["a" * 62] * 4) + "b"
    assert len(host) == 252
    addresses = [(host, 26747)] * 4
    link = make_link(CODE, "\U0001f98a" * 16, addresses)
    assert parse_link(link) == Link(CODE, "\U0001f98a" * 16, tuple(addresses))
    assert parse_link(f"{link}&x=".ljust(2048, "x")) == parse_link(link)


@pytest.mark.parametrize(
    "text",
    [
        f" {LINK}\n",
        f'"{LINK}"',
        f"<{LINK}>",
        f"\u201e{LINK}\u201c",
        f"'{LINK}'",
        LINK.replace("p2pim:join", "P2PIM:Join"),
        LINK.replace("-", ""),
        LINK.replace("-", "%2D").replace("K7", "%4b7"),
        f"{LINK}&later=1&x&=&",
        f"p2pim:join?&&v=2&c={CODE}#c=0000",
        f" '{CODE}' ",
        f"\u201c{CODE.lower()}\u201d",
        f"`{CODE}`",
        f"\u3000{LINK}\u2003",
    ],
)
def test_an_invitation_is_read_as_it_was_pasted(text: str) -> None:
    assert parse_invitation(text) == Link(CODE)


@pytest.mark.parametrize(
    "name", ["a%00b", "%E2%80%AE", "%FF", "%ED%A0%80", "%20x", "x" * 65, "x&n=y", "e%CC%81"]
)
def test_a_name_that_breaks_the_rules_is_left_out(name: str) -> None:
    assert parse_link(f"{LINK}&n={name}") == Link(CODE)


@pytest.mark.parametrize("name", ["Zo\u00eb", "Zo%C3%AB", "Zo%c3%ab"])
def test_names_are_read_escaped_or_not(name: str) -> None:
    assert parse_link(f"{LINK}&n={name}").name == "Zo\u00eb"


def test_a_plus_is_a_plus() -> None:
    assert parse_link(f"{LINK}&n=a+b").name == "a+b"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p2pim:join", "holds 0"),
        ("p2pim:join?n=x", "holds 0"),
        ("p2pim:join?C=" + CODE, "holds 0"),
        (f"{LINK}&c={CODE}", "holds 2"),
        ("p2pim:join?c=", "this has 0"),
        ("p2pim:join?c=" + CODE[:-1], "this has 15"),
        ("p2pim:join?c=%FF" + CODE, "No invite code holds"),
        ("p2pim:join?c=" + CODE[:-1] + "8", "mistyped"),
        (f"p2pim:chat?c={CODE}", "begins with p2pim:join"),
        (f"p2pim://join?c={CODE}", "begins with p2pim:join"),
        (f"https://example.org/join?c={CODE}", "begins with p2pim:join"),
        ("p2pim:", "begins with p2pim:join"),
        (LINK + "&n=" + "x" * 2048, "too long"),
        (LINK + "&a=10.0.0.7:26747" * 5, "at most 4 addresses, this names 5"),
    ],
)
def test_what_is_no_link_is_refused_with_its_reason(text: str, why: str) -> None:
    for parse in (parse_link, parse_invitation):
        with pytest.raises(BadInput, match=why) as caught:
            parse(text)
        assert "K7QM" not in str(caught.value)


BAD_ADDRESSES = [
    "",
    ":",
    "10.0.0.7",
    "10.0.0.7:",
    "10.0.0.7:0",
    "10.0.0.7:-1",
    "10.0.0.7:080",
    "10.0.0.7:65536",
    "10.0.0.7:100000",
    "10.0.0.7:\u0661",
    ":26747",
    "10.0.0:26747",
    "10.0.0.256:26747",
    "10.0.0.07:26747",
    "0x0a.7:26747",
    "167772167:26747",
    "fd00::7:26747",
    "[fd00::7]",
    "[fd00::7:26747",
    "fd00::7]:26747",
    "[10.0.0.7]:26747",
    "[fe80::7%eth0]:26747",
    "[fd00::g]:26747",
    "a b:26747",
    "-x:26747",
    "a..b:26747",
    "a.:26747",
    "caf\u00e9:26747",
    "\udcff:26747",
    "a" * 64 + ":26747",
    "a" * 64 + ".b:26747",
    "a." * 127 + "b:26747",
    "user@host:26747",
    "host/path:26747",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_no_address_is_refused(address: str) -> None:
    escaped = address.replace("%", "%25").replace("\udcff", "%FF")
    with pytest.raises(BadInput, match="is no address for an invite link") as caught:
        parse_link(f"{LINK}&a={escaped}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "address", [("fe80::7%eth0", 26747), ("10.0.0.7", 0), ("", 1), ("a b", 1), ("10.0.0.7", -1)]
)
def test_what_is_no_address_is_not_written(address: Address) -> None:
    with pytest.raises(BadInput, match="no address"):
        make_link(CODE, "", [address])


def test_no_link_is_made_of_a_wrong_code() -> None:
    with pytest.raises(BadInput, match="mistyped"):
        make_link("K7QM-2XPA-94TR-6WH8")


def test_a_link_does_not_show_its_code() -> None:
    assert "K7QM" not in repr(Link(CODE, "Ops", (("10.0.0.7", 26747),)))
    assert "Ops" in repr(Link(CODE, "Ops"))
