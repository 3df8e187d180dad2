"""Command `evaluate ner`: train named-entity recognisers on BIO sentences and score the spans."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.ner import (
    SpanScore,
    score_spans,
    span_errors,
)
from kg_builder.text_models.calibration import expected_calibration_error
from kg_builder.text_models.config import EncoderConfig, NerConfig
from kg_builder.text_models.encoder import encoder_folder, is_installed
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords, labels_of, read_bio
from kg_builder.text_models.ner.model import FoundName, NerModel
from kg_builder.text_models.ner.name_lists import NameList, read_name_files
from kg_builder.text_models.ner.training import fit_ner_model
from pipeline.artefacts import write_tsv
from pipeline.console import terminal, training_progress

_out = terminal()
_err = terminal(stderr=True)
_BASELINE: Final = "look-up of train's names"
_LIGHT: Final = "light"
_ENCODER: Final = "encoder"


class Format(StrEnum):
    """Format of the files."""

    BIO = "bio"


class Model(StrEnum):
    """Models to train."""

    LIGHT = "light"
    ENCODER = "encoder"
    BOTH = "both"


def ner_command(
    train: Annotated[Path, typer.Option(help="Sentences to train on.")],
    test: Annotated[
        Path | None, typer.Option(help="Sentences to score, read only after training.")
    ] = None,
    folds: Annotated[
        int,
        typer.Option(min=0, help="Without --test: number of cross-validation folds on --train."),
    ] = 0,
    format_: Annotated[
        Format, typer.Option("--format", help="bio: a word, a tab and its tag per line.")
    ] = Format.BIO,
    model: Annotated[
        Model | None,
        typer.Option(
            help="light: the CRF; encoder: with the fine-tuned encoder; or both.  [default: "
            "both if the extra `encoder` is installed, otherwise light]"
        ),
    ] = None,
    gazetteer: Annotated[
        list[Path] | None,
        typer.Option(
            help="Additional known names: a text file, or a built data set's folder; may be "
            "repeated."
        ),
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Number of averaged encoders.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the errors, compared with the gold.")
    ] = None,
) -> None:
    """Train an NER model on one file and score it on another, or by cross-validation."""
    if (test is None) == (folds == 0):
        raise DataError("what to score?", remedy="either --test FILE or --folds 5")
    if folds == 1:
        raise DataError("one fold leaves nothing to fit on", where="--folds", remedy="2 or more")
    if test is not None and not test.is_file():
        raise DataError("no such file", where=str(test))
    model = model or (Model.BOTH if is_installed() else Model.LIGHT)
    config = NerConfig(
        seed=seed, encoder=None if model is Model.LIGHT else EncoderConfig(members=members)
    )
    if config.encoder is not None:
        encoder_folder()
    names = read_name_files(gazetteer or (), well_known=True)
    sentences = read_bio(train)
    rows: Sequence[tuple[list[TaggedWords], list[TaggedWords] | Path]] = (
        [(sentences, test)] if test is not None else _folds(sentences, folds, seed)
    )
    gold: list[TaggedWords] = []
    found: dict[str, list[list[FoundName]]] = {}
    for number, (fitted, scored) in enumerate(rows, 1):
        with training_progress(_err, f"fitting, {number} of {len(rows)}") as progress:
            ner_model = fit_ner_model(fitted, config=config, names=names, progress=progress)
        judged = read_bio(scored) if isinstance(scored, Path) else scored
        gold += judged
        for name, spans in _find(ner_model, fitted, judged, model).items():
            found.setdefault(name, []).extend(spans)
    _report(gold, found, seed, len(sentences), names)
    if out is not None:
        _write(gold, found, out)


def look_up(train: Sequence[TaggedWords], sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
    """Baseline: mark names annotated in training sentences, with their most frequent class."""
    names = NameList.of_sentences(train)
    return [
        [Span(item.start, item.end, item.classes[0]) for item in names.find(words)]
        for words in sentences
    ]


def grouped_folds(sentences: Sequence[TaggedWords], folds: int, seed: int) -> list[list[int]]:
    """Split sentences into folds of nearly equal size, keeping equal ones together."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, sentence in enumerate(sentences):
        words = (word.casefold() for word in sentence.words)
        groups[" ".join(word for word in words if any(map(str.isalnum, word)))].append(index)
    keys = sorted(groups)
    order = np.random.default_rng(seed).permutation(len(keys))
    found: list[list[int]] = [[] for _ in range(folds)]
    for key in order:
        smallest = min(found, key=len)
        smallest += groups[keys[int(key)]]
    return [sorted(fold) for fold in found]


def _folds(
    sentences: Sequence[TaggedWords], folds: int, seed: int
) -> list[tuple[list[TaggedWords], list[TaggedWords] | Path]]:
    if folds > len(sentences):
        raise DataError(f"{folds} folds of {len(sentences)} sentences", where="--folds")
    found: list[tuple[list[TaggedWords], list[TaggedWords] | Path]] = []
    for part in grouped_folds(sentences, folds, seed):
        inside = set(part)
        fitted = [row for index, row in enumerate(sentences) if index not in inside]
        found.append((fitted, [sentences[index] for index in part]))
    return found


def _find(
    ner_model: NerModel, fitted: Sequence[TaggedWords], judged: Sequence[TaggedWords], model: Model
) -> dict[str, list[list[FoundName]]]:
    words = [row.words for row in judged]
    found = {
        _BASELINE: [[FoundName(span, 1.0) for span in spans] for spans in look_up(fitted, words)]
    }
    if model is not Model.ENCODER:
        found[_LIGHT] = ner_model.without_encoder().predict(words)
    if model is not Model.LIGHT:
        found[_ENCODER] = ner_model.predict(words)
    return found


def _report(
    gold: Sequence[TaggedWords],
    found: Mapping[str, Sequence[Sequence[FoundName]]],
    seed: int,
    fitted: int,
    names: NameList,
) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), title="Strict spans")
    table.add_column("")
    for heading in ("gold", "found", "right", "precision", "recall", "F1", "95% interval"):
        table.add_column(heading, justify="right")
    calibrations = []
    for name, rows in found.items():
        spans = [[item.span for item in row] for row in rows]
        table.add_row(name, *_cells(score_spans(gold, spans, seed=seed)), style="bold")
        for label in labels_of(gold):
            score = score_spans(gold, spans, label=label, seed=seed)
            table.add_row(f"  {label}", *_cells(score))
        if name != _BASELINE:
            flat = [
                (item.confidence, item.span in row.spans)
                for row, items in zip(gold, rows, strict=True)
                for item in items
            ]
            error = expected_calibration_error(
                [c for c, _ in flat], [r for _, r in flat], equal_width=True
            )
            calibrations.append(f"{name} {error:.3f}")
    _out.print(table)
    _out.print(
        f"{len(gold):,} sentences scored; train has {fitted:,}; "
        f"{len(names):,} names known from elsewhere",
        highlight=False,
    )
    _out.print(
        f"Expected calibration error of the confidences: {', '.join(calibrations)}",
        highlight=False,
    )
    if not is_installed():
        _out.print("The extra `encoder` is not installed: pip install '.\\[encoder]' reads better.")


def _cells(score: SpanScore) -> list[str]:
    return [
        f"{score.gold:,}",
        f"{score.found:,}",
        f"{score.right:,}",
        f"{score.score.precision:.4f}",
        f"{score.score.recall:.4f}",
        f"{score.score.f1:.4f}",
        f"{score.interval[0]:.3f}–{score.interval[1]:.3f}",
    ]


def _write(
    gold: Sequence[TaggedWords], found: Mapping[str, Sequence[Sequence[FoundName]]], out: Path
) -> None:
    for name, rows in found.items():
        if name == _BASELINE:
            continue
        spans: list[list[Span]] = [[item.span for item in row] for row in rows]
        errors = span_errors(gold, spans)
        path = out / f"errors-{name}.tsv"
        out.mkdir(parents=True, exist_ok=True)
        write_tsv(
            pd.DataFrame(
                [(row.kind, row.gold, row.found) for row in errors],
                columns=["kind", "gold", "found"],
            ),
            path,
        )
        kinds = Counter(kind for row in errors for kind in row.kind.split(", "))
        summary = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        _out.print(
            f"{name}: {len(errors):,} of {len(gold):,} sentences differ from gold "
            f"({summary}): {path}",
            highlight=False,
            soft_wrap=True,
        )
