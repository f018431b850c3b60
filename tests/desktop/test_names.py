"""Names that want to be taken for another's: what is shown of them, and what warns (attack: spoofed names)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from p2pim.desktop.app import App
from p2pim.node.events import PeerChanged
from p2pim.protocol.names import received_name, skeleton
from tests.served import Served

#: What somebody calls themselves, and whether a colleague whose name is "ben" must be told apart from them.
SPOOFED = {
    "homoglyph": ("b\u0435n", True),
    "full width": ("\uff42\uff45\uff4e", True),
    "capital": ("BEN", True),
    "bidi": ("\u202eneb\u202c", False),
    "isolate": ("ben\u2066\u2069", False),
    "zero width": ("b\u200be\u200dn", False),
    "combining": ("be\u0301\u0301\u0301n", False),
    "control": ("ben\x00\x1b[31m", False),
    "markup": ("<img src='\\\\evil\\x'><b>ben</b>", False),
    "address": ("https://evil.example/ben", False),
    "spaces": ("  ben  ", False),
    "64 KB": ("x" * 65_536, False),
    "empty": ("", False),
    "nothing to see": ("\u200b\u00ad\ufeff", False),
}
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@pytest.mark.parametrize("name", SPOOFED)
def test_a_spoofed_name_is_shown_as_what_it_is(
    app: App, profile: Served, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    raw, alike = SPOOFED[name]
    node = profile.node
    received = received_name(raw)
    assert alike is (bool(received) and skeleton(received) == skeleton("ben"))
    shown = received or node.known["dee1"].short_id  # as the node does with names that may not be shown
    node.known["dee1"] = replace(
        node.known["dee1"],
        nickname=received,
        name=shown,
        lookalike="ben" if alike else None,
        presence="online",
    )
    profile.do(lambda: node.emit(PeerChanged(node.known["dee1"])))
    room = node.known["dee1"].room.hex()
    qtbot.waitUntil(lambda: app.desk.office.name_of(room) != "dee" or shown == "dee")
    app.window.show_room(room)
    app.window.pane.details_button.setChecked(True)
    entry = next(e for e in app.window.list.entries.entries if e.room == room)
    for text in (entry.name, app.window.pane.name.text(), app.window.windowTitle()):
        assert text.strip()
        assert not _UNSEEN.search(text)
        assert len(text) <= 200
    assert (entry.trust == "lookalike") is alike
    request = app.window.pane.request
    assert request.isHidden() is not alike
    if alike:
        assert "looks like that of ben" in request.text.text()
    assert not app.window.pane.name.text().startswith("<b>")
    picture = app.window.grab().toImage()
    assert picture.save(str(tmp_path / "name.png"))
    own = next(e for e in app.window.list.entries.entries if e.name == "ben")
    assert own.trust == "accepted"


def test_a_name_of_ones_own_wins_over_what_somebody_calls_themselves(
    app: App, profile: Served, qtbot: QtBot
) -> None:
    node = profile.node
    node.known["ben"] = replace(node.known["ben"], nickname="the boss", petname="ben", name="ben")
    profile.do(lambda: node.emit(PeerChanged(node.known["ben"])))
    room = node.known["ben"].room.hex()
    qtbot.waitUntil(lambda: "the boss" in [peer["nickname"] for peer in app.desk.office.peers.values()])
    assert app.desk.office.name_of(room) == "ben"
    assert "the boss" not in [e.name for e in app.window.list.entries.entries]
