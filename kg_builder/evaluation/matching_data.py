"""Read gold data of entity resolution: records with true clusters, or labelled record pairs."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.evaluation.song_columns import (
    PREDICATES,
    TITLE,
    described,
    guess_columns,
    kind_of,
    require_columns,
)
from kg_builder.extraction.values.text import clean_text
from kg_builder.fusion.misplaced_values import restore_misplaced_values
from kg_builder.tables import RECORDS

Columns = Mapping[str, Sequence[str]]
Row = Mapping[str, str]
MANY_MOVED: Final = 0.5
"""Values per record found in titles above which a table is assumed to have joined cells."""
NAMELESS: Final = "?"
"""Name given to a record whose title cell is empty."""

MUSICBRAINZ20K: Final[Columns] = {
    "title": ("title",), "artist": ("artist",), "album": ("album",), "year": ("year",),
    "length": ("length",), "number": ("number",), "language": ("language",),
}  # fmt: skip
_CELL: Final = re.compile(r"COL (\S+) VAL ?")
_SIDES: Final = ("left", "right")
_MARKS: Final = ("\n", "|", ";", " / ")
"""Separators of list entries in a cell, tried in this order."""


@dataclass(frozen=True)
class Clusters:
    """Records with their true clusters.

    Attributes:
        records: table `RECORDS`.
        truth: record key → true cluster.
        notes: for each table, the roles of its columns.
    """

    records: pd.DataFrame
    truth: dict[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class JudgedPair:
    """A record pair labelled as match or non-match; `where` is the file and line."""

    left: str
    right: str
    same: bool
    where: str


@dataclass(frozen=True)
class JudgedPairs:
    """Records with labelled pairs.

    Attributes:
        records: table `RECORDS`; values joined to titles are moved back to their cells.
        splits: 'train', 'valid' and 'test', if present.
        moved: number of values moved.
    """

    records: pd.DataFrame
    splits: dict[str, list[JudgedPair]]
    moved: int = 0


def read_musicbrainz20k(folder: Path, *, hide: Collection[str] = ()) -> Clusters:
    """Read `source_*.csv` of MusicBrainz-20K; `cluster_id` is the true cluster.

    Args:
        folder: contains one file per source.
        hide: columns to leave out.

    Raises:
        DataError: no file, an unknown column to hide, a missing column, or a duplicate id.
    """
    if unknown := sorted(set(hide) - set(MUSICBRAINZ20K)):
        raise DataError(
            f"no column {unknown[0]!r} to hide",
            where="--hide",
            remedy=f"one of {', '.join(MUSICBRAINZ20K)}",
        )
    paths = sorted(folder.glob("source_*.csv"))
    if not paths:
        raise DataError("no source_*.csv", where=str(folder), remedy="give the unpacked folder")
    columns = {role: names for role, names in MUSICBRAINZ20K.items() if role not in hide}
    rows: list[dict[str, object]] = []
    truth: dict[str, str] = {}
    for path in paths:
        for line, row in read_table(path, need=("id", "cluster_id", "source", *MUSICBRAINZ20K)):
            key = f"s{row['source']}/{row['id']}"
            if key in truth:
                raise DataError(f"record {row['id']!r} occurs twice", where=f"{path}:{line}")
            truth[key] = row["cluster_id"]
            rows.append(song_record(key, row, columns, evidence=f"{path.name}#line={line}"))
    return Clusters(RECORDS.frame(rows), truth)


def read_tables(
    paths: Sequence[Path],
    columns: Columns | None,
    *,
    truth: str | None = None,
    key: str = "id",
    source: str | None = None,
    type_: str | None = None,
    hide: Collection[str] = (),
) -> Clusters:
    """Read CSV tables, one source each unless a column names the source.

    Args:
        paths: files with a heading line.
        columns: role → columns; guessed from the headings by default.
        truth: column with the true cluster; by default every record is its own.
        key: column with the record's id; by default the line number.
        source: column with the name of the source.
        type_: class of the records; by default albums if tracks are listed, else songs.
        hide: roles to leave out.

    Raises:
        DataError: a missing column, or a duplicate id.
    """
    clusters, order = _read_as_written(paths, columns, truth, key, source, type_, hide)
    restored, moved = restore_misplaced_values(clusters.records, order)
    # a few hits are chance: a title may contain some album's name
    joined = moved >= MANY_MOVED * len(clusters.records)
    return replace(clusters, records=restored) if joined else clusters


def _read_as_written(
    paths: Sequence[Path],
    columns: Columns | None,
    truth: str | None = None,
    key: str = "id",
    source: str | None = None,
    type_: str | None = None,
    hide: Collection[str] = (),
) -> tuple[Clusters, list[str]]:
    """Read the records unmodified, and the predicates in the first table's column order."""
    rows: list[dict[str, object]] = []
    gold: dict[str, str] = {}
    order: list[str] = []
    notes: list[str] = []
    for path in paths:
        chosen: Columns = {}
        kind = type_ or "Song"
        for line, row in read_table(path, need=[name for name in (truth, source) if name]):
            if not chosen:
                guessed = columns or guess_columns([h for h in row if h != truth], where=str(path))
                chosen = {role: names for role, names in guessed.items() if role not in hide}
                require_columns(chosen, list(row), where=str(path))
                kind = type_ or kind_of(chosen)
                others = [name for name in row if name not in {truth, source, key}]
                notes.append(f"{path.name}: records of class {kind}; {described(chosen, others)}")
            name = f"{row[source] if source else path.stem}/{row.get(key, str(line))}"
            if name in gold:
                raise DataError(f"record {name!r} occurs twice", where=f"{path}:{line}")
            gold[name] = row[truth] if truth else name
            evidence = f"{path.name}#line={line}"
            rows.append(song_record(name, row, chosen, evidence=evidence, type_=kind))
            order = order or _table_order(chosen, list(row))
    return Clusters(RECORDS.frame(rows), gold, tuple(notes)), order


def read_pairs(path: Path, left: str, right: str, record_keys: Collection[str]) -> list[JudgedPair]:
    """Read labelled pairs: two columns of ids and `label` (1 or 0; by default all 1).

    Args:
        left, right: sources that the two ids belong to.
        record_keys: all record keys.

    Raises:
        DataError: fewer than two columns, an unknown id, or a label that is neither 0 nor 1.
    """
    found = []
    for line, row in read_table(path):
        where = f"{path}:{line}"
        ids = [name for name in row if name.casefold() not in {"id", "_id", "label"}][:2]
        if len(ids) < 2:
            raise DataError("not two columns of ids", where=where)
        keys = (f"{left}/{row[ids[0]]}", f"{right}/{row[ids[1]]}")
        for key in keys:
            if key not in record_keys:
                raise DataError(f"no record {key!r}", where=where)
        label = row.get("label", "1")
        if label not in {"0", "1"}:
            raise DataError(f"label is {label!r}", where=where, remedy="0 or 1")
        found.append(JudgedPair(*keys, same=label == "1", where=where))
    return found


def read_mapping(path: Path, left: str, right: str, records: Clusters) -> Clusters:
    """Read clusters from a file of true id pairs: its connected components."""
    owner = {key: key for key in records.truth}

    def root(key: str) -> str:
        while owner[key] != key:
            owner[key] = owner[owner[key]]
            key = owner[key]
        return key

    for pair in read_pairs(path, left, right, owner.keys()):
        one, other = sorted((root(pair.left), root(pair.right)))
        if pair.same:
            owner[other] = one
    return replace(records, truth={key: root(key) for key in owner})


def read_deepmatcher_folder(folder: Path, columns: Columns | None) -> JudgedPairs:
    """Read `tableA.csv` and `tableB.csv` with the labelled pairs of train, valid and test.

    Raises:
        DataError: a missing file or column, an unknown id, or a bad label.
    """
    tables = [folder / "tableA.csv", folder / "tableB.csv"]
    clusters, order = _read_as_written(tables, columns)
    record_keys = set(clusters.truth)
    splits = {
        name: read_pairs(folder / f"{name}.csv", "tableA", "tableB", record_keys)
        for name in ("train", "valid", "test")
        if (folder / f"{name}.csv").is_file()
    }
    if not splits:
        raise DataError("no train.csv, valid.csv or test.csv", where=str(folder))
    restored, moved = restore_misplaced_values(clusters.records, order)
    return JudgedPairs(restored, splits, moved)


def read_deepmatcher(files: Mapping[str, Path], columns: Columns | None) -> JudgedPairs:
    """Read pairs in the line form `COL name VAL value … <tab> COL … <tab> label`.

    Equal sides are one record, so that a song in several pairs is not repeated.

    Args:
        files: split → file.
        columns: role → columns; guessed from the names by default.

    Raises:
        DataError: a file is missing, or a line is not two sides and a label.
    """
    keys: dict[tuple[str, str], str] = {}
    rows: list[dict[str, object]] = []
    order: list[str] = []
    splits: dict[str, list[JudgedPair]] = {}
    for split, path in files.items():
        splits[split] = []
        for line, text in _lines(path):
            where = f"{path}:{line}"
            parts = text.split("\t")
            if len(parts) != 3 or parts[2].strip() not in {"0", "1"}:
                raise DataError(
                    "not a pair", where=where, remedy="two sides and 0 or 1, with tabs between"
                )
            ends = []
            for side, cells in zip(_SIDES, parts, strict=False):
                if (side, cells.strip()) not in keys:
                    key = f"{side}/{len(keys)}"
                    keys[side, cells.strip()] = key
                    row = _cells(cells, where)
                    chosen = columns or guess_columns(row, where=where)
                    require_columns(chosen, list(row), where=where)
                    order = order or _table_order(chosen, list(row))
                    rows.append(song_record(key, row, chosen, evidence=f"{path.name}#line={line}"))
                ends.append(keys[side, cells.strip()])
            same = parts[2].strip() == "1"
            splits[split].append(JudgedPair(ends[0], ends[1], same, where))
    restored, moved = restore_misplaced_values(RECORDS.frame(rows), order)
    return JudgedPairs(restored, splits, moved)


def song_record(
    key: str, row: Row, columns: Columns, *, evidence: str, type_: str = "Song"
) -> dict[str, object]:
    """Build a row of `RECORDS`; empty cells are skipped.

    Wrongly decoded text (mojibake) is repaired; a list in one cell is split.
    """
    stated = {}
    for role, names in columns.items():
        cells = [cell for name in names if (cell := clean_text(row[name]))]
        if role == "tracks" and len(cells) == 1:
            cells = _listed(row[names[0]])
        if role != TITLE and cells:
            stated[PREDICATES[role]] = cells
    source, _, record_id = key.partition("/")
    return {
        "record": key,
        "source": source,
        "record_id": record_id,
        "type": type_,
        "name": clean_text(" ".join(row[name] for name in columns[TITLE])) or NAMELESS,
        "aliases": [],
        "external_ids": [],
        "attributes": json.dumps(stated, ensure_ascii=False),
        "evidence": evidence,
    }


def _listed(cell: str) -> list[str]:
    """Split a list in one cell by the first separator that applies."""
    for mark in _MARKS:
        if mark in cell:
            return [entry for part in cell.split(mark) if (entry := clean_text(part))]
    return [clean_text(cell)]


def read_table(path: Path, *, need: Collection[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV or TSV (by suffix) file with line numbers; also with `;` or `|`.

    Raises:
        DataError: the file is missing or not UTF-8, a needed column is missing, or a row has more
            or fewer cells than the heading.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            # a heading without the usual separator uses another one
            usual = "\t" if path.suffix == ".tsv" else ","
            mark = usual if usual in first else next((m for m in ";\t|" if m in first), usual)
            reader = csv.reader(file, delimiter=mark)
            headings = next(reader, [])
            for name in need:
                if name not in headings:
                    raise DataError(
                        f"no column {name!r}",
                        where=str(path),
                        remedy=f"the file has: {', '.join(headings)}",
                    )
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(headings):
                    raise DataError(
                        f"{len(cells)} cells, {len(headings)} headings",
                        where=f"{path}:{reader.line_num}",
                    )
                yield reader.line_num, dict(zip(headings, cells, strict=True))
    except (FileNotFoundError, IsADirectoryError):
        raise DataError("no such file", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (FileNotFoundError, IsADirectoryError):
        raise DataError("no such file", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None


def _table_order(columns: Columns, headings: Sequence[str]) -> list[str]:
    """The predicates of the named columns in the order of the table."""
    roles = sorted(columns, key=lambda role: headings.index(columns[role][0]))
    return [PREDICATES[role] for role in roles if role != TITLE]


def _cells(text: str, where: str) -> dict[str, str]:
    parts = _CELL.split(text)
    if len(parts) < 3 or parts[0].strip():
        raise DataError("not a record", where=where, remedy="COL name VAL value …")
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}
