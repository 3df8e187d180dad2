"""Sheets of Excel workbooks, and typed cells of Parquet."""

from __future__ import annotations

import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from kg_builder.errors import DataError
from kg_builder.extraction import RowsConfig, read_rows
from tests.kg_builder.conftest import Run, named


@pytest.fixture
def book(tmp_path: Path) -> Path:
    book = Workbook()
    first = book.active
    first.title = "Notes"
    first.append(["nothing to see"])
    sheet = book.create_sheet("Künstler")
    sheet.append(["exported on", date(2026, 1, 2)])
    sheet.append(["id", "name", "formed", "plays", "tags", None])
    sheet.append([1, "Björk", 1977.0, 12.5, "art pop; electronica"])
    sheet.append([])
    sheet.append([2, "요시", datetime(1999, 5, 1), "#N/A", None])
    sheet.append([3, "!!!", "1996", None, None, None, "stray"])
    path = tmp_path / "artists.xlsx"
    book.save(path)
    return path


def test_a_sheet_by_name_or_number(book: Path, tmp_path: Path) -> None:
    for sheet in ("Künstler", 1):
        reader = read_rows(RowsConfig(path=book.name, sheet=sheet, skip_rows=1), tmp_path)
        (chunk,) = list(reader)
        assert chunk.columns == {
            "id": ["1", "2"],
            "name": ["Björk", "요시"],
            "formed": ["1977", "1999-05-01"],
            "plays": ["12.5", None],
            "tags": ["art pop; electronica", None],
        }
        assert chunk.places == [3, 5]
        (reject,) = reader.rejects
        assert (reject.reason, reject.evidence) == ("wrong number of cells", "artists.xlsx#row=6")
        assert reader.counts["rows read"] == 3


def test_a_sheet_becomes_statements(book: Path, run: Run) -> None:
    table = {
        "path": book.name,
        "sheet": "Künstler",
        "skip_rows": 1,
        "id": "id",
        "name": "name",
        "type": "Artist",
        "columns": {
            "formed": {"predicate": "beginDate"},
            "tags": {"predicate": "genre", "split": ";"},
        },
    }
    found = run(kind="structured", tables={"artists": table})
    assert named(found) == [
        ("Björk", "beginDate", "1977"),
        ("요시", "beginDate", "1999-05-01"),
        ("Björk", "genre", "art pop"),
        ("Björk", "genre", "electronica"),
    ]
    assert found.statements["evidence"][0] == "artists.xlsx#row=3"


def test_faults_of_workbooks_are_reported(book: Path, tmp_path: Path) -> None:
    def read(path: str, **settings: object) -> None:
        list(read_rows(RowsConfig(path=path, **settings), tmp_path, columns=["name"]))

    with pytest.raises(DataError, match=r"no sheet 'Kunst'.*sheets: Notes, Künstler"):
        read(book.name, sheet="Kunst")
    with pytest.raises(DataError, match="no column 'name'"):
        read(book.name)
    with pytest.raises(DataError, match="no such file"):
        read("missing.xlsx")
    (tmp_path / "text.xlsx").write_text("plain text")
    with pytest.raises(DataError, match="not a readable Excel workbook"):
        read("text.xlsx")
    (tmp_path / "cut.xlsx").write_bytes(book.read_bytes()[:3000])
    with pytest.raises(DataError, match="not a readable Excel workbook"):
        read("cut.xlsx")


def test_entities_in_a_workbook_are_refused(book: Path, tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w>&b;</w>'
    with zipfile.ZipFile(book) as sound, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w") as bad:
        for part in sound.namelist():
            inside = bomb if part == "xl/workbook.xml" else sound.read(part)
            bad.writestr(part, inside)
    with pytest.raises(DataError, match="declares entities"):
        list(read_rows(RowsConfig(path="bomb.xlsx"), tmp_path))


def test_a_table_of_texts_that_swells_is_refused(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(book, "a") as parts:
        parts.writestr("xl/sharedStrings.xml", "<sst>" + 100 * "x" + "</sst>")
    monkeypatch.setattr("kg_builder.extraction.tabular.typed_formats.LARGEST_TEXTS", 100)
    with pytest.raises(DataError, match="save the sheet as CSV"):
        list(read_rows(RowsConfig(path=book.name), tmp_path))


def test_nested_parquet_by_paths(tmp_path: Path) -> None:
    artists = [{"name": "Björk", "links": [{"at": "x"}, {"at": "y"}]}, None]
    frame = pd.DataFrame(
        {
            "artist": artists,
            "when": [datetime(1997, 9, 15), datetime(1997, 9, 15, 12, 30)],
            "length": [pd.Timedelta(seconds=273), None],
            "score": [float("nan"), 2.0],
            "void": ["NULL", "x"],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    columns = ["artist.name", "artist.links.at", "when", "length", "score", "void"]
    (chunk,) = list(read_rows(RowsConfig(path="a.parquet"), tmp_path, columns=columns))
    assert chunk.columns == {
        "artist.name": ["Björk", None],
        "artist.links.at": [("x", "y"), None],
        "when": ["1997-09-15", "1997-09-15T12:30:00"],
        "length": ["0:04:33", None],
        "score": [None, "2"],
        "void": [None, "x"],
    }
    with pytest.raises(DataError, match=r"no column 'artists\.name'"):
        list(read_rows(RowsConfig(path="a.parquet"), tmp_path, columns=["artists.name"]))
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-50])
    with pytest.raises(DataError, match="not a readable Parquet file"):
        list(read_rows(RowsConfig(path="cut.parquet"), tmp_path))


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_flipped_bytes_are_an_error_or_other_values(tmp_path: Path, ending: str) -> None:
    rows = {"id": range(60), "name": [f"Björk {n * n}" for n in range(60)]}
    path = tmp_path / f"a.{ending}"
    frame = pd.DataFrame(rows)
    frame.to_excel(path, index=False) if ending == "xlsx" else frame.to_parquet(path)
    whole, draw, faults = path.read_bytes(), random.Random(1), 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        try:
            list(read_rows(RowsConfig(path=path.name), tmp_path))
        except DataError as fault:
            faults += 1
            assert path.name in str(fault)
            assert str(fault).isprintable()
    assert faults


def test_parquet_with_text_in_another_encoding_names_the_column(tmp_path: Path) -> None:
    latin = pa.array([b"Bj\xf6rk"]).view(pa.string())
    pq.write_table(pa.table({"name": latin}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="column 'name' holds text that is not UTF-8, in rows 1"):
        list(read_rows(RowsConfig(path="a.parquet"), tmp_path))


def test_a_frame_of_parquet_has_the_rows_of_the_chunks(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "user": pd.Categorical(["ann", "bob", None, "ann"], ["zoe", "bob", "ann"]),
            "item": [" 7", "n/a", "8 ", ""],
            "plays": [1.0, 2.5, float("nan"), 1.0],
            "first": pd.to_datetime(
                ["2020-01-02", "2020-01-02 03:04", None, "2020-01-02"], format="mixed"
            ),
            "kept": [True, False, None, True],
            "nothing": [None] * 4,
            "tags": [["a", "b"], [], None, ["c"]],
            "written": ['["x", "y"]', '["z"]', None, "[]"],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    config = RowsConfig(path="a.parquet", nulls=("n/a",))
    columns = [*frame.columns, "written.0"]
    (chunk,) = read_rows(config, tmp_path, columns=columns)
    expected = {
        name: [cell if cell is None or isinstance(cell, str) else "|".join(cell) for cell in cells]
        for name, cells in chunk.columns.items()
    }
    found = read_rows(config, tmp_path, columns=columns).frame()
    assert found["evidence"].tolist() == [f"a.parquet#row={n}" for n in range(1, 5)]
    for name, cells in expected.items():
        column = found[name].astype(object)
        assert column.where(column.notna(), None).tolist() == cells, name
        assert set(found[name].cat.categories) == {cell for cell in cells if cell is not None}
