from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.extraction import Filter, RowsConfig, read_rows
from kg_builder.extraction.tabular.config import RowFormat

Write = Callable[[str, str | bytes], Path]


def rows_of(config: RowsConfig, root: Path) -> tuple[list[list[str | None]], list[int]]:
    frame = read_rows(config, root).frame()
    columns = [name for name in frame.columns if name != "evidence"]
    values = [
        [None if pd.isna(cell) else str(cell) for cell in row]
        for row in frame[columns].itertuples(index=False)
    ]
    return values, [int(text.rpartition("=")[2]) for text in frame["evidence"]]


def test_tab_files_keep_stray_quotes_and_count_lines(write: Write, tmp_path: Path) -> None:
    write("a.dat", 'id\tname\r\n1\t"Weird Al" Yankovic\r\n\r\n2\tRoyce da 5\'9"\r\n')
    values, places = rows_of(RowsConfig(path="a.dat"), tmp_path)
    assert values == [["1", '"Weird Al" Yankovic'], ["2", "Royce da 5'9\""]]
    assert places == [2, 4]


def test_separators_of_several_characters(write: Write, tmp_path: Path) -> None:
    write("movies.dat", "1::Toy Story (1995)::Animation|Children's\n")
    config = RowsConfig(
        path="movies.dat", separator="::", header=False, names=("id", "title", "genres")
    )
    assert rows_of(config, tmp_path)[0] == [["1", "Toy Story (1995)", "Animation|Children's"]]


def test_quoted_semicolons_in_latin_1(write: Write, tmp_path: Path) -> None:
    text = '"ISBN";"Title"\n"1";"Der \\"Große\\"; Teil 1"\n"2";"Café\nnoir"\n"3";"x"\n'
    write("b.csv", text.encode("latin-1"))
    config = RowsConfig(path="b.csv", separator=";", encodings=("latin-1",), escape="\\")
    values, places = rows_of(config, tmp_path)
    assert values == [["1", 'Der "Große"; Teil 1'], ["2", "Café\nnoir"], ["3", "x"]]
    assert places == [2, 3, 5]


def test_lines_in_different_encodings(write: Write, tmp_path: Path) -> None:
    write("t.dat", "id\tv\n1\tSigur Rós\n".encode() + "2\tespañol\n".encode("latin-1"))
    reader = read_rows(RowsConfig(path="t.dat"), tmp_path)
    assert list(reader.frame()["v"]) == ["Sigur Rós", "español"]
    assert reader.counts["lines read as cp1252"] == 1


def test_utf_16_files(write: Write, tmp_path: Path) -> None:
    write("t.tsv", "id\tname\n1\t椎名林檎\n".encode("utf-16"))
    assert rows_of(RowsConfig(path="t.tsv", encodings=("utf-16",)), tmp_path)[0] == [
        ["1", "椎名林檎"]
    ]


def test_rejected_rows_are_counted_with_their_lines(write: Write, tmp_path: Path) -> None:
    write("a.tsv", "a\tb\n1\t2\n1\n1\t2\t3\n4\t\0\n5\t6\n")
    reader = read_rows(RowsConfig(path="a.tsv"), tmp_path)
    assert list(reader.frame()["a"]) == ["1", "5"]
    assert sorted((item.reason, item.evidence) for item in reader.rejects) == [
        ("null byte", "a.tsv#line=5"),
        ("wrong number of cells", "a.tsv#line=3"),
        ("wrong number of cells", "a.tsv#line=4"),
    ]
    counts = reader.counts
    assert counts["rows read"] == counts["rows used"] + counts["rows rejected"] == 5


def test_a_line_without_end_costs_no_memory(write: Write, tmp_path: Path) -> None:
    write("a.tsv", b"a\tb\n1\t2\n" + b"x" * 3_000_000 + b"\n3\t4\n")
    reader = read_rows(RowsConfig(path="a.tsv", max_line=1024), tmp_path)
    frame = reader.frame()
    assert list(frame["a"]) == ["1", "3"]
    assert [text.rpartition("#")[2] for text in frame["evidence"]] == ["line=2", "line=4"]
    assert [item.reason for item in reader.rejects] == ["line too long"]


def test_a_missing_column_names_the_nearest(write: Write, tmp_path: Path) -> None:
    write("a.csv", "artist_id,name\n1,x\n")
    with pytest.raises(DataError, match=r"a\.csv: no column 'artistid'.*did you mean 'artist_id'"):
        read_rows(RowsConfig(path="a.csv"), tmp_path, columns=["artistid"]).frame()


def test_a_missing_file_and_a_truncated_one(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_rows(RowsConfig(path="none.csv"), tmp_path).frame()
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)
    write("cut.csv.gz", packed[: len(packed) // 2])
    with pytest.raises(DataError, match="cut short or damaged"):
        read_rows(RowsConfig(path="cut.csv.gz"), tmp_path).frame()


def test_gzip_is_recognised_by_content(write: Write, tmp_path: Path) -> None:
    write("a.csv", gzip.compress(b"a,b\n1,2\n"))
    assert rows_of(RowsConfig(path="a.csv"), tmp_path)[0] == [["1", "2"]]


def test_filters_keep_and_count(write: Write, tmp_path: Path) -> None:
    write("r.tsv", "u\ti\tstars\n1\ta\t5\n1\tb\t3\n2\ta\tmany\n3\tc\t4\n")
    config = RowsConfig(path="r.tsv", where=(Filter(column="stars", min=4),))
    reader = read_rows(config, tmp_path)
    assert list(reader.frame()["u"]) == ["1", "3"]
    assert reader.counts["rows outside the filter"] == 1
    assert [item.reason for item in reader.rejects] == ["not a number"]


def test_skipped_lines_and_rows(write: Write, tmp_path: Path) -> None:
    write("a.csv", "# made by hand\na,b\nunit,unit\n1,2\n")
    config = RowsConfig(path="a.csv", skip_rows=1, skip_after_header=1)
    assert rows_of(config, tmp_path) == ([["1", "2"]], [4])


def test_repeated_column_names_are_numbered(write: Write, tmp_path: Path) -> None:
    write("a.csv", "id,runtime,runtime\n1,2,3\n")
    frame = read_rows(RowsConfig(path="a.csv"), tmp_path).frame()
    assert list(frame.columns) == ["id", "runtime", "runtime.2", "evidence"]


def test_json_lines_with_paths_and_lists(write: Write, tmp_path: Path) -> None:
    write(
        "a.jsonl",
        '{"id": 1, "artist": {"names": [{"v": "A"}, {"v": "B"}]}}\nnot json\n{"id": 2}\n[1]\n',
    )
    reader = read_rows(RowsConfig(path="a.jsonl"), tmp_path, columns=["id", "artist.names.v"])
    (chunk,) = list(reader)
    assert chunk.columns["artist.names.v"] == [("A", "B"), None]
    assert chunk.places == [1, 3]
    assert [item.reason for item in reader.rejects] == ["broken JSON", "not a JSON object"]


def test_parquet(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1, 2], "tags": [["a", "b"], []], "x": [1.5, None]}).to_parquet(
        tmp_path / "a.parquet"
    )
    (chunk,) = list(read_rows(RowsConfig(path="a.parquet"), tmp_path))
    assert chunk.columns == {"id": ["1", "2"], "tags": [("a", "b"), None], "x": ["1.5", None]}
    assert list(chunk.places) == [1, 2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=12),
        ),
        max_size=20,
    )
)
def test_whatever_the_csv_module_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    (tmp_path / "h.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    values, places = rows_of(RowsConfig(path="h.csv", nulls=()), tmp_path)
    assert values == [[one.strip() or None, other.strip() or None] for one, other in rows]
    lines = buffer.getvalue().split("\n")
    for (one, _), number in zip(rows, places, strict=True):
        assert lines[number - 1].lstrip('"').startswith(one[:1].replace('"', ""))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tsv").write_bytes(b"a\tb\n" + content.removeprefix(b"\x1f\x8b"))
    reader = read_rows(RowsConfig(path="x.tsv"), tmp_path)
    try:
        used = len(reader.frame())
    except DataError as fault:
        assert "binary content, not text" in str(fault)
        return
    assert used == reader.counts["rows used"]
    assert reader.counts["rows read"] == used + reader.counts["rows rejected"]


HEADINGS = [
    (["", "album", "album", "track"], ["", "id", "title", "title"], ["track_id", "", "", ""]),
    (["", "album", "", "track"], ["track_id", "id", "title", "title"]),
]


@pytest.mark.parametrize("rows", HEADINGS)
@pytest.mark.parametrize("layout", ["csv", "tsv", "xlsx"])
def test_a_heading_of_several_rows(tmp_path: Path, rows: list[list[str]], layout: str) -> None:
    lines = [*rows, ["2", "1", "Leaf, Sea", "Rain"]]
    path = tmp_path / f"a.{layout}"
    if layout == "xlsx":
        pd.DataFrame(lines).to_excel(path, index=False, header=False)
    else:
        cut = "," if layout == "csv" else "\t"
        pd.DataFrame(lines).to_csv(path, sep=cut, index=False, header=False)
    reader = read_rows(RowsConfig(path=path.name, header_rows=len(rows)), tmp_path)
    (chunk,) = reader
    assert chunk.columns == {
        "track_id": ["2"], "album.id": ["1"], "album.title": ["Leaf, Sea"], "track.title": ["Rain"],
    }  # fmt: skip
    assert chunk.places == [len(rows) + 1]


def test_a_heading_that_ends_before_its_rows(write: Write, tmp_path: Path) -> None:
    write("a.csv", "a,b\n")
    assert list(read_rows(RowsConfig(path="a.csv", header_rows=3), tmp_path)) == []


@pytest.mark.parametrize("layout", ["csv", "tsv"])
def test_rows_that_end_before_the_last_column(write: Write, tmp_path: Path, layout: str) -> None:
    text = 'a,b,c\n1,"x, y",3\n\n4\n5,6\n7,8,9,10\n'
    write(f"a.{layout}", text if layout == "csv" else text.replace(",", "\t"))
    config = RowsConfig(path=f"a.{layout}", short_rows=True, quote='"')
    reader = read_rows(config, tmp_path)
    rows = [row for chunk in reader for row in zip(*chunk.columns.values(), strict=True)]
    assert [row[0] for row in rows] == ["1", "4", "5"]
    assert rows[1:] == [("4", None, None), ("5", "6", None)]
    assert [reject.detail for reject in reader.rejects] == ["4 instead of 3"]
    names = ("a", "b", "c")
    plain = {"short_rows": True, "quote": "", "skip_rows": 2, "header": False, "names": names}
    reader = read_rows(RowsConfig(path=f"a.{layout}", **plain), tmp_path)
    found = [row for chunk in reader for row in zip(*chunk.columns.values(), strict=True)]
    assert found == rows[1:]


@pytest.mark.parametrize("skipped", [0, 1])
def test_a_spreadsheets_hint_at_the_separator_is_no_heading(
    write: Write, tmp_path: Path, skipped: int
) -> None:
    write("a.csv", "\ufeffsep=;\nid;name\n1;Ann\n")
    config = RowsConfig(path="a.csv", separator=";", skip_rows=skipped)
    assert rows_of(config, tmp_path) == ([["1", "Ann"]], [3])


@given(
    text=st.text('ab,;\t"\n\r\x1f\ufeff é', max_size=60),
    layout=st.sampled_from(("csv", "tsv")),
    separator=st.sampled_from((None, ";", "::", ",")),
    where=st.sampled_from(((), (Filter(column="x", equals=("a",)),))),
)
@example("a,b\n\na,b\n", "csv", None, ())
@example("\ufeffa,b\n", "csv", None, ())
@example("a::b\na:::b\n", "tsv", "::", ())
@example("a\tb\rb\ta\n", "tsv", None, ())
def test_a_frame_has_the_rows_of_the_chunks(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    layout: RowFormat,
    separator: str | None,
    where: tuple[Filter, ...],
) -> None:
    root = tmp_path_factory.mktemp("rows")
    (root / "f").write_bytes(text.encode())
    config = RowsConfig(
        path="f",
        format=layout,
        header=False,
        names=("x", "y"),
        separator=separator,
        quote="" if separator == "::" else None,
        where=where,
    )
    chunks, frames = read_rows(config, root), read_rows(config, root)
    expected = [
        [*cells, chunks.evidence(place)]
        for chunk in chunks
        for *cells, place in zip(chunk.columns["x"], chunk.columns["y"], chunk.places, strict=True)
    ]
    frame = frames.frame()
    found = frame[["x", "y", "evidence"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == expected
    assert frames.rejects == chunks.rejects
    assert frames.counts == chunks.counts
    for column in ("x", "y"):  # no category is left of rows outside the filter
        assert set(frame[column].cat.categories) == set(frame[column].dropna())


@pytest.mark.parametrize("cell", ["x", '"x"', '"x\ny"'])
@pytest.mark.parametrize("config", [{}, {"quote": ""}, {"header": False, "names": ("a", "b")}])
@pytest.mark.parametrize("heading", ["a,b,\n", "a,b\n"])
def test_a_separator_at_the_end_of_each_line_makes_no_column(
    write: Write, tmp_path: Path, heading: str, config: dict[str, Any], cell: str
) -> None:
    if "names" in config:
        heading = ""
    if config.get("quote") == "":
        cell = "x"
    write("a.csv", f"{heading}1,{cell},\n2,y,\n3,,\n4,z\n5,y,,\n")
    reader = read_rows(RowsConfig(path="a.csv", **config), tmp_path, columns=["a", "b"])
    assert [*reader.frame()["a"]] == ["1", "2", "3"]
    assert [one.detail for one in reader.rejects] == ["2 instead of 3", "4 instead of 3"]


def test_a_cell_too_many_in_one_row_is_a_reject_even_if_the_last_is_empty(
    write: Write, tmp_path: Path
) -> None:
    write("a.csv", "a,b\n2,y,\n1,x\n")
    reader = read_rows(RowsConfig(path="a.csv"), tmp_path)
    assert [*reader.frame()["a"]] == ["1"]
    assert [(one.reason, one.evidence) for one in reader.rejects] == [
        ("wrong number of cells", "a.csv#line=2")
    ]


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_carriage_return_among_line_feeds_is_told(
    write: Write, tmp_path: Path, quote: str
) -> None:
    write("a.csv", "a,b\r\n1,x\n2,y\r3,z\n4,v\r\n")
    reader = read_rows(RowsConfig(path="a.csv", quote=quote), tmp_path)
    assert [*reader.frame()["a"]] == ["1", "4"]
    (reject,) = reader.rejects
    assert (reject.reason, reject.evidence) == ("carriage return within a line", "a.csv#line=3")
    assert reject.detail == "it may end a row: '2,y', then '3,z'"
