"""How fast a text of 100 bytes gets there and is answered, beside what one would use instead.

    python3 scripts/bench/messages.py [--short] [--p2pim SOCKET SOCKET]

Answered means: echoed (TLS), confirmed by the other person's program (prosody), known to be committed on the
other person's disk (p2pim). Everything runs in turns, round by round, on loopback, and stops by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

import _common

_common.enter_venv(__file__)

import _raw  # noqa: E402  only the project's environment has what these need
from _contest import PATIENCE, Contestant  # noqa: E402
from _p2pim import P2pim  # noqa: E402
from _prosody import Prosody  # noqa: E402
from _tls import TlsEcho  # noqa: E402

WINDOW = 64  # texts on their way at once when throughput is measured


def main() -> int:
    """Measure and print; ends with 0 whatever the figures are."""
    options = _arguments()
    contestants: list[Contestant] = [TlsEcho()]
    notes = []
    unable = Prosody.missing()
    if unable is None:
        contestants.append(Prosody())
        notes.append(f"prosody {_common.debian_version('prosody') or 'of unknown version'}")
    else:
        notes.append(f"not compared: {unable}")
    contestants.append(P2pim(options.p2pim or ()))
    print(_common.machine())
    print(_common.versions("cryptography", "noiseprotocol", "msgspec"))
    print("beside:", "; ".join(notes))
    figures = _common.Figures()
    asyncio.run(_contest(contestants, figures, *((60, 200) if options.short else (500, 2000))))
    print("\n".join(figures.lines(beside=Prosody.name)))
    floor = _common.Figures()
    for _ in range(_common.ROUNDS):
        _raw_costs(floor, 100 if options.short else 500)
    print("\n".join(floor.lines()))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="few messages: does it still work?")
    parser.add_argument(
        "--p2pim", nargs=2, type=Path, metavar="SOCKET", help="API sockets of two running daemons"
    )
    return parser.parse_args()


async def _contest(contestants: list[Contestant], figures: _common.Figures, single: int, many: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for contestant in contestants:
            stack.push_async_callback(contestant.close)
            async with asyncio.timeout(PATIENCE):
                await contestant.open()
            await contestant.rate(many // 4, WINDOW)  # caches and connections warm, as in daily use
        for _ in range(_common.ROUNDS):
            for contestant in contestants:
                seconds = await contestant.round_trips(single)
                figures.add("round trip p50, ms", contestant.name, _common.quantile(seconds, 0.50) * 1000)
                figures.add("round trip p99, ms", contestant.name, _common.quantile(seconds, 0.99) * 1000)
                figures.add("answered a second", contestant.name, await contestant.rate(many, WINDOW))


def _raw_costs(figures: _common.Figures, times: int) -> None:
    for costs in (_raw.noise(times), _raw.signatures(times), _raw.commits(times)):
        for name, value in costs.items():
            figures.add("the parts alone, ms", name, value)


if __name__ == "__main__":
    sys.exit(main())
