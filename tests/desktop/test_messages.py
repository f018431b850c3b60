"""Messages as they are drawn, read out and scrolled; whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QImage, QTextDocument
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from p2pim.desktop.conversation import Conversation
from p2pim.desktop.document import Writer, day, hour, spoken, state_of, words_of
from p2pim.desktop.messages import QUICK, MessageList
from p2pim.desktop.theme import DARK, LIGHT
from tests.unit.desktop.made import message, mine

HOSTILE = [
    "<img src='http://evil.example/x.png'><script>alert(1)</script><b>bold</b>",
    "&lt;b&gt; &#x202e;",
    "\u202eevil\u202c \u2066x\u2069 \x00\x07\x1b[31m",
    "Z\u0351\u036f" * 500,
    "\u0600" * 300,
    "x" * 40_000,
    "\n" * 3_000,
    "🏴‍☠️👨‍👩‍👧‍👦" * 100,
    "![x](file:///etc/passwd) [y](javascript:alert(1))",
    "```" * 300,
]


def conversation(*messages: Any) -> Conversation:
    made = Conversation("r")
    made.put_newest(list(messages))
    return made


@pytest.fixture
def shown(qtbot: QtBot) -> MessageList:
    made = MessageList(LIGHT)
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    return made


def written(message: Any) -> QTextDocument:
    return Writer(LIGHT, QGuiApplication.font()).write(message)


def test_words_states_and_times(qtbot: QtBot) -> None:
    assert words_of(message(0, None)) == "(deleted)"
    assert words_of(message(0, "the move", kind=6)) == "set the topic: the move"
    assert words_of(message(0, "", kind=6)) == "took the topic away"
    by = {"peer_id": "ben", "name": "Ben", "at_ms": 0}
    held = [by | {"state": "held"}]
    read = [by | {"state": "read"}, by | {"state": "read"}]
    assert state_of(message()) == state_of(mine(0, None)) == ""
    assert state_of(mine(state="held", deliveries=held)) == "held by Ben"
    assert state_of(mine(state="read", deliveries=read)) == "read by 2"
    assert state_of(mine(state="read", deliveries=read[:1])) == "read"
    assert hour(2**90) == day(2**90) == "?"
    assert len(day(0)) > 10


def test_what_a_screen_reader_says(qtbot: QtBot, shown: MessageList) -> None:
    said = spoken(mine(0, "hi\nthere", edited=True, reactions=[{"emoji": "👍", "by": ["a", "b"]}]))
    assert said.endswith(": hi there, edited, 👍 2, delivered")
    shown.show_conversation(conversation(message(0), message(1, "second")))
    interface = QAccessible.queryAccessibleInterface(shown)
    assert interface is not None
    assert interface.childCount() == 2
    assert "Ben" in interface.child(1).text(QAccessible.Text.Name)
    assert "second" in interface.child(1).text(QAccessible.Text.Name)


def test_markdown_is_drawn_and_html_is_text(qtbot: QtBot) -> None:
    document = written(message(0, "a **b** `c` https://x.org\n```\ncode\n```\n> q"))
    html = document.toHtml()
    assert 'href="https://x.org"' in html
    assert "font-weight:700" in html.replace(" ", "")
    assert document.toPlainText().startswith("a b c https://x.org\ncode\nq\n")
    for text in HOSTILE:
        plain = written(message(0, text)).toPlainText()
        assert "\u202e" not in plain
        assert "\x1b" not in plain
    assert "<script>alert(1)</script>" in written(message(0, HOSTILE[0])).toPlainText()
    assert written(message(0, HOSTILE[0])).toHtml().count("<img") == 0


def test_a_quote_and_what_is_not_here(qtbot: QtBot) -> None:
    quote: dict[str, str | None] = {"id": "x", "author": "cy", "author_name": "Cy\n", "text": "long " * 100}
    assert written(message(0, reply_to=quote)).toPlainText().startswith("┃ Cy: long long")
    quote["author"] = None
    assert "not here" in written(message(0, reply_to=quote)).toPlainText()


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_breaks_the_list(shown: MessageList, qtbot: QtBot, text: str) -> None:
    shown.show_conversation(conversation(message(0, text, author_name=text[:64]), message(1, "after")))
    qtbot.wait(1)
    image = shown.grab().toImage()
    assert image.size().width() >= 600
    assert shown.model().index(1, 0).data() == spoken(message(1, "after"))


def test_others_are_left_mine_right_and_all_that_can_be_is_drawn(shown: MessageList, qtbot: QtBot) -> None:
    other = message(0, mentions_me=True, reactions=[{"emoji": "👍", "by": ["me"]}], unread=True)
    made = conversation(other, mine(1))
    made.mark_new()
    shown.show_conversation(made)
    qtbot.waitUntil(lambda: shown.bubbles.width == shown.viewport().width())
    left, right = (shown.bubbles.bubble_at(made.index(row)) for row in (0, 1))
    assert left.left() < 20
    assert right.right() > shown.viewport().width() - 20
    assert made.above(0).new
    made.forget_new()
    assert not made.above(0).new
    pictures: list[QImage] = []
    for theme in (LIGHT, DARK):
        shown.show_theme(theme)
        qtbot.wait(1)
        pictures.append(shown.grab().toImage())
    assert pictures[0] != pictures[1]


def test_the_menu_offers_what_can_be_done(shown: MessageList, qtbot: QtBot) -> None:
    shown.show_conversation(conversation(message(0), mine(1), mine(2, None)))
    offered = []
    assert shown.menu().isEmpty()
    for row in range(3):
        shown.setCurrentIndex(shown.model().index(row, 0))
        offered.append([action.text() for action in shown.menu().actions() if action.text()])
    assert offered[0] == [*QUICK, "Reply", "Copy"]
    assert offered[1] == [*QUICK, "Reply", "Edit", "Copy", "Delivery", "Delete"]
    assert offered[2] == ["Copy", "Delivery"]
    shown.setCurrentIndex(shown.model().index(1, 0))
    asked: list[tuple[Any, ...]] = []
    shown.asked.connect(lambda *what: asked.append(what))
    actions = {action.text(): action for action in shown.menu().actions()}
    actions["👍"].trigger()
    actions["Reply"].trigger()
    actions["Copy"].trigger()
    assert [(what, emoji) for what, _, emoji in asked] == [("react", "👍"), ("reply", "")]
    assert QGuiApplication.clipboard().text() == "hi"
    shown._offer(shown.visualRect(shown.model().index(0, 0)).center())
    chosen = shown.chosen()
    assert chosen is not None
    assert chosen["seq"] == 1


def test_it_stays_at_the_end_unless_the_reader_went_up(shown: MessageList, qtbot: QtBot) -> None:
    made = conversation(*(message(n) for n in range(30)))
    shown.show_conversation(made)
    bar = shown.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    made.put(message(40))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    bar.setValue(bar.maximum() - 300)
    at = shown.indexAt(QPoint(40, 200)).row()
    made.put_older([])
    made.put(message(41))
    qtbot.wait(30)
    assert abs(shown.indexAt(QPoint(40, 200)).row() - at) <= 1 or bar.value() < bar.maximum()
    with qtbot.waitSignal(shown.reached_end):
        shown.to_end()
    assert shown.show_message(message(3)["id"])
    assert not shown.show_message("nowhere")


def test_what_changes_is_drawn_anew_and_what_is_not_loaded_is_left_alone(qtbot: QtBot) -> None:
    made = conversation(message(10), message(11))
    assert made.put(message(12))
    assert not made.put(message(12, "edited"))
    assert not made.put(message(1))  # older than what is loaded
    made.change(message(11, "changed"))
    made.change(message(2, "not here"))
    assert [m["text"] for m in made.timeline.messages] == ["hello", "changed", "edited"]
    made.put_newest([message(20), message(21)])  # there is a hole before it
    assert [m["seq"] for m in made.timeline.messages] == [21, 22]
    assert made.put_older([message(19), message(20)]) == 1
    assert made.put_older([]) == 0
    assert made.timeline.complete
    assert made.put(message(1))
    assert made.data(made.index(99)) is None
    assert made.data(made.index(0), Qt.ItemDataRole.DecorationRole) is None
    assert made.rowCount(made.index(0)) == 0


def test_the_pointer_shows_what_is_a_link(shown: MessageList, qtbot: QtBot) -> None:
    shown.show_conversation(conversation(message(0, "https://x.org/abc")))
    qtbot.waitUntil(lambda: shown.bubbles.width == shown.viewport().width())
    index = shown.model().index(0, 0)
    at = shown.visualRect(index).topLeft() + shown.bubbles.bubble_at(index).topLeft() + QPoint(30, 16)
    QTest.mouseMove(shown.viewport(), QPoint(550, 350))
    QTest.mouseMove(shown.viewport(), at)
    assert shown._link(at) == "https://x.org/abc"
    assert shown._link(QPoint(590, 390)) == ""
