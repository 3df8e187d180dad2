"""Command `evaluate extraction`: train extractors on annotated texts, score them on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from kg_builder.errors import DataError
from kg_builder.text_models.config import Classifier, LearnedConfig, Target
from kg_builder.text_models.corpora import (
    AnnotatedText,
    Ontology,
    lacking_relations,
    of_ontology,
    read_ontology,
    read_text2kgbench,
    read_webnlg,
    readable,
)
from kg_builder.text_models.encoder import encoder_folder
from kg_builder.text_models.training.fit import Method, choose_method
from pipeline.console import terminal, training_progress
from pipeline.evaluate.extraction_report import (
    draw_curve,
    print_benchmark,
    print_curve,
    print_relations,
    print_scores,
    write_errors,
)
from pipeline.evaluate.extraction_runs import (
    LOOK_UP,
    SHARES,
    Experiment,
    Outcome,
    ParsedTexts,
    cross_validate,
    sample,
    train_models,
)
from pipeline.evaluate.reliability import draw_reliability

_out = terminal()
_err = terminal(stderr=True)


class Format(StrEnum):
    """Format of the texts."""

    WEBNLG = "webnlg"
    TEXT2KGBENCH = "text2kgbench"


class Model(StrEnum):
    """Models to train."""

    AUTO = "auto"
    SUBJECT_FIRST = "subject-first"
    LIGHT = "light"
    ENCODER = "encoder"
    BOTH = "both"


class By(StrEnum):
    """Grouping of texts in folds."""

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
        list[Path] | None, typer.Option(help="Texts to score, used only after training.")
    ] = None,
    ontology: Annotated[Path | None, typer.Option(help="Ontology of Text2KGBench (JSON).")] = None,
    folds: Annotated[
        int,
        typer.Option(min=0, help="Without --test: number of cross-validation folds on --train."),
    ] = 0,
    by: Annotated[
        By,
        typer.Option(
            help="Group kept together in a fold: all texts about a subject, or those of one entry."
        ),
    ] = By.SUBJECT,
    model: Annotated[
        Model,
        typer.Option(
            help="subject-first: finds a text's subject, then its relations. Pairs of "
            "mentions: light, with sparse features; encoder, with a fine-tuned encoder, "
            "ten times as slow; or both, averaged. auto: subject-first if the training "
            "texts are about one entity each and incompletely annotated, otherwise light."
        ),
    ] = Model.AUTO,
    gold_spans: Annotated[
        bool,
        typer.Option("--gold-spans", help="Give the models the entities mentioned in each text."),
    ] = False,
    category: Annotated[
        str | None, typer.Option(help="Score only texts of this WebNLG category.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Also train on 10, 25 and 50% of the texts.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the errors, compared with the gold, and the curve."),
    ] = None,
) -> None:
    """Train an extractor on some texts and score the triples that it extracts from others."""
    _check_options(train, test, folds, model, gold_spans=gold_spans)
    collection = _collection(format_, ontology)
    texts = collection.to_train_on(train)
    if category is not None and test is None:
        texts = _of_category(texts, category)
    # read before training, so that a damaged file or unreachable relations are reported
    # immediately; before scoring, only whether the texts are completely annotated is used
    scored = collection.to_score(test) if test is not None else []
    if category is not None and test is not None:
        scored = _of_category(scored, category)
    experiment = Experiment(
        config=LearnedConfig(classifiers=_classifiers(model), target=_target(scored)),
        # chosen once, so that all points of a learning curve use the same method
        method=choose_method(_METHODS.get(model, "pairs"), texts),
        seed=seed,
        gold_spans=gold_spans,
        declared=collection.ontology.classes if collection.ontology else None,
        tokenised=format_ is Format.TEXT2KGBENCH,
    )
    parsed = ParsedTexts(experiment.config.model)
    by_share: dict[float, list[list[Outcome]]] = {}
    for share in SHARES if curve else (1.0,):
        what = f"training on {share:.0%} of {len(texts):,} texts"
        with training_progress(_err, what) as tell:
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
                by_share[share] = [fitted.read(scored)]
    runs = by_share[1.0]
    print_scores(_out, runs, seen=_seen(texts, scored))
    if format_ is Format.TEXT2KGBENCH:
        print_benchmark(_out, runs)
    print_relations(_out, runs)
    if curve:
        print_curve(_out, by_share)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for path in write_errors(runs, out):
            _out.print(f"errors beside the gold: {path}", highlight=False, soft_wrap=True)
        draw_reliability(_reliability(runs), out / "reliability.png")
        _out.print(f"reliability: {out / 'reliability.png'}", highlight=False, soft_wrap=True)
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
    """Check for contradictory options and missing paths."""
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


def _target(scored: Sequence[AnnotatedText]) -> Target:
    """What to predict where training texts are incompletely annotated.

    Completely annotated test texts have all triples stated. In others, a triple that is stated but
    not annotated counts as an error; likewise in folds of the training texts.
    """
    return "stated" if scored and all(text.complete for text in scored) else "annotated"


@dataclass(frozen=True)
class _Collection:
    """Reader of a collection of texts, with the relations declared by its ontology."""

    format: Format
    ontology: Ontology | None

    def to_train_on(self, paths: Sequence[Path]) -> list[AnnotatedText]:
        """Training texts of the paths, without triples of relations that the ontology lacks."""
        texts = self._read(paths)
        if self.ontology is None:
            return texts
        self._note_lacking(texts, "--train: left out")
        return of_ontology(texts, self.ontology)

    def to_score(self, paths: Sequence[Path]) -> list[AnnotatedText]:
        """Test texts of the paths; triples outside the ontology are counted."""
        texts = self._read(paths)
        if self.ontology is not None:
            self._note_lacking(texts, "--test: out of reach, and scored as missed")
        return texts

    def _note_lacking(self, texts: Sequence[AnnotatedText], what: str) -> None:
        if self.ontology is None:
            return
        lacking = lacking_relations(texts, self.ontology)
        if lacking:
            named = ", ".join(f"{name} ({count:,})" for name, count in lacking.most_common(5))
            _err.print(
                f"{what} are {lacking.total():,} triples of relations that ontology "
                f"{self.ontology.name} lacks: {named}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    def _read(self, paths: Sequence[Path]) -> list[AnnotatedText]:
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


def _seen(train: Sequence[AnnotatedText], scored: Sequence[AnnotatedText]) -> set[str]:
    """Test texts that are among the training texts, ignoring tokenisation."""
    trained = {readable(text).text for text in train}
    return {text.text for text in scored if readable(text).text in trained}


def _reliability(runs: Sequence[Sequence[Outcome]]) -> dict[str, list[tuple[float, bool]]]:
    """Each model's confidences over all folds, with correctness."""
    found: dict[str, list[tuple[float, bool]]] = {}
    for outcome in (outcome for run in runs for outcome in run):
        if outcome.model != LOOK_UP:
            judged = [(confidence, right) for _, confidence, right in outcome.judged()]
            found.setdefault(outcome.model, []).extend(judged)
    return found
