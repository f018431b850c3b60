"""Policies: what this machine's administrator and the teams one is in fix or forbid, and how they combine. Pure.

Of two values the stricter holds, which one that is each key says: the smaller number, what both lists allow, what
either list forbids. An empty list of what is allowed allows nothing; a key that nobody gives is nobody's rule.

An on/off key in the machine's file is fixed at that value: the user cannot choose the other. A team can only take
away: its value counts where it is the stricter of the two, so no team switches on what a user has switched off.

A team's rules hold for this node as long as the user is a member, and say whose they are. For what belongs to one team
alone, such as how long its messages are kept, combine the machine's rules with those of that team alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

from msgspec import Struct

from p2pim.errors import BadConfig, BadInput

Value = bool | int | str | tuple[str, ...]
IpNetwork = IPv4Network | IPv6Network

_VERSION: Final = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")
_EXTENSION: Final = re.compile(r"[a-z0-9][a-z0-9._+-]{0,31}")
_TEAM_ID: Final = re.compile(r"[0-9a-f]{64}")
_INTERFACE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,256}")


class Key(Struct, frozen=True):
    """One thing that a policy can decide.

    Attributes:
        read: a value as a file or a team gives it, checked and in its one form; ValueError says what was expected.
        stricter: of two such values the stricter, or the strictest that both ask for.
        lax: of an on/off key, the value that only the machine's file can force.
    """

    meaning: str
    read: Callable[[object], Value]
    stricter: Callable[[Any, Any], Value]
    lax: bool | None = None


class Rule(Struct, frozen=True):
    """A rule in force, and whose it is: "machine policy (FILE)", "policy of team NAME", or several of them."""

    key: str
    value: Value
    source: str


class Ignored(Struct, frozen=True):
    """A rule of a team that this version does not understand."""

    team: str
    key: str


class MachinePolicy(Struct, frozen=True):
    """What the machine's file says, checked; by default there is none."""

    file: str = ""
    values: dict[str, Value] = {}

    @property
    def source(self) -> str:
        """How rules name it."""
        return f"machine policy ({self.file})"


NO_POLICY: Final = MachinePolicy()
"""Where there is no file."""


class Policy(Struct, frozen=True):
    """The rules in force; by default there are none."""

    rules: tuple[Rule, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def _rule(self, key: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.key == key), None)

    def value(self, key: str) -> Any:
        """What is decided about a key, of its type (lists are tuples); None: nothing is."""
        rule = self._rule(key)
        return None if rule is None else rule.value

    def switch(self, key: str, chosen: bool) -> bool:
        """An on/off key as it is in force, where the user has chosen ``chosen``."""
        value = self.value(key)
        return chosen if value is None else bool(value)

    def refuse(self, key: str) -> str:
        """The sentence for what a rule forbids: it names the rule and whose it is."""
        rule = self._rule(key)
        assert rule is not None, f"no rule about {key}"
        if isinstance(rule.value, bool):
            return f"{key} is switched {'on' if rule.value else 'off'} by the {rule.source}."
        return f"{key} is set to {shown(rule.value)} by the {rule.source}."

    @property
    def subnets(self) -> tuple[IpNetwork, ...] | None:
        """Where peers may be; None: anywhere."""
        subnets = self.value("subnets")
        return None if subnets is None else tuple(map(ip_network, subnets))


NO_RULES: Final = Policy()


def shown(value: Value) -> str:
    """A value for a person."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return (", ".join(value) or "nothing") if isinstance(value, tuple) else str(value)


def combine(machine: MachinePolicy, teams: Mapping[str, Mapping[str, object]]) -> Policy:
    """The rules in force where this machine and these teams, by name, ask for these values.

    A rule is the machine's if its value alone comes to the same, else that of the first team (by name) of which this
    is true, else it is everybody's who gave one. What a team asks for and this version cannot read is left out and
    listed as ignored.
    """
    given = {key: [(machine.source, value)] for key, value in machine.values.items()}
    ignored: list[Ignored] = []
    for team in sorted(teams):
        for key, raw in sorted(teams[team].items()):
            try:
                value = KEYS[key].read(raw)
            except (KeyError, ValueError):
                if raw is not False:  # a rule taken back
                    ignored.append(Ignored(team, key))
                continue
            if value is not KEYS[key].lax:
                given.setdefault(key, []).append((f"policy of team {team}", value))
    rules = tuple(_strictest(key, given[key]) for key in KEYS if key in given)
    return Policy(rules, tuple(ignored))


def _strictest(key: str, given: list[tuple[str, Value]]) -> Rule:
    strictest = given[0][1]
    for _, value in given[1:]:
        strictest = KEYS[key].stricter(strictest, value)
    alone = [source for source, value in given if value == strictest]
    return Rule(key, strictest, alone[0] if alone else " and the ".join(source for source, _ in given))


def machine_policy(table: Mapping[str, object], file: str) -> MachinePolicy:
    """Check what the machine's file says.

    Raises:
        BadConfig: a key is unknown or its value is not what it takes; what is not understood must not be ignored.
    """
    values = {}
    for key, raw in table.items():
        if key not in KEYS:
            raise BadConfig(f"Unknown rule {key!r} in {file}: {_hint(key, KEYS)}")
        try:
            values[key] = KEYS[key].read(raw)
        except ValueError as error:
            raise BadConfig(f"Rule {key!r} in {file}: {error}.") from error
    return MachinePolicy(file, values)


def check_team_rules(values: Mapping[str, object]) -> None:
    """Check what somebody wants to set for a team, before it is signed: what is not understood binds nobody.

    Raises:
        BadInput: no team sets such a rule, or its value is not what it takes.
    """
    for key, raw in values.items():
        if key in KEYS and key not in TEAM_RULES:
            raise BadInput(
                f"{key} is for the policy of a machine: a team cannot cut its members off from others."
            )
        if key not in TEAM_RULES:
            raise BadInput(f"There is no rule {key!r}: {_hint(key, TEAM_RULES)}")
        try:
            if raw is not False:  # that takes any rule back
                KEYS[key].read(raw)
        except ValueError as error:
            raise BadInput(f"Rule {key!r}: {error}.") from error


def _hint(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 (rarely needed)

    near = get_close_matches(key, known := list(known), 1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}."


def is_older(version: str, minimum: str) -> bool:
    """Whether a version, which may end in words ("1.2.dev0"), is older than the minimum a policy asks for."""
    match = _VERSION.match(version)
    return match is None or _parts(match[0]) < _parts(minimum)


# -- what values must be


def _switch(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("expected true or false")
    return raw


def _number(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw < 2**63:
        raise ValueError("expected a whole number of at least 1")
    return raw


def _version(raw: object) -> str:
    if not isinstance(raw, str) or _VERSION.fullmatch(raw) is None:
        raise ValueError('expected a version such as "1.2.0"')
    return ".".join(map(str, _parts(raw))) or "0"


def _texts(raw: object) -> list[str]:
    if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
        raise ValueError("expected a list of texts")
    return list(raw)


def _list_of(what: str, pattern: re.Pattern[str], strip: str = "") -> Callable[[object], tuple[str, ...]]:
    def read(raw: object) -> tuple[str, ...]:
        items = {item.strip().lower().lstrip(strip) for item in _texts(raw)}
        wrong = sorted(item for item in items if pattern.fullmatch(item) is None)
        if wrong:
            raise ValueError(f"expected {what}, got {wrong[0]!r}")
        return tuple(sorted(items))

    return read


def _networks(raw: object) -> tuple[str, ...]:
    return _written(ip_network(text.strip()) for text in _texts(raw))


def _written(networks: Iterable[IpNetwork]) -> tuple[str, ...]:
    """Networks in one form, whatever was said twice or in parts."""
    four, six = [], []
    for network in networks:
        if isinstance(network, IPv4Network):
            four.append(network)
        else:
            six.append(network)
    return tuple(map(str, (*collapse_addresses(four), *collapse_addresses(six))))


# -- which of two is the stricter


def _in_both(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*a} & {*b}))


def _in_either(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*a, *b}))


def _networks_in_both(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [(one, other) for one in map(ip_network, a) for other in map(ip_network, b)]
    # Of two networks that overlap one holds the other.
    return _written(max(pair, key=lambda n: n.prefixlen) for pair in pairs if pair[0].overlaps(pair[1]))


def _parts(version: str) -> tuple[int, ...]:
    parts = [*map(int, version.split("."))]
    while parts and parts[-1] == 0:
        parts.pop()  # 1.2.0 is 1.2
    return tuple(parts)


def _higher(a: str, b: str) -> str:
    return max(a, b, key=_parts)


def _may(meaning: str) -> Key:
    """Something that may be done or not: not is the stricter."""
    return Key(meaning, _switch, lambda a, b: a and b, lax=True)


_extensions = _list_of("extensions such as exe", _EXTENSION, strip=".")

KEYS: Final[dict[str, Key]] = {
    "open_network": _may("whether everybody on the LAN may see this p2pim and write to it"),
    "relay": _may("whether this machine may hold sealed mail, and pass on links, for others"),
    "files": _may("whether files may be sent and received"),
    "file_max_bytes": Key("the largest file, in bytes", _number, min),
    "file_types_allowed": Key("the only extensions a file may have", _extensions, _in_both),
    "file_types_forbidden": Key("extensions no file may have", _extensions, _in_either),
    "retention_days": Key("how long messages are kept, in days: what is older is erased", _number, min),
    "receipts": _may("whether others may be told what was read"),
    "subnets": Key("where peers may be: nobody else is dialled or let in", _networks, _networks_in_both),
    "interfaces": Key(
        "the only interfaces to use, by name or address",
        _list_of("names or addresses of interfaces", _INTERFACE),
        _in_both,
    ),
    "team_ids": Key(
        "the only teams to take part in",
        _list_of("team ids of 64 hexadecimal digits", _TEAM_ID),
        _in_both,
    ),
    "updates": _may("whether updates may be taken from colleagues"),
    "minimum_version": Key("the oldest p2pim that may run", _version, _higher),
    "verified_dms_only": Key(
        "whether direct messages go only to people whose safety number was compared",
        _switch,
        lambda a, b: a or b,
        lax=False,
    ),
}

#: Keys by which a team rules the machines of its members. To cut a machine off from others is not for it to say.
TEAM_RULES: Final = tuple(key for key in KEYS if key not in ("subnets", "interfaces", "team_ids"))
