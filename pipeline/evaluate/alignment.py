"""Command `evaluate alignment`: score links to a third-party database against gold links."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import typer
from rich.markup import escape
from rich.table import Table

from kg_builder.alignment.select import TAKEN
from kg_builder.databases import ALIGNED
from kg_builder.errors import DataError
from kg_builder.evaluation.alignment import (
    OUTCOMES,
    Found,
    Judged,
    Measured,
    judge,
    measure,
    name_consistent,
    worst,
)
from kg_builder.evaluation.alignment_gold import GoldLinks, present, read_gold, recognise
from kg_builder.ontology import expand
from pipeline.artefacts import write_tsv
from pipeline.console import terminal
from pipeline.folders import DataFolder, built_data_set, default_raw
from pipeline.recipe import Recipe

_out = terminal()
_CONTEXT: Final = ("genre", "tag", "country", "origin", "memberOf", "associatedWith", "similarTo")
_SHOWN: Final = 12
_WORDS: Final = 12
_ERROR_COLUMNS: Final = (
    "outcome", "raw_id", "name", "gold", "found", "score", "decision", "met_by", "known_for",
    "candidates",
)  # fmt: skip


def alignment_command(
    gold: Annotated[
        Path, typer.Option(help="TSV: the publisher's id, a tab, the id in the database.")
    ],
    dataset: Annotated[
        str | None,
        typer.Option(help="Name of a built data set.", show_default="lastfm, or DIR's name"),
    ] = None,
    data: DataFolder = None,
    raw: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the raw files, to determine which gold entries the dump contains.  "
            "[default: data/raw]"
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(help=f"{', '.join(ALIGNED)}.  [default: by the ids]"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write all errors, with evidence, to this TSV.")
    ] = None,
) -> None:
    """Measure the links of a built data set against gold links."""
    built = built_data_set(dataset, data, default="lastfm")
    folder = built.folder
    links = read_gold(gold, database)
    table = _read(folder / "alignment.tsv", built.name)
    if links.database not in table.columns:
        raise DataError(f"no column {links.database!r}", where=str(folder / "alignment.tsv"))
    candidates, names = _candidates(folder / "links.parquet", links.database)
    found = _found(table, candidates, links.database)
    wanted = {key for keys in links.links.values() for key in keys}
    recipe = built.recipe()
    there = _present(recipe, raw, links.database, wanted)
    names |= {key: name for key, name in (there or {}).items() if name}
    judged = judge(links.links, found, present=there)
    unknown = [key for key in links.links if key not in found]
    if not judged:
        raise DataError(
            f"none of its ids is an item of {built.name}",
            where=str(gold),
            remedy="the first column holds the publisher's ids, as in alignment.tsv",
        )
    _report(links, judged, unknown, there is not None, names)
    if out is not None:
        known_for = _known_for(folder / "statements.parquet", table)
        write_tsv(_errors(worst(judged), names, table, known_for, candidates), out)
        _out.print(f"errors: {out}", highlight=False, soft_wrap=True)


def _read(path: Path, dataset: str) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(
            "no such file",
            where=str(path),
            remedy=f"build first: python -m pipeline build --dataset {dataset}",
        )
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3)


def _candidates(
    path: Path, database: str
) -> tuple[dict[str, list[dict[str, object]]], dict[str, str]]:
    """Entity IRI → its candidates with database ids; and id → name of the database entry."""
    table = pd.read_parquet(path, columns=["subject", "kind", "method", "decision", "candidates"])
    table = table[(table["kind"] == "external") & (table["candidates"] != "[]")]
    found: dict[str, list[dict[str, object]]] = {}
    names: dict[str, str] = {}
    for subject, method, decision, text in zip(
        table["subject"], table["method"], table["decision"], table["candidates"], strict=True
    ):
        for entry in json.loads(text):
            prefix, key = recognise(entry["id"])
            if prefix == database:
                row = {**entry, "id": key, "method": method, "decision": decision}
                found.setdefault(expand(subject), []).append(row)
                names[key] = entry["name"]
    return found, names


def _found(
    table: pd.DataFrame, candidates: Mapping[str, list[dict[str, object]]], database: str
) -> dict[str, Found]:
    found = {}
    for raw, iri, name, cell in zip(
        table["raw_id"], table["iri"], table["name"], table[database], strict=True
    ):
        ids = frozenset(recognise(text, database)[1] for text in cell.split("|") if text)
        own = candidates.get(iri, [])
        scores = {str(entry["id"]): float(str(entry["score"])) for entry in own}
        link = max((scores.get(key, 1.0) for key in ids), default=0.0)
        unsure = any(entry["decision"] == "unsure" for entry in own)
        decision = "match" if ids else "unsure" if unsure else "no_match"
        taken = any(entry["method"] == TAKEN for entry in own)
        found[raw] = Found(name, ids, decision, link, scores, taken)
    return found


def _present(
    recipe: Recipe, raw: Path | None, database: str, wanted: set[str]
) -> dict[str, str] | None:
    """The ids that occur in the recipe's dump; None if the dump is not available."""
    folder = raw if raw is not None else default_raw(recipe)
    paths = [folder / base.path for base in recipe.databases if base.prefix == database]
    if raw is None and not any(path.is_file() for path in paths):
        return None
    found: dict[str, str] = {}
    for path in paths:
        found |= present(path, database, wanted)
    return found


def _report(
    links: GoldLinks,
    judged: Sequence[Judged],
    unknown: Sequence[str],
    checked: bool,
    names: Mapping[str, str],
) -> None:
    parts = {"all gold links": list(judged)}
    if checked:
        parts["those whose entry is in the dump"] = [row for row in judged if row.reachable]
    parts["of these: entry and item with equal names"] = [
        row for row in list(parts.values())[-1] if row.gold and name_consistent(row, names)
    ]
    table = Table(box=None, padding=(0, 2, 0, 0), title=f"Links to {links.database}")
    table.add_column("")
    for heading in ("gold", "linked", "right", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    for title, rows in parts.items():
        table.add_row(title, *_cells(measure(rows)))
    _out.print(table)
    counts = Counter(row.outcome for row in judged)
    decisions = Table(box=None, padding=(0, 2, 0, 0), title="Decisions")
    decisions.add_column("")
    decisions.add_column("items", justify="right")
    for outcome in OUTCOMES:
        if counts[outcome]:
            decisions.add_row(outcome, f"{counts[outcome]:,}")
    if unknown:
        decisions.add_row("gold rows of no item, not counted", f"{len(unknown):,}")
    _out.print(decisions)
    if errors := worst(judged)[:_SHOWN]:
        _out.print("[bold]The worst errors[/]")
    for row in errors:
        _out.print(f"  {escape(_line(row, names))}", highlight=False, soft_wrap=True)
    if not checked:
        _out.print("Unknown which gold entries the dump contains: no dump in the raw folder.")


def _cells(measured: Measured) -> list[str]:
    def share(value: float, interval: tuple[float, float]) -> str:
        return f"{value:.4f} ({interval[0]:.3f}–{interval[1]:.3f})"

    return [
        f"{measured.gold:,}",
        f"{measured.linked:,}",
        f"{measured.right:,}",
        share(measured.score.precision, measured.precision_interval),
        share(measured.score.recall, measured.recall_interval),
        share(measured.score.f1, measured.f1_interval),
    ]


def _named(keys: Iterable[str], names: Mapping[str, str]) -> str:
    shown = []
    for key in sorted(keys):
        name = names.get(key, "")
        shown.append(f"{key} ({name})" if name and name.replace(" ", "_") != key else key)
    return " | ".join(shown)


def _line(row: Judged, names: Mapping[str, str]) -> str:
    found = f"linked to {_named(row.found.ids, names)}" if row.found.ids else row.outcome
    right = _named(row.gold, names) or "nothing"
    score = f" at {row.found.score:.2f}" if row.found.ids else ""
    return f"{row.raw_id} {row.found.name}: {found}{score}; gold: {right}"


def _known_for(path: Path, table: pd.DataFrame) -> dict[str, str]:
    """Item IRI → its facts as one readable line."""
    statements = pd.read_parquet(path, columns=["subject", "predicate", "object", "source"])
    chosen = statements[statements["predicate"].isin(_CONTEXT)].drop_duplicates()
    items = set(table["iri"])
    facts: dict[str, list[str]] = {}
    for subject, target, source in zip(
        chosen["subject"], chosen["object"], chosen["source"], strict=True
    ):
        if (iri := expand(subject)) in items:
            words = target.partition(":")[2].replace("_", " ")
            facts.setdefault(iri, []).append(f"{words} [{source}]")
    return {iri: ", ".join(sorted(set(words))[:_WORDS]) for iri, words in facts.items()}


def _errors(
    errors: Sequence[Judged],
    names: Mapping[str, str],
    table: pd.DataFrame,
    known_for: Mapping[str, str],
    candidates: Mapping[str, Sequence[Mapping[str, object]]],
) -> pd.DataFrame:
    iris = dict(zip(table["raw_id"], table["iri"], strict=True))
    rows = []
    for row in errors:
        iri = iris[row.raw_id]
        listed = [
            f"{entry['id']} {entry['name']} {entry['score']} {entry.get('why', '')} "
            f"{entry.get('description', '')}".strip()
            for entry in candidates.get(iri, [])
        ]
        rows.append(
            {
                "outcome": row.outcome,
                "raw_id": row.raw_id,
                "name": row.found.name,
                "gold": _named(row.gold, names),
                "found": _named(row.found.ids, names),
                "score": row.found.score,
                "decision": row.found.decision,
                "met_by": next((str(e["method"]) for e in candidates.get(iri, [])), ""),
                "known_for": known_for.get(iri, ""),
                "candidates": " || ".join(listed),
            }
        )
    return pd.DataFrame(rows, columns=list(_ERROR_COLUMNS))
