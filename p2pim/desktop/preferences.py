"""What the user chooses for this desktop, kept in one small file of the profile; and the window to choose it in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSettings, QTime, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QTabWidget,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from p2pim import __version__
from p2pim.desktop import autostart
from p2pim.desktop.attention import Wishes
from p2pim.desktop.dialogs import Small
from p2pim.desktop.markup import one_line
from p2pim.desktop.privacy import PrivacyPage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from p2pim.api import schema
    from p2pim.desktop.desk import Desk

APPEARANCES: Final = ("system", "light", "dark")
#: Points added to the font of the desktop.
SMALLEST, LARGEST = -2, 8
_MINUTES: Final = 24 * 60


class Preferences:
    """The choices, each with what it is before anything was chosen. A file that was tampered with gives those."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def _number(self, key: str, default: int, low: int, high: int) -> int:
        try:
            found = int(str(self._settings.value(key, default)))
        except ValueError:
            return default
        return found if low <= found <= high else default

    def _switch(self, key: str, default: bool) -> bool:
        return str(self._settings.value(key, default)).lower() == "true"

    @property
    def appearance(self) -> Any:
        """system, light or dark."""
        found = self._settings.value("appearance", "system")
        return found if found in APPEARANCES else "system"

    @property
    def font(self) -> int:
        """Points added to the font."""
        return self._number("font", 0, SMALLEST, LARGEST)

    @property
    def away_minutes(self) -> int:
        """Away after so many minutes without a key; 0: never."""
        return self._number("away_minutes", 10, 0, 240)

    @property
    def wishes(self) -> Wishes:
        """What is wanted of notifications."""
        quiet = None
        if self._switch("quiet", False):
            start = self._number("quiet_from", 20 * 60, 0, _MINUTES - 1)
            quiet = (start, self._number("quiet_to", 7 * 60, 0, _MINUTES - 1))
        return Wishes(
            self._switch("notify", True), self._switch("sound", True), self._switch("discreet", False), quiet
        )

    @property
    def texts(self) -> dict[str, str]:
        """What was being written where when the window was last closed."""
        try:
            found = json.loads(str(self._settings.value("drafts", "{}")))
        except ValueError:
            return {}
        pairs = found.items() if isinstance(found, dict) else ()
        return {room: text for room, text in pairs if isinstance(text, str)}

    def put(self, **choices: object) -> None:
        """Keep some choices."""
        for key, value in choices.items():
            self._settings.setValue(key, value)


class PreferencesWindow(Small):
    """Shows and changes them; what a policy decides is shown with where it comes from, and cannot be changed."""

    changed = Signal()

    def __init__(
        self,
        desk: Desk,
        preferences: Preferences,
        command: Sequence[str],
        config: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(QApplication.translate("PreferencesWindow", "Settings"), parent)
        self._desk = desk
        self._preferences = preferences
        self._command = command
        self._config = config
        self.tabs = QTabWidget()
        self.column.addWidget(self.tabs)
        self.appearance, self.font_size = QComboBox(), QSpinBox()
        self.autostart, self.away = QCheckBox(self.tr("Start at login, hidden")), QSpinBox()
        self.notify, self.sound = QCheckBox(self.tr("Show notifications")), QCheckBox(self.tr("With a sound"))
        self.discreet = QCheckBox(self.tr("Say neither who wrote nor what"))
        self.quiet, self.quiet_from, self.quiet_to = (
            QCheckBox(self.tr("Quiet hours")),
            QTimeEdit(),
            QTimeEdit(),
        )
        self.rules = QLabel()
        self.privacy = PrivacyPage(desk)
        self._build()
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self._save)
        box.rejected.connect(self.close)
        self.column.addWidget(box)
        self._fill()
        self._show_rules(list(desk.rules.values()))

    def _page(self, title: str) -> QVBoxLayout:
        page = QWidget()
        column = QVBoxLayout(page)
        self.tabs.addTab(page, title)
        return column

    def _build(self) -> None:
        page, form = self._page(self.tr("General")), QFormLayout()
        self.appearance.addItems([self.tr("As the system"), self.tr("Light"), self.tr("Dark")])
        self.font_size.setRange(SMALLEST, LARGEST)
        self.font_size.setPrefix("+")
        self.away.setRange(0, 240)
        self.away.setSpecialValueText(self.tr("never"))
        self.away.setSuffix(self.tr(" minutes without a key"))
        form.addRow(self.tr("Appearance"), self.appearance)
        form.addRow(self.tr("Font size"), self.font_size)
        form.addRow(self.tr("Away after"), self.away)
        page.addLayout(form)
        page.addWidget(self.autostart)
        page.addStretch(1)
        page = self._page(self.tr("Notifications"))
        hours = QHBoxLayout()
        for part in (self.quiet, self.quiet_from, self.quiet_to):
            hours.addWidget(part)
        for widget in (self.notify, self.sound, self.discreet):
            page.addWidget(widget)
        page.addLayout(hours)
        page.addWidget(QLabel(self.tr("Each conversation can be muted in its details.")))
        page.addStretch(1)
        self.tabs.addTab(self.privacy, self.tr("Privacy"))
        page = self._page(self.tr("Rules"))
        self.rules.setWordWrap(True)
        page.addWidget(self.rules)
        page.addStretch(1)
        page = self._page(self.tr("About"))
        about = QLabel(
            self.tr(
                "p2pim {version}, MIT licence.\n\nBuilt with Python, Qt for Python (LGPL-3.0), cryptography, zeroconf, "
                "noiseprotocol, msgspec and others; their licences come with their packages."
            ).format(version=__version__)
        )
        about.setWordWrap(True)
        page.addWidget(about)
        page.addStretch(1)

    def _fill(self) -> None:
        kept, wishes = self._preferences, self._preferences.wishes
        self.appearance.setCurrentIndex(APPEARANCES.index(kept.appearance))
        self.font_size.setValue(kept.font)
        self.away.setValue(kept.away_minutes)
        self.autostart.setChecked(autostart.is_on())
        self.notify.setChecked(wishes.shown)
        self.sound.setChecked(wishes.sound)
        self.discreet.setChecked(wishes.discreet)
        self.quiet.setChecked(wishes.quiet is not None)
        for edit, minute in zip(
            (self.quiet_from, self.quiet_to), wishes.quiet or (20 * 60, 7 * 60), strict=True
        ):
            edit.setDisplayFormat("HH:mm")
            edit.setTime(QTime(minute // 60, minute % 60))

    def _show_rules(self, rules: list[schema.Rule]) -> None:
        lines = [
            f"{rule['key']} = {one_line(str(rule['value']))}\n    {one_line(rule['source'])}"
            for rule in rules
        ]
        self.rules.setText(
            "\n".join(lines) or self.tr("No policy is in force on this machine or in your teams.")
        )

    def _save(self) -> None:
        self._preferences.put(
            appearance=APPEARANCES[self.appearance.currentIndex()],
            font=self.font_size.value(),
            away_minutes=self.away.value(),
            notify=self.notify.isChecked(),
            sound=self.sound.isChecked(),
            discreet=self.discreet.isChecked(),
            quiet=self.quiet.isChecked(),
            quiet_from=_minute(self.quiet_from),
            quiet_to=_minute(self.quiet_to),
        )
        try:
            if self.autostart.isChecked():
                autostart.turn_on(self._command)
            else:
                autostart.turn_off()
        except OSError as error:
            self._desk.failed.emit(self.tr("Start at login could not be changed: {why}").format(why=error))
        self.privacy.save(self._config)
        self.changed.emit()
        self.close()


def _minute(edit: QTimeEdit) -> int:
    return edit.time().hour() * 60 + edit.time().minute()
