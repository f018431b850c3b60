"""Two people write to each other while both daemons are killed -9 again and again, for as long as you like.

    python3 scripts/soak.py [--messages N] [--kills N] [--rounds N] [--seed N]

Each round starts two daemons with new profiles on the loopback interface. Nothing may be lost, doubled or out of
order: `tests/kills.py` says what is checked. It ends with 0 after the last round, or with 1 at the first broken
promise; then the profiles are kept, and the seed that is printed repeats the moments of the kills.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import _venv


def main() -> int:
    """Run the rounds."""
    options = _arguments()
    if Path(sys.prefix).resolve() != _venv.VENV.resolve():
        failed = _venv.prepare("dev")
        return failed or _venv.become([str(_venv.PYTHON), __file__, *sys.argv[1:]])
    sys.path.insert(0, str(_venv.ROOT))
    for number in range(options.rounds):
        seed = options.seed + number if options.seed is not None else random.randrange(2**32)
        folder = Path(tempfile.mkdtemp(prefix="p2-soak-"))
        print(f"round {number + 1} of {options.rounds}: seed {seed}", flush=True)
        try:
            print(_round(folder, options.messages, options.kills, seed), flush=True)
        except Exception:
            traceback.print_exc()
            print(f"FAILED with seed {seed}; the profiles are kept in {folder}", file=sys.stderr)
            return 1
        shutil.rmtree(folder)
    return 0


def _round(folder: Path, messages: int, kills: int, seed: int) -> str:
    from tests.daemons import LOOPBACK, Daemon, befriend, start_together  # noqa: PLC0415  only in .venv
    from tests.kills import Duel  # noqa: PLC0415

    with Daemon(folder / "ann", settings=LOOPBACK) as ann, Daemon(folder / "ben", settings=LOOPBACK) as ben:
        start_together(ann, ben)
        befriend(ann, ben)
        return str(Duel(ann, ben, messages=messages, kills=kills, seed=seed).fight())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000, help="texts each way in a round")
    parser.add_argument("--kills", type=int, default=20, help="how often each daemon is killed in a round")
    parser.add_argument("--rounds", type=int, default=1, help="25 of the default make 1,000 kills")
    parser.add_argument("--seed", type=int, help="of the first round; each further one takes the next")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
