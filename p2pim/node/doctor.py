"""Doctor: what may hinder this machine, one line a check, each with its cure. Reads only; changes nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from p2pim import __version__
from p2pim.config.policy import is_older
from p2pim.errors import StoreError
from p2pim.node.events import Check
from p2pim.node.net.discovery.interfaces import choose
from p2pim.node.net.network import DEFAULT_PORT, Network
from p2pim.node.paths import check_paths
from p2pim.node.reachability import examine
from p2pim.node.surroundings import look_around

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: A clock further off than this from a peer's, or from most peers', is worth a word.
SKEW_MS: Final = 10 * 60 * 1000
_HARM: Final = "messages keep their order, but times shown are wrong"


async def diagnose(node: Node, network: Network) -> list[Check]:
    """Every check, within five seconds."""
    around, directions = await asyncio.gather(look_around(node, network), examine(node, network.probe))
    checks = local_checks(node, network)
    if any(check.name == "interfaces" and check.level != "ok" for check in checks):
        # Nobody can connect to where it does not listen: that is no firewall's doing.
        directions = [check for check in directions if check.name != "inbound"]
    return [*checks, *around, *directions]


def local_checks(node: Node, network: Network) -> list[Check]:
    """Those that need no other machine's help."""
    return [
        _port(network),
        _interfaces(node, network),
        _mdns(node, network),
        _policy(node),
        _clock(node),
        _store(node),
        _peers(node),
        *check_paths(node, network),
    ]


def _port(network: Network) -> Check:
    port = network.port
    if not port:
        return Check(
            "listen",
            "fail",
            "listening on no port",
            "another program may hold them all: set port in the settings",
        )
    if port == DEFAULT_PORT:
        return Check("listen", "ok", f"tcp {port}")
    return Check(
        "listen",
        "warn",
        f"tcp {port} ({DEFAULT_PORT} was taken)",
        f"a firewall opened for {DEFAULT_PORT} alone keeps others from connecting: open {port} too",
    )


def _interfaces(node: Node, network: Network) -> Check:
    used = [f"{i.name} {i.host}" for i in network.interfaces.used]
    ignored = sorted({interface.name for interface, _ in network.interfaces.ignored})
    text = ", ".join(used) + (f"; ignored: {', '.join(ignored)}" if ignored else "")
    if used and (left_out := _left_out(node, network)):
        return Check(
            "interfaces",
            "warn",
            f"{text}; the setting `interfaces` leaves out {', '.join(left_out)}, where colleagues are or may be",
            f"p2pim config set interfaces {left_out[0]}, then p2pim stop and p2pim start",
        )
    if used:
        return Check("interfaces", "ok", text)
    if node.policy.value("interfaces") is not None:
        return Check(
            "interfaces",
            "fail",
            f"no network ({text or 'no interface is up'})",
            node.policy.refuse("interfaces"),
        )
    return Check(
        "interfaces",
        "fail",
        f"no network ({text or 'no interface is up'})",
        "connect to a network, or name an interface: p2pim config set interfaces NAME",
    )


def _left_out(node: Node, network: Network) -> list[str]:
    """Interfaces that the user did not name, though colleagues are there or, where nobody is connected, may be."""
    if not node.settings.interfaces:
        return []
    ignored = [interface for interface, _ in network.interfaces.ignored]
    if node.sync.sessions:
        used = network.linked_from()
        ignored = [interface for interface in ignored if interface.address in used]
    return sorted({i.name for i in choose(ignored, [], node.policy.value("interfaces")).used})


def _mdns(node: Node, network: Network) -> Check:
    if network.trouble is not None:
        return Check(
            "mdns",
            "warn",
            network.trouble,
            "colleagues are still found by address: p2pim add HOST on one machine",
        )
    if node.settings.visible == "nobody":
        return Check("mdns", "ok", "listening, not advertising (visible is nobody)")
    to_whom = " to your teams alone" if node.settings.visible == "team" else ""
    return Check("mdns", "ok", f"advertising{to_whom} and listening")


def _policy(node: Node) -> Check:
    policy = node.policy
    if policy.ignored:
        rules = ", ".join(f"{rule.key} (team {rule.team})" for rule in policy.ignored)
        return Check(
            "policy", "warn", f"rules that this version does not understand: {rules}", "update p2pim"
        )
    if is_older(__version__, policy.value("minimum_version") or "0"):
        text = f"this is p2pim {__version__}, and {policy.refuse('minimum_version')}"
        return Check("policy", "warn", text, "update p2pim")
    rules = ", ".join(rule.key for rule in policy.rules)
    return Check("policy", "ok", f"in force: {rules} (p2pim policy)" if rules else "no rules")


def _clock(node: Node) -> Check:
    skews = node.links.skews
    if not skews:
        return Check("clock", "skip", "unknown: no peer to compare with")
    if len(skews) == 1:
        ((peer_id, off),) = skews.items()
        whose, cure = (
            f"that of {node.people.name(peer_id)}: one of the two is wrong",
            "set the one that is wrong",
        )
    else:
        # What most machines agree on, this one included.
        off = sorted([0, *skews.values()])[(len(skews) + 1) // 2]
        whose, cure = "those of most others", "set it"
        wrong = {peer_id: skew - off for peer_id, skew in skews.items() if abs(skew - off) >= SKEW_MS}
        if abs(off) < SKEW_MS and wrong:
            names = ", ".join(
                f"that of {node.people.name(p)} is {_duration(abs(w))} {'ahead' if w > 0 else 'behind'}"
                for p, w in wrong.items()
            )
            return Check("clock", "warn", f"this one is right; {names}", f"set it there: {_HARM}")
    if abs(off) < SKEW_MS:
        return Check("clock", "ok", f"within {abs(off) / 1000:.1f} s of {len(skews)} peers")
    way = "behind" if off > 0 else "ahead of"
    return Check("clock", "warn", f"this clock is {_duration(abs(off))} {way} {whose}", f"{cure}: {_HARM}")


def _duration(ms: int) -> str:
    hours = ms / 3_600_000
    return (
        f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h" if hours >= 1 else f"{ms // 60_000} min"
    )


def _store(node: Node) -> Check:
    if not node.writable:
        return Check(
            "store",
            "fail",
            "the disk cannot be written",
            "free some space: what is waiting goes on by itself",
        )
    try:
        node.store.database.check()
    except StoreError as error:
        return Check("store", "fail", str(error), "put a backup in its place")
    return Check("store", "ok", "database intact")


def _peers(node: Node) -> Check:
    linked = {link.peer_id for link in node.sync.sessions}
    if linked:
        return Check("peers", "ok", f"{len(linked)} connected")
    return Check(
        "peers",
        "warn",
        "nobody is connected",
        "is p2pim running on another machine here? p2pim add HOST tries one",
    )
