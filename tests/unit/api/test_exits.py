from __future__ import annotations

import pytest

from p2pim import errors
from p2pim.api import exits
from p2pim.api.client import ConnectionLost
from p2pim.api.jsonrpc import DaemonFault, NotRunning, WrongVersion


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UnknownTarget, 3),
        (errors.AmbiguousTarget, 3),
        (errors.BadInput, 4),
        (errors.Forbidden, 4),
        (NotRunning, 5),
        (ConnectionLost, 5),
        (errors.NotNow, 6),
        (errors.Locked, 8),
        (WrongVersion, 6),
        (errors.StoreFull, 6),
        (errors.AlreadyRunning, 6),
        (errors.StoreCorrupt, 7),
        (errors.StoreTooNew, 7),
        (errors.StoreError, 7),
        (errors.BadConfig, 7),
        (errors.ProfileError, 7),
        (DaemonFault, 1),
        (errors.DecodeError, 1),
    ],
)
def test_every_error_has_its_code(error: type[errors.P2pimError], code: int) -> None:
    assert exits.exit_of(error("x")) == code
    assert code in exits.MEANINGS
