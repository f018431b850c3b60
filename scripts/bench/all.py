"""Every figure that has a goal, beside its comparison and with a verdict.

    python3 scripts/bench/all.py [--short]

About five minutes; with --short half a minute, which shows that all of it still works and no more: its figures mean
little. Timings on a shared machine wander, so the verdicts are for reading: it ends with 0 whatever they are.
"""

from __future__ import annotations

import sys

import _common

_common.enter_venv(__file__)

import idle  # noqa: E402  only the project's environment has what these need
import messages  # noqa: E402
import rooms  # noqa: E402
import start  # noqa: E402
from _goals import verdicts  # noqa: E402
from _prosody import Prosody  # noqa: E402

_BENCHES = {
    "messages": (messages.measure, Prosody.name),
    "rooms": (rooms.measure, rooms.WE),
    "start": (start.measure, start.PYTHON),
    "idle": (idle.measure, idle.TEN),
}


def main() -> int:
    """Run every bench, then say what holds."""
    options = _common.parser(__doc__).parse_args()
    rounds = 1 if options.short else _common.ROUNDS
    everything = []
    print(_common.machine(), _common.versions(), messages.beside(), sep="\n")
    for name, (measure, beside) in _BENCHES.items():
        figures = _common.Figures()
        print(f"\n== {name} ==", flush=True)
        if name == "idle" and not idle.possible():
            print("not measured: it reads /proc, which only Linux has")
            continue
        measure(figures, short=options.short, rounds=rounds)
        print("\n".join(figures.lines(beside=beside)))
        everything.append(figures)
    print("\n== goals ==\n", *verdicts(everything), sep="\n")
    print(f"\n{_common.machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
