"""Names of received files: safe on every system, whatever the sender wrote (SPEC section 18)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from p2pim.errors import DecodeError

MAX_BYTES: Final = 200
MAX_EXTENSION: Final = 32
MAX_DEPTH: Final = 32
#: What a file is called of whose name nothing is left.
EMPTY: Final = "file"

#: Unicode categories that can hide, reorder or break text: controls, formats, lone surrogates, private, unassigned.
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PUNCTUATION: Final = frozenset('<>:"|?*')
#: What no name begins or ends with: Windows drops dots and spaces there; other spaces look the same.
_EDGES: Final = (
    ". \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_DIGITS: Final = "0123456789\u00b9\u00b2\u00b3"
#: Names of devices on Windows, with any extension.
_DEVICES: Final = frozenset(
    {
        *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
        *(f"{port}{digit}" for port in ("COM", "LPT") for digit in _DIGITS),
    }
)
#: What a system acts on when the folder is shown or the file selected, or opens in a way that drops its mark.
_ACTING: Final = frozenset(
    {
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
        *("webloc", "fileloc", "inetloc", "application", "appref-ms", "settingcontent-ms", "jnlp", "hta"),
        *("iso", "img", "vhd", "vhdx", "inf", "pif", "scr", "reg"),
    }
)
#: The same for whole names, without the dot before that they have lost by then.
_ACTING_NAMES: Final = frozenset({"desktop.ini", "autorun.inf", "ds_store"})
_INERT: Final = ".download"
#: Room for a number in brackets. It is always left, so that a name has one form in which it is numbered.
_NUMBER: Final = len(" (9999999)")
#: Default_Ignorable_Code_Point of the categories that are kept: ext4 and F2FS skip them when they fold case.
_IGNORED: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


def safe_filename(name: str) -> str:
    """What a file that somebody calls ``name`` is called here: never a path, at most 200 bytes, not empty.

    What was made safe stays as it is when it is made safe again.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    # In this order: a name that was shortened may be a device's, and one of either may be acted on.
    return _inert(_no_device(_shortened(_cleaned(last), MAX_BYTES)))


def safe_path(path: str) -> tuple[str, ...]:
    r"""The components of a path in a folder's manifest, each made safe.

    A "\" is part of a name where the sender has it, so it parts nothing here.

    Raises:
        DecodeError: it is empty, absolute, too deep or leads elsewhere: no honest sender wrote it.
    """
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        raise DecodeError(f"A path in a manifest is deeper than {MAX_DEPTH} folders.")
    if any(part in ("", ".", "..") for part in parts):
        raise DecodeError("A path in a manifest leads elsewhere.")
    return tuple(safe_filename(part.replace("\\", "_")) for part in parts)


def collision_key(name: str) -> str:
    """Equal for names that are one and the same to some file system (Unicode D145, and what ext4 skips)."""
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in folded if c not in _IGNORED))


def unique(names: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The safe paths of one manifest, in its order, changed so that no two meet on any file system.

    No file is called like a folder either. What has one folder in the manifest has one here.
    """
    top = _Folder()
    return [top.place(path) for path in names]


def numbered(name: str, number: int) -> str:
    """A safe name with `` (1)`` before its extension, still safe."""
    stem, extension = _with_room(name)
    return f"{stem} ({number}){extension}"


class _Folder:
    """The names that are taken in one folder of a manifest."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._folders: dict[str, tuple[str, _Folder]] = {}
        #: The last number that each name got: a manifest full of one name must not cost its square.
        self._numbers: dict[tuple[str, str], int] = {}

    def place(self, path: tuple[str, ...]) -> tuple[str, ...]:
        folder, placed = self, []
        for part in path[:-1]:
            name, folder = folder._enter(part)
            placed.append(name)
        return (*placed, folder._add(path[-1]))

    def _enter(self, name: str) -> tuple[str, _Folder]:
        if name not in self._folders:
            self._folders[name] = self._add(name), _Folder()
        return self._folders[name]

    def _add(self, name: str) -> str:
        tried = name
        while (key := collision_key(tried)) in self._taken:
            stem, extension = map(collision_key, _with_room(name))
            number = self._numbers[stem, extension] = self._numbers.get((stem, extension), 0) + 1
            tried = numbered(name, number)
        self._taken.add(key)
        return tried


def _cleaned(name: str) -> str:
    kept = "".join(c for c in name if c not in _PUNCTUATION and unicodedata.category(c) not in _DROPPED)
    kept = unicodedata.normalize("NFC", kept).strip(_EDGES)
    if kept[:1] in ("-", "~"):  # an option to a command, somebody's home
        kept = "_" + kept[1:]
    return kept or EMPTY


def _no_device(name: str) -> str:
    if name.partition(".")[0].rstrip(_EDGES).upper() in _DEVICES:
        return _shortened("_" + name, MAX_BYTES)
    return name


def _inert(name: str) -> str:
    extension = name.rpartition(".")[2] if "." in name else ""
    if extension.casefold() in _ACTING or name.casefold() in _ACTING_NAMES:
        return _shortened(name, MAX_BYTES - len(_INERT)) + _INERT
    return name


def _with_room(name: str) -> tuple[str, str]:
    """A name, short enough for a number, and its extension."""
    stem, extension = _split(name)
    return _cut(stem, MAX_BYTES - _NUMBER - _weight(extension)), extension


def _split(name: str) -> tuple[str, str]:
    """A name and its extension with the dot, if that is a short one."""
    stem, dot, extension = name.rpartition(".")
    if not stem or _weight(extension) > MAX_EXTENSION:
        return name, ""
    return stem, dot + extension


def _shortened(name: str, most: int) -> str:
    if _weight(name) <= most:
        return name
    stem, extension = _split(name)
    return _cut(stem, most - _weight(extension)).rstrip(_EDGES) + extension


def _cut(text: str, most: int) -> str:
    """As much of a text as weighs so much, no character in parts."""
    for length, character in enumerate(text):
        most -= _weight(character)
        if most < 0:
            return text[:length]
    return text


def _weight(text: str) -> int:
    """What a text takes: bytes of UTF-8, or where that is more units of UTF-16 when decomposed, as HFS+ counts."""
    return sum(
        1
        if c.isascii()
        else max(len(c.encode()), len(unicodedata.normalize("NFD", c).encode("utf-16-le")) // 2)
        for c in text
    )
