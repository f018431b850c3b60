"""The part of the local API that is about files: see ``schema``."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class FileReport(TypedDict):
    """How it is with a file of one's own at somebody it was offered to, as they say.

    ``state``: fetching, paused, done, declined, cancelled, failed, disk full, forbidden.
    """

    peer_id: str
    name: str
    state: str
    at_ms: int


class File(TypedDict):
    """A file or folder that a message offers.

    ``state``: of another's, offered, wanted (nobody who has it is here), fetching, paused, done, declined, cancelled,
    failed (``detail`` says why); of one's own, sent, or withdrawn (it is not there any more, or was changed).
    ``done``: bytes that are here. ``entries``: how many files a folder has. ``path``: where it is, once done.
    """

    name: str
    size: int
    folder: bool
    entries: int
    root: str
    state: str
    done: int
    path: str
    detail: str
    reports: list[FileReport]


class SendFileParams(TypedDict):
    """A file or folder of this machine to offer in a room: an absolute path."""

    room: str
    path: str


class AcceptParams(TypedDict):
    """An offer to fetch, by the id of its message or 6 or more leading digits; into another folder than usual."""

    message: str
    folder: NotRequired[str | None]


class OfferParams(TypedDict):
    """An offer, by the id of its message or 6 or more leading digits of that."""

    message: str
