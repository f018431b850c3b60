"""The store as a whole."""

from __future__ import annotations

from pathlib import Path

from p2pim.store.database import Database
from p2pim.store.store import Store


def test_values_of_the_profile_survive(tmp_path: Path) -> None:
    store = Store(Database(tmp_path / "p2pim.db"))
    assert store.profile("nickname") == ""
    told: list[str] = []
    with store.transaction():
        store.set_profile("nickname", "Ann")
        store.set_profile("nickname", "Zoë")
        store.on_commit(lambda: told.append(store.profile("nickname")))
    assert told == ["Zoë"]
    store.close()
    store = Store(Database(tmp_path / "p2pim.db"))
    assert store.profile("nickname") == "Zoë"
    store.close()
