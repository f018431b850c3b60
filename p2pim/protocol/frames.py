"""Frames: a byte stream cut into messages, each with its length in two bytes, whatever way it arrives."""

from __future__ import annotations

from typing import Final

from p2pim.errors import DecodeError

PREFIX: Final = 2
TAG_LENGTH: Final = 16
MIN_FRAME: Final = 1 + TAG_LENGTH
"""A sealed record has its type byte and the tag at least."""
MAX_FRAME: Final = 65_535


def frame(message: bytes) -> bytes:
    """Put its length before a message."""
    return len(message).to_bytes(PREFIX, "big") + message


class FrameReader:
    """Takes bytes as they come, gives whole pieces as they are asked for.

    The bounds are those of the caller's state, checked as soon as the length is known, so that two bytes
    give a liar away and what is waited for is never longer than the state allows.
    """

    __slots__ = ("_buffer", "_offset")

    def __init__(self) -> None:
        self._buffer = b""
        self._offset = 0

    @property
    def buffered(self) -> int:
        """How many bytes wait to be taken."""
        return len(self._buffer) - self._offset

    def feed(self, data: bytes) -> None:
        """Append what the network brought."""
        self._buffer = self._buffer[self._offset :] + data
        self._offset = 0

    def take(self, size: int) -> bytes | None:
        """Take exactly ``size`` bytes, or None while there are fewer."""
        end = self._offset + size
        if end > len(self._buffer):
            return None
        piece = self._buffer[self._offset : end]
        self._offset = end
        return piece

    def take_frame(self, least: int, most: int) -> bytes | None:
        """Take the next message, or None while it is incomplete; DecodeError if its length is not allowed."""
        start = self._offset + PREFIX
        if start > len(self._buffer):
            return None
        size = int.from_bytes(self._buffer[self._offset : start], "big")
        if not least <= size <= most:
            raise DecodeError(f"A frame of {size} bytes is not allowed here.")
        end = start + size
        if end > len(self._buffer):
            return None
        self._offset = end
        return self._buffer[start:end]
