"""Care for the identity: passphrase, unlock, backup, restore."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2pim.api import exits
from p2pim.cli.prompt import ask, ask_new
from p2pim.errors import BadInput, NotNow

if TYPE_CHECKING:
    from p2pim.cli.run import Run

# A backup of a large profile takes its time, on a slow disk in particular.
BACKUP_PATIENCE = 24 * 3600.0
_DONE = {
    "set": "The identity key has a passphrase now: after each start, p2pim waits for `p2pim unlock`.",
    "change": "The passphrase of the identity key is changed.",
    "remove": "The identity key has no passphrase any more.",
}


def passphrase(run: Run) -> int:
    """Set, change or remove the passphrase of the identity key."""
    what: str = run.options.what
    with run.client() as client:
        client.identity()  # if it cannot be, that is said before anything is asked
        old = ask("Passphrase of the identity key") if what != "set" else None
        new = ask_new("New passphrase of the identity key") if what != "remove" else None
        client.call("identity.passphrase", old=old, new=new)
    lines = [_DONE[what]]
    if what != "remove":
        lines.append(
            "Nobody can recover it. It protects the key, not the messages: use disk encryption for those."
        )
    run.output.result({"passphrase": what != "remove"}, lines)
    return exits.OK


def unlock(run: Run) -> int:
    """Open the identity key of a locked daemon."""
    with run.client() as client:
        status = client.status()
        if status["state"] != "locked":
            run.output.result(status, ["p2pim is not locked."])
            return exits.OK
        status = client.call("identity.unlock", passphrase=ask("Passphrase of the identity key"))
    run.output.result(status, [f"p2pim is unlocked. {status['state_line']}"])
    return exits.OK


def backup(run: Run) -> int:
    """Write identity, messages and settings to one encrypted file."""
    file = Path(run.options.file).absolute()
    if file.exists():
        raise BadInput(f"{file} is there already: choose another name, or move it away.")
    with run.client(BACKUP_PATIENCE) as client:
        client.identity()
        secret = ask_new("Passphrase for this backup")
        try:
            written = client.call("backup.write", file=str(file), passphrase=secret)
        except KeyboardInterrupt:
            raise NotNow(f"No longer waited for: p2pim goes on writing {file} until you stop it.") from None
    run.output.result(
        written,
        [
            f"{written['file']}: {written['messages']} messages, {written['bytes']} bytes.",
            "Without its passphrase nobody can open it: keep both, apart from each other.",
        ],
    )
    return exits.OK


def restore(run: Run) -> int:
    """Fill an empty profile from a backup; no daemon may run there."""
    from p2pim.api.launch import failure_of, module_command, surroundings  # noqa: PLC0415

    file = Path(run.options.file).absolute()
    if not file.is_file():
        raise BadInput(f"{file} is no file: name a backup that `p2pim backup` has written.")
    secret = ask("Passphrase of this backup")
    done = subprocess.run(  # noqa: S603 (our own program; nothing here was received)
        [*module_command("p2pim.daemon.restore", run.paths), str(file)],
        input=secret.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=surroundings(),
        check=False,
    )
    outcome: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    if "peer_id" not in outcome:
        raise failure_of(outcome, "p2pim ended while it restored: try again.")
    run.output.result(outcome, _restored_lines(outcome))
    return exits.OK


def _restored_lines(outcome: dict[str, Any]) -> list[str]:
    lines = [f"{outcome['messages']} messages of {outcome['peer_id']} are restored: run `p2pim start`."]
    if outcome["left_out"]:
        lines.append(
            f"{outcome['left_out']} more were damaged and are left out; who holds them will send them again."
        )
    if outcome["settings"] == "kept":
        lines.append("The settings are those that were here, not those of the backup.")
    if outcome["passphrase"]:
        lines.append("The identity key had a passphrase; now it has that of the backup.")
    return lines
