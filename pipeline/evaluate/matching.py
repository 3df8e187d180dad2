"""Command `evaluate matching`: score entity resolution against gold clusters or labelled pairs."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.matching import Wrong
from kg_builder.evaluation.matching_data import (
    Clusters,
    JudgedPairs,
    read_deepmatcher,
    read_deepmatcher_folder,
    read_mapping,
    read_musicbrainz20k,
    read_pairs,
    read_tables,
)
from kg_builder.evaluation.song_columns import PREDICATES, read_columns
from pipeline.console import terminal
from pipeline.evaluate.matching_runs import (
    MatchingReport,
    evaluate_clusters,
    evaluate_pairs,
    score_clusters,
)
from pipeline.evaluate.splink_peer import resolve_with_splink
from safe_io.atomic import replacing, write_atomically

_out = terminal()


class Format(StrEnum):
    """Formats of gold data."""

    musicbrainz20k = "musicbrainz20k"
    deepmatcher = "deepmatcher"
    csv = "csv"


class Peer(StrEnum):
    """Other tools that can be evaluated on the same records."""

    splink = "splink"


def matching_command(
    format_: Annotated[Format, typer.Option("--format", help="Format of the gold data.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder or table with the records; repeat it for several tables."),
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="Labelled clusters (a folder) or pairs (a file).")
    ] = None,
    valid: Annotated[
        Path | None, typer.Option(help="Judged pairs for a second evaluation.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Judged pairs to score.")] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Each source has at most one record per entity.")
    ] = False,
    hide: Annotated[str, typer.Option(help="Columns to hide, separated by commas.")] = "",
    columns: Annotated[
        str, typer.Option(help="title=COLUMN,artist=COLUMN,…  [default: by the column names]")
    ] = "",
    truth: Annotated[
        str,
        typer.Option(help="Column with the true cluster, or a file with all true pairs of ids."),
    ] = "",
    pairs: Annotated[
        Path | None, typer.Option(help="Judged pairs of ids: left, right, label (1 or 0).")
    ] = None,
    key: Annotated[str, typer.Option(help="Column with the id of a record.")] = "id",
    source: Annotated[
        str | None, typer.Option(help="Column with the source.  [default: one source per table]")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What the records describe: Song or Album.  [default: Album if tracks are "
            "listed, else Song]"
        ),
    ] = None,
    against: Annotated[
        Peer | None, typer.Option(help="Also evaluate another tool in the same run, on clusters.")
    ] = None,
    peer_python: Annotated[
        Path | None, typer.Option(help="Python interpreter of the other tool's environment.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for scores.json and errors.tsv.")] = None,
) -> None:
    """Measure entity resolution: pairwise and B-cubed scores, blocking, time, worst errors."""
    hidden = [name.strip() for name in hide.split(",") if name.strip()]
    named = read_columns(columns) if columns else None
    if format_ is Format.deepmatcher:
        gold = _judged(data, {"train": train, "valid": valid, "test": test}, named)
        _finish([_pair_report(gold, name) for name in gold.splits if name != "train"], gold, out)
        return
    if not data:
        raise DataError("no records", where="--data", remedy="name a folder or a table")
    labelled: Clusters | None = None
    judged = None
    if format_ is Format.musicbrainz20k:
        clusters = read_musicbrainz20k(_single(data), hide=hidden)
        labelled = read_musicbrainz20k(train, hide=hidden) if train else None
    else:
        if unknown := [name for name in hidden if name not in PREDICATES]:
            raise DataError(
                f"no role {unknown[0]!r} to hide",
                where="--hide",
                remedy=f"one of {', '.join(PREDICATES)}",
            )
        column = truth if truth and not Path(truth).is_file() else None
        reads = partial(read_tables, columns=named, key=key, source=source, type_=kind, hide=hidden)
        clusters = reads(data, truth=column)
        labelled = reads([train], truth=column) if train else None
        for note in clusters.notes:
            _out.print(note, highlight=False, soft_wrap=True)
        sides = data[0].stem, data[-1].stem
        if pairs:
            judged = read_pairs(pairs, *sides, set(clusters.truth))
        elif truth and column is None:
            clusters = read_mapping(Path(truth), *sides, clusters)
        elif column is None:
            raise DataError("no truth", remedy="give --truth COLUMN, --truth FILE or --pairs FILE")
    reports = [evaluate_clusters(clusters, clean=clean, train=labelled, judged=judged)]
    if against is not None:
        label, seconds, processor = resolve_with_splink(clusters.records, python=peer_python)
        scored = clusters.truth.keys() - (labelled.truth.keys() if labelled else set())
        reports.append(
            score_clusters(
                "splink",
                label,
                {name: clusters.truth[name] for name in sorted(scored)},
                records=len(clusters.records),
                seconds=seconds,
                processor=processor,
            )
        )
    _finish(reports, clusters, out)


def _judged(
    data: Sequence[Path] | None,
    files: dict[str, Path | None],
    columns: dict[str, tuple[str, ...]] | None,
) -> JudgedPairs:
    """Read judged pairs from a folder or files, and restore misplaced values."""
    if data:
        gold = read_deepmatcher_folder(_single(data), columns)
    else:
        named = {split: path for split, path in files.items() if path is not None}
        if "train" not in named or len(named) < 2:
            raise DataError(
                "nothing to learn from and to score",
                remedy="give --train FILE and --test FILE (or --valid FILE), or --data FOLDER",
            )
        gold = read_deepmatcher(named, columns)
    if gold.moved:
        _out.print(f"{gold.moved:,} values stood in the title and were put back into their cells")
    return gold


def _pair_report(gold: JudgedPairs, split: str) -> MatchingReport:
    return evaluate_pairs(gold, fit="train", score=split)


def _single(paths: Sequence[Path]) -> Path:
    if len(paths) != 1:
        raise DataError(f"{len(paths)} folders", where="--data", remedy="give one")
    return paths[0]


def _finish(
    reports: Sequence[MatchingReport], gold: Clusters | JudgedPairs, out: Path | None
) -> None:
    """Print the scores, and write them with the errors if a folder is given."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("method", "score", "precision", "recall", "F1"):
        table.add_column(heading)
    for report in reports:
        for name, score in report.scores.items():
            bounds = report.intervals[name]
            cells = [
                f"{getattr(score, value):.4f} [dim]{bounds[value][0]:.3f}-{bounds[value][1]:.3f}[/]"
                for value in ("precision", "recall", "f1")
            ]
            table.add_row(report.method, name, *cells)
    _out.print(table)
    for report in reports:
        line = f"{report.method}: {report.scored:,} scored of {report.records:,} records"
        if report.blocking is not None:
            line += (
                f"; blocking recall {report.blocking.recall:.4f}, reduction"
                f" {report.blocking.reduction:.5f} ({report.blocking.candidates:,} pairs)"
            )
        line += f"; {report.seconds:.1f} s, processor {report.processor:.1f} s"
        _out.print(line, highlight=False, soft_wrap=True)
        if report.check is not None:
            _out.print(report.check.line(), highlight=False, soft_wrap=True)
            for warning in report.check.warnings():
                _out.print(f"[yellow]warning:[/] {warning}", highlight=False, soft_wrap=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps([_plain(report) for report in reports], indent=2) + "\n"
        write_atomically(out / "scores.json", text)
        for number, report in enumerate(reports):
            name = "errors.tsv" if number == 0 else f"errors-{number + 1}.tsv"
            _write_errors(out / name, report.errors, gold.records)
        _out.print(f"scores.json and errors.tsv in {out}", highlight=False, soft_wrap=True)


def _write_errors(path: Path, errors: Sequence[Wrong], records: pd.DataFrame) -> None:
    """Write errors as a TSV: kind, probability, and the values of both records."""
    described = {
        key: (name, _values(attributes))
        for key, name, attributes in zip(
            records["record"], records["name"], records["attributes"], strict=True
        )
    }
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(
            ("kind", "probability", "left", "right", "left name", "right name", "left says",
             "right says")
        )  # fmt: skip
        for wrong in errors:
            one, other = described[wrong.left], described[wrong.right]
            sure = "" if wrong.probability is None else f"{wrong.probability:.4f}"
            writer.writerow(
                (wrong.kind, sure, wrong.left, wrong.right, one[0], other[0], one[1], other[1])
            )


def _values(attributes: str) -> str:
    return " | ".join(
        f"{name}: {', '.join(values)}" for name, values in json.loads(attributes).items()
    )


def _plain(report: MatchingReport) -> dict[str, object]:
    return {
        "method": report.method,
        "records": report.records,
        "scored": report.scored,
        "scores": {
            name: {
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
                "intervals": report.intervals[name],
            }
            for name, score in report.scores.items()
        },
        "blocking": None if report.blocking is None else vars(report.blocking),
        "seconds": report.seconds,
        "processor_seconds": report.processor,
        "errors": len(report.errors),
    }
