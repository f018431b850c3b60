"""What a daemon costs that has nothing to do: memory, processor, wake-ups, traffic.

    python3 scripts/bench/idle.py [--short]

With 10 and with 50 colleagues linked, all in one other process, beside a bare asyncio process and one that has
imported the packages the daemon needs. Read from /proc, so on Linux only.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

import _common

_common.enter_venv(__file__)

import _daemons  # noqa: E402  only the project's environment has what these need
from _contest import PATIENCE, end  # noqa: E402

SETTLE = 20.0  # what a start brings with it is over: mDNS has asked for the last time after 14 s
WATCH = 20.0
MEMORY, PROCESSOR = "idle memory (RSS), MiB", "idle processor, %"
WAKE_UPS, TRAFFIC = "idle wake-ups/s", "idle traffic, kB/s"
TEN, FIFTY = "p2pim, 10 linked", "p2pim, 50 linked"
_LINKED = {TEN: 10, FIFTY: 50}
IMPORTS = {
    "asyncio asleep": "",
    "the same + zeroconf, noise, sqlite3": "import zeroconf.asyncio, noise.connection, sqlite3, msgspec; "
    "import cryptography.hazmat.primitives.asymmetric.ed25519",
}


@dataclass(frozen=True)
class Cost:
    """What a process has used so far, and its memory now."""

    memory: float
    processor: float
    wake_ups: int

    @classmethod
    def of(cls, pid: int) -> Cost:
        """Read it of a running process."""
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        )
        ran = Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[0]
        switches = int(status["voluntary_ctxt_switches"]) + int(status["nonvoluntary_ctxt_switches"])
        return cls(int(status["VmRSS"].split()[0]) / 1024, int(ran) / 1e9, switches)


def possible() -> bool:
    """Whether the system tells what a process costs."""
    return Path("/proc/self/schedstat").exists()


def measure(figures: _common.Figures, *, short: bool, rounds: int) -> None:
    """Run every round; all of a round at the same time, as sleepers do not disturb each other."""
    for _ in range(rounds):
        asyncio.run(_round(figures, *((2.0, 3.0) if short else (SETTLE, WATCH))))


async def _round(figures: _common.Figures, settle: float, watch: float) -> None:
    async with contextlib.AsyncExitStack() as stack:
        crowds = {}
        pids = {}
        for name, count in _LINKED.items():
            daemon = await _daemons.start(stack, _daemons.settings(alone=True))
            crowds[name] = await _crowd(stack, await daemon.port(), count)
            await daemon.api.close()
            pids[name] = daemon.process.pid
        sleep = f"import asyncio; asyncio.run(asyncio.sleep({settle + watch + PATIENCE}))"
        for name, imports in IMPORTS.items():
            sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", f"{imports}\n{sleep}")
            stack.push_async_callback(end, sleeper)
            pids[name] = sleeper.pid
        await asyncio.sleep(settle)
        before = {name: Cost.of(pid) for name, pid in pids.items()}
        bytes_before = {name: await _passed(crowd) for name, crowd in crowds.items()}
        await asyncio.sleep(watch)
        for name, pid in pids.items():
            was, now = before[name], Cost.of(pid)
            figures.add(MEMORY, name, now.memory)
            figures.add(PROCESSOR, name, 100 * (now.processor - was.processor) / watch)
            figures.add(WAKE_UPS, name, (now.wake_ups - was.wake_ups) / watch)
        for name, crowd in crowds.items():
            figures.add(TRAFFIC, name, (await _passed(crowd) - bytes_before[name]) / watch / 1000)


async def _crowd(stack: contextlib.AsyncExitStack, port: int, count: int) -> asyncio.subprocess.Process:
    import _crowd  # noqa: PLC0415  only for where it is

    pipe = asyncio.subprocess.PIPE
    argv = [sys.executable, _crowd.__file__, str(port), str(count)]
    crowd = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, env=_daemons.ENVIRONMENT)
    stack.push_async_callback(end, crowd)
    assert crowd.stdout is not None
    async with asyncio.timeout(PATIENCE):
        if await crowd.stdout.readline() != b"ready\n":
            raise ConnectionError("the crowd could not link")
    return crowd


async def _passed(crowd: asyncio.subprocess.Process) -> int:
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    crowd.stdin.write(b"\n")
    return int(await crowd.stdout.readline())


def main() -> int:
    """Measure and print."""
    options = _common.parser(__doc__).parse_args()
    if not possible():
        print("This needs Linux: it reads /proc.")
        return 0
    figures = _common.Figures()
    measure(figures, short=options.short, rounds=1 if options.short else _common.ROUNDS)
    print(_common.machine())
    print("\n".join(figures.lines(beside=TEN)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
