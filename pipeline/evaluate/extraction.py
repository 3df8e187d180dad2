"""Command `evaluate extraction`: train extractors on annotated texts, score them on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kg_builder.errors import DataError
from kg_builder.text_models.config import Classifier, LearnedConfig
from kg_builder.text_models.corpora import (
    AnnotatedText,
    Ontology,
    read_ontology,
    read_text2kgbench,
    read_webnlg,
)
from kg_builder.text_models.encoder import encoder_folder
from kg_builder.text_models.training.fit import Method, choose_method
from pipeline.console import terminal
from pipeline.evaluate.extraction_report import (
    draw_curve,
    print_benchmark,
    print_curve,
    print_relations,
    print_scores,
    write_errors,
)
from pipeline.evaluate.extraction_runs import (
    SHARES,
    Experiment,
    Outcome,
    ParsedTexts,
    cross_validate,
    sample,
    train_models,
)

_out = terminal()
_err = terminal(stderr=True)


class Format(StrEnum):
    """How the texts are written."""

    WEBNLG = "webnlg"
    TEXT2KGBENCH = "text2kgbench"


class Model(StrEnum):
    """What is trained."""

    AUTO = "auto"
    SUBJECT_FIRST = "subject-first"
    LIGHT = "light"
    ENCODER = "encoder"
    BOTH = "both"


class By(StrEnum):
    """What stays together in a fold."""

    SUBJECT = "subject"
    ENTRY = "entry"


def extraction_command(
    train: Annotated[
        list[Path], typer.Option(help="Texts to train on: files or folders; may be repeated.")
    ],
    format_: Annotated[
        Format, typer.Option("--format", help="webnlg: XML; text2kgbench: JSON lines.")
    ] = Format.WEBNLG,
    test: Annotated[
        list[Path] | None, typer.Option(help="Texts to score, read after training.")
    ] = None,
    ontology: Annotated[
        Path | None, typer.Option(help="Ontology of Text2KGBench, in its JSON.")
    ] = None,
    folds: Annotated[
        int, typer.Option(min=0, help="Without --test: cross-validate on --train in so many folds.")
    ] = 0,
    by: Annotated[
        By,
        typer.Option(
            help="What stays together in a fold: all texts about a subject, or those of one entry."
        ),
    ] = By.SUBJECT,
    model: Annotated[
        Model,
        typer.Option(
            help="subject-first: finds what a text is about, then what is said of it. Pairs of "
            "mentions: light, by sparse features; encoder, by a fine-tuned encoder, which takes "
            "ten times as long; or both, and their mean. auto: subject-first where the training "
            "texts are about one thing each and not completely annotated, light otherwise."
        ),
    ] = Model.AUTO,
    gold_spans: Annotated[
        bool, typer.Option("--gold-spans", help="Give the models the things that a text names.")
    ] = False,
    category: Annotated[
        str | None, typer.Option(help="Score texts of this category of WebNLG alone.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Train on 10, 25 and 50% of the texts as well.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the errors beside the gold, and the curve.")
    ] = None,
) -> None:
    """Train an extractor on some texts and score the triples that it reads from others."""
    _check_options(train, test, folds, model, gold_spans=gold_spans)
    collection = _collection(format_, ontology)
    texts = collection.read(train)
    if category is not None and test is None:
        texts = _of_category(texts, category)
    experiment = Experiment(
        config=LearnedConfig(classifiers=_classifiers(model)),
        # chosen once: parts of the texts, for a curve, must not be read in another way
        method=choose_method(_METHODS.get(model, "pairs"), texts),
        seed=seed,
        gold_spans=gold_spans,
        declared=collection.ontology.classes if collection.ontology else None,
    )
    parsed = ParsedTexts(experiment.config.model)
    by_share: dict[float, list[list[Outcome]]] = {}
    for share in SHARES if curve else (1.0,):
        with _progress() as bars:
            task = bars.add_task(f"training on {share:.0%} of {len(texts):,} texts", total=None)

            def tell(done: int, total: int | None = None) -> None:
                bars.update(task, completed=done, total=total)  # noqa: B023 - used at once

            if test is None:
                by_share[share] = cross_validate(
                    texts,
                    folds,
                    experiment,
                    parsed,
                    by_subject=by is By.SUBJECT,
                    share=share,
                    progress=tell,
                )
            else:
                fitted = train_models(sample(texts, share, seed=seed), experiment, parsed, tell)
                scored = collection.read(test)
                if category is not None:
                    scored = _of_category(scored, category)
                by_share[share] = [fitted.read(scored)]
    runs = by_share[1.0]
    print_scores(_out, runs, seen={text.text for text in texts} if test else set())
    if format_ is Format.TEXT2KGBENCH:
        print_benchmark(_out, runs)
    print_relations(_out, runs)
    if curve:
        print_curve(_out, by_share)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for path in write_errors(runs, out):
            _out.print(f"errors beside the gold: {path}", highlight=False, soft_wrap=True)
        if curve:
            draw_curve(by_share, out / "curve.png")
            _out.print(f"curve: {out / 'curve.png'}", highlight=False, soft_wrap=True)


def _check_options(
    train: Sequence[Path],
    test: Sequence[Path] | None,
    folds: int,
    model: Model,
    *,
    gold_spans: bool,
) -> None:
    """Refuse options that contradict each other, and paths that are not there."""
    if (test is None) == (folds == 0):
        raise DataError("what to score?", remedy="either --test PATH or --folds 5")
    if model is Model.SUBJECT_FIRST and gold_spans:
        raise DataError(
            "subject-first finds the subject itself", where="--gold-spans", remedy="--model light"
        )
    if folds == 1:
        raise DataError("one fold leaves nothing to train on", where="--folds", remedy="2 or more")
    for path in (*train, *(test or ())):
        if not path.exists():
            raise DataError("no such file or folder", where=str(path))


_METHODS: Final[dict[Model, Method]] = {
    Model.AUTO: "auto",
    Model.SUBJECT_FIRST: "subject-first",
}
"""Models that are no classifiers of pairs"""


def _classifiers(model: Model) -> tuple[Classifier, ...]:
    if model not in {Model.ENCODER, Model.BOTH}:
        return ("light",)
    encoder_folder()
    return ("light", "encoder") if model is Model.BOTH else ("encoder",)


@dataclass(frozen=True)
class _Collection:
    """How texts are read, and what is known of their relations."""

    format: Format
    ontology: Ontology | None

    def read(self, paths: Sequence[Path]) -> list[AnnotatedText]:
        """All texts of the paths."""
        if self.ontology is not None:
            return read_text2kgbench(paths, self.ontology)
        return [
            replace(text, id=f"{number}/{text.id}")
            for number, path in enumerate(paths)
            for text in read_webnlg(path)
        ]


def _collection(format_: Format, ontology: Path | None) -> _Collection:
    if format_ is Format.WEBNLG:
        return _Collection(format_, None)
    if ontology is None:
        raise DataError("which ontology?", where="--format text2kgbench", remedy="--ontology FILE")
    return _Collection(format_, read_ontology(ontology))


def _of_category(texts: list[AnnotatedText], category: str) -> list[AnnotatedText]:
    kept = [text for text in texts if text.category.casefold() == category.casefold()]
    if not kept:
        raise DataError(f"no text of category {category!r}", where="--category")
    return kept


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=_err,
        transient=True,
    )
