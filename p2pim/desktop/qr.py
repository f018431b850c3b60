"""A text as a picture of a QR code."""

from __future__ import annotations

from PySide6.QtGui import QColor, QImage, QPixmap

_QUIET = 4


def picture(text: str, scale: int = 4) -> QPixmap:
    """The code, dark on light whatever the theme, with the margin that scanners want."""
    import segno  # noqa: PLC0415 (few windows need it)

    modules = [bytes(row) for row in segno.make(text, error="m").matrix]
    side = len(modules) + 2 * _QUIET
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                image.setPixelColor(x + _QUIET, y + _QUIET, QColor("black"))
    return QPixmap.fromImage(image.scaled(side * scale, side * scale))
