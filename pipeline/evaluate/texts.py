"""Command `evaluate texts`: score rule-based relation extraction with and without coreference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.evaluation.extraction import Counts
from kg_builder.evaluation.texts import (
    GoldText,
    JudgedRelation,
    by_confidence,
    confidence_error,
    count_coreference,
    count_relations,
    judged_relations,
    read_annotated_texts,
)
from kg_builder.extraction import UnstructuredSource, extract
from kg_builder.extraction.text.documents import read_documents
from kg_builder.extraction.text.gazetteer import KnownNames, common_words
from kg_builder.extraction.text.reader import TextReader
from kg_builder.extraction.text.relations import Reading
from kg_builder.ontology import Schema, load_schema
from kg_builder.text_models.load import load_models
from pipeline.confinement import check_paths
from pipeline.console import terminal
from pipeline.evaluate.reliability import draw_reliability
from pipeline.folders import default_raw
from pipeline.raw_texts import text_sources
from pipeline.recipe import Recipe, load_recipe

_out = terminal()


def texts_command(
    annotated: Annotated[
        Path, typer.Option(help="Annotated texts: JSON lines with id, chains and triples.")
    ],
    dataset: Annotated[
        str, typer.Option(help="Recipe of the texts; its other sources provide names.")
    ] = "sample",
    raw: Annotated[
        Path | None, typer.Option(help="Folder of the raw files.  [default: data/raw]")
    ] = None,
    skip: Annotated[
        int,
        typer.Option(
            min=0, help="Number of texts to skip, such as those used to develop the rules."
        ),
    ] = 0,
    limit: Annotated[int, typer.Option(min=0, help="Maximum number of texts; 0: all.")] = 0,
    gazetteer: Annotated[
        bool, typer.Option(help="Use names of the other sources as a gazetteer.")
    ] = True,
    model: Annotated[
        str | None, typer.Option(help="Another spaCy model than the recipe's; '' for none.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a reliability diagram of the confidences.")
    ] = None,
) -> None:
    """Score relations with coreference on and off, coreference itself, and the confidences."""
    recipe = load_recipe(dataset)
    folder = raw if raw is not None else default_raw(recipe)
    check_paths(recipe, folder)
    gold = read_annotated_texts(annotated)[skip:]
    gold = gold[:limit] if limit else gold
    sources = text_sources(recipe)
    if not sources or not gold:
        raise DataError(
            "no texts to score", where=str(annotated) if sources else f"recipe {recipe.name}"
        )
    source = source_of(sources, folder, gold)
    if model is not None:
        source = source.model_copy(update={"model": model or None})
    schema = load_schema(*recipe.ontology)
    gazetteer_names = names_of_other_sources(recipe, folder, schema) if gazetteer else None
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "wanted", "found", "right", "precision", "recall", "F1"):
        table.add_column(heading, justify="right" if heading else "left")
    with_, without = (
        read_gold_texts(
            source.model_copy(update={"coreference": on}), folder, gold, gazetteer_names, schema
        )
        for on in (True, False)
    )
    table.add_row("relations", *_cells(count_relations(with_)))
    table.add_row("relations, coreference off", *_cells(count_relations(without)))
    table.add_row("coreference, pairs of mentions", *_cells(count_coreference(with_, schema)))
    _out.print(f"{len(gold)} texts", highlight=False)
    _out.print(table)
    judged = judged_relations(with_)
    _print_confidences(judged)
    if out is not None:
        kinds: dict[str, list[tuple[float, bool]]] = {}
        for item in judged:
            kinds.setdefault(item.kind, []).append((item.confidence, item.right))
        out.mkdir(parents=True, exist_ok=True)
        path = out / "reliability.png"
        draw_reliability(dict(sorted(kinds.items())), path)
        _out.print(f"reliability: {path}", highlight=False, soft_wrap=True)


def names_of_other_sources(recipe: Recipe, raw: Path, schema: Schema) -> pd.DataFrame | None:
    """Records of the sources other than texts."""
    parts = [
        extract(source, raw, schema=schema).records
        for source in recipe.sources
        if not isinstance(source, UnstructuredSource)
    ]
    return pd.concat(parts) if parts else None


def source_of(
    sources: Sequence[UnstructuredSource], raw: Path, gold: Sequence[GoldText]
) -> UnstructuredSource:
    """Find the source that has all annotated texts.

    Raises:
        DataError: there is no such source.
    """
    missing: dict[str, set[str]] = {}
    for source in sources:
        documents = read_documents(source, raw)
        missing[source.name] = {item.id for item in gold} - {item.id for item in documents}
        if not missing[source.name]:
            return source
    name = min(missing, key=lambda one: len(missing[one]))
    raise DataError(
        f"{len(missing[name])} annotated texts are not among the source's, such as "
        f"{min(missing[name])!r}",
        where=f"source {name!r}",
    )


def read_gold_texts(
    source: UnstructuredSource,
    raw: Path,
    gold: Sequence[GoldText],
    gazetteer: pd.DataFrame | None,
    schema: Schema,
) -> Sequence[tuple[GoldText, Reading]]:
    """Process the annotated texts of a source with its rules and models."""
    documents = list(read_documents(source, raw))
    reader = TextReader(
        source,
        schema,
        known=KnownNames.of(gazetteer, common_words(one.text for one in documents)),
        models=load_models(source, raw),
    )
    wanted = {item.id: item for item in gold}
    chosen = [document for document in documents if document.id in wanted]
    return [(wanted[item.document.id], item) for item in reader.readings(chosen)]


def _print_confidences(judged: Sequence[JudgedRelation]) -> None:
    found = by_confidence(judged)
    table = Table(box=None, padding=(0, 2, 0, 0), title="Relations by their confidence")
    for heading in ("stated", "found", "right", "share"):
        table.add_column(heading, justify="right")
    for item in found:
        share = item.right / item.found
        table.add_row(f"{item.stated:.2f}", f"{item.found}", f"{item.right}", f"{share:.2f}")
    _out.print(table)
    table = Table(box=None, padding=(0, 2, 0, 0), title="Calibration by kind of statement")
    for heading in ("", "found", "right", "confidence", "share", "ECE"):
        table.add_column(heading, justify="right" if heading else "left")
    for kind in [*sorted({item.kind for item in judged}), ""]:
        rows = [item for item in judged if kind in {item.kind, ""}]
        if rows:
            right = sum(item.right for item in rows)
            table.add_row(
                kind or "all",
                f"{len(rows)}",
                f"{right}",
                f"{sum(item.confidence for item in rows) / len(rows):.2f}",
                f"{right / len(rows):.2f}",
                f"{confidence_error(by_confidence(rows)):.3f}",
            )
    _out.print(table)


def _cells(counts: Counts) -> list[str]:
    return [
        *(f"{count:,}" for count in (counts.gold, counts.stated, counts.right)),
        *(f"{figure:.3f}" for figure in (counts.precision, counts.recall, counts.f1)),
    ]
