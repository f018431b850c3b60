from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.config.policy import (
    KEYS,
    NO_POLICY,
    NO_RULES,
    Ignored,
    MachinePolicy,
    Rule,
    combine,
    is_older,
    machine_policy,
    shown,
)
from p2pim.errors import BadConfig

FILE = "/etc/xdg/p2pim/policy.toml"
MACHINE = f"machine policy ({FILE})"
A, B = "a" * 64, "b" * 64


def machine(**values: object) -> MachinePolicy:
    return machine_policy(values, FILE)


# -- what a file may say


def test_every_key_takes_its_type_and_has_one_form() -> None:
    policy = machine(
        open_network=False,
        relay=True,
        files=True,
        file_max_bytes=1_000_000,
        file_types_allowed=[".PDF", "txt", "tar.gz"],
        file_types_forbidden=["exe", ".exe"],
        retention_days=365,
        receipts=False,
        subnets=["10.1.0.0/17", "10.1.128.0/17", "fd00::/8", "192.168.7.7"],
        interfaces=["WG0", "10.99.0.2"],
        team_ids=[B.upper(), A],
        updates=False,
        minimum_version="1.2.0",
        verified_dms_only=True,
    )
    assert policy.values.keys() == KEYS.keys()
    assert policy.values["file_types_allowed"] == ("pdf", "tar.gz", "txt")
    assert policy.values["file_types_forbidden"] == ("exe",)
    assert policy.values["subnets"] == ("10.1.0.0/16", "192.168.7.7/32", "fd00::/8")
    assert policy.values["interfaces"] == ("10.99.0.2", "wg0")
    assert policy.values["team_ids"] == (A, B)


def test_no_file_and_an_empty_file_are_no_rules() -> None:
    assert combine(NO_POLICY, {}) == combine(machine(), {}) == NO_RULES


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("open_netwrk", True, f"Unknown rule 'open_netwrk' in {FILE}: did you mean 'open_network'?"),
        ("xyzzy", 1, f"Unknown rule 'xyzzy' in {FILE}: known: open_network, relay, "),
        ("open_network", "no", "expected true or false."),
        ("open_network", 0, "expected true or false."),
        ("retention_days", 0, "expected a whole number of at least 1."),
        ("retention_days", True, "expected a whole number of at least 1."),
        ("retention_days", 1.5, "expected a whole number of at least 1."),
        ("file_max_bytes", 2**63, "expected a whole number of at least 1."),
        ("minimum_version", "new", 'expected a version such as "1.2.0".'),
        ("minimum_version", 1.2, 'expected a version such as "1.2.0".'),
        ("subnets", "10.0.0.0/8", "expected a list of texts."),
        ("subnets", [10], "expected a list of texts."),
        ("subnets", ["10.0.0.1/8"], "10.0.0.1/8 has host bits set."),
        ("subnets", ["office"], "'office' does not appear to be an IPv4 or IPv6 network."),
        ("interfaces", ["eth0", ""], "expected names or addresses of interfaces, got ''."),
        ("team_ids", ["abc"], "expected team ids of 64 hexadecimal digits, got 'abc'."),
        ("file_types_allowed", ["*.exe"], "expected extensions such as exe, got '*.exe'."),
        ("files", {"max": 1}, "expected true or false."),
    ],
)
def test_what_is_not_understood_is_refused_and_named(key: str, value: object, says: str) -> None:
    with pytest.raises(BadConfig) as caught:
        machine(**{key: value})
    assert says in str(caught.value)
    assert repr(key) in str(caught.value)
    assert FILE in str(caught.value)


# -- what is in force


def test_the_stricter_holds_and_is_named() -> None:
    policy = combine(
        machine(retention_days=100, file_max_bytes=10, files=True),
        {
            "sales": {"retention_days": 30, "file_max_bytes": 20, "receipts": False},
            "dev": {"retention_days": 60},
        },
    )
    assert policy.rules == (
        Rule("files", True, MACHINE),
        Rule("file_max_bytes", 10, MACHINE),
        Rule("retention_days", 30, "policy of team sales"),
        Rule("receipts", False, "policy of team sales"),
    )


def test_a_tie_names_the_machine_and_then_the_first_team() -> None:
    teams = {"dev": {"retention_days": 30}, "art": {"retention_days": 30}}
    assert combine(machine(retention_days=30), teams).rules == (Rule("retention_days", 30, MACHINE),)
    assert combine(NO_POLICY, teams).rules == (Rule("retention_days", 30, "policy of team art"),)


def test_who_gives_a_part_each_is_named() -> None:
    policy = combine(
        machine(subnets=["10.0.0.0/8", "fd00::/8"]), {"dev": {"subnets": ["10.1.0.0/16", "192.168.0.0/16"]}}
    )
    assert policy.rules == (Rule("subnets", ("10.1.0.0/16",), f"{MACHINE} and the policy of team dev"),)
    assert (
        policy.refuse("subnets")
        == f"subnets is set to 10.1.0.0/16 by the {MACHINE} and the policy of team dev."
    )


def test_what_is_on_or_off_in_the_file_cannot_be_chosen() -> None:
    on, off = combine(machine(open_network=True), {}), combine(machine(open_network=False), {})
    for chosen in (True, False):
        assert on.switch("open_network", chosen)
        assert not off.switch("open_network", chosen)
        assert NO_RULES.switch("open_network", chosen) is chosen
    assert off.refuse("open_network") == f"open_network is switched off by the {MACHINE}."
    assert on.refuse("open_network") == f"open_network is switched on by the {MACHINE}."


def test_a_team_can_only_take_away() -> None:
    asked = {"dev": {"open_network": True, "verified_dms_only": False}}
    assert combine(NO_POLICY, asked) == NO_RULES
    assert combine(machine(open_network=False), asked).refuse("open_network").endswith(f"{MACHINE}.")
    takes = {"dev": {"open_network": False, "verified_dms_only": True}}
    policy = combine(machine(open_network=True), takes)
    assert policy.refuse("open_network") == "open_network is switched off by the policy of team dev."
    assert policy.switch("verified_dms_only", False)


def test_an_empty_list_of_what_is_allowed_allows_nothing() -> None:
    policy = combine(machine(subnets=[], team_ids=[A]), {"dev": {"team_ids": [B]}})
    assert policy.subnets == ()
    assert policy.refuse("subnets") == f"subnets is set to nothing by the {MACHINE}."
    assert policy.value("team_ids") == ()


def test_what_a_team_says_and_we_do_not_understand_is_reported() -> None:
    policy = combine(
        NO_POLICY,
        {"dev": {"holograms": True, "retention_days": "ten", "files": False}, "art": {"receipts": 0}},
    )
    assert policy.rules == (Rule("files", False, "policy of team dev"),)
    assert policy.ignored == (
        Ignored("art", "receipts"),
        Ignored("dev", "holograms"),
        Ignored("dev", "retention_days"),
    )


def test_asking_for_rules() -> None:
    policy = combine(machine(retention_days=3, subnets=["10.0.0.0/8"]), {})
    assert policy.value("retention_days") == 3
    assert policy.value("file_max_bytes") is None
    assert policy.subnets == (ip_network("10.0.0.0/8"),)
    assert NO_RULES.subnets is None


def test_values_for_people() -> None:
    assert [shown(v) for v in (True, False, 7, "1.2", ("a", "b"), ())] == [
        "on",
        "off",
        "7",
        "1.2",
        "a, b",
        "nothing",
    ]


@pytest.mark.parametrize(
    ("version", "minimum", "older"),
    [
        ("0.1.0", "0.1", False),
        ("0.1.0.dev0", "0.1.0", False),
        ("0.1.9", "0.1.10", True),
        ("1", "0.9.9", False),
        ("1.0", "1.0.1", True),
        ("unknown", "0", True),
    ],
)
def test_versions_are_compared_by_number(version: str, minimum: str, older: bool) -> None:
    assert is_older(version, minimum) is older


def test_the_higher_version_is_the_stricter() -> None:
    policy = combine(machine(minimum_version="1.9"), {"dev": {"minimum_version": "1.10"}})
    assert policy.value("minimum_version") == "1.10"
    tie = combine(machine(minimum_version="1.2"), {"dev": {"minimum_version": "1.2.0"}})
    assert tie.rules == (Rule("minimum_version", "1.2", MACHINE),)
    assert machine(minimum_version="0.0").values["minimum_version"] == "0"


# -- properties

switches, numbers = st.booleans(), st.integers(1, 5)
extensions = st.lists(st.sampled_from(["exe", "pdf", "txt", "TAR.gz"]), max_size=3)
networks = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 15), st.integers(28, 32)).map(
            lambda n: str(ip_network((f"10.0.0.{n[0]}", n[1]), strict=False))
        ),
        st.tuples(st.integers(0, 15), st.integers(124, 128)).map(
            lambda n: str(ip_network((f"fd00::{n[0]:x}", n[1]), strict=False))
        ),
    ),
    max_size=4,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "open_network": switches,
    "relay": switches,
    "files": switches,
    "file_max_bytes": numbers,
    "file_types_allowed": extensions,
    "file_types_forbidden": extensions,
    "retention_days": numbers,
    "receipts": switches,
    "subnets": networks,
    "interfaces": st.lists(st.sampled_from(["eth0", "wg0", "10.0.0.1"]), max_size=3),
    "team_ids": st.lists(st.sampled_from([A, B]), max_size=2),
    "updates": switches,
    "minimum_version": st.lists(st.integers(0, 11), min_size=1, max_size=3).map(
        lambda v: ".".join(map(str, v))
    ),
    "verified_dms_only": switches,
}
tables = st.fixed_dictionaries({}, optional=VALUES)
offices = st.tuples(tables, st.dictionaries(st.sampled_from(["art", "dev", "ops"]), tables, max_size=3))
ADDRESSES = [ip_address(f"{net}{n:x}") for net in ("fd00::", "10.0.0.") for n in range(10)]


def forbidden_by(key: str, value: Any) -> set[Any]:
    """What a value keeps from happening, of a few things that could: told without any code of the module."""
    match key:
        case "verified_dms_only":
            return {"a message to somebody not verified"} if value else set()
        case "file_max_bytes" | "retention_days":
            return {n for n in range(8) if n > value}
        case "file_types_forbidden":
            return {item.lower() for item in value}
        case "file_types_allowed":
            return {"exe", "pdf", "txt", "tar.gz"} - {item.lower() for item in value}
        case "interfaces":
            return {"eth0", "wg0", "10.0.0.1"} - set(value)
        case "team_ids":
            return {A, B} - set(value)
        case "subnets":
            return {a for a in ADDRESSES if not any(a in ip_network(network) for network in value)}
        case "minimum_version":
            wanted = [*map(int, value.split(".")), 0, 0][:3]
            return {(a, b, c) for a in range(12) for b in range(12) for c in range(12) if [a, b, c] < wanted}
        case _:
            return set() if value else {key}


def test_the_properties_speak_of_every_key() -> None:
    assert VALUES.keys() == KEYS.keys()


@given(offices)
def test_what_holds_is_never_laxer_than_any_side_and_no_stricter_than_all(
    office: tuple[dict[str, Any], dict[str, dict[str, Any]]],
) -> None:
    mine, teams = office
    policy = combine(machine(**mine), teams)
    assert policy.ignored == ()
    for key in KEYS:
        sides = [values[key] for values in (mine, *teams.values()) if key in values]
        asked = set().union(*(forbidden_by(key, value) for value in sides))
        holds = policy.value(key)
        assert (set() if holds is None else forbidden_by(key, holds)) == asked, key
        if holds is None:
            assert key not in mine


@given(offices, st.randoms())
def test_the_order_of_teams_and_of_lists_does_not_matter(
    office: tuple[dict[str, Any], dict[str, dict[str, Any]]], random: Any
) -> None:
    mine, teams = office

    def shuffled(values: dict[str, Any]) -> dict[str, Any]:
        items = [(k, random.sample(v, len(v)) if isinstance(v, list) else v) for k, v in values.items()]
        return dict(random.sample(items, len(items)))

    others = {name: shuffled(teams[name]) for name in random.sample([*teams], len(teams))}
    assert combine(machine(**shuffled(mine)), others) == combine(machine(**mine), teams)


@given(offices)
def test_a_rule_names_those_without_whom_it_would_not_be(
    office: tuple[dict[str, Any], dict[str, dict[str, Any]]],
) -> None:
    mine, teams = office
    policy = combine(machine(**mine), teams)
    for rule in policy.rules:
        named = {team: values for team, values in teams.items() if f"policy of team {team}" in rule.source}
        own = machine(**mine) if MACHINE in rule.source else NO_POLICY
        assert combine(own, named)._rule(rule.key) == rule


def test_a_rule_that_a_team_takes_back_is_none() -> None:
    assert combine(NO_POLICY, {"Blue": {"retention_days": False, "minimum_version": False}}) == NO_RULES
