"""Tell many stories of a team with bad luck and bad members: `python3 scripts/simulate.py [--seeds N] [--first N]`.

Every seed is another story, played by the product's own code on simulated machines; tests/simulation says what befalls
them and what must hold. The tests play the first 300. It ends with 0 if all hold, or with 1: then each failing seed is
printed with what broke, and ``play(SEED)`` of tests/simulation/guild.py repeats it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path

import _venv

BLOCK = 20


def main() -> int:
    """Play the stories, as many at once as there are processors."""
    options = _arguments()
    if Path(sys.prefix).resolve() != _venv.VENV.resolve():
        failed = _venv.prepare("dev")
        return failed or _venv.become([str(_venv.PYTHON), __file__, *sys.argv[1:]])
    started, broken = time.monotonic(), 0
    seen: Counter[str] = Counter()
    last = options.first + options.seeds
    blocks = [range(at, min(at + BLOCK, last)) for at in range(options.first, last, BLOCK)]
    with multiprocessing.Pool(options.processes) as pool:
        for number, (counts, failures) in enumerate(pool.imap_unordered(_block, blocks), 1):
            seen += counts
            broken += len(failures)
            for failure in failures:
                print(failure, flush=True)
            if number % 10 == 0:
                print(f"{number} of {len(blocks)} blocks, {time.monotonic() - started:.0f} s", flush=True)
    for what, count in sorted(seen.items()):
        print(f"{count:9,} {what}")
    print(f"{options.seeds} seeds, {broken} broke; {time.monotonic() - started:.0f} s")
    return 1 if broken else 0


def _block(seeds: range) -> tuple[Counter[str], list[str]]:
    """Play some; what happened in them, and what broke."""
    sys.path.insert(0, str(_venv.ROOT))
    import pytest  # noqa: PLC0415  only in .venv

    from tests.simulation.guild import play, quicken  # noqa: PLC0415

    seen: Counter[str] = Counter()
    failures = []
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        for seed in seeds:
            try:
                seen += play(seed).count
            except Exception as error:
                failures.append(f"seed {seed}: {type(error).__name__}: {error}")
    return seen, failures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2_000, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
