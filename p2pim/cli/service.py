"""The daemon and its surroundings: start, stop, status, add, address, config, policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from p2pim.api import exits
from p2pim.api.client import ConnectionLost
from p2pim.cli.output import table
from p2pim.cli.run import Run
from p2pim.errors import BadInput, NotNow, P2pimError

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.config.policy import Policy

STOPPING_PATIENCE = 10.0


def start(run: Run) -> int:
    """Start the daemon unless it runs."""
    from p2pim.api.launch import ensure_running  # noqa: PLC0415

    started = ensure_running(run.paths)
    with run.client() as client:
        status = client.status()
    word = "p2pim has started" if started else "p2pim is running already"
    lines = [f"{word} (process {status['pid']}). {_state_line(status)}"]
    run.output.result({"started": started, **status}, lines)
    return exits.OK


def _state_line(status: schema.Status) -> str:
    return "It is locked: run `p2pim unlock`." if status["state"] == "locked" else status["state_line"]


def stop(run: Run) -> int:
    """Stop the daemon and wait until it has ended."""
    with run.client(STOPPING_PATIENCE) as client:
        stopping = client.stop()
        try:
            for _ in client.events(timeout=STOPPING_PATIENCE):
                pass  # it says goodbye to others meanwhile; the end of the connection is the end of it
        except ConnectionLost:
            run.output.result(stopping, ["p2pim has stopped."])
            return exits.OK
    raise NotNow(
        f"p2pim has not ended within {STOPPING_PATIENCE:g} s: end process {stopping['pid']} by hand."
    )


def status(run: Run) -> int:
    """How things are."""
    with run.client() as client:
        now = client.status()
    daemon = f"version {now['version']}, process {now['pid']}"
    if now["state"] == "locked":
        run.output.result(now, table([["state", now["state_line"]], ["daemon", daemon]]))
        return exits.OK
    name = now["nickname"] or "(no name yet: p2pim name NAME)"
    presence = " ".join(filter(None, (now["presence"], now["status_text"])))
    rows = [
        ["you", f"{name}, {now['short_id']}, {presence}"],
        ["network", now["state_line"]],
        ["port", str(now["port"]) if now["port"] else "none"],
        ["messages", f"{now['unread']} unread, {now['waiting']} waiting to be delivered"],
        ["requests", str(now["requests"])],
        ["storage", "ok" if now["storage"] == "ok" else "FULL: nothing can be stored until there is space"],
        ["daemon", daemon],
    ]
    run.output.result(now, table(rows))
    return exits.OK


def add(run: Run) -> int:
    """Connect to an address and keep it."""
    from p2pim.config.settings import split_address  # noqa: PLC0415

    try:
        host, port = split_address(run.options.address)
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    with run.client() as client:
        client.call("network.add", host=host, port=port)
    run.output.result({"host": host, "port": port}, [f"{host} port {port} is kept and tried from now on."])
    return exits.OK


def address(run: Run) -> int:
    """What to tell a colleague whom this machine does not find."""
    from p2pim.config.settings import DEFAULT_PORT  # noqa: PLC0415

    with run.client() as client:
        addresses = client.addresses()
    lines = ["On a colleague's machine, whichever of these networks you share:"]
    for one in addresses:
        host = f"[{one['host']}]" if ":" in one["host"] else one["host"]
        lines.append(f"  p2pim add {host}" + (f":{one['port']}" if one["port"] != DEFAULT_PORT else ""))
    if not addresses:
        lines = ["There is no network here: nobody can connect to this machine. p2pim doctor says more."]
    run.output.result(addresses, lines)
    return exits.OK


def config(run: Run) -> int:
    """Show or change the settings in the file."""
    from p2pim.config.edit import set_value, unset_value  # noqa: PLC0415
    from p2pim.config.settings import load_settings, setting  # noqa: PLC0415

    options, file = run.options, run.paths.config_file
    if (options.what in ("get", "set", "unset")) != (options.key is not None):
        options.usage(f"config {options.what}: {'name a KEY' if options.key is None else 'takes no KEY'}")
    if (options.what == "set") != (options.value is not None):
        options.usage(
            f"config {options.what}: {'give a VALUE' if options.value is None else 'takes no VALUE'}"
        )
    rules = _rules(run)
    if options.what == "set":
        set_value(file, options.key, options.value, rules)
    elif options.what == "unset":
        unset_value(file, options.key)
    settings = load_settings(file)
    if options.what == "list":
        known: dict[str, Any] = {key: setting(settings, key) for key in settings.__struct_fields__}
        rows = [[key, _shown(value) + _overruled(key, value, rules)] for key, value in known.items()]
        run.output.result({"file": str(file), "settings": known}, [f"# {file}", *table(rows)])
        return exits.OK
    value = setting(settings, options.key)
    note = _overruled(options.key, value, rules) + ("" if options.what == "get" else _restart_note(run))
    run.output.result({options.key: value}, [f"{options.key} = {_shown(value)}{note}"])
    return exits.OK


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return (", ".join(value) or "(none)") if isinstance(value, list | tuple) else str(value)


def _rules(run: Run) -> Policy:
    """The rules of the daemon if it answers (teams have some, too), else those of the machine's file."""
    from p2pim.config.machine import load_machine_policy  # noqa: PLC0415
    from p2pim.config.policy import Policy, Rule, combine  # noqa: PLC0415

    try:
        with run.client() as client:
            told = client.policy()
    except P2pimError:
        return combine(load_machine_policy(), {})
    values = (tuple(rule["value"]) if isinstance(rule["value"], list) else rule["value"] for rule in told)
    return Policy(tuple(Rule(r["key"], value, r["source"]) for r, value in zip(told, values, strict=True)))


def _overruled(key: str, value: Any, rules: Policy) -> str:
    """A word about a setting whose value in the file is not the one in force."""
    fixed = rules.switch(key, value) if isinstance(value, bool) else value
    return "" if fixed == value else f"   (but {rules.refuse(key)[:-1]})"


def policy(run: Run) -> int:
    """The rules in force."""
    from p2pim.config.policy import KEYS  # noqa: PLC0415

    with run.client() as client:
        rules = client.policy()
    lines = []
    for rule in rules:
        lines.append(f"{rule['key']} = {_shown(rule['value'])}   ({rule['source']})")
        if rule["key"] in KEYS:
            lines.append(f"    {KEYS[rule['key']].meaning}")
    run.output.result(rules, lines or ["No rules: neither this machine's administrator nor a team sets any."])
    return exits.OK


def _restart_note(run: Run) -> str:
    from p2pim.api.client import is_listening  # noqa: PLC0415

    return "   (restart to apply: p2pim stop, then p2pim start)" if is_listening(run.paths) else ""
