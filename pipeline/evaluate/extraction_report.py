"""Write reports of the extraction evaluation: score tables, error files, learning curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from kg_builder.evaluation.extraction import FOLDS, Counts, benchmark_score, normal_triple
from kg_builder.text_models.corpora import Triple
from pipeline.artefacts import write_tsv
from pipeline.evaluate.extraction_runs import LOOK_UP, Outcome
from safe_io.atomic import replacing

Runs = Sequence[Sequence[Outcome]]
"""Outcomes of the models, the same in each run (fold)."""

COLUMNS: Final = ("text_id", "text", "right", "missed", "wrong", "below_threshold")
"""Columns of an error file."""

_SHOWN: Final = 40


def print_scores(console: Console, runs: Runs, *, seen: set[str]) -> None:
    """Print micro-averaged scores of triples: exact, without diacritics, and ignoring spelling.

    Args:
        console: output console.
        runs: outcomes of each fold, or of the single test.
        seen: training texts; scores without test texts among them are printed as well.
    """
    texts = [text for run in runs for text in run[0].texts]
    where = f"{len(runs)} folds" if len(runs) > 1 else "test"
    _scores(console, runs, f"Exact triples, micro, {where}: {len(texts):,} texts")
    again = sum(text.text in seen for text in texts)
    if again and again < len(texts):
        clean = [[_without(outcome, seen) for outcome in run] for run in runs]
        _scores(console, clean, f"The same without {again:,} texts that are in --train")


def _scores(console: Console, runs: Runs, title: str) -> None:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("model", "P", "R", "F1", "F1 a=á", "F1 spelling", "ECE"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for model, outcomes in _by_model(runs):
        cells = []
        for fold in FOLDS:
            scores = [outcome.score(fold=fold).micro for outcome in outcomes]
            if fold == "as written":
                cells.append(_spread([score.precision for score in scores]))
                cells.append(_spread([score.recall for score in scores]))
            cells.append(_spread([score.f1 for score in scores]))
        error = _spread([outcome.calibration_error for outcome in outcomes])
        table.add_row(model, *cells, "" if model == LOOK_UP else error)
    console.print(table)


def print_benchmark(console: Console, runs: Runs) -> None:
    """Print the scores of Text2KGBench's own script for the same triples."""
    title = "Text2KGBench's own script: relations that the gold of a sentence lacks are left out"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("model", "micro F1", "mean P", "mean R", "mean F1"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for model, outcomes in _by_model(runs):
        scores = [benchmark_score(o.stated, [t.triples for t in o.texts]) for o in outcomes]
        table.add_row(
            model,
            _spread([score.micro.f1 for score in scores]),
            _spread([score.mean_precision for score in scores]),
            _spread([score.mean_recall for score in scores]),
            _spread([score.mean_f1 for score in scores]),
        )
    console.print(table)


def print_relations(console: Console, runs: Runs) -> None:
    """Print each relation's counts over all runs, for the last model."""
    model, outcomes = list(_by_model(runs))[-1]
    sums: dict[str, Counts] = {}
    for outcome in outcomes:
        for relation, counts in outcome.score().by_relation.items():
            sums[relation] = sums.get(relation, Counts()) + counts
    title = f"By relation: {model}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("relation", "gold", "stated", "right", "P", "R", "F1"):
        table.add_column(heading, justify="left" if heading == "relation" else "right")
    ordered = sorted(sums.items(), key=lambda item: (-item[1].gold, item[0]))
    for relation, counts in ordered[:_SHOWN]:
        table.add_row(
            relation,
            f"{counts.gold:,}",
            f"{counts.stated:,}",
            f"{counts.right:,}",
            *(f"{value:.3f}" for value in (counts.precision, counts.recall, counts.f1)),
        )
    console.print(table)
    if len(ordered) > _SHOWN:
        console.print(f"and {len(ordered) - _SHOWN} rarer relations")


def print_curve(console: Console, by_share: Mapping[float, Runs]) -> None:
    """Print F1 by share of the training texts."""
    table = Table(
        title="F1 by share of the training texts", title_justify="left", box=None,
        padding=(0, 2, 0, 0),
    )  # fmt: skip
    table.add_column("model")
    for share in by_share:
        table.add_column(f"{share:.0%}", justify="right")
    for model, values in _curve(by_share).items():
        table.add_row(model, *(_spread(each) for each in values))
    console.print(table)


def draw_curve(by_share: Mapping[float, Runs], path: Path) -> None:
    """Draw F1 against the share of the training texts, one line per model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.4), layout="constrained")
    axes = figure.subplots()
    shares = [100 * share for share in by_share]
    for model, values in _curve(by_share).items():
        middle = [mean(each) for each in values]
        spread = [stdev(each) if len(each) > 1 else 0.0 for each in values]
        axes.errorbar(shares, middle, yerr=spread, marker="o", capsize=3, label=model)
    axes.set_xlabel("share of the training texts, %")
    axes.set_ylabel("F1, exact triples")
    axes.set_xticks(shares)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": ""})


def write_errors(runs: Runs, folder: Path) -> list[Path]:
    """Write `errors-<model>.tsv` for each model except the look-up."""
    paths = []
    for model, outcomes in _by_model(runs):
        if model != LOOK_UP:
            rows = [row for outcome in outcomes for row in error_rows(outcome)]
            path = folder / f"errors-{model.replace(' ', '')}.tsv"
            write_tsv(pd.DataFrame(rows, columns=list(COLUMNS), dtype="str"), path)
            paths.append(path)
    return paths


def error_rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """One row per text with an error, in the order of the texts.

    Columns are `COLUMNS`. A triple is written "subject | relation | object", extracted ones with
    their confidence; several are separated by " ; ". Missed triples found below the threshold are
    in the last column too.
    """
    rows: list[tuple[str, ...]] = []
    for text, considered in zip(outcome.texts, outcome.considered, strict=True):
        gold = {normal_triple(triple): triple for triple in text.triples}
        extracted = [item for item in considered if item.confidence >= outcome.threshold]
        doubted = [item for item in considered if item.confidence < outcome.threshold]
        stated_keys = {normal_triple(item.triple) for item in extracted}
        right = [item for item in extracted if normal_triple(item.triple) in gold]
        wrong = [item for item in extracted if normal_triple(item.triple) not in gold]
        missed = [triple for key, triple in gold.items() if key not in stated_keys]
        if wrong or missed:
            rows.append(
                (
                    text.id,
                    text.text,
                    _joined([(item.triple, item.confidence) for item in right]),
                    _joined([(triple, None) for triple in missed]),
                    _joined([(item.triple, item.confidence) for item in wrong]),
                    _joined(
                        [
                            (item.triple, item.confidence)
                            for item in doubted
                            if normal_triple(item.triple) in gold
                        ]
                    ),
                )
            )
    return rows


def _by_model(runs: Runs) -> Iterator[tuple[str, list[Outcome]]]:
    for outcomes in zip(*runs, strict=True):
        yield outcomes[0].model, list(outcomes)


def _curve(by_share: Mapping[float, Runs]) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = {}
    for runs in by_share.values():
        for model, outcomes in _by_model(runs):
            found.setdefault(model, []).append([o.score().micro.f1 for o in outcomes])
    return found


def _without(outcome: Outcome, seen: set[str]) -> Outcome:
    kept = [number for number, text in enumerate(outcome.texts) if text.text not in seen]
    return Outcome(
        outcome.model,
        [outcome.texts[number] for number in kept],
        [outcome.considered[number] for number in kept],
        outcome.threshold,
    )


def _spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{mean(values):.3f} ± {stdev(values):.3f}"


def _joined(triples: Sequence[tuple[Triple, float | None]]) -> str:
    return " ; ".join(
        " | ".join(triple) + ("" if confidence is None else f" ({confidence:.2f})")
        for triple, confidence in triples
    )
