from __future__ import annotations

import asyncio
import os
import signal
import subprocess

from p2pim.daemon.signals import stop_signals


def test_no_core_dumps(python: str) -> None:
    code = (
        "from p2pim.daemon.signals import forbid_core_dumps; import resource; "
        "forbid_core_dumps(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert (
        subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout == "(0, 0)\n"
    )


async def test_every_ending_signal_stops() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        stopped = asyncio.Event()
        with stop_signals(asyncio.get_running_loop(), stopped.set):
            os.kill(os.getpid(), number)
            await asyncio.wait_for(stopped.wait(), 10)


async def test_the_handlers_are_as_before_afterwards() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    with stop_signals(asyncio.get_running_loop(), lambda: None):
        pass
    assert {number: signal.getsignal(number) for number in before} == before
