"""The daemon: one running peer and its local API, from start to end.

    python -m p2pim.daemon [--home DIR] [--ready-fd N]

It stays in the foreground; ``p2pim start`` detaches it. With ``--ready-fd`` one line of JSON is written to
that file descriptor once the daemon serves, or could not start: {"pid": …} or {"error": …, "exit": …}.

The settings and the machine's policy are read at the start and not again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from p2pim import __version__
from p2pim.api import exits
from p2pim.config import Paths, Settings, load_settings
from p2pim.config.machine import load_machine_policy
from p2pim.config.policy import MachinePolicy, is_older
from p2pim.daemon.assembly import assemble
from p2pim.daemon.lock import ProfileLock
from p2pim.daemon.logs import frames_of, log_loop_fault, start_logging
from p2pim.daemon.profile import Assemble, Assembly, Profile
from p2pim.daemon.server import ApiServer
from p2pim.daemon.signals import forbid_core_dumps, stop_signals
from p2pim.errors import BadConfig, P2pimError, ProfileError
from p2pim.protocol.identity import Identity

log = logging.getLogger(__name__)


Assembler = Callable[[Paths, Settings, MachinePolicy, Identity | None], Assembly]
"""Puts a peer together under the machine's policy; see ``Assemble``."""


def main(arguments: Sequence[str] | None = None, assembler: Assembler = assemble) -> int:
    """Run a daemon until it is told to stop; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(Paths.chosen(options.home), options.ready_fd, assembler)
    except P2pimError as error:
        _report(options.ready_fd, {"error": str(error), "exit": exits.exit_of(error)})
        return exits.exit_of(error)
    except Exception as error:  # the log may not exist yet, so this goes wherever we can say it
        sentence = f"The daemon failed unexpectedly: {frames_of(error)}."
        _report(options.ready_fd, {"error": sentence, "exit": exits.FAILED})
        return exits.FAILED
    return exits.OK


def _run(paths: Paths, ready_fd: int | None, assembler: Assembler) -> None:
    forbid_core_dumps()
    os.umask(0o077)
    machine = load_machine_policy()
    _check_version(machine)
    settings = load_settings(paths.config_file)
    paths.prepare()
    with contextlib.ExitStack() as stack:
        lock = ProfileLock(paths.lock_file)
        lock.acquire()
        stack.callback(lock.release)
        stack.callback(start_logging(paths.log_file, settings.log_level))
        log.info("p2pim %s starts, process %d", __version__, os.getpid())
        try:
            asyncio.run(_serve(paths, settings, partial(_assembled, assembler, machine), ready_fd))
        except Exception as error:
            log.critical("ended by %s", frames_of(error))
            raise
        log.info("ended")


def _check_version(machine: MachinePolicy) -> None:
    minimum = machine.values.get("minimum_version")
    if minimum is not None and is_older(__version__, str(minimum)):
        raise BadConfig(
            f"This is p2pim {__version__}, and minimum_version is set to {minimum} by the {machine.source}: update it."
        )


def _assembled(
    assembler: Assembler, machine: MachinePolicy, paths: Paths, settings: Settings, identity: Identity | None
) -> Assembly:
    return assembler(paths, settings, machine, identity)


async def _serve(paths: Paths, settings: Settings, assembler: Assemble, ready_fd: int | None) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_fault)
    stopping = asyncio.Event()
    profile = Profile(paths, settings, assembler, stopping.set)
    with stop_signals(loop, stopping.set):
        try:
            await profile.start()
            await _listen(profile.server, settings.api, paths)
            _report(ready_fd, {"pid": os.getpid()})
            await stopping.wait()
        finally:
            await profile.stop()


async def _listen(server: ApiServer, kind: str, paths: Paths) -> None:
    try:
        await server.listen(kind)
    except OSError as error:
        why = (error.strerror or "failed").lower()
        raise ProfileError(f"Cannot open the local socket in {paths.runtime} ({why}).") from error


def _report(ready_fd: int | None, outcome: dict[str, Any]) -> None:
    """Tell whoever started us, once; without anybody there an error goes to standard error."""
    if ready_fd is None:
        if "error" in outcome:
            sys.stderr.write(f"p2pim: {outcome['error']}\n")
        return
    with contextlib.suppress(OSError):
        os.write(ready_fd, json.dumps(outcome).encode() + b"\n")
    with contextlib.suppress(OSError):
        # Closing would free the number for some other file, which a stray print could then spoil.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, ready_fd)
        os.close(nowhere)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m p2pim.daemon", description="Run p2pim's daemon in the foreground."
    )
    parser.add_argument("--home", metavar="DIR", help="keep everything of this profile under DIR")
    parser.add_argument("--ready-fd", type=int, metavar="N", help="tell file descriptor N when ready")
    return parser
