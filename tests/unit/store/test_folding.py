"""How texts are compared when one is searched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.protocol.message import text_content
from p2pim.store.folding import MAX_WORD, MAX_WORDS, folded, holds, search_terms, terms_of, words_of


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Zwölf Boxkämpfer", "boxkampfer"),
        ("STRASSE", "straße"),
        ("\uff26\uff35\uff2c\uff2c width", "full"),
        ("İstanbul", "istanbul"),
        ("会議は三時です", "三時"),
        ("пример", "ПРИ"),
        ("so\0it", "so it"),
    ],
)
def test_case_accents_and_compatibility_forms_do_not_matter(text: str, word: str) -> None:
    assert holds(text, [folded(word)])
    assert not holds("something else", [folded(word)])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", []),
        ("  \t\n ", []),
        ("Two  words two", ["two", "words"]),
        ('"as it  stands" or not', ["as it stands", "or", "not"]),
        ('an "unfinished one', ["an", '"unfinished', "one"]),
        ('""', []),
        ("-foo col:x NEAR( a* %_", ["-foo", "col:x", "near(", "a*", "%_"]),
        ("a\0b", ["a", "b"]),
        ("\ud800", []),
    ],
)
def test_every_text_is_a_query(query: str, words: list[str]) -> None:
    assert words_of(query) == words


@given(st.text())
def test_no_query_is_too_much(query: str) -> None:
    words = words_of(query)
    assert len(words) <= MAX_WORDS
    assert all(0 < len(word) <= MAX_WORD for word in words)
    assert all(word == folded(word) for word in words)


def test_a_query_of_a_megabyte() -> None:
    assert words_of("ab" * 500_000) == ["ab" * (MAX_WORD // 2)]
    assert len(words_of("".join(f"{n} " for n in range(200_000)))) == MAX_WORDS


def test_the_terms_of_a_content_find_each_part_of_its_words() -> None:
    terms = search_terms(text_content("Hé, x-ray Größe", 1, bytes)).split()
    for part in ("h", "he,", ",", "x-r", "ray", "gro", "osse", "grosse", "-"):
        assert set(terms_of(part)) <= set(terms)
    for part in ("rays", "xr", "e x"):
        assert not set(terms_of(part)) <= set(terms)
    assert set(search_terms(text_content("x" * 40_000, 1, bytes)).split()) == {"x", "xx", "xxx"}
    assert search_terms(b"\xc1 nothing that could be read") == ""
