"""What the window says, in the language of the user: also where nothing knows of Qt.

``translate`` gives back what it gets until ``use`` names somebody who knows better (``QCoreApplication.translate``).
"""

from __future__ import annotations

from collections.abc import Callable

Translate = Callable[[str, str], str]

_known: list[Translate] = [lambda context, text: text]


def use(translator: Translate) -> None:
    """Ask this from now on."""
    _known[0] = translator


def translate(context: str, text: str) -> str:
    """A text in the user's language; ``text`` itself where nobody knows it."""
    return _known[0](context, text)


def presence_word(presence: str) -> str:
    """How somebody shows themselves, in a word."""
    words = {
        "online": translate("Presence", "online"),
        "away": translate("Presence", "away"),
        "busy": translate("Presence", "busy"),
        "invisible": translate("Presence", "invisible"),
        "offline": translate("Presence", "offline"),
    }
    return words.get(presence, presence)
