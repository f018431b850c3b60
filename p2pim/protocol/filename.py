"""Names of received files: safe on every operating system, whatever the sender wrote (SPEC section 18)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from p2pim.errors import DecodeError

MAX_BYTES: Final = 200
MAX_EXTENSION: Final = 32
MAX_DEPTH: Final = 32
EMPTY: Final = "file"

#: Control, format (bidirectional, invisible), lone halves of characters, private and unassigned; line ends.
_DROPPED: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_PUNCTUATION: Final = frozenset('<>:"|?*')
_DIGITS: Final = "0123456789\u00b9\u00b2\u00b3"
#: Names of devices on Windows, with whatever extension.
_DEVICES: Final = frozenset(
    (
        *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
        *(f"COM{digit}" for digit in _DIGITS),
        *(f"LPT{digit}" for digit in _DIGITS),
    )
)
#: What a system acts on by itself: on sight, on a click that only selects, or when the folder is shown.
_ACTING: Final = frozenset(
    (
        *(
            "lnk",
            "url",
            "scf",
            "desktop",
            "library-ms",
            "search-ms",
            "searchconnector-ms",
            "theme",
            "themepack",
        ),
        *("hta", "iso", "img", "vhd", "vhdx", "inf", "pif", "scr", "reg", "webloc", "fileloc", "inetloc"),
        *("application", "appref-ms", "settingcontent-ms", "jnlp", "ds_store"),
    )
)
_ACTING_NAMES: Final = frozenset(("desktop.ini", "autorun.inf"))
_INERT: Final = ".download"


def safe_filename(name: str) -> str:
    """What a file that somebody calls ``name`` is called here: 1 to 200 bytes of UTF-8, never a path.

    What was made safe stays as it is if it is made safe again.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c not in _PUNCTUATION and unicodedata.category(c) not in _DROPPED)
    kept = unicodedata.normalize("NFC", kept).strip(". ")
    if kept[:1] in ("-", "~"):
        kept = "_" + kept[1:]
    kept = _shortened(kept, MAX_BYTES) or EMPTY
    if kept.split(".")[0].rstrip(" ").upper() in _DEVICES:
        kept = _shortened("_" + kept, MAX_BYTES)
    if kept.rpartition(".")[2].casefold() in _ACTING or kept.casefold() in _ACTING_NAMES:
        kept = _shortened(kept, MAX_BYTES - len(_INERT)) + _INERT
    return kept


def safe_path(path: str) -> tuple[str, ...]:
    """The components of a path in a manifest, each made safe.

    Raises:
        DecodeError: it leads elsewhere, or too deep: no honest sender wrote it.
    """
    parts = path.split("/")
    if len(parts) > MAX_DEPTH or any(part in ("", ".", "..") for part in parts):
        raise DecodeError("A manifest has a path that leads elsewhere.")
    return tuple(safe_filename(part) for part in parts)


def collision_key(name: str) -> str:
    """What two names share that are one and the same to some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def unique(paths: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The paths of one manifest, in its order, so that no two are the same to any file system.

    A file must not be called as a folder either, and what goes into one folder stays in one folder.
    """
    taken: set[tuple[str, ...]] = set()
    folders: dict[tuple[str, ...], tuple[str, ...]] = {}
    found = []
    for path in paths:
        folder: tuple[str, ...] = ()
        for depth in range(1, len(path)):
            key = path[:depth]
            if key not in folders:
                folders[key] = (*folder, _free(folder, path[depth - 1], taken))
            folder = folders[key]
        found.append((*folder, _free(folder, path[-1], taken)))
    return found


def _free(folder: tuple[str, ...], name: str, taken: set[tuple[str, ...]]) -> str:
    number, tried = 0, name
    while (key := (*map(collision_key, folder), collision_key(tried))) in taken:
        number += 1
        tried = numbered(name, number)
    taken.add(key)
    return tried


def numbered(name: str, number: int) -> str:
    """The same name with `` (1)`` before its extension, within the length that is allowed."""
    stem, extension = _split(name)
    suffix = f" ({number}){extension}"
    return _cut(stem, MAX_BYTES - len(suffix.encode())) + suffix


def _split(name: str) -> tuple[str, str]:
    """A name and its extension with the dot, if that is a short one."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > MAX_EXTENSION:
        return name, ""
    return stem, dot + extension


def _shortened(name: str, most: int) -> str:
    if len(name.encode()) <= most:
        return name
    stem, extension = _split(name)
    return _cut(stem, most - len(extension.encode())).rstrip(". ") + extension


def _cut(text: str, most: int) -> str:
    """As much of a text as so many bytes hold, no character in parts."""
    return text.encode()[:most].decode("utf-8", "ignore")
