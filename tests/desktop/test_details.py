"""Details of people and rooms, teams and invites: what one learns and does there."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from p2pim.desktop.app import App
from p2pim.desktop.page import Page
from p2pim.desktop.teams import InviteWindow, RoomWindow, TeamWindow
from p2pim.protocol.identity import encode_peer_id
from tests.desktop.test_app import room_of
from tests.fakes import identity
from tests.served import Served


def test_details_of_somebody(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(room_of(app, "ben"))
    app.window.pane.details_button.setChecked(True)
    text = "\n".join(label.text() for label in app.window.details.findChildren(type(app.window.pane.name)))
    assert "Not verified" in text
    number = next(
        label
        for label in app.window.details.findChildren(type(app.window.pane.name))
        if label.accessibleName() == "Safety number"
    )
    qtbot.waitUntil(lambda: len(number.text().replace("\n", " ").split()) == 12)


def test_a_team_is_founded_and_somebody_invited(app: App, qtbot: QtBot) -> None:
    app.teams()
    window = app._dialogs["teams"]
    assert isinstance(window, TeamWindow)
    window.choices.button(1).click()
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    assert window.state.text() == "The name of the team …"
    window.line.setText("Blue")
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.window.pane.name.text() == "#Blue")
    app.invite(app.window.pane.room)
    invite = app._dialogs["invite"]
    assert isinstance(invite, InviteWindow)
    qtbot.waitUntil(lambda: invite.link.text().startswith("p2pim:"))
    assert not invite.picture.pixmap().isNull()
    QTest.mouseClick(invite.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == invite.link.text()


def test_a_wrong_code_is_said_where_it_was_typed(app: App, qtbot: QtBot) -> None:
    app.teams()
    window = app._dialogs["teams"]
    assert isinstance(window, TeamWindow)
    window.line.setText("nonsense")
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Looking" not in window.state.text() and window.state.text() != "")


def labels(app: App) -> list[str]:
    return [label.text() for label in app.window.details.findChildren(QLabel)]


def button(app: App, text: str) -> QPushButton:
    return next(b for b in app.window.details.findChildren(QPushButton) if b.text() == text)


def field(app: App, name: str) -> QLineEdit:
    return next(f for f in app.window.details.findChildren(QLineEdit) if f.placeholderText().startswith(name))


def test_a_room_in_a_team_its_topic_and_its_end(app: App, profile: Served, qtbot: QtBot) -> None:
    founded: list[str] = []
    app.desk.do("team.create", lambda made: founded.append(made["team"]), name="Blue")
    qtbot.waitUntil(lambda: bool(founded) and founded[0] in app.desk.office.rooms)
    app.window.show_room(founded[0])
    app.window.pane.details_button.setChecked(True)
    qtbot.waitUntil(lambda: "ann (owner): you" in labels(app))
    button(app, "New room …").click()
    window = app._dialogs["room"]
    assert isinstance(window, RoomWindow)
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.state.text() != "")
    window.name.setText("news")
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.window.pane.name.text() == "#Blue/news")
    topic = field(app, "What it is about")
    topic.setText("what is new")
    QTest.keyClick(topic, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: profile.node.topics != {} or "what is new" in app.window.pane.about.text())
    qtbot.waitUntil(lambda: any(text.startswith("ann") for text in labels(app)))
    button(app, "Archive: nothing more is written here").click()
    qtbot.waitUntil(lambda: app.desk.office.rooms[app.window.pane.room]["archived"])
    qtbot.waitUntil(lambda: not app.window.pane.composer.edit.isEnabled())


def test_a_private_group_of_some(app: App, profile: Served, qtbot: QtBot) -> None:
    founded: list[str] = []
    app.desk.do("team.create", lambda made: founded.append(made["team"]), name="Blue")
    qtbot.waitUntil(lambda: bool(founded))
    ben = encode_peer_id(identity("ben").peer_id)
    granted: list[object] = []
    app.desk.do("team.grant", granted.append, room=founded[0], peer=ben, role="member")
    qtbot.waitUntil(lambda: bool(granted))
    app.new_room(founded[0])
    window = app._dialogs["room"]
    assert isinstance(window, RoomWindow)
    qtbot.waitUntil(lambda: window.members.count() == 1)
    window.private.setChecked(True)
    window.members.item(0).setCheckState(Qt.CheckState.Checked)
    window.name.setText("plan")
    QTest.mouseClick(window.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.window.pane.name.text() == "#Blue/plan")
    app.window.pane.details_button.setChecked(True)
    qtbot.waitUntil(lambda: any(text.startswith("ben") for text in labels(app)))
    menus = [b.menu() for b in app.window.details.findChildren(QToolButton) if b.menu() is not None]
    assert [action.text() for action in menus[0].actions()] == ["Make an admin", "Remove"]
    menus[0].actions()[1].trigger()
    qtbot.waitUntil(lambda: not any(text.startswith("ben") for text in labels(app)))


def test_a_name_of_ones_own_for_somebody(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(room_of(app, "ben"))
    app.window.pane.details_button.setChecked(True)
    name = field(app, "Your own name")
    name.setText("Benjamin")
    QTest.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: profile.node.known["ben"].petname == "Benjamin")


def test_what_cannot_be_undone_asks_back(qtbot: QtBot) -> None:
    page, done = Page(), list[str]()
    qtbot.addWidget(page)
    made = page.careful("Leave", "Really?", lambda: done.append("left"))
    made.click()
    assert (made.text(), done) == ("Really?", [])
    made.click()
    assert (made.text(), done) == ("Leave", ["left"])
