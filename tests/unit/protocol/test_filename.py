"""Attack 21: names that lead elsewhere, act by themselves, or mean something to one of three systems."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol.filename import MAX_BYTES, collision_key, numbered, safe_filename, safe_path, unique

DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?", re.IGNORECASE
)


def valid_on_windows(name: str) -> bool:
    """Naming files, paths and namespaces (Microsoft): no device, no reserved character, no dot or space at the end."""
    bad = any(ord(c) < 32 or c in '<>:"/\\|?*' for c in name)
    return not (bad or name[-1] in ". " or DEVICE.fullmatch(name) or len(name.encode("utf-16-le")) > 510)


def valid_on_macos(name: str) -> bool:
    """HFS+ and APFS: no slash, no colon (it is one in the Finder), 255 units of the decomposed name."""
    return "/" not in name and ":" not in name and len(unicodedata.normalize("NFD", name)) <= 765


def valid_on_linux(name: str) -> bool:
    """POSIX: no slash, no NUL, 255 bytes, not one of the two that every folder has."""
    return not ({"/", "\0"} & set(name)) and 0 < len(name.encode()) <= 255 and name not in (".", "..")


def check(name: str) -> None:
    assert valid_on_windows(name), name
    assert valid_on_macos(name), name
    assert valid_on_linux(name), name
    assert len(name.encode()) <= MAX_BYTES
    assert name[0] not in ".-~ "
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)


TABLE = {
    "report.pdf": "report.pdf",
    "../x": "x",
    "..\\x": "x",
    "a/../../x.txt": "x.txt",
    "/etc/passwd": "passwd",
    "C:\\Windows\\x.txt": "x.txt",
    "C:x.txt": "Cx.txt",
    "\\\\host\\share\\x": "x",
    "a.txt:evil": "a.txtevil",
    "a.txt::$DATA": "a.txt$DATA",
    "CON": "_CON",
    "con.txt": "_con.txt",
    "con .txt": "_con .txt",
    "COM\u00b9": "_COM\u00b9",
    "lpt9.tar.gz": "_lpt9.tar.gz",
    "CONIN$": "_CONIN$",
    "console": "console",
    "a. . .": "a",
    "  a  ": "a",
    ".bashrc": "bashrc",
    "-rf": "_rf",
    "~root": "_root",
    "photo\u202egpj.exe": "photogpj.exe",
    "two\nlines\x1b[31m": "twolines[31m",
    "nul\0byte": "nulbyte",
    "\ud800half": "half",
    "": "file",
    "...": "file",
    "\u200b": "file",
    "/": "file",
    "e\u0301": "\u00e9",
    "x.lnk": "x.lnk.download",
    "X.URL": "X.URL.download",
    "desktop.ini": "desktop.ini.download",
    "AutoRun.inf": "AutoRun.inf.download",
    "<script>": "script",
    "a" * 4096 + ".txt": "a" * 196 + ".txt",
    "\u00e9" * 300: "\u00e9" * 100,
    "a" * 300 + ".lnk": "a" * 187 + ".lnk.download",
    "a." + "b" * 300: ("a." + "b" * 300)[:200],
}


@pytest.mark.parametrize(("name", "safe"), TABLE.items(), ids=ascii)
def test_names(name: str, safe: str) -> None:
    assert safe_filename(name) == safe
    check(safe)


@given(st.text(max_size=300))
@example("a" * 199 + "\u00e9.txt")
@example("\u00c5" * 150 + "." + "\u00e9" * 16)
@example("CON" + " " * 300 + ".x")
@example("a." + " " * 300 + "lnk")
@example("x" * 195 + ". . .lnk")
def test_any_text_becomes_a_name_that_is_safe_everywhere_and_stays(name: str) -> None:
    safe = safe_filename(name)
    check(safe)
    assert safe_filename(safe) == safe


def test_paths() -> None:
    assert safe_path("a/b.txt") == ("a", "b.txt")
    assert safe_path("a\\..\\b/c") == ("b", "c")
    assert safe_path("con/x:y") == ("_con", "xy")
    for path in ("", "/a", "a//b", "../a", "a/./b", "a/..", "a/" * 32 + "b"):
        with pytest.raises(DecodeError):
            safe_path(path)


def test_no_two_are_one_to_any_file_system() -> None:
    found = unique([("A.txt",), ("a.txt",), ("a.TXT",), ("e\u0301",), ("\u00e9",)])
    assert found == [("A.txt",), ("a (1).txt",), ("a (2).TXT",), ("e\u0301",), ("\u00e9 (1)",)]
    assert len({tuple(map(collision_key, path)) for path in found}) == 5


def test_folders_stay_together_and_apart_from_files() -> None:
    assert unique([("d", "x"), ("D", "x"), ("d", "y")]) == [("d", "x"), ("D (1)", "x"), ("d", "y")]
    assert unique([("x",), ("x", "y")]) == [("x",), ("x (1)", "y")]
    assert unique([("x", "y"), ("x",)]) == [("x", "y"), ("x (1)",)]


def test_numbers_go_before_the_extension() -> None:
    assert numbered("a.txt", 1) == "a (1).txt"
    assert numbered("a", 12) == "a (12)"
    assert len(numbered("\u00e9" * 98 + ".txt", 9999).encode()) <= MAX_BYTES
