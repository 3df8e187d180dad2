"""Command `train-extractor`: fit NER and relation extraction on the graph's facts or gold texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.matching import Score
from kg_builder.evaluation.ner import score_spans
from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument, read_documents
from kg_builder.extraction.text.gazetteer import KnownNames, common_words
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import Schema, load_schema
from kg_builder.text_models.training.annotated import read_annotated
from kg_builder.text_models.training.distant_supervision import (
    TrainingTexts,
    facts_of,
    label_with_graph,
)
from kg_builder.text_models.training.fit import HeldOut, fit, held_out
from pipeline.confinement import check_paths
from pipeline.console import terminal
from pipeline.folders import default_raw, processed_folder
from pipeline.recipe import load_recipe
from safe_io.atomic import replacing_folder
from safe_io.locks import file_lock

_out = terminal()
_RECORDS: Final = "records.parquet"
_STATEMENTS: Final = "stages/extraction/statements.parquet"


class Relations(StrEnum):
    """Methods of relation extraction."""

    PAIRS = "pairs"
    SUBJECT_FIRST = "subject-first"
    AUTO = "auto"


def train_extractor_command(
    out: Annotated[Path, typer.Option(help="Output folder of the extractor.")],
    dataset: Annotated[
        str, typer.Option(help="Name of a built data set: its facts and its recipe's texts.")
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            "--processed",
            "--records",
            metavar="DIR",
            help="Processed folder with the facts; also without --dataset.  [default: "
            "data/processed/<dataset>]",
        ),
    ] = None,
    raw: Annotated[
        Path | None, typer.Option(help="Folder of its raw files.  [default: data/raw]")
    ] = None,
    texts: Annotated[
        list[Path] | None,
        typer.Option(help="Texts as JSON lines with id, title and text; may be repeated."),
    ] = None,
    annotated: Annotated[
        list[Path] | None,
        typer.Option(
            help="Annotated texts: biographies in the sample's format, WebNLG or Text2KGBench; "
            "may be repeated."
        ),
    ] = None,
    ontology: Annotated[
        Path | None, typer.Option(help="Ontology of the Text2KGBench files.")
    ] = None,
    method: Annotated[
        Relations,
        typer.Option(
            help="Relation extractor: pairs of names; or subject-first, for texts about one "
            "entity each, of one sentence or few long ones; auto decides from the texts."
        ),
    ] = Relations.PAIRS,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    measure: Annotated[
        bool, typer.Option(help="First train on four fifths and score the rest.")
    ] = True,
) -> None:
    """Train the NER model and the relation extractor; same seed, same bytes."""
    if not (dataset or (texts and data) or annotated):
        raise DataError(
            "nothing to learn from",
            remedy="--dataset NAME, or --data FOLDER and --texts FILE, or --annotated FILE",
        )
    schema = load_schema()
    sources: list[tuple[UnstructuredSource, Path]] = []
    folder = data
    if dataset:
        recipe = load_recipe(dataset)
        folder = processed_folder(recipe.name, data)
        root = raw if raw is not None else default_raw(recipe)
        check_paths(recipe, root)
        sources = [(s, root) for s in recipe.sources if isinstance(s, UnstructuredSource)]
    sources += [_source(path) for path in texts or ()]
    gazetteer, facts = _graph(folder, {source.name for source, _ in sources})
    documents = {source.name: list(read_documents(source, root)) for source, root in sources}
    bodies = {item.id: item.text for rows in documents.values() for item in rows}
    classes = _classes(gazetteer, schema)
    parts = [
        read_annotated(
            path,
            texts=bodies,
            class_of=lambda name: classes.get(name.casefold(), ""),
            schema=schema,
            ontology=ontology,
        )
        for path in annotated or ()
    ]
    for source, _ in sources:
        parts.append(_distant(source, documents[source.name], gazetteer, facts, schema))
    training = TrainingTexts.merged(parts)
    _print_training_texts(training, len(facts))
    if measure:
        _print_quality(held_out(training, seed=seed, method=method.value))
    extractor = fit(training, seed=seed, method=method.value)
    with file_lock(out, "training"), replacing_folder(out) as folder:
        extractor.save(folder)
    _out.print(
        f"Extractor written to {out}; a source of texts takes it with trained = "
        f'{{ path = "{out.resolve()}" }}',
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _source(path: Path) -> tuple[UnstructuredSource, Path]:
    if not path.is_file():
        raise DataError("no such file", where=str(path))
    return UnstructuredSource(kind="unstructured", name=path.stem, path=path.name), path.parent


def _graph(
    folder: Path | None, texts: set[str]
) -> tuple[pd.DataFrame | None, list[tuple[str, str, str]]]:
    """Load the records and facts of the structured sources."""
    if folder is None:
        return None, []
    for name in (_RECORDS, _STATEMENTS):
        if not (folder / name).is_file():
            raise DataError(
                "no such file", where=str(folder / name), remedy="python -m pipeline build first"
            )
    records = pd.read_parquet(folder / _RECORDS)
    statements = pd.read_parquet(folder / _STATEMENTS)
    facts = facts_of(statements, records, texts=texts)
    return records[~records["source"].isin(sorted(texts))], facts


def _classes(records: pd.DataFrame | None, schema: Schema) -> dict[str, str]:
    """Lower-case name → its most specific class in the graph."""
    found: dict[str, set[str]] = {}
    if records is not None:
        for name, type_ in zip(records["name"], records["type"], strict=True):
            found.setdefault(str(name).casefold(), set()).add(str(type_))
    return {name: schema.most_specific(sorted(types)) for name, types in found.items()}


def _distant(
    source: UnstructuredSource,
    documents: Sequence[TextDocument],
    gazetteer: pd.DataFrame | None,
    facts: Sequence[tuple[str, str, str]],
    schema: Schema,
) -> TrainingTexts:
    """Process the texts with rules and gazetteer, and label them with facts."""
    plain = source.model_copy(update={"trained": None, "external": ()})
    reader = TextReader(
        plain,
        schema,
        known=KnownNames.of(gazetteer, common_words(one.text for one in documents)),
    )
    return label_with_graph((text for text, _ in reader.read(documents)), facts, schema)


def _print_training_texts(training: TrainingTexts, facts: int) -> None:
    for title, counts in (
        ("Names", training.classes()),
        ("Relations", training.predicates()),
    ):
        table = Table(box=None, padding=(0, 2, 0, 0), title=title)
        table.add_column("")
        table.add_column("examples", justify="right")
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(name, f"{count:,}")
        _out.print(table)
    _out.print(
        f"{facts:,} facts of structured sources; {len(training.groups):,} texts, "
        f"{len(training.sentences):,} sentences for names, {len(training.texts):,} for relations",
        highlight=False,
    )
    _print_counts(training.counts)


def _print_counts(counts: Mapping[str, int]) -> None:
    for what, count in sorted(Counter(counts).items()):
        if count:
            _out.print(f"  {what}: {count:,}", highlight=False)


def _print_quality(result: HeldOut) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), title="Held out: a fifth of the texts")
    table.add_column("")
    for heading in ("wanted", "found", "right", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    gold = [item.sentence for item, _ in result.names]
    if gold:
        score = score_spans(gold, [spans for _, spans in result.names])
        table.add_row("names", *_cells(score.gold, score.found, score.right, score.score))
    if result.relations is not None:
        right, extracted, wanted = result.relations
        measured = Score(right / extracted if extracted else 1.0, right / wanted if wanted else 1.0)
        table.add_row("relations", *_cells(wanted, extracted, right, measured))
    _out.print(table)
    _out.print("Against the material's own labels, which distant supervision leaves incomplete.")


def _cells(wanted: int, found: int, right: int, score: Score) -> list[str]:
    return [
        f"{wanted:,}",
        f"{found:,}",
        f"{right:,}",
        f"{score.precision:.3f}",
        f"{score.recall:.3f}",
        f"{score.f1:.3f}",
    ]
