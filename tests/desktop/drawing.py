"""Draws messages, the same kinds harmless first and then hostile ones: `python drawing.py FOLDER MARK`.

FOLDER gets a picture of each hostile one. The file MARK is opened before and after them, so that who traces the system
calls knows which belong to them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from p2pim.desktop.conversation import Conversation
from p2pim.desktop.messages import MessageList
from p2pim.desktop.office import Office
from p2pim.desktop.people import EntryList
from p2pim.desktop.theme import DARK, LIGHT
from tests.unit.desktop.made import message, peer, room, snapshot

HOSTILE = [
    "<img src='http://evil.example/x.png'><iframe src='file:///etc/passwd'></iframe><b>bold</b>",
    "<a href='http://evil.example'>https://bank.example</a> [click](javascript:alert(1)) ![x](http://evil.example/y.png)",
    "http://evil.example/track.png file:///etc/passwd smb://evil.example/share \\\\evil.example\\share ftp://evil.example",
    "<style>@import url(http://evil.example/a.css)</style><link rel=stylesheet href=http://evil.example/b.css>",
    "data:text/html,<script>1</script> javascript:alert(1) qrc:/x image://x :/x",
    "\u202egpj.exe\u202c \u2066x\u2069 \u200f\u200e a\u0000b\u0007\u001b[31m \u2028 \u2029",
    "Z\u0351\u036f" * 200,
    "x" * 20_000,
    "\n" * 2_000,
    "🏴👨" * 100,
    "```" * 300 + "`" * 300 + "*" * 300 + "> " * 300,
]
HARMLESS = [
    "a **b** *c* `d` ~~e~~ https://example.org\n```\nf\n```\n> g",
    "ÄÖ 漢字 العربية עברית 🏴👨👩👧👦 🎉 \ufffd ┃ · … ✕ Z\u0351\u036f",
]


def main() -> None:
    """Draw, twice."""
    folder, mark = Path(sys.argv[1]), sys.argv[2]
    application = QApplication([])
    shown, people = MessageList(LIGHT), EntryList(LIGHT)
    shown.resize(560, 420)
    people.resize(260, 420)
    shown.show()
    people.show()

    def draw(text: str, name: str) -> None:
        conversation = Conversation("r")
        quote = {"id": "x", "author": "cy", "author_name": text[:64], "text": text[:200]}
        conversation.put_newest(
            [message(0, text, author_name=text[:64]), message(1, "after", reply_to=quote)]
        )
        shown.show_conversation(conversation)
        office = Office()
        office.load(snapshot(peer(text[:64], status_text=text[:128]), room(text[:64], topic=text[:200])))
        people.show_entries(office.entries(), "")
        for theme in (LIGHT, DARK):
            shown.show_theme(theme)
            people.show_theme(theme)
            application.processEvents()
            for widget, part in ((shown, "messages"), (people, "people")):
                picture = widget.grab()
                if name and theme is LIGHT:
                    picture.save(str(folder / f"{part}-{name}.png"))

    for text in HARMLESS * 2:
        draw(text, "")
    draw(HARMLESS[0], "warm")
    _look(mark)
    for number, text in enumerate(HOSTILE):
        draw(text, str(number))
    _look(mark)


def _look(mark: str) -> None:
    os.close(os.open(mark, os.O_RDONLY))


if __name__ == "__main__":
    main()
