"""Writing: lines, mentions, emoji, what is answered and edited."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from p2pim.desktop.composer import Composer, Draft
from p2pim.desktop.emoji import EmojiPicker, found, known
from tests.unit.desktop.made import message, mine

KEY = Qt.Key


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    made = Composer()
    qtbot.addWidget(made)
    made.resize(500, 120)
    made.show()
    made.show_names(["room", "Ben", "Ben Adams", "Zoë"])
    made.allow("")
    return made


def test_enter_sends_what_is_there_and_empties_it(composer: Composer, qtbot: QtBot) -> None:
    QTest.keyClicks(composer.edit, "hello")
    with qtbot.waitSignal(composer.sent) as sent:
        QTest.keyClick(composer.edit, KEY.Key_Return)
    assert sent.args == [Draft("hello")]
    assert composer.draft() == Draft()
    QTest.keyClicks(composer.edit, "again")
    with qtbot.waitSignal(composer.sent):
        QTest.mouseClick(composer.send, Qt.MouseButton.LeftButton)


def test_it_grows_with_its_lines_up_to_a_limit(composer: Composer) -> None:
    heights = []
    for lines in (1, 3, 8, 30):
        composer.show_draft(Draft("\n".join("x" * lines)))
        heights.append(composer.edit.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_at_completes_names(composer: Composer) -> None:
    QTest.keyClicks(composer.edit, "hi @zo")
    assert composer.edit._popup.isVisible()
    QTest.keyClick(composer.edit, KEY.Key_Tab)
    assert composer.edit.toPlainText() == "hi @Zoë "
    QTest.keyClicks(composer.edit, "and @b")
    QTest.keyClick(composer.edit, KEY.Key_Escape)
    assert not composer.edit._popup.isVisible()
    QTest.keyClicks(composer.edit, "x")
    assert not composer.edit._popup.isVisible()
    assert composer.edit.toPlainText() == "hi @Zoë and @bx"
    QTest.keyClicks(composer.edit, " mail@b")  # no mention within a word
    assert not composer.edit._popup.isVisible()


def test_answer_edit_and_neither(composer: Composer) -> None:
    QTest.keyClicks(composer.edit, "so")
    composer.reply(message(0, "what?"))
    assert composer.draft() == Draft("so", reply_to=message(0, "what?"))
    assert composer.about.text() == "Answer to Ben: what?"
    composer.change(mine(1, "mine " * 40))
    assert composer.draft().edits == mine(1, "mine " * 40)
    assert len(composer.about.text()) == 80
    composer.reply(message(0))
    assert composer.draft() == Draft(
        "", reply_to=message(0)
    )  # the words of the edited one are not one's answer
    QTest.keyClicks(composer.edit, "ok")
    QTest.mouseClick(composer.drop, Qt.MouseButton.LeftButton)
    assert composer.draft() == Draft("ok")


def test_where_nothing_may_be_written(composer: Composer, qtbot: QtBot) -> None:
    composer.show_draft(Draft("x"))
    composer.allow("This room is archived.")
    with qtbot.assertNotEmitted(composer.sent):
        composer._send()
    assert composer.edit.placeholderText() == "This room is archived."


def test_emoji_are_found_by_name_and_put_where_one_writes(composer: Composer, qtbot: QtBot) -> None:
    QTest.mouseClick(composer.emoji, Qt.MouseButton.LeftButton)
    picker = composer.findChild(EmojiPicker)
    assert picker is not None
    QTest.keyClicks(picker.search, "party pop")
    assert picker.grid.count() == 1
    QTest.keyClick(picker.search, KEY.Key_Return)
    assert composer.edit.toPlainText() == "🎉"


def test_the_emoji_there_are() -> None:
    assert len(known()) > 600
    assert len({emoji for emoji, _ in known()}) == len(known())
    assert found("rocket")[0][0] == "🚀"
    assert found("no such emoji at all") == []
    assert found("")[0][0] == "👍"
