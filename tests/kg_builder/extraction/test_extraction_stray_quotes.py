"""Delimited text that is not well-formed: stray quotes, long cells, headings, line ends."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import RowReader, RowsConfig, read_rows, text_lines
from kg_builder.extraction.tabular.text_lines import QuotedRows


def read(folder: Path, content: bytes | str, name: str = "a.csv", **settings: Any) -> RowReader:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(raw)
    return read_rows(RowsConfig(path=name, **settings), folder)


def rows_of(reader: RowReader) -> list[tuple[object, ...]]:
    return [row for chunk in reader for row in zip(*chunk.columns.values(), strict=True)]


@pytest.mark.parametrize("stray", ['5,"Hello,rock', '5,Hello,"rock', '"5,Hello,rock'])
def test_a_stray_quotation_mark_costs_its_own_row(tmp_path: Path, stray: str) -> None:
    lines = [f'{number},"Name {number}",pop' for number in range(6_000)]
    lines[5] = stray
    reader = read(tmp_path, "id,name,genre\n" + "\n".join(lines) + "\n")
    assert len(rows_of(reader)) == 5_999
    (reject,) = reader.rejects
    assert (reject.reason, reject.evidence) == ("unreadable row", "a.csv#line=7")
    assert stray in reject.detail
    assert reader.counts["rows read"] == 6_000


def test_a_stray_quotation_mark_without_any_other_costs_its_own_row(tmp_path: Path) -> None:
    lines = [f"{number},Name,pop" for number in range(200)]
    lines[100] = '100,"Name,pop'
    reader = read(tmp_path, "id,name,genre\n" + "\n".join(lines))
    assert len(rows_of(reader)) == 199
    assert [reject.evidence for reject in reader.rejects] == ["a.csv#line=102"]


def test_cells_of_several_lines_are_read(tmp_path: Path) -> None:
    reader = read(tmp_path, 'id,name\n1,"one\ntwo, ""three"""\n2,four\n3,"five\n\nsix"\n')
    assert rows_of(reader) == [
        ("1", 'one\ntwo, "three"'),
        ("2", "four"),
        ("3", "five\n\nsix"),
    ]
    assert not reader.rejects


def test_a_quoted_cell_that_makes_a_row_too_short_is_a_stray_mark(tmp_path: Path) -> None:
    reader = read(tmp_path, 'id,name,genre\n1,"a,b\n2,c",d\n3,"e,f\n4,g,"h"\n5,i,j\n')
    assert ("5", "i", "j") in rows_of(reader)
    assert ("4", "g", "h") in rows_of(reader)
    assert [reject.evidence for reject in reader.rejects] == ["a.csv#line=4"]


def test_a_cell_may_be_as_long_as_a_line(tmp_path: Path) -> None:
    long = "x" * 300_000
    reader = read(tmp_path, f'id,name\n1,{long}\n2,"{long}"\n')
    assert rows_of(reader) == [("1", long), ("2", long)]


def test_what_a_stray_mark_swallows_is_bounded(tmp_path: Path) -> None:
    content = 'id,name\n1,"a\n' + "2,b\n" * 1_000
    reader = read(tmp_path, content, max_line=1024)
    assert len(rows_of(reader)) == 1_000
    assert "no end within 1024 bytes" in reader.rejects[0].detail


@pytest.mark.parametrize("count", [50, 200])
def test_work_is_in_proportion_to_the_stray_marks(count: int) -> None:
    taken = 0

    def lines() -> Any:
        nonlocal taken
        for number in range(count * 20):
            taken += 1
            yield number + 1, [f'{number},"a,b' if number % 20 == 0 else f"{number},a,b"]

    parsed = []
    rows = QuotedRows(lines(), RowsConfig(path="a.csv"), lambda *_: None)
    rows.width = 3
    original = rows._next_lines

    def counted() -> Any:
        for line in original():
            parsed.append(line)
            yield line

    rows._next_lines = counted  # type: ignore[method-assign]
    rows._reader = csv.reader(rows._next_lines(), **rows._format)
    assert len(list(rows)) == count * 19
    assert len(parsed) <= 3 * taken


@given(
    st.lists(
        st.lists(st.text('ab",\n', max_size=5), min_size=2, max_size=2).filter(
            lambda row: any(row)
        ),
        max_size=6,
    )
)
def test_what_a_program_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    lines = text.getvalue().split("\n")
    complaints: list[str] = []
    found = QuotedRows(
        [(1, lines)], RowsConfig(path="a.csv"), lambda *what: complaints.append(what[0])
    )
    found.width = 2
    assert [cells for _, cells in found] == rows
    assert not complaints


@given(
    st.lists(st.sampled_from(["1,a", '2,"b\nc"', '"3",d', "", "4", '5,"e']), max_size=12),
    st.integers(1, 5),
)
def test_blocks_of_lines_and_chunks_of_rows_change_nothing(lines: list[str], size: int) -> None:
    def found(block: int, chunk: int) -> tuple[list[object], list[str]]:
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_lines, "BLOCK", block)
            Path(folder, "a.csv").write_text("\n".join(["id,name", *lines]), encoding="utf-8")
            reader = read_rows(RowsConfig(path="a.csv"), Path(folder), chunk_rows=chunk)
            chunks = list(reader)
            rows = [row for c in chunks for row in zip(*c.columns.values(), c.places, strict=True)]
            assert [len(c) for c in chunks[:-1]] == [chunk] * (len(chunks) - 1)
            return rows, sorted(reject.evidence for reject in reader.rejects)

    assert found(8, size) == found(1 << 20, 50_000)


# ------------------------------------------------------------------------- headings, line ends


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("rest", ["", "1{0}b{0}c\n2{0}d{0}e\n"])
def test_a_heading_that_is_too_long_is_an_error(tmp_path: Path, name: str, rest: str) -> None:
    sign = "," if name.endswith("csv") else "\t"
    heading = sign.join(["id", "name", "x" * 2_000]) + "\n"
    with pytest.raises(DataError) as error:
        rows_of(read(tmp_path, heading + rest.format(sign), name, max_line=1024))
    assert "heading cannot be read: line too long" in str(error.value)
    assert "line 1" in str(error.value)
    assert "max_line" in str(error.value)


def test_a_line_that_is_skipped_may_be_too_long(tmp_path: Path) -> None:
    content = "x" * 2_000 + "\nid,name\n1,a\n" + "y" * 2_000 + "\n2,b\n"
    reader = read(tmp_path, content, max_line=1024, skip_rows=1)
    assert rows_of(reader) == [("1", "a"), ("2", "b")]
    assert [reject.reason for reject in reader.rejects] == ["line too long"] * 2


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_of_every_system(tmp_path: Path, name: str, encoding: str, end: str) -> None:
    lines = {
        "a.csv": ["id,name", "1,Björk", "2,Ann"],
        "a.tsv": ["id\tname", "1\tBjörk", "2\tAnn"],
        "a.jsonl": ['{"id": 1, "name": "Björk"}', '{"id": 2, "name": "Ann"}'],
    }[name]
    reader = read(tmp_path, (end.join(lines) + end).encode(encoding), name)
    assert rows_of(reader) == [("1", "Björk"), ("2", "Ann")]
    assert not reader.rejects


def test_rows_with_an_id_that_occurred_before_are_counted(tmp_path: Path) -> None:
    from kg_builder.extraction import StructuredSource, extract
    from kg_builder.ontology import load_schema

    (tmp_path / "a.csv").write_text("id,name\n1,Ann\n1.0,Anna\n2,Bob\n1,Ann\n", encoding="utf-8")
    table = {"path": "a.csv", "type": "Artist", "id": "id", "name": "name"}
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "src", "tables": {"a": table}}
    )
    found = extract(source, tmp_path, schema=load_schema())
    assert found.counts["rows merged into a record with the same id"] == 2
    assert found.records["name"].tolist() == ["Ann", "Bob"]
