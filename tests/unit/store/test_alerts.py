"""What the user chose to be told of each conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.protocol.room import LOBBY, lobby
from p2pim.store.alerts import Alert
from p2pim.store.database import Database
from p2pim.store.store import Store
from tests.unit.store.people import DM, new_store


@pytest.mark.parametrize("alert", Alert)
def test_a_choice_is_kept_for_its_room_alone(tmp_path: Path, alert: Alert) -> None:
    store = Store(Database(tmp_path / "p2pim.db"))
    with store.transaction():
        store.messages.ensure_room(lobby())
    with store.transaction():
        store.alerts.set(LOBBY, alert)
    assert (store.alerts.of(LOBBY), store.alerts.of(DM.id)) == (alert, Alert.ALL)
    store.close()
    store = Store(Database(tmp_path / "p2pim.db"))
    assert store.alerts.of(LOBBY) is alert
    store.messages.ensure_room(lobby())  # as at every start
    assert store.alerts.of(LOBBY) is alert
    store.close()


def test_a_value_without_a_meaning_is_no_choice() -> None:
    store = new_store()
    store.database.execute("UPDATE rooms SET alerts = 3")
    with pytest.raises(ValueError, match="3"):
        store.alerts.of(DM.id)
    store.close()
