"""Exit codes of every p2pim command; scripts rely on them (`p2pim --help` lists them)."""

from __future__ import annotations

from p2pim import errors
from p2pim.api.jsonrpc import NotRunning

OK = 0
FAILED = 1
USAGE = 2
UNKNOWN_TARGET = 3
REFUSED = 4
NOT_RUNNING = 5
NOT_NOW = 6
UNUSABLE_PROFILE = 7
LOCKED = 8
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    FAILED: "unexpected failure (a bug), or `doctor`, `demo`, `team log --verify` found a fault",
    USAGE: "wrong usage",
    UNKNOWN_TARGET: "unknown or ambiguous peer or room",
    REFUSED: "refused (too long, not allowed, against a policy)",
    NOT_RUNNING: "the daemon is not running or could not start",
    NOT_NOW: "not now (disk full, not allowed to you, nobody let you in yet, other version)",
    UNUSABLE_PROFILE: "unusable profile (damaged, newer, no permission, wrong setting or machine policy)",
    LOCKED: "locked: run `p2pim unlock`",
    INTERRUPTED: "interrupted",
}

# The first that fits counts: children come before their parents.
_EXITS: tuple[tuple[type[errors.P2pimError], int], ...] = (
    (errors.UnknownTarget, UNKNOWN_TARGET),
    (errors.AmbiguousTarget, UNKNOWN_TARGET),
    (NotRunning, NOT_RUNNING),
    (errors.Locked, LOCKED),
    (errors.NotNow, NOT_NOW),
    (errors.UserError, REFUSED),
    (errors.StoreFull, NOT_NOW),
    (errors.StoreError, UNUSABLE_PROFILE),
    (errors.AlreadyRunning, NOT_NOW),
    (errors.ProfileError, UNUSABLE_PROFILE),
)


def exit_of(error: errors.P2pimError) -> int:
    """The exit code of an error."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), FAILED)
