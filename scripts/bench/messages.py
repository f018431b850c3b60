"""How fast a text of 100 bytes gets there and is answered, beside what one would use instead.

    python3 scripts/bench/messages.py [--short] [--p2pim SOCKET SOCKET]

Answered means: echoed (TLS), confirmed by the other person's program (prosody), known to be committed on the
other person's disk (p2pim, two daemons of its own unless two running ones are given by their API sockets).
Everything runs in turns, round by round, on loopback, and stops by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import _common

_common.enter_venv(__file__)

import _raw  # noqa: E402  only the project's environment has what these need
from _contest import PATIENCE, Contestant  # noqa: E402
from _p2pim import P2pim  # noqa: E402
from _prosody import DurableProsody, Prosody  # noqa: E402
from _tls import TlsEcho  # noqa: E402

WINDOW = 256  # texts on their way at once when throughput is measured


def measure(figures: _common.Figures, *, short: bool, rounds: int, sockets: Sequence[Path] = ()) -> None:
    """Run every round of everybody, then the parts alone."""
    contestants: list[Contestant] = [TlsEcho(), P2pim(sockets)]
    contestants += [kind() for kind in (Prosody, DurableProsody) if kind.missing() is None]
    asyncio.run(_contest(contestants, figures, rounds, *((60, 400) if short else (500, 4000))))
    for _ in range(rounds):
        for costs in (cost(100 if short else 500) for cost in (_raw.noise, _raw.signatures, _raw.commits)):
            for name, value in costs.items():
                figures.add("the parts alone, ms", name, value)


def beside() -> str:
    """One line: what it is compared with."""
    unable = Prosody.missing()
    version = _common.debian_version("prosody") or "of unknown version"
    return f"beside: {f'prosody {version}' if unable is None else f'not prosody: {unable}'}"


async def _contest(
    contestants: list[Contestant], figures: _common.Figures, rounds: int, single: int, many: int
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for contestant in contestants:
            stack.push_async_callback(contestant.close)
            async with asyncio.timeout(PATIENCE):
                await contestant.open()
            await contestant.rate(many // 4, WINDOW)  # caches and connections warm, as in daily use
        for _ in range(rounds):
            for contestant in contestants:
                seconds = await contestant.round_trips(single)
                figures.add("round trip p50, ms", contestant.name, _common.quantile(seconds, 0.50) * 1000)
                figures.add("round trip p99, ms", contestant.name, _common.quantile(seconds, 0.99) * 1000)
                figures.add("answered a second", contestant.name, await contestant.rate(many, WINDOW))


def main() -> int:
    """Measure and print; ends with 0 whatever the figures are."""
    parser = _common.parser(__doc__)
    parser.add_argument("--p2pim", nargs=2, type=Path, default=(), metavar="SOCKET", help="running daemons")
    options = parser.parse_args()
    figures = _common.Figures()
    print(_common.machine(), _common.versions(), beside(), sep="\n")
    measure(figures, short=options.short, rounds=_common.ROUNDS, sockets=options.p2pim)
    print("\n".join(figures.lines(beside=Prosody.name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
