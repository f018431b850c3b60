"""Codes and links from arbitrary text: read, or refused with one sentence for a person, and never anything else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from p2pim.errors import BadInput
from p2pim.protocol.invite import (
    ALPHABET,
    Address,
    Link,
    code_text,
    make_link,
    new_code,
    parse_code,
    parse_invitation,
    parse_link,
    proves,
)
from p2pim.protocol.names import received_name

symbols = st.text(ALPHABET, min_size=15, max_size=15)
codes = symbols.map(code_text)
ports = st.integers(1, 65_535)
labels = st.from_regex(r"[a-z][0-9a-z_-]{0,20}", fullmatch=True)
hosts = st.one_of(
    st.ip_addresses(v=4).map(str),
    # mapped ones are written as the IPv4 address they stand for
    st.ip_addresses(v=6).filter(lambda address: getattr(address, "ipv4_mapped", None) is None).map(str),
    st.lists(labels, min_size=1, max_size=4).map(".".join),
)
addresses = st.lists(st.tuples(hosts, ports), max_size=4)
anything = st.text(max_size=100)
# What nearly is one: pieces that mean something, in any order.
pieces = st.sampled_from(
    [
        "p2pim:join?",
        "P2PIM:",
        "c=",
        "n=",
        "a=",
        "&",
        "?",
        "#",
        "%",
        "%FF",
        "%2",
        "[",
        "]",
        ":",
        "26747",
        "10.0.0.7",
        "fd00::7",
    ]
)
almost = st.lists(pieces | codes | anything, max_size=8).map("".join)
endpoints = st.tuples(hosts | anything | pieces, ports | st.just(0)).map(lambda pair: f"{pair[0]}:{pair[1]}")
parameters = st.one_of(
    st.tuples(
        st.just("n"), labels | anything | st.text(max_size=3).map(lambda t: quote(t, errors="replace"))
    ),
    st.tuples(
        st.just("a"), endpoints | endpoints.map(lambda text: f"[{text.replace(':', ']:', 1)}") | almost
    ),
    st.tuples(pieces, almost),
).map("=".join)
after_a_code = st.tuples(codes, st.lists(parameters, max_size=3)).map(
    lambda parts: "&".join([f"p2pim:join?c={parts[0]}", *parts[1]])
)


def read_or_refused(parse: Callable[[str], object], text: str) -> object:
    try:
        return parse(text)
    except BadInput as refused:
        sentence = str(refused)
        assert sentence.isprintable()
        assert sentence.endswith(".")
        assert len(sentence) < 600
        return None


@given(anything | st.text(ALPHABET + "-oil ", min_size=14, max_size=20) | almost)
@example("\ud800" * 16)
def test_any_text_is_a_code_or_refused(text: str) -> None:
    read = read_or_refused(parse_code, text)
    if isinstance(read, str):
        assert len(read) == 15
        assert set(read) <= set(ALPHABET)


@given(anything | almost | after_a_code)
@example("p2pim:join?c=" + "%" * 3000)
@example("p2pim:join?" + "&" * 2000)
@example("p2pim:join?a=" + "." * 2000)
def test_any_text_is_a_link_or_an_invitation_or_refused(text: str) -> None:
    for parse in (parse_link, parse_invitation):
        read = read_or_refused(parse, text)
        if isinstance(read, Link):
            # what was read can be handed on, and then reads the same
            assert parse(make_link(read.code, read.name, read.addresses)) == read


@given(st.binary(min_size=10, max_size=10))
def test_new_codes_are_read_back(random: bytes) -> None:
    code = new_code(lambda size: random[:size])
    assert code_text(parse_code(code)) == code
    assert parse_invitation(code) == Link(code)


@given(symbols, st.randoms())
def test_codes_are_read_however_they_are_typed(symbols: str, random: Random) -> None:
    aliases = {"0": "0Oo", "1": "1IiLl"}
    typed = [random.choice(aliases.get(c, c + c.lower())) for c in code_text(symbols).replace("-", "")]
    assert parse_code(random.choice(["", " ", "-", "\n", "--"]).join(typed)) == symbols


@given(codes, st.text(max_size=30), addresses)
def test_links_are_read_back(code: str, name: str, addresses: list[Address]) -> None:
    link = make_link(code, name, addresses)
    assert link.isascii()
    assert not set(link) & set(" \"'<>\\^`{|}[]")  # passes through mails and shells that quote
    assert (
        parse_link(link)
        == parse_invitation(f"<{link}>\n")
        == Link(code, received_name(name), tuple(addresses))
    )


@given(codes, st.text(min_size=1, max_size=10).filter(lambda key: key not in ("c", "n", "a")), anything)
def test_what_a_later_version_adds_is_passed_over(code: str, key: str, value: str) -> None:
    added = f"{quote(key, safe='', errors='replace')}={quote(value, safe='', errors='replace')}"
    assert parse_link(f"p2pim:join?{added}&c={code}&{added}") == Link(code)


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=70))
def test_proofs_of_any_bytes(public: bytes, team: bytes, joiner: bytes, proof: bytes) -> None:
    assert proves(public, team, joiner, proof) is False


@given(codes, anything)
def test_no_link_is_made_of_an_address_it_could_not_give_back(code: str, host: str) -> None:
    try:
        link = make_link(code, "", [(host, 1)])
    except BadInput:
        return
    ((read, port),) = parse_link(link).addresses
    assert port == 1
    assert make_link(code, "", [(read, port)]) == link
