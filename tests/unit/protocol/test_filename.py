"""Names of received files: attack 21, a name that leads elsewhere, hides, or breaks a system."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol.filename import (
    MAX_BYTES,
    MAX_DEPTH,
    collision_key,
    numbered,
    safe_filename,
    safe_path,
    unique,
)

# -- what three systems take, each from its own documentation

_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?", re.I | re.S
)


def valid_on_windows(name: str) -> bool:
    """After "Naming Files, Paths, and Namespaces", and 255 units of UTF-16 as NTFS has it."""
    return (
        0 < len(name.encode("utf-16-le")) <= 2 * 255
        and re.search(r'[\x00-\x1f<>:"/\\|?*]', name) is None
        and name[-1] not in ". "
        and _DEVICE.fullmatch(name) is None
    )


def valid_on_macos(name: str) -> bool:
    """HFS+: 255 units of UTF-16 when decomposed, no ":" (to the Finder "/"); APFS: 255 bytes of good UTF-8."""
    return (
        name not in ("", ".", "..")
        and len(unicodedata.normalize("NFD", name).encode("utf-16-le")) <= 2 * 255
        and len(name.encode()) <= 255
        and not {"\0", "/", ":"} & set(unicodedata.normalize("NFD", name))
    )


def valid_on_linux(name: str) -> bool:
    """NAME_MAX of 255 bytes, neither "/" nor zero."""
    return name not in ("", ".", "..") and len(name.encode()) <= 255 and not {"\0", "/"} & set(name)


def harmless(name: str) -> bool:
    """What no system demands, but people and shells need."""
    return (
        len(name.encode()) <= MAX_BYTES
        and name[0] not in ".-~ "
        and not name[-1].isspace()
        and unicodedata.is_normalized("NFC", name)
        and not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in name)
    )


def is_safe(name: str) -> bool:
    return (
        valid_on_windows(name)
        and valid_on_macos(name)
        and valid_on_linux(name)
        and harmless(name)
        and safe_filename(name) == name
    )


ATTACKS = {
    # paths
    "../x": "x",
    "..\\x": "x",
    "../../../../etc/passwd": "passwd",
    "/etc/passwd": "passwd",
    "C:\\x": "x",
    "C:x": "Cx",
    "C:": "C",
    "\\\\host\\share\\x": "x",
    "\\\\?\\C:\\x": "x",
    "\\\\.\\pipe\\x": "x",
    "a/..\\b/c.txt": "c.txt",
    "x/": "file",
    "~/x": "x",
    "~root": "_root",
    "-rf": "_rf",
    "--help.txt": "_-help.txt",
    # alternate streams
    "a.txt:evil": "a.txtevil",
    "a.txt::$DATA": "a.txt$DATA",
    # devices
    "CON": "_CON",
    "con.txt": "_con.txt",
    "CON .txt": "_CON .txt",
    "CoN\u00a0.tar.gz": "_CoN\u00a0.tar.gz",
    "nul.": "_nul",
    "AUX:": "_AUX",
    "prn..txt": "_prn..txt",
    "COM1": "_COM1",
    "COM0.txt": "_COM0.txt",
    "COM\u00b9": "_COM\u00b9",
    "lpt\u00b3.txt": "_lpt\u00b3.txt",
    "CONIN$": "_CONIN$",
    "conout$.log": "_conout$.log",
    "C\u200bON": "_CON",
    "CON?.txt": "_CON.txt",
    "CONTENT.txt": "CONTENT.txt",
    "COM10": "COM10",
    # ends and beginnings
    "a.txt.": "a.txt",
    "a.txt ... . ": "a.txt",
    "a.txt\u3000": "a.txt",
    "  a.txt": "a.txt",
    ". \u200b. a": "a",
    ".bashrc": "bashrc",
    "...": "file",
    ".": "file",
    "..": "file",
    "": "file",
    " ": "file",
    "\u200b": "file",
    "?*": "file",
    # what is not seen
    "photo\u202egpj.exe": "photogpj.exe",
    "\u2066a\u2069.txt": "a.txt",
    "\ufeffa\u200b.txt": "a.txt",
    "a\nb": "ab",
    "a\r\nb": "ab",
    "a\x1b[31mb": "a[31mb",
    "a\u009bb": "ab",
    "a\0.txt": "a.txt",
    "a\u2028b\u2029c": "abc",
    "a\ud800b\udfff": "ab",
    "\ue000a": "a",
    "a\u0378b": "ab",
    '<a>:"b"|c?*': "abc",
    # what is normalised
    "e\u0301.txt": "\u00e9.txt",
    "e\u200b\u0301.txt": "\u00e9.txt",
    "\u212a.txt": "K.txt",
    # what a system acts on by itself
    "a.lnk": "a.lnk.download",
    "A.URL": "A.URL.download",
    "a.scf. ": "a.scf.download",
    "a.lnk:": "a.lnk.download",
    "a.l\u200bnk": "a.lnk.download",
    "a.\u017fcf": "a.\u017fcf.download",
    "my.searchConnector-ms": "my.searchConnector-ms.download",
    "a.settingcontent-ms": "a.settingcontent-ms.download",
    "desktop.ini": "desktop.ini.download",
    "Desktop.INI": "Desktop.INI.download",
    "autorun.inf": "autorun.inf.download",
    ".DS_Store": "DS_Store.download",
    "con.lnk": "_con.lnk.download",
    ".lnk": "lnk",
    "url": "url",
    "a.lnk.txt": "a.lnk.txt",
    # what is left alone
    "a.txt": "a.txt",
    "R\u00e9sum\u00e9 (final) v2.tar.gz": "R\u00e9sum\u00e9 (final) v2.tar.gz",
    "\u738b\u5c0f\u660e \U0001f98a.pdf": "\u738b\u5c0f\u660e \U0001f98a.pdf",
    "$HOME `id` 'a' & b;c": "$HOME `id` 'a' & b;c",
}

ALL_ACTING = [
    *(".lnk", ".url", ".scf", ".desktop", ".library-ms", ".search-ms", ".searchConnector-ms", ".theme"),
    *(".themepack", ".hta", ".iso", ".img", ".vhd", ".vhdx", ".inf", ".pif", ".scr", ".reg", ".webloc"),
    *(".fileloc", ".inetloc", ".application", ".appref-ms", ".settingcontent-ms", ".jnlp"),
]


@pytest.mark.parametrize(("name", "safe"), ATTACKS.items())
def test_a_name_that_attacks_is_made_safe(name: str, safe: str) -> None:
    assert safe_filename(name) == safe
    assert is_safe(safe)


@pytest.mark.parametrize("extension", ALL_ACTING)
def test_what_a_system_acts_on_by_itself_is_made_inert(extension: str) -> None:
    for name in (f"a{extension}", f"a{extension.upper()}", "n" * 300 + extension):
        assert safe_filename(name).endswith(f"{name[-len(extension) :]}.download")
        assert is_safe(safe_filename(name))


@pytest.mark.parametrize(
    "name", ["nul", "COM\u00b2", "aux .c", "a.", "a ", "a:b", "a/b", "a\n", "", "x" * 256]
)
def test_the_rules_of_windows_are_known_to_these_tests(name: str) -> None:
    assert not valid_on_windows(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("n" * 4096, "n" * 200),
        ("n" * 4092 + ".txt", "n" * 196 + ".txt"),
        ("\u00e9" * 2048, "\u00e9" * 100),
        ("\u738b" * 1000 + ".txt", "\u738b" * 65 + ".txt"),
        ("\U0001f98a" * 1000 + ".txt", "\U0001f98a" * 49 + ".txt"),
        ("\u0390" * 1000, "\u0390" * 66),  # of two bytes, but three units on HFS+
        ("n" * 190 + " " * 20 + "n.txt", "n" * 190 + ".txt"),
        ("n" * 190 + "." * 20 + "n", "n" * 190 + ".n"),
        ("n" * 190 + " " * 20 + "n", "n" * 190),
        ("n." + "e" * 32 + ".", "n." + "e" * 32),
        ("n" * 300 + "." + "e" * 32, "n" * 167 + "." + "e" * 32),
        ("n" * 190 + "." + "e" * 33, "n" * 190 + "." + "e" * 9),
        ("n" * 196 + ".lnk" + "e" * 33, "n" * 187 + ".lnk.download"),  # cut to something that acts
        ("CON" + " " * 300 + "n.txt", "_CON.txt"),  # cut to a device
        ("CON." + "e" * 300, "_CON." + "e" * 195),
        ("a/" * 2000, "file"),
    ],
)
def test_a_long_name_is_cut_and_keeps_its_extension(name: str, safe: str) -> None:
    assert safe_filename(name) == safe
    assert is_safe(safe)


_NASTY = st.text(
    st.one_of(
        st.sampled_from(
            "/\\:.. -~$()\0\n\u202e\u200b\u0301\u0338\u0345\u00b9\u3000\u3164\ufe0f\u0390\ud800<>|"
        ),
        st.sampled_from("conCONpPrRnNauxXlLtT0123kKdesktop.ini"),
        st.characters(),
    ),
    max_size=300,
)
_NAMES = st.one_of(
    _NASTY,
    st.builds("{}{}{}".format, _NASTY, st.integers(0, 250).map(lambda n: "n" * n), _NASTY),
    st.builds("{}{}".format, _NASTY, st.sampled_from([*ALL_ACTING, ".txt", ". .", " .con", "." + "e" * 33])),
    st.builds("{}{}".format, st.sampled_from(["CON", "com1", "LPT\u00b9", "nul", ".", "-", "~"]), _NASTY),
)


@given(_NAMES)
def test_any_text_makes_a_name_for_three_systems(name: str) -> None:
    assert is_safe(safe_filename(name))
    assert not any(safe_filename(name).casefold().endswith(acting.casefold()) for acting in ALL_ACTING)


@given(_NAMES, st.integers(1, 9_999_999))
def test_a_numbered_name_is_safe_too(name: str, number: int) -> None:
    found = numbered(safe_filename(name), number)
    assert is_safe(found)
    assert f" ({number})" in found


def test_a_number_stands_before_the_extension() -> None:
    assert numbered("a.txt", 1) == "a (1).txt"
    assert numbered("a", 12) == "a (12)"
    assert numbered("a.b c.d" + "e" * 40, 3) == "a.b c.d" + "e" * 40 + " (3)"
    assert numbered("n" * 196 + ".txt", 1) == "n" * 186 + " (1).txt"


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a", ("a",)),
        ("a/b/c.txt", ("a", "b", "c.txt")),
        ("C:/x", ("C", "x")),
        (".git/config", ("git", "config")),
        ("a\\..\\..\\b/c", ("a_.._.._b", "c")),
        ("..\\x", ("_x",)),
        ("\\\\host\\share", ("__host_share",)),
        ("a/.. /b", ("a", "file", "b")),
        ("a/..\u200b/b", ("a", "file", "b")),
        ("a/.\0./con", ("a", "file", "_con")),
        ("/".join("a" * MAX_DEPTH), ("a",) * MAX_DEPTH),
    ],
)
def test_a_path_of_a_manifest_stays_inside(path: str, parts: tuple[str, ...]) -> None:
    assert safe_path(path) == parts


@pytest.mark.parametrize(
    "path",
    ["", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/..", "a/./b", "a/../b", "/".join("a" * 33)],
)
def test_no_honest_sender_writes_such_a_path(path: str) -> None:
    with pytest.raises(DecodeError):
        safe_path(path)


@given(st.lists(_NAMES, min_size=1, max_size=6).map("/".join))
def test_any_path_is_refused_or_safe(path: str) -> None:
    try:
        parts = safe_path(path)
    except DecodeError:
        return
    assert len(parts) == path.count("/") + 1
    assert all(map(is_safe, parts))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.txt", "a.txt"),
        ("\u00c9", "e\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("\u03a3", "\u03c2"),
        ("\u1f88", "\u1f00\u03b9"),
        ("\u212b", "\u00e5"),
        ("a\ufe0f", "a"),  # ext4 with folded case
        ("\u3164a", "A"),
    ],
)
def test_names_that_some_file_system_takes_for_one(one: str, other: str) -> None:
    assert collision_key(one) == collision_key(other)


def test_names_that_all_tell_apart() -> None:
    assert len({collision_key(name) for name in ("a", "b", "\u00e4", "a.txt", "a .txt", "")}) == 6


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["A.txt", "a.txt", "a.TXT"], ["A.txt", "a (1).txt", "a (2).TXT"]),
        (["a", "a", "a (1)"], ["a", "a (1)", "a (1) (1)"]),
        (["a (1)", "a", "a"], ["a (1)", "a", "a (2)"]),
        (["A/x", "a/x", "A/y", "a/y"], ["A/x", "a (1)/x", "A/y", "a (1)/y"]),
        (["a", "a/b", "a/c"], ["a", "a (1)/b", "a (1)/c"]),
        (["a/b", "a", "A"], ["a/b", "a (1)", "A (2)"]),
        (["a/b/c", "a/b", "a/B/d"], ["a/b/c", "a/b (1)", "a/B (2)/d"]),
        (["x.d/a", "X.d/a"], ["x.d/a", "X (1).d/a"]),
    ],
)
def test_the_paths_of_a_manifest_do_not_meet(paths: list[str], found: list[str]) -> None:
    assert unique([tuple(path.split("/")) for path in paths]) == [tuple(path.split("/")) for path in found]


_ALIKE = st.sampled_from(["a", "A", "a (1)", "A (1)", "b.txt", "B.TXT", "\u00e9", "n" * 200, "N" * 199 + "m"])


@given(st.lists(st.lists(_ALIKE, min_size=1, max_size=4).map(tuple), max_size=30))
def test_whatever_a_manifest_holds_no_two_meet(paths: list[tuple[str, ...]]) -> None:
    found = unique(paths)
    keys = [tuple(map(collision_key, path)) for path in found]
    assert len(set(keys)) == len(paths)
    folders = {path[:depth] for path in found for depth in range(1, len(path))}
    # each folder has one way to be written, and none is a file
    folded = {tuple(map(collision_key, folder)) for folder in folders}
    assert len(folded) == len(folders)
    assert not folded & set(keys)
    assert all(is_safe(part) for path in found for part in path)
    assert [len(path) for path in found] == [len(path) for path in paths]


def test_a_manifest_full_of_one_name_does_not_cost_its_square() -> None:
    long = ["n" * 196 + f"{number:04}" for number in range(5_000)]  # all the same with a number
    began = time.process_time()
    found = unique([*[("a",)] * 10_000, *((name,) for name in long), *((name,) for name in long)])
    assert len(set(found)) == 20_000
    assert time.process_time() - began < 20  # the square takes minutes
