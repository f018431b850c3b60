"""Colours: one light and one dark set, each readable (contrast of text at least 4.5 to 1, WCAG 2.1, 1.4.3)."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

Appearance = Literal["system", "light", "dark"]


class Theme(NamedTuple):
    """Colours by what they are for; ``on_…`` is text on that ground."""

    is_dark: bool
    window: str
    on_window: str
    muted: str
    panel: str
    line: str
    selected: str
    accent: str
    on_accent: str
    mine: str
    on_mine: str
    mine_muted: str
    theirs: str
    on_theirs: str
    theirs_muted: str
    link: str
    code: str
    warning: str
    online: str
    away: str
    busy: str
    offline: str


LIGHT: Final = Theme(
    is_dark=False,
    window="#ffffff",
    on_window="#1b1f24",
    muted="#59636e",
    panel="#f3f5f7",
    line="#d5dade",
    selected="#d9e8f7",
    accent="#0f62b0",
    on_accent="#ffffff",
    mine="#d8ebff",
    on_mine="#14202c",
    mine_muted="#49586a",
    theirs="#eceff2",
    on_theirs="#1b1f24",
    theirs_muted="#545e69",
    link="#0a4f93",
    code="#ffffff",
    warning="#a8321b",
    online="#1d8a43",
    away="#b37400",
    busy="#c5372c",
    offline="#7d868f",
)
DARK: Final = Theme(
    is_dark=True,
    window="#16191d",
    on_window="#e9ecef",
    muted="#9fa9b3",
    panel="#1e2227",
    line="#343a41",
    selected="#2a3d52",
    accent="#6cb2f5",
    on_accent="#0a1520",
    mine="#1d4063",
    on_mine="#f0f5fa",
    mine_muted="#b3c4d6",
    theirs="#2a2f36",
    on_theirs="#e9ecef",
    theirs_muted="#a9b3bd",
    link="#8fc7ff",
    code="#14171a",
    warning="#ff9b85",
    online="#4cc474",
    away="#e8b04a",
    busy="#f1766c",
    offline="#7a838c",
)


def chosen(appearance: Appearance) -> Theme:
    """The set for a choice; that of the system where it says, else the light one."""
    if appearance == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return DARK if dark else LIGHT
    return DARK if appearance == "dark" else LIGHT


def presence_colour(theme: Theme, presence: str) -> QColor:
    """The colour of a dot beside a name."""
    colours = {"online": theme.online, "away": theme.away, "busy": theme.busy}
    return QColor(colours.get(presence, theme.offline))


def palette(theme: Theme) -> QPalette:
    """Qt's palette of it."""
    made = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, theme.panel),
        (role.WindowText, theme.on_window),
        (role.Base, theme.window),
        (role.AlternateBase, theme.panel),
        (role.Text, theme.on_window),
        (role.Button, theme.panel),
        (role.ButtonText, theme.on_window),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.ToolTipBase, theme.panel),
        (role.ToolTipText, theme.on_window),
        (role.PlaceholderText, theme.muted),
        (role.Link, theme.link),
        (role.Mid, theme.line),
    ):
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.offline))
    return made


def style_sheet(theme: Theme) -> str:
    """What Fusion and a palette leave to say."""
    return f"""
    QListView, QPlainTextEdit, QScrollArea {{ border: none; background: {theme.window}; }}
    #side, #side QListView {{ background: {theme.panel}; }}
    #side {{ border-right: 1px solid {theme.line}; }}
    #details {{ background: {theme.panel}; border-left: 1px solid {theme.line}; }}
    #details QScrollArea, #details QWidget {{ background: {theme.panel}; }}
    #header {{ background: {theme.window}; border-bottom: 1px solid {theme.line}; }}
    #composer {{ background: {theme.window}; border-top: 1px solid {theme.line}; }}
    #composer QPlainTextEdit {{
        background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 8px; padding: 4px 6px;
    }}
    #composer QPlainTextEdit:focus, QLineEdit:focus {{ border: 1px solid {theme.accent}; }}
    QLineEdit {{
        background: {theme.window}; border: 1px solid {theme.line}; border-radius: 6px; padding: 5px 8px;
    }}
    QToolButton {{ border: none; border-radius: 6px; padding: 5px 7px; }}
    QToolButton:hover, QToolButton:checked {{ background: {theme.selected}; }}
    QPushButton {{
        border: 1px solid {theme.line}; border-radius: 6px; padding: 6px 14px; background: {theme.panel};
    }}
    QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; }}
    QPushButton:default {{ background: {theme.accent}; color: {theme.on_accent}; }}
    QPushButton:disabled, QPushButton:default:disabled {{ color: {theme.offline}; background: {theme.panel}; }}
    QRadioButton::indicator:unchecked, QCheckBox::indicator:unchecked {{
        width: 12px; height: 12px; border: 1px solid {theme.muted}; background: {theme.window};
    }}
    QRadioButton::indicator:unchecked {{ border-radius: 7px; }}
    QCheckBox::indicator:unchecked {{ border-radius: 3px; }}
    QCheckBox::indicator:unchecked:disabled {{ border-color: {theme.line}; }}
    #banner {{ background: {theme.selected}; color: {theme.on_window}; padding: 7px 12px; }}
    #warning {{ color: {theme.warning}; }}
    #muted {{ color: {theme.muted}; }}
    QSplitter::handle {{ background: {theme.line}; }}
    """
