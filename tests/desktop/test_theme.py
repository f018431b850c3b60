"""Colours one can read."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from p2pim.desktop.theme import DARK, LIGHT, Theme, chosen, palette, presence_colour, style_sheet


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [c / 255 for c in QColor(colour).getRgb()[:3]]  # type: ignore[index]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_text_has_a_contrast_of_four_and_a_half(theme: Theme) -> None:
    pairs = [
        (theme.on_window, theme.window),
        (theme.on_window, theme.panel),
        (theme.on_window, theme.selected),
        (theme.on_window, theme.line),
        (theme.on_window, theme.code),
        (theme.muted, theme.window),
        (theme.muted, theme.panel),
        (theme.muted, theme.selected),
        (theme.on_accent, theme.accent),
        (theme.on_mine, theme.mine),
        (theme.mine_muted, theme.mine),
        (theme.on_theirs, theme.theirs),
        (theme.theirs_muted, theme.theirs),
        (theme.link, theme.mine),
        (theme.link, theme.theirs),
        (theme.warning, theme.window),
        (theme.warning, theme.panel),
    ]
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}
    dots = [(dot, theme.panel) for dot in (theme.online, theme.away, theme.busy, theme.offline)]
    assert {pair: round(contrast(*pair), 2) for pair in dots if contrast(*pair) < 3.0} == {}


def test_the_choice(qtbot: QtBot) -> None:
    assert chosen("dark") is DARK
    assert chosen("light") is LIGHT
    assert chosen("system") in (LIGHT, DARK)
    assert palette(DARK).color(QPalette.ColorRole.Base).name() == DARK.window
    assert DARK.window in style_sheet(DARK)
    assert presence_colour(LIGHT, "away").name() == LIGHT.away
    assert presence_colour(LIGHT, "invisible").name() == LIGHT.offline
