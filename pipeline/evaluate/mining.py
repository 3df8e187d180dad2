"""Command `evaluate mining`: measure precision and recall of mined facts against hidden facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.table import Table

from kg_builder.errors import DataError
from kg_builder.fusion.normalize import name_key
from kg_builder.inference import MiningConfig
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS
from pipeline.artefacts import read_table, write_tsv
from pipeline.console import terminal
from pipeline.folders import DataFolder, processed_folder
from pipeline.mining import Mining, run_mining
from pipeline.stages.artefact_names import INFERRED, RAW_INTERACTIONS, TYPED_ENTITIES
from pipeline.stages.interactions import graph_interactions
from recommender.mining import KINDS

_out = terminal()
_RECALLS = (0.05, 0.1, 0.2, 0.3, 0.5)
_DEFAULT = MiningConfig()


def mining_command(
    dataset: Annotated[str, typer.Option(help="Name of a built data set.")] = "sample",
    data: DataFolder = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="A model to use; may be repeated.  [default: those of a build]"
        ),
    ] = None,
    predicates: Annotated[
        list[str] | None, typer.Option("--predicate", help="Predicate to mine; may be repeated.")
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.01, max=0.999, help="Required precision.")
    ] = _DEFAULT.precision,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs per model.")] = _DEFAULT.epochs,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the held-out facts.")] = _DEFAULT.seed,
    without: Annotated[
        list[str] | None, typer.Option(help="Hide a whole source; may be repeated.")
    ] = None,
    gold: Annotated[
        list[Path] | None,
        typer.Option(
            help="Manually checked facts (JSON lines with `triples`), such as those of the "
            "hidden sources; may be repeated."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the curves to this TSV.")] = None,
) -> None:
    """Measure mined facts on held-out ones: precision against recall, by predicate."""
    folder = processed_folder(dataset, data)
    for name in (INFERRED, TYPED_ENTITIES):
        if not (folder / name).is_file():
            raise DataError(
                "no such file",
                where=str(folder / name),
                remedy=f"build first: python -m pipeline build --dataset {dataset}",
            )
    statements = read_table(STATEMENTS, folder / INFERRED)
    entities = read_table(ENTITIES, folder / TYPED_ENTITIES)
    strange = sorted(set(without or ()) - set(statements["source"]))
    if strange:
        raise DataError(
            f"no source {', '.join(strange)}",
            where=str(folder),
            remedy=f"there are {', '.join(sorted(set(statements['source'])))}",
        )
    config = MiningConfig(
        models=tuple(models or _DEFAULT.models),
        predicates=tuple(predicates or _DEFAULT.predicates),
        precision=precision,
        epochs=epochs,
        seed=seed,
    )
    found = run_mining(
        statements,
        entities,
        config,
        load_schema(),
        interactions=_interactions(folder),
        hidden=without or (),
    )
    if not found.measured:
        raise DataError(
            f"too few facts of {', '.join(config.predicates)} to hold some out",
            where=str(folder),
            remedy="mining needs some 20,000 facts; name predicates that have them by --predicate",
        )
    _out.print(_summary(found, config))
    kinds = "; ".join(KINDS)
    _out.print(f"kinds of subjects: {kinds}\n", highlight=False, soft_wrap=True)
    _out.print(_curves(found))
    for path in gold or ():
        _out.print(_against_gold(found, entities, path), highlight=False, soft_wrap=True)
    if out is not None:
        write_tsv(_table(found), out)
        _out.print(f"curves: {out}", highlight=False, soft_wrap=True)


def _interactions(folder: Path) -> pd.DataFrame | None:
    if not all((folder / name).is_file() for name in (RAW_INTERACTIONS, "links.parquet")):
        return None
    return graph_interactions(folder)


def _summary(found: Mining, config: MiningConfig) -> Table:
    shown = Table(
        box=None,
        padding=(0, 2, 0, 0),
        title=f"held-out subjects; taken where the precision's lower bound is ≥ {config.precision}",
    )
    shown.add_column("predicate")
    models = list(next(iter(found.measured.values())).hits)
    best = [f"best of {model} true" for model in models]
    for heading in (
        "subjects",
        *best,
        "from, by kind",
        "true",
        "taken",
        "precision",
        "≥",
        "mined",
    ):
        shown.add_column(heading, justify="right")
    for name, measured in found.measured.items():
        share = f"{measured.right / measured.taken:.3f}" if measured.taken else "–"
        shown.add_row(
            name,
            f"{measured.subjects:,}",
            *(f"{measured.hits[model]:.1%}" for model in models),
            " ".join("–" if np.isinf(t) else f"{t:.2f}" for t in measured.thresholds),
            f"{measured.right:,}",
            f"{measured.taken:,}",
            share,
            f"{measured.low:.3f}" if measured.taken else "–",
            f"{int((found.statements['predicate'] == name).sum()):,}",
        )
    return shown


def _curves(found: Mining) -> Table:
    shown = Table(box=None, padding=(0, 2, 0, 0), title="precision at recall")
    shown.add_column("predicate")
    for recall in _RECALLS:
        shown.add_column(f"{recall:.0%}", justify="right")
    for name, measured in found.measured.items():
        right, taken = measured.curve[:, 1], measured.curve[:, 2]
        cells = []
        for recall in _RECALLS:
            reached = np.flatnonzero(right >= recall * measured.facts)
            cells.append(f"{right[reached[0]] / taken[reached[0]]:.3f}" if len(reached) else "–")
        shown.add_row(name, *cells)
    return shown


def _table(found: Mining) -> pd.DataFrame:
    """Tabulate all points of the curves."""
    parts = [
        pd.DataFrame(
            {
                "predicate": name,
                "confidence": measured.curve[:, 0].round(4),
                "precision": (measured.curve[:, 1] / measured.curve[:, 2]).round(4),
                "recall": (measured.curve[:, 1] / max(1, measured.facts)).round(4),
            }
        )
        for name, measured in found.measured.items()
    ]
    columns = ["predicate", "confidence", "precision", "recall"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _against_gold(found: Mining, entities: pd.DataFrame, path: Path) -> str:
    """Count the file's facts missing in the graph, and how many of them were mined."""
    names = dict(zip(entities["entity"], entities["name"].map(name_key), strict=True))
    keys = np.array([names[entity] for entity in found.given.entities])
    true = _gold(path)
    missing = set()
    for relation, allowed in found.given.allowed.items():
        predicate = found.given.predicates[relation]
        lacking, possible = set(keys[allowed.gaps]), set(keys[allowed.tails])
        missing |= {t for t in true if t[1] == predicate and t[0] in lacking and t[2] in possible}
    columns = [found.statements[name] for name in ("subject", "predicate", "object")]
    mined = {(names[s], p, names[o]) for s, p, o in zip(*columns, strict=True)}
    subjects = {(s, p) for s, p, _ in true}
    judged = {triple for triple in mined if triple[:2] in subjects}
    return (
        f"{path.name}: {len(true)} facts; {len(missing)} of them fill a gap with a known value; "
        f"mined {len(mined & true)} of these, of {len(judged)} mined for the same subjects and "
        "predicates"
    )


def _gold(path: Path) -> set[tuple[str, str, str]]:
    try:
        lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines()
        rows = [triple for line in lines if line.strip() for triple in json.loads(line)["triples"]]
        return {
            (name_key(row["subject"]), str(row["predicate"]), name_key(row["object"]))
            for row in rows
        }
    except OSError as fault:
        raise DataError(f"{fault.strerror}", where=str(path), remedy="name a file") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise DataError(
            f"no gold triples: {fault}",
            where=str(path),
            remedy='give JSON lines: {"triples": [{"subject", "predicate", "object"}]}',
        ) from None
