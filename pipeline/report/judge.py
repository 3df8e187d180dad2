"""Command `judge-facts`: a person marks sampled facts right or wrong; precision by source."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.judged_facts import precision_by_source, sampled
from kg_builder.tables import STATEMENTS
from pipeline.artefacts import read_table, write_tsv
from pipeline.console import terminal
from pipeline.explore import Graph
from pipeline.folders import DataFolder, ProcessedDataset, built_data_set
from pipeline.judgement_files import JUDGEMENTS

__all__ = ["facts_file", "judge_facts_command", "read_judged"]

COLUMNS: Final = ["subject", "predicate", "object", "source", "method", "verdict"]
VERDICTS: Final = {"r": "right", "w": "wrong", "u": "unsure"}
_out = terminal()


def facts_file(dataset: str) -> Path:
    """File of a data set's judged facts."""
    return JUDGEMENTS / f"{dataset}-facts.tsv"


def read_judged(path: Path) -> pd.DataFrame:
    """Read the judgements of a file; none if it does not exist.

    Raises:
        DataError: the file is not one of judgements.
    """
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS, dtype="object")
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3)
    if list(table.columns) != COLUMNS:
        raise DataError(
            f"columns {list(table.columns)}", where=str(path), remedy=f"expected: {COLUMNS}"
        )
    strange = table[~table["verdict"].isin([*VERDICTS.values()])]
    if len(strange):
        raise DataError(
            f"verdict {strange['verdict'].iloc[0]!r}",
            where=f"{path}, line {strange.index[0] + 2}",
            remedy=f"one of: {', '.join(VERDICTS.values())}",
        )
    return table


def judge_facts_command(
    dataset: ProcessedDataset = None,
    data: DataFolder = None,
    per_source: Annotated[
        int, typer.Option(min=1, help="Facts sampled per source, including those already judged.")
    ] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the sampling.")] = 555,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Judgements.  [default: data/judgements/NAME-facts.tsv]"),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the judgements so far.")] = False,
) -> None:
    """Mark sampled facts right or wrong; precision by source with its 95% interval.

    Every judgement is saved immediately, so you may stop (q) and continue later.
    """
    folder, name, _ = built_data_set(dataset, data)
    path = file if file is not None else facts_file(name)
    judged = read_judged(path)
    if not show:
        statements = read_table(STATEMENTS, folder / "statements.parquet")
        judged = _ask(folder, sampled(statements, per_source, seed), judged, path)
    _show(judged)
    if path.is_file():
        _line(f"[dim]in {escape(str(path))}[/]")


def _ask(folder: Path, drawn: pd.DataFrame, judged: pd.DataFrame, path: Path) -> pd.DataFrame:
    key = COLUMNS[:-1]
    judged_keys = set(judged[key].itertuples(index=False, name=None))
    rows = [
        row for row in drawn.to_dict("records") if tuple(row[c] for c in key) not in judged_keys
    ]
    with Graph.open(folder) as graph:
        for number, row in enumerate(rows, start=1):
            quote = graph.places([row["evidence"]])[row["evidence"]]
            _line(f"\n[dim]{number} of {len(rows)}[/]  [bold]{escape(row['subject'])}[/]  "
                  f"{row['predicate']}  [bold]{escape(row['object'])}[/]")  # fmt: skip
            _line(f"  [dim]{row['source']}, {row['method']}: {escape(row['evidence'])}[/]")
            if quote.text:
                _line(f"  [italic]{escape(quote.text)}[/]")
            verdict = _verdict()
            if verdict is None:
                break
            one = pd.DataFrame([{**{c: row[c] for c in key}, "verdict": verdict}])
            judged = pd.concat([judged, one], ignore_index=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tsv(judged[COLUMNS], path)
    return judged


def _verdict() -> str | None:
    """Ask for a verdict; None to stop or at the end of input."""
    while True:
        _out.print("  [r]ight, [w]rong, [u]nsure, [q]uit: ", end="", markup=False)
        answer = sys.stdin.readline()
        word = answer.strip().casefold()[:1]
        if not answer or word == "q":
            _line()
            return None
        if word in VERDICTS:
            return VERDICTS[word]


def _show(judged: pd.DataFrame) -> None:
    sure = judged[judged["verdict"] != "unsure"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("source", "judged", "right", "precision", "95% interval"):
        table.add_column(name, justify="left" if name == "source" else "right")
    parts = sure.assign(right=sure["verdict"] == "right")
    for row in precision_by_source(parts).to_dict("records"):
        table.add_row(
            escape(row["source"]), str(row["judged"]), str(row["right"]),
            f"{row['precision']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}",
        )  # fmt: skip
    _out.print(table)
    _line(f"[dim]{len(judged) - len(sure)} unsure[/]")


def _line(text: str = "") -> None:
    _out.print(text, highlight=False, soft_wrap=True)
