"""HTML pages and Markdown as texts: their visible text, with the place of each sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.markdown_pages import markdown_text
from kg_builder.extraction.text.documents import TextDocument, read_documents
from kg_builder.extraction.text.reader import extract_unstructured
from kg_builder.extraction.web_pages import is_page, page_text
from kg_builder.ontology import load_schema

SOURCE = UnstructuredSource(kind="unstructured", name="pages", path="*.html")
PAGE = """<!DOCTYPE html>
<html><head><title>R. L. Burnside &amp; Sons | The Blues Pages</title>
<style>p { color: red }</style><script>document.write("<p>No text.</p>")</script></head>
<body><nav><ul><li><a href="/">Home of the blues.</a></ul></nav>
<h1>R. L. Burnside</h1>
<p>R. L. Burnside was an <a href="/us">American</a>
   blues singer<sup class="reference">[1]</sup> and gui<b>tarist</b>.
<p style="display: none">He was hidden.</p>
<p>He recorded for Fat&nbsp;Possum &#38; MCA.<br>BjÃ¶rk liked him.</p>
<footer>Imprint of this page.</footer></body></html>
"""
TEXT = (
    "R. L. Burnside\n\nR. L. Burnside was an American blues singer and guitarist.\n\n"
    "He recorded for Fat Possum & MCA.\nBjörk liked him."
)


def documents(folder: Path, page: str, name: str = "rl_burnside.html") -> list[TextDocument]:
    (folder / name).write_text(page, encoding="utf-8")
    return list(read_documents(SOURCE, folder))


def test_the_visible_text_of_a_page_is_read(tmp_path):
    (document,) = documents(tmp_path, PAGE)
    assert (document.id, document.title, document.text) == ("rl_burnside", "R. L. Burnside", TEXT)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("American blues", "American</a>\n   blues"),
        ("guitarist", "gui<b>tarist"),
        ("He recorded for Fat Possum & MCA.", "He recorded for Fat&nbsp;Possum &#38; MCA."),
        ("Björk liked", "BjÃ¶rk liked"),
        ("him.", "him."),
    ],
)
def test_evidence_gives_the_place_in_the_file(tmp_path, text, written):
    (document,) = documents(tmp_path, PAGE)
    start = document.text.rindex(text)
    place, _, span = document.evidence(start, start + len(text)).partition(";char=")
    first, end = map(int, span.split(","))
    assert (place, document.original[first:end]) == ("rl_burnside.html#", written)
    assert document.original == PAGE


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<html><title>Blur – Bandpedia</title><p>A band.", "Blur"),
        ("<html><title>Blur</title><h1>Bands</h1><h1>Blur</h1><p>A band.", "Blur"),
        ("<html><title>Jay-Z</title><p>A rapper.", "Jay-Z"),
        ("<html><p>A band.", "the file"),
    ],
)
def test_the_topic_is_the_heading_or_the_title_or_the_name_of_the_file(tmp_path, page, title):
    (document,) = documents(tmp_path, page, "the_file.html")
    assert document.title == title


def test_a_menu_without_an_end_hides_no_text():
    assert page_text("<html><nav>Menu<p>Blur are a band.").text == "Menu\n\nBlur are a band."


def test_a_page_without_text_is_a_reject(tmp_path):
    out = Collector("pages", load_schema())
    (tmp_path / "x.html").write_text("<html><title>Blur</title><script>1</script></html>")
    assert list(read_documents(SOURCE, tmp_path, out)) == []
    assert [one.reason for one in out.rejects] == ["text or title missing"]


def test_tags_are_no_names(tmp_path):
    (tmp_path / "Bo Halloran.html").write_text(
        "<html><head><title>Bo Halloran</title></head><body><h1>Bo Halloran</h1><p>Bo Halloran "
        "is an American singer, best known for his work with R. L. Burnside.</p></body></html>"
    )
    out = Collector("pages", load_schema())
    extract_unstructured(SOURCE, tmp_path, out)
    names = set(out.finish().records["name"])
    assert "Bo Halloran" in names
    assert not any("body" in name or "html" in name for name in names)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["", " ", "\n  ", "<b>", "</b>", "<p>", "</p>\n<p>", "<br>", "<!-- x -->"]
            ),
            st.sampled_from(
                ["Ann", "&amp;", "&eacute;", "x < y", "&#66;", "é", "a  b", "&nbsp;", "<"]
            ),
        ),
        max_size=12,
    )
)
def test_every_word_is_found_at_its_place(pieces):
    page = "<html><body>" + "".join(gap + word for gap, word in pieces) + "</body>"
    assert is_page(page)
    found = page_text(page)
    document = TextDocument("x", "x", found.text, "x#", repairs=found.repairs, original=page)
    position = 0
    for word in found.text.split():
        start = found.text.index(word, position)
        position = start + len(word)
        first, end = map(int, document.evidence(start, position).partition("char=")[2].split(","))
        assert page_text(page[first:end]).text.replace("\n", "").replace(" ", "") == word


# ------------------------------------------------------------------------------ Markdown

MARKDOWN = """---
title: Notes
date: 2019-04-02
---
# Massive *Attack*

- **Origin:** Bristol, England[^1]
* _Labels_: Virgin &amp; Circa \\*

> Massive Attack [formed](https://x.org/a_(b) "in 1988") in 1988
> out of the __Wild Bunch__ ![a bunch](bunch.png).

***Andrew** "Mushroom"* Vowles<!-- not Vowels --> left in `1999`,  
after [*Mezzanine*][lp] and ~~Protection~~ <b>snake_case_name</b> 2 * 3 * 4.

Albums
------
| Title | Year |
|-------|------|
| Title | 1991 |

<!-- hidden -->
[lp]: https://x.org/lp
[^1]: See the sleeve.
"""
SHOWN = [
    "Massive Attack",
    "Origin: Bristol, England",
    "Labels: Virgin & Circa *",
    "Massive Attack formed in 1988 out of the Wild Bunch .",
    'Andrew "Mushroom" Vowles left in 1999,\n'
    "after Mezzanine and Protection snake_case_name 2 * 3 * 4.",
    "Albums", "Title", "Year", "Title", "1991",
]  # fmt: skip


@pytest.mark.parametrize("ending", [".md", ".MARKDOWN"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_visible_text_of_markdown_is_read(tmp_path, ending, newline):
    (tmp_path / f"x{ending}").write_bytes(MARKDOWN.replace("\n", newline).encode())
    source = SOURCE.model_copy(update={"path": "x*"})
    (document,) = read_documents(source, tmp_path)
    assert document.text.split("\n\n") == SHOWN
    assert document.title == "Massive Attack"


def test_the_title_of_markdown_without_a_heading_is_in_its_front_matter():
    assert markdown_text('---\ntitle: "Blur"\n---\nThey are a band.').title == "Blur"
    assert markdown_text("title: Blur").title == ""


@pytest.mark.parametrize("name", ["x.txt", "x.rst", "x"])
def test_only_files_named_so_are_markdown(tmp_path, name):
    (tmp_path / name).write_text("*Blur* are a band.")
    (document,) = read_documents(SOURCE.model_copy(update={"path": name}), tmp_path)
    assert document.text == "*Blur* are a band."


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_evidence_gives_the_place_in_a_markdown_file(tmp_path, newline):
    page = MARKDOWN.replace("\n", newline)
    (tmp_path / "x.md").write_bytes(page.encode())
    (document,) = read_documents(SOURCE.model_copy(update={"path": "x.md"}), tmp_path)
    assert document.original == page
    start = 0
    for block in SHOWN:
        start = document.text.index(block, start)
        evidence = document.evidence(start, start + len(block))
        first, end = map(int, evidence.partition("char=")[2].split(","))
        assert page[first:end].startswith(block[:5])
        assert markdown_text(page).part(first, end) == block
        start += len(block)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "\n", "\n\n", "  \n", "\n- ", "\n> ", "\n# ", "\n1. ", "|",
                             "\n```\n", "    ", "\t"]),
            st.sampled_from(["Ann", "*Ann*", "**b c**", "_x_", "[a](b)", "![a](b)", "&amp;", "\\*",
                             "`c`", "é", "*", "[", "](", "<b>", "<!-- x -->", "[^1]", "---",
                             "~~y~~", "\n|a|b|\n|-|-|\n|a|a|\n"]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_every_word_of_markdown_is_found_at_its_place(pieces):
    page = "".join(gap + word for gap, word in pieces)
    found = markdown_text(page)
    document = TextDocument("x", "x", found.text, "x#", repairs=found.repairs, original=page)
    for word in re.finditer(r"\S+", found.text):
        first, end = map(int, document.evidence(*word.span()).partition("char=")[2].split(","))
        assert found.part(first, end) == word[0]
        if word[0].isalpha():
            assert page[first:end].startswith(word[0][0])


def test_markup_of_markdown_hides_no_facts(tmp_path):
    for name, text in {
        "Portishead": "**Portishead** are an English band formed in Bristol in 1991. The group "
        "consists of singer [Beth Gibbons](https://x.org/b_g), and guitarist Adrian Utley.",
        "Dummy": "# Dummy\n\n*Review by A. Listener*\n\n**Dummy** is the debut studio album by "
        "Portishead, released on 22 August 1994.",
    }.items():
        (tmp_path / f"{name}.md").write_text(text)
    out = Collector("pages", load_schema())
    extract_unstructured(SOURCE.model_copy(update={"path": "*.md"}), tmp_path, out)
    records = out.finish().records
    assert {"Beth Gibbons", "Adrian Utley"} <= set(records["name"])
    assert set(records["type"][records["name"] == "Dummy"]) == {"Album"}
