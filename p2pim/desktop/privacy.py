"""What others may learn of this machine and ask of it: settings of the daemon, and the rules that overrule them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from p2pim.config.edit import set_value
from p2pim.desktop.markup import one_line
from p2pim.errors import P2pimError

if TYPE_CHECKING:
    from pathlib import Path

    from p2pim.api import schema
    from p2pim.desktop.desk import Desk

VISIBLE: Final = ("everyone", "team", "nobody")


class PrivacyPage(QWidget):
    """Filled once the daemon has told its settings; what a rule decides is greyed, with whose rule it is."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._file = ""
        self._before: dict[str, Any] = {}
        self.switches = {
            "open_network": QCheckBox(self.tr("Everybody on this network may see me and write to me")),
            "receipts": QCheckBox(self.tr("Tell others which of their messages I have read")),
            "relay": QCheckBox(self.tr("Hold sealed messages for colleagues who are away")),
            "sweep": QCheckBox(self.tr("Look for colleagues at every address of a VPN, once a day")),
            "tailscale": QCheckBox(self.tr("Ask the machines that Tailscale knows")),
        }
        self.visible = QComboBox()
        self.visible.addItems([self.tr("to everybody"), self.tr("to my teams"), self.tr("to nobody")])
        self.reasons = {key: QLabel() for key in self.switches}
        column = QVBoxLayout(self)
        for key, switch in self.switches.items():
            self.reasons[key].setObjectName("muted")
            self.reasons[key].setWordWrap(True)
            self.reasons[key].hide()
            column.addWidget(switch)
            column.addWidget(self.reasons[key])
        form = QFormLayout()
        form.addRow(self.tr("Announce me"), self.visible)
        column.addLayout(form)
        note = QLabel(self.tr("p2pim starts anew in the background when one of these is changed."))
        note.setObjectName("muted")
        note.setWordWrap(True)
        column.addWidget(note)
        column.addStretch(1)
        self.setEnabled(False)
        desk.do("config.get", self._show)

    def _show(self, config: schema.Config) -> None:
        self._file, self._before = config["file"], config["settings"]
        for key, switch in self.switches.items():
            switch.setChecked(bool(self._before[key]))
        self.visible.setCurrentIndex(VISIBLE.index(self._before["visible"]))
        self._overrule(self._desk.rules)
        self.setEnabled(True)

    def _overrule(self, rules: Mapping[str, schema.Rule]) -> None:
        for key, switch in self.switches.items():
            rule = rules.get(key)
            if rule is not None and rule["value"] is False:
                switch.setChecked(False)
                switch.setEnabled(False)
                self.reasons[key].setText(reason(rule, self.tr("Not allowed here: {source}")))
                self.reasons[key].show()

    def changes(self) -> dict[str, str]:
        """The settings that are to be others than they are, as a person would type them."""
        found: dict[str, str] = {}
        for key, switch in self.switches.items():
            if switch.isEnabled() and switch.isChecked() != bool(self._before.get(key, switch.isChecked())):
                found[key] = "yes" if switch.isChecked() else "no"
        visible = VISIBLE[self.visible.currentIndex()]
        if visible != self._before.get("visible", visible):
            found["visible"] = visible
        return found

    def save(self, file: Path) -> None:
        """Write what was changed, and let the daemon start anew with it: the window starts it again by itself."""
        changes = self.changes() if self._file else {}
        try:
            for key, value in changes.items():
                set_value(file, key, value)
        except P2pimError as error:
            self._desk.fail(error)
            return
        if changes:
            self._desk.do("daemon.stop")


def reason(rule: schema.Rule, said: str) -> str:
    """Whose rule it is that something is not allowed."""
    return said.format(source=one_line(rule["source"]))
