"""Array-based XML splitting equals an XML parser, or falls back to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters import discogs
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.semi_structured.xml_blocks import xml_blocks
from kg_builder.extraction.semi_structured.xml_columns import Elements, shred
from kg_builder.ontology import Schema
from tests.kg_builder.conftest import Run

Write = Callable[[str, str | bytes], Path]
TEXTS = st.text(st.sampled_from("aZ é椎\n\t\r\"'<>&=/;!?\u2028"), max_size=6)
TAGS = st.sampled_from(["a", "b-c", "name", "sub_tracks"])
TREES = st.recursive(
    st.tuples(TAGS, st.dictionaries(st.sampled_from(["id", "xid"]), TEXTS), TEXTS, TEXTS).map(
        lambda item: (*item, [])
    ),
    lambda below: st.tuples(
        TAGS, st.just({"id": "1"}), TEXTS, TEXTS, st.lists(below, min_size=1, max_size=3)
    ),
    max_leaves=12,
)

Tree = tuple[str, dict[str, str], str, str, list]


def built(tree: Tree) -> etree._Element:
    tag, attributes, text, tail, below = tree
    element = etree.Element(tag, attributes)
    element.text, element.tail = text, tail
    element.extend(built(child) for child in below)
    return element


def is_as_parsed(found: Elements, root: etree._Element) -> None:
    """The same with elements from an XML parser."""
    elements = [item for item in root.iter() if item is not root]
    elements = elements[: len(found)]
    numbers = {item: number for number, item in enumerate(elements)}
    everything = np.arange(len(found))
    assert [found.tags[tag] for tag in found.tag] == [item.tag for item in elements]
    assert found.parent.tolist() == [numbers.get(item.getparent(), -1) for item in elements]
    assert found.texts(everything).to_pylist() == [item.text or "" for item in elements]
    for name in ("id", "xid"):
        values = found.attribute(everything, name).to_pylist()
        assert values == [item.get(name, "") for item in elements]
    for tag in ("a", "name"):
        last = found.child(everything, tag).tolist()
        named = [[numbers[below] for below in item if below.tag == tag] for item in elements]
        assert last == [numbers_[-1] if numbers_ else -1 for numbers_ in named]
    children, places = found.below(everything[::2])
    assert children.tolist() == [n for n in everything if found.parent[n] % 2 == 0]
    assert places.tolist() == [found.parent[n] // 2 for n in children]


@settings(max_examples=200)
@given(st.lists(TREES, max_size=4))
def test_written_xml_is_cut_up_as_a_parser_does(trees: list[Tree]) -> None:
    root = etree.Element("root")
    root.extend(built(tree) for tree in trees)
    content = etree.tostring(root, encoding="unicode").encode()
    inner = content[content.index(b">") + 1 :]
    found = shred(inner)
    assert found is not None
    assert len(found) == len(list(root.iter())) - 1
    is_as_parsed(found, root)


@settings(max_examples=100)
@given(st.lists(TREES, min_size=1, max_size=3), st.integers(0, 400))
def test_what_breaks_off_gives_the_whole_elements_before(trees: list[Tree], size: int) -> None:
    root = etree.Element("root")
    root.extend(built(tree) for tree in trees)
    content = etree.tostring(root, encoding="unicode").encode()
    inner = content[content.index(b">") + 1 :]
    found = shred(inner[:size])
    assert found is not None and found.end <= size
    is_as_parsed(found, root)
    rest = inner[found.end :].decode()
    assert len(etree.fromstring(f"<root>{rest}")) + len(found.top()) == len(root)


PIECES = st.sampled_from(
    [
        *("<a>", "</a>", "<a/>", "</a >", "<a >", "x", ">", '"', "&amp;", "\r\n"),
        *("<a id='1'/>", '<a id="x>y"/>', "<a id='\"'/>", '<a id="/>"/>', "<a id = '1' />"),
        *('<a\nid="1"/>', '<a id="it\'s" xid=">"/>', '<a xid="1"  id="2"/>'),
        *("<!-- <a> -->", "<![CDATA[<a>]]>", "<?a?>"),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12).map("".join))
@example("<a id='\"' xid='>\"'/>")
def test_xml_of_any_kind_is_cut_up_well_or_not_at_all(inner: str) -> None:
    try:
        root = etree.fromstring(f"<root>{inner}</root>")
    except etree.XMLSyntaxError:
        return
    found = shred(f"{inner}</root>".encode())
    if found is not None and not any(sign in inner for sign in ("<!", "<?")):
        is_as_parsed(found, root)


def _records(path: Path, schema: Schema, size: int) -> tuple[list[str], list[str]]:
    """(ids of the records found in blocks of a size, reasons of rejects)"""
    source = SemiStructuredSource(kind="semi-structured", name="src", path=path.name)
    with Collector("src", schema) as out:
        document = Document(path, path.name, source, out)
        ids: list[str] = []
        rejects: list[Reject] = []
        for block in xml_blocks(document, {"artists": "artist"}, rejects, size=size):
            numbers = block.elements.child(block.records, "id")
            ids += block.elements.stripped(numbers).to_pylist()
        return ids, [reject.reason for reject in rejects]


@pytest.mark.parametrize("size", [7, 64, 1 << 20])
@pytest.mark.parametrize(
    ("inner", "ids", "reasons"),
    [
        ("<artist><id>1</id></artist>\n<artist><id>2</id></artist></artists>\n", "12", []),
        (
            "<artist><id>1</id></artist><!-- <artist> --><artist><id>2</id></artist></artists>",
            "12",
            [],
        ),
        (
            "<artist><id>1</id></artist><other><artist><id>3</id></artist></other></artists>",
            "1",
            [],
        ),
        ("<artist><id>1</id></artist><artist><id>2</i", "1", ["broken XML"]),
        (
            "<artist><id>1</id></artist><artist x='>'><id>2</id></artist></artists><!-- -->",
            "12",
            [],
        ),
        ("<artist><id>1</id></artist>" + "<artist>" * 300, "1", ["broken XML"]),
        ("</artists>", "", []),
    ],
)
def test_records_are_found_whatever_the_size_of_a_block(
    tmp_path: Path, schema: Schema, size: int, inner: str, ids: str, reasons: list[str]
) -> None:
    path = tmp_path / "a.xml"
    path.write_text(f"<artists>\n{inner}")
    assert _records(path, schema, size) == (list(ids), reasons)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("before", ["", "<!-- read record by record -->"])
def test_blocks_of_any_size_give_the_same_tables(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch, before: str, threads: int
) -> None:
    rows = "\n".join(
        f'<release id="{n}"><title>{"Self-Titled" if n % 3 else ""}</title><artists><artist>'
        f"<id>{n % 4}</id><name>{'Name' if n % 2 else 'Other'}, The ({n % 4})</name></artist>"
        f"</artists><genres><genre>Rock &amp; Roll</genre></genres><released>{1990 + n}</released>"
        f"<tracklist><track><position>1</position><title>Ä {n % 2}</title><duration>1:0{n % 9}"
        f"</duration></track><track><position/><title>Head</title><sub_tracks><track><position>2"
        f"</position><title>B</title></track></sub_tracks></track></tracklist></release>"
        for n in range(40)
    )
    write("r.xml", f"<releases>{before}{rows}<release><title>No id</title></release></releases>")
    whole = run(kind="semi-structured", path="r.xml", format="discogs")
    monkeypatch.setattr(discogs, "xml_blocks", partial(xml_blocks, size=500))
    parts = run(kind="semi-structured", path="r.xml", format="discogs", threads=threads)
    for name in ("records", "statements", "rejects"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))
    assert whole.counts == parts.counts
    assert whole.counts["releases read"] == 41
    assert whole.rejects["evidence"].iloc[-1] == "r.xml#line=40"
    assert len(whole.statements) == 26 * (1 + 1 + 1 + 4 + 3)


@pytest.mark.parametrize("threads", [1, 3])
def test_rejects_of_many_blocks_come_in_their_order_and_the_break_last(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(discogs, "xml_blocks", partial(xml_blocks, size=200))
    rows = "".join(f"<label><id>{n}</id><name>{'A' * (n % 2)}</name></label>\n" for n in range(60))
    write("l.xml", f"<labels>{rows}<label><id>60</id></other>{rows}</labels>")
    found = run(kind="semi-structured", path="l.xml", threads=threads)
    assert len(found.records) == 30
    assert list(found.rejects["evidence"]) == [
        *(f"l.xml#/labels/{n}" for n in range(0, 60, 2)),
        "l.xml#line=61",
    ]


def test_a_fault_in_a_thread_ends_the_reading(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(records: object) -> None:
        raise DataError("fault", where="here")

    monkeypatch.setitem(discogs._READERS, "label", fail)
    write("l.xml", "<labels><label><id>1</id></label></labels>")
    with pytest.raises(DataError, match="fault"):
        run(kind="semi-structured", path="l.xml")
