"""Doctor: what may hinder this machine, one line a check, each with its cure. Reads only; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from p2pim import __version__
from p2pim.config.policy import is_older
from p2pim.errors import StoreError
from p2pim.node.events import Check
from p2pim.node.net.network import DEFAULT_PORT, Network

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: A clock further off than this from a peer's, or from most peers', is worth a word.
SKEW_MS: Final = 10 * 60 * 1000


def diagnose(node: Node, network: Network) -> list[Check]:
    """Every check that needs no other machine's help."""
    return [
        _port(network),
        _interfaces(node, network),
        _mdns(node, network),
        _policy(node),
        _clock(node),
        _store(node),
        _peers(node),
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
    return Check("mdns", "ok", "advertising and listening")


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
    skews = list(node.links.skews.values())
    if not skews:
        return Check("clock", "skip", "unknown: no peer to compare with")
    off = sorted(skews)[len(skews) // 2]
    if abs(off) < SKEW_MS:
        return Check("clock", "ok", f"within {abs(off) / 1000:.1f} s of {len(skews)} peers")
    way = "behind" if off > 0 else "ahead of"
    return Check(
        "clock",
        "warn",
        f"{_duration(abs(off))} {way} the peers'",
        "set this machine's clock (or theirs): messages keep their order, but times shown are wrong",
    )


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
