"""The window on the real API: what is shown, what the user does, what comes in meanwhile."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from p2pim.desktop import dialogs
from p2pim.desktop.app import App
from p2pim.node.events import PeerChanged, StorageChanged, Typing
from p2pim.protocol.identity import encode_peer_id
from tests.fakes import LOBBY, identity
from tests.served import Served

LOBBY_ID = LOBBY.hex()


def names(app: App) -> list[str]:
    return [entry.name for entry in app.window.list.entries.entries]


def shown(app: App) -> list[str | None]:
    conversation = app.window.pane.messages.conversation
    assert conversation is not None
    return [message["text"] for message in conversation.timeline.messages]


def chosen(app: App) -> str | None:
    message = app.window.pane.messages.chosen()
    return None if message is None else message["text"]


def room_of(app: App, name: str) -> str:
    return next(e.room for e in app.window.list.entries.entries if e.name == name)


def receive(profile: Served, author: str, text: str, **more: object) -> None:
    profile.do(lambda: profile.node.receive(author, text, **more))  # type: ignore[arg-type]


def write(app: App, qtbot: QtBot, text: str) -> None:
    edit = app.window.pane.composer.edit
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def test_people_and_rooms_are_there_and_one_is_chosen_by_name(
    app: App, profile: Served, qtbot: QtBot
) -> None:
    assert names(app)[:2] == ["Requests", names(app)[1]]
    assert "\x1b" not in names(app)[1]
    assert names(app)[2:] == ["Rooms", "#lobby", "People", "ben", "dee", "dee"]
    QTest.keyClicks(app.window.filter, "ben")
    QTest.keyClick(app.window.filter, Qt.Key.Key_Return)
    assert app.window.pane.name.text() == "ben"
    assert app.window.filter.text() == ""
    assert app.window.pane.composer.edit.isEnabled()


def test_what_is_written_is_sent_and_what_comes_is_shown(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    write(app, qtbot, "hello @ben")
    qtbot.waitUntil(lambda: shown(app) == ["hello @ben"])
    assert profile.node.meant == ([identity("ben").peer_id], False)
    receive(profile, "ben", "hi")
    qtbot.waitUntil(lambda: shown(app) == ["hello @ben", "hi"])
    assert app.window.pane.composer.edit.toPlainText() == ""


def test_what_cannot_be_sent_comes_back_and_the_reason_is_said(app: App, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    write(app, qtbot, "blocked")
    qtbot.waitUntil(lambda: app.window.pane.composer.edit.toPlainText() == "blocked")
    assert "unblock them first" in app.window.statusBar().currentMessage()
    assert shown(app) == []


def test_shift_enter_breaks_the_line_and_nothing_is_not_sent(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    edit = app.window.pane.composer.edit
    write(app, qtbot, "   ")
    QTest.keyClick(edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(edit, "one")
    QTest.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    write(app, qtbot, "two")
    qtbot.waitUntil(lambda: shown(app) == ["one\ntwo"])
    assert profile.node.typed


def test_reply_edit_react_delete(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    receive(profile, "ben", "coffee?")
    qtbot.waitUntil(lambda: shown(app) == ["coffee?"])
    pane = app.window.pane
    conversation = pane.messages.conversation
    assert conversation is not None
    pane.act("reply", conversation.message(0))
    assert pane.composer.about.text() == "Answer to ben: coffee?"
    write(app, qtbot, "yes")
    qtbot.waitUntil(lambda: shown(app) == ["coffee?", "yes"])
    quote = conversation.message(1)["reply_to"]
    assert quote is not None
    assert quote["text"] == "coffee?"
    QTest.keyClick(pane.composer.edit, Qt.Key.Key_Up)
    assert pane.composer.edit.toPlainText() == "yes"
    write(app, qtbot, "!")
    qtbot.waitUntil(lambda: shown(app) == ["coffee?", "yes!"])
    assert conversation.message(1)["edited"]
    pane.act("react", conversation.message(0), "👍")
    qtbot.waitUntil(lambda: bool(conversation.message(0)["reactions"]))
    assert [r["emoji"] for r in conversation.message(0)["reactions"]] == ["👍"]
    pane.act("react", conversation.message(0), "👍")
    qtbot.waitUntil(lambda: not conversation.message(0)["reactions"])
    pane.act("delete", conversation.message(1))
    qtbot.waitUntil(lambda: shown(app) == ["coffee?", None])
    pane.act("edit", conversation.message(0))
    QTest.keyClick(pane.composer.edit, Qt.Key.Key_Escape)
    assert pane.composer.edit.toPlainText() == ""


def test_drafts_stay_with_their_conversation(app: App, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    QTest.keyClicks(app.window.pane.composer.edit, "half a")
    app.window.show_room(room_of(app, "ben"))
    assert app.window.pane.composer.edit.toPlainText() == ""
    app.window.show_room(LOBBY_ID)
    assert app.window.pane.composer.edit.toPlainText() == "half a"


def test_a_request_is_answered_and_a_blocked_one_is_not_written_to(
    app: App, profile: Served, qtbot: QtBot
) -> None:
    app.window.show_room(app.window.list.entries.entries[1].room)
    request = app.window.pane.request
    assert not request.isHidden()
    assert not request.buttons["peers.accept"].isHidden()
    QTest.mouseClick(request.buttons["peers.block"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: profile.node.known["cy"].blocked)
    profile.do(lambda: profile.node.emit(PeerChanged(profile.node.known["cy"])))
    qtbot.waitUntil(lambda: not request.buttons["peers.unblock"].isHidden())
    assert not app.window.pane.composer.edit.isEnabled()


def test_unread_is_counted_in_title_and_list_until_it_was_seen(
    app: App, profile: Served, qtbot: QtBot
) -> None:
    receive(profile, "ben", "one")
    qtbot.waitUntil(lambda: app.window.windowTitle() == "(2) p2pim")  # one message, and Cy who asks
    entry = next(e for e in app.window.list.entries.entries if e.room == LOBBY_ID)
    assert entry.unread == 1
    app.window.show_unread()
    assert app.window.pane.room == LOBBY_ID
    conversation = app.window.pane.messages.conversation
    assert conversation is not None
    qtbot.waitUntil(lambda: conversation.timeline.new_from is not None)
    app.window.activateWindow()
    qtbot.waitUntil(lambda: app.window.windowTitle() == "(1) p2pim")


def test_typing_is_shown_and_ends_with_the_message(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    profile.do(lambda: profile.node.emit(Typing(LOBBY, identity("ben").peer_id)))
    qtbot.waitUntil(lambda: app.window.pane.typing.text() == "ben is typing …")
    receive(profile, "ben", "done")
    qtbot.waitUntil(lambda: app.window.pane.typing.text() == "")


def test_a_full_disk_is_said_while_it_is_full(app: App, profile: Served, qtbot: QtBot) -> None:
    status = profile.node.status
    from msgspec.structs import replace  # noqa: PLC0415

    profile.node.status = lambda: replace(status(), storage="full")  # type: ignore[method-assign]
    profile.do(lambda: profile.node.emit(StorageChanged("full")))
    qtbot.waitUntil(lambda: not app.window.banner.isHidden())
    assert "disk is full" in app.window.banner.text()
    profile.node.status = status  # type: ignore[method-assign]
    profile.do(lambda: profile.node.emit(StorageChanged("ok")))
    qtbot.waitUntil(app.window.banner.isHidden)


def test_long_history_comes_page_after_page_and_the_reader_stays_where_he_is(
    app: App, profile: Served, qtbot: QtBot
) -> None:
    for number in range(150):
        profile.node.now_ms += 1000
        receive(profile, "ben", f"number {number}")
    qtbot.waitUntil(lambda: app.desk.office.rooms[LOBBY_ID]["unread"] == 150)
    app.window.show_room(LOBBY_ID)
    messages = app.window.pane.messages
    qtbot.waitUntil(lambda: len(shown(app)) == 60)
    bar = messages.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    bar.setValue(10)
    qtbot.waitUntil(lambda: len(shown(app)) == 120)
    qtbot.waitUntil(lambda: bar.value() > 600)
    bar.setValue(0)
    qtbot.waitUntil(lambda: len(shown(app)) == 150)
    assert shown(app)[0] == "number 0"


def test_search_leads_to_the_message(app: App, profile: Served, qtbot: QtBot) -> None:
    for number in range(150):
        profile.node.now_ms += 1000
        receive(profile, "ben", f"number {number}")
    app.search()
    window = app._dialogs["search"]
    assert isinstance(window, dialogs.SearchWindow)
    QTest.keyClicks(window.line, '"number 7"')
    qtbot.waitUntil(lambda: window.found.count() == 11)
    assert window.state.text().startswith("11 message")
    window._take(window.found.item(10))
    qtbot.waitUntil(lambda: chosen(app) == "number 7")


def test_the_switcher(app: App, qtbot: QtBot) -> None:
    app.switch()
    window = app._dialogs["switcher"]
    assert isinstance(window, dialogs.Switcher)
    QTest.keyClicks(window.line, "lob")
    QTest.keyClick(window.line, Qt.Key.Key_Return)
    assert app.window.pane.room == LOBBY_ID


def test_the_story_of_a_message(app: App, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    write(app, qtbot, "x")
    qtbot.waitUntil(lambda: shown(app) == ["x"])
    conversation = app.window.pane.messages.conversation
    assert conversation is not None
    app.window.pane.act("story", conversation.message(0))
    text = [label.text() for label in app.window.details.findChildren(type(app.window.pane.name))]
    assert any("Nobody has it yet" in each for each in text)


def test_status(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.wants_status.emit()
    window = app._dialogs["status"]
    assert isinstance(window, dialogs.StatusWindow)
    window.presence.setCurrentIndex(2)
    window.text.setText("in a meeting")
    window.name.setText("Anna")
    window._save()
    qtbot.waitUntil(lambda: profile.node.presence[:2] == ("busy", "in a meeting"))
    assert profile.node.nickname == "Anna"


def test_the_doctor(app: App, qtbot: QtBot) -> None:
    app.doctor()
    window = app._dialogs["doctor"]
    assert isinstance(window, dialogs.DoctorWindow)
    qtbot.waitUntil(lambda: window.report.count() == 1)
    assert window.state.text() == "All is well."
    app.doctor()
    assert app._dialogs["doctor"] is not window


def test_closing_hides_or_minimises_and_says_so_once(app: App, qtbot: QtBot) -> None:
    assert app.tray.is_available is False  # without a screen there is none
    app.window.close()
    assert app.window.isMinimized()
    assert any("no tray" in text for text in app.window.notes.texts)
    app.window.notes.close_button.click()
    assert app.window.notes.isHidden()
    app.window.raise_()
    assert not app.window.isMinimized()
    app.window.close()
    assert app.window.notes.texts == []
    app.tray.is_available = True
    app.window.raise_()
    app.window.close()
    assert app.window.isHidden()


def test_the_menu_of_the_tray(app: App, profile: Served, qtbot: QtBot) -> None:
    receive(profile, "ben", "x")
    qtbot.waitUntil(lambda: app.desk.office.rooms[LOBBY_ID]["unread"] == 1)
    app.tray.refresh_menu()
    actions = {action.text(): action for action in app.tray.menu.actions() if action.text()}
    actions["#lobby  (1)"].trigger()
    assert app.window.pane.room == LOBBY_ID
    actions["Do not disturb for 1 hour"].trigger()
    qtbot.waitUntil(lambda: profile.node.presence[0] == "busy")
    until = profile.node.presence[2]
    assert until is not None
    assert "2 unread" in app.tray.icon.toolTip()


def test_keyboard_alone(app: App, qtbot: QtBot) -> None:
    window = app.window
    qtbot.waitUntil(window.isActiveWindow)
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert window.pane.room == LOBBY_ID
    QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert window.pane.room != LOBBY_ID
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(app._dialogs["switcher"], QDialog)


def test_a_link_is_opened_by_a_click_and_other_schemes_never(
    app: App, profile: Served, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "p2pim.desktop.messages.QDesktopServices.openUrl", lambda url: opened.append(url.toString())
    )
    from p2pim.desktop.messages import open_link  # noqa: PLC0415

    for link in ("javascript:alert(1)", "file:///etc/passwd", "http://[bad", "ssh://x", "//x"):
        open_link(link)
    assert opened == []
    app.window.show_room(LOBBY_ID)
    receive(profile, "ben", "https://example.org/page")
    qtbot.waitUntil(lambda: len(shown(app)) == 1)
    messages = app.window.pane.messages
    qtbot.waitUntil(lambda: messages.bubbles.width == messages.viewport().width())
    index = messages.model().index(0, 0)
    rect, bubble = messages.visualRect(index), messages.bubbles.bubble_at(index)
    at = rect.topLeft() + bubble.topLeft() + QPoint(30, 16)
    QTest.mouseMove(messages.viewport(), at)
    QTest.mouseClick(messages.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened == ["https://example.org/page"]


def test_the_daemon_goes_and_comes_back(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY_ID)
    profile.loop.call_soon_threadsafe(profile.stopping.set)
    qtbot.waitUntil(lambda: not app.window.banner.isHidden())
    assert not app.desk.is_reachable
    assert "not running" in app.window.banner.text()
    assert encode_peer_id(identity("ben").peer_id) in app.desk.office.peers


def test_what_this_desktop_lacks_is_said_once(
    app: App, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2pim.desktop.app.sys.platform", "linux")
    monkeypatch.setattr("p2pim.desktop.app.QFontDatabase.families", lambda: ["DejaVu Sans"])
    app.window.notes.forget()
    app.settings.remove("said_no_emoji")
    for _ in range(2):
        app._lacks_emoji()
        app._lacks_notifications("no bus")
    emoji, notifications = app.window.notes.texts
    assert emoji.endswith("apt install fonts-noto-color-emoji")
    assert "no bus" in notifications
    assert not app.window.notes.isHidden()
