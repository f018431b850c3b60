"""The doctor's report, and a version of it that can be shown to strangers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from p2pim.api import exits
from p2pim.api.jsonrpc import NotRunning
from p2pim.cli.output import table
from p2pim.cli.run import Run
from p2pim.errors import P2pimError

if TYPE_CHECKING:
    from p2pim.api import schema

_ADDRESS: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]+(?:%\w+)?)(?![\w])"
)


def doctor(run: Run) -> int:
    """All checks, each with its cure; fails if one does."""
    checks, names = _profile_checks(run), list[str]()
    try:
        with run.client() as client:
            checks += client.doctor()
            if run.options.share:
                for peer in client.peers():
                    names += [peer["name"], peer["nickname"]]
                names += [client.identity()["nickname"]] + [room["name"] for room in client.rooms()]
    except NotRunning as error:
        checks.append(_check("daemon", "fail", str(error), "p2pim start"))
    except P2pimError as error:
        checks.append(_check("daemon", "fail", str(error), None))
    if run.options.share:
        checks = masked(checks, names)
    lines = []
    shown = {"fail": "FAIL"}
    for check in checks:
        lines += table(
            [[f"{shown.get(check['level'], check['level']):5}", f"{check['name']:12}", check["text"]]]
        )
        if check["cure"]:
            lines.append(f"{'':21}-> {check['cure']}")
    run.output.result(checks, lines)
    return exits.FAILED if any(check["level"] == "fail" for check in checks) else exits.OK


def masked(checks: Iterable[schema.Check], names: Iterable[str]) -> list[schema.Check]:
    """The same without names, addresses and the user's folder; what is one and the same stays recognisable."""
    known: dict[str, str] = {}

    def stand_in(kind: str, what: str) -> str:
        return known.setdefault(
            what, f"<{kind} {sum(k.startswith(f'<{kind} ') for k in known.values()) + 1}>"
        )

    # A longer name may hold a shorter one.
    words = sorted({name.lstrip("#") for name in names} - {"", "lobby"}, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)) if words else None

    def mask(text: str) -> str:
        text = text.replace(str(Path.home()), "~")
        if pattern is not None:
            text = pattern.sub(lambda found: stand_in("name", found[0]), text)
        return _ADDRESS.sub(lambda found: stand_in("address", found[0]), text)

    return [
        _check(c["name"], c["level"], mask(c["text"]), None if c["cure"] is None else mask(c["cure"]))
        for c in checks
    ]


def _profile_checks(run: Run) -> list[schema.Check]:
    """What can be found out without a daemon: a daemon that cannot start says nothing."""
    import os  # noqa: PLC0415

    from p2pim.config.machine import load_machine_policy  # noqa: PLC0415
    from p2pim.config.paths import check_private  # noqa: PLC0415
    from p2pim.config.settings import load_settings  # noqa: PLC0415

    checks: list[schema.Check] = []
    try:
        load_settings(run.paths.config_file)
        checks.append(_check("config", "ok", str(run.paths.config_file), None))
    except P2pimError as error:
        checks.append(_check("config", "fail", str(error), "mend it, or: p2pim config unset KEY"))
    try:
        load_machine_policy()
    except P2pimError as error:
        checks.append(_check("policy", "fail", str(error), "ask the administrator: no daemon starts before"))
    try:
        check_private(run.paths.runtime)
        writable = os.access(run.paths.data, os.W_OK | os.X_OK)
        text = f"{run.paths.data} {'is writable' if writable else 'cannot be written'}"
        cure = None if writable else "choose another folder with --home, or mend its permissions"
        checks.append(_check("profile", "ok" if writable else "fail", text, cure))
    except FileNotFoundError:
        checks.append(_check("profile", "skip", f"{run.paths.data}: no daemon was ever started here", None))
    except P2pimError as error:
        checks.append(_check("profile", "fail", str(error), None))
    return checks


def _check(name: str, level: str, text: str, cure: str | None) -> schema.Check:
    return {"name": name, "level": level, "text": text, "cure": cure}
