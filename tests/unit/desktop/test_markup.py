"""What people write, as spans: the little Markdown there is, and nothing a stranger could do with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.desktop.markup import MAX_LINK, Span, blocks, inline, one_line, plain


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("plain", [Span("plain")]),
        ("a **b** c", [Span("a "), Span("b", bold=True), Span(" c")]),
        (
            "*i* _j_ ~~k~~",
            [Span("i", italic=True), Span(" "), Span("j", italic=True), Span(" "), Span("k", struck=True)],
        ),
        ("**b *bi* b**", [Span("b ", bold=True), Span("bi", bold=True, italic=True), Span(" b", bold=True)]),
        ("`x * y`", [Span("x * y", code=True)]),
        ("snake_case_name", [Span("snake_case_name")]),
        ("2 * 3 * 4", [Span("2 * 3 * 4")]),
        ("**open", [Span("**open")]),
        ("**a *b** c*", [Span("a *b", bold=True), Span(" c*")]),
        ("****", [Span("****")]),
        ("<b>x</b> &amp; [a](http://b)", None),
    ],
)
def test_inline(text: str, spans: list[Span] | None) -> None:
    found = inline(text)
    if spans is None:  # what HTML or Markdown would make of it is not made
        assert "".join(span.text for span in found) == text
        assert {span.link for span in found} == {"", "http://b"}
    else:
        assert found == spans


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://x.org/a_b_c?d=e*f.", "https://x.org/a_b_c?d=e*f"),
        ("(http://x.org/a_(b))", "http://x.org/a_(b)"),
        ("mailto:ann@x.org, please", "mailto:ann@x.org"),
        ("HTTPS://X.ORG", "HTTPS://X.ORG"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("smb://host/share", ""),
        ("https://" + "a" * MAX_LINK, ""),
        ("https://evil.org/\u202egro.doog", "https://evil.org/"),
        ("`https://x.org`", ""),
    ],
)
def test_links_are_what_they_say(text: str, link: str) -> None:
    links = [span for span in inline(plain(text)) if span.link]
    assert [span.link for span in links] == ([link] if link else [])
    assert all(span.text == span.link for span in links)


def test_blocks() -> None:
    found = blocks("one\n> quoted\n> more\n```py\nx = *1*\n\n```\nend\n```never closed")
    assert [(block.kind, "".join(span.text for span in block.spans)) for block in found] == [
        ("text", "one"),
        ("quote", "quoted\nmore"),
        ("code", "x = *1*\n"),
        ("text", "end\n```never closed"),
    ]
    assert blocks("") == [("text", [])]


def test_what_would_move_its_neighbours_is_seen() -> None:
    assert plain("a\x00\x1b[2J\u202eb\u2066\r\nc\rd\te") == "a\ufffd\ufffd[2J\ufffdb\ufffd\nc\nd\te"
    assert one_line("  a\n\u2028b\t c ") == "a \ufffdb c"


@given(st.text())
def test_nothing_is_lost_but_marks(text: str) -> None:
    shown = "\n".join("".join(span.text for span in block.spans) for block in blocks(text))
    for mark in "*_~`> \n":
        shown, text = shown.replace(mark, ""), text.replace(mark, "")
    assert len(shown) <= len(plain(text)) + 2
    assert all(span.text == span.link for block in blocks(text) for span in block.spans if span.link)


def test_a_long_row_of_marks_takes_no_time() -> None:
    assert len(inline("*_~~" * 12_000)) >= 1
    assert len(blocks("```\n" * 12_000)) == 6_001
    assert len(blocks("```x\n" * 12_000)) == 1
