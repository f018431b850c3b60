"""The language of the window: that of the desktop, where it was translated, else English."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from p2pim.desktop import words

FOLDER = Path(__file__).parent / "i18n"


def speak(application: QApplication, locale: QLocale) -> list[QTranslator]:
    """Speak the language of a locale, and write in its direction; what was installed, to be removed again."""
    installed = []
    own = QTranslator(application)
    if own.load(locale, "", "", str(FOLDER), ".qm"):
        dialogs = QTranslator(application)  # Qt's own words: Cancel, Save
        if dialogs.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            application.installTranslator(dialogs)
            installed.append(dialogs)
        application.installTranslator(own)
        installed.append(own)
        application.setLayoutDirection(locale.textDirection())
        QLocale.setDefault(locale)  # dates
    words.use(QCoreApplication.translate)
    return installed
