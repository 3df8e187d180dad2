"""Gather the figures and tables of a finished build's report as plain values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.evaluation.judged_facts import calibration, precision_by_source, sampled
from kg_builder.evaluation.shapes import validate
from kg_builder.evaluation.structure import completeness, connectivity, suspects
from kg_builder.ontology import curie, load_schema
from kg_builder.tables import ENTITIES, REJECTS, STATEMENTS
from pipeline.artefacts import read_table
from pipeline.explore.changes import diff
from pipeline.explore.places import Places
from pipeline.report.judge import read_judged
from pipeline.stages.artefact_names import REJECTS_OF, TYPED_ENTITIES

__all__ = ["collect"]

_SHOWN: Final = 50
_CONFLICT: Final = "contradicts a better supported value"
_KEY: Final = ["subject", "predicate", "object", "source", "method"]


def collect(
    folder: Path, *, judgements: Path, previous: Path | None = None, seed: int = 555
) -> dict[str, Any]:
    """Gather the report of a build.

    Args:
        folder: the processed folder.
        judgements: file of judged facts, which need not exist.
        previous: processed folder of an earlier build to compare with.
        seed: of the sampled facts.

    Raises:
        DataError: a file of the build is missing.
    """
    statements = read_table(STATEMENTS, folder / "statements.parquet")
    entities = read_table(ENTITIES, folder / TYPED_ENTITIES)
    rejects = read_table(REJECTS, folder / REJECTS_OF["cleaning"])
    try:
        built = json.loads((folder / "quality.json").read_bytes())
    except (FileNotFoundError, ValueError) as fault:
        problem = "damaged" if isinstance(fault, ValueError) else "no such file"
        raise DataError(
            problem, where=str(folder / "quality.json"), remedy="build it again"
        ) from None
    schema = load_schema()
    judged = _judged(judgements, statements)
    found = suspects(statements, entities)
    violations = validate(folder / "kg.ttl")
    return {
        "built": built,
        "completeness": _by_class(completeness(statements, entities, schema)),
        "calibration": calibration(statements, judged if len(judged) else None).to_dict("records"),
        "precision": precision_by_source(judged).to_dict("records"),
        "conflicts": _conflicts(rejects, statements),
        "lost": _counts(rejects, "reason"),
        "violations": [
            {**vars(one), "focus": curie(one.focus), "path": curie(one.path),
             "value": curie(one.value)} for one in violations[:_SHOWN]
        ],
        "violations in all": len(violations),
        "connectivity": connectivity(statements, entities),
        "suspects": found[:_SHOWN],
        "suspects by kind": _counts(pd.DataFrame(found, columns=["what"]), "what"),
        "sampled": _sampled(folder, statements, entities, seed),
        "previous": _previous(previous, folder),
    }  # fmt: skip


def _judged(path: Path, statements: pd.DataFrame) -> pd.DataFrame:
    """Definite judgements of the build's statements, with confidences."""
    judged = read_judged(path)
    judged = judged[judged["verdict"] != "unsure"]
    confidences = statements[[*_KEY, "confidence"]].astype({"confidence": float})
    both = judged.merge(confidences.astype(dict.fromkeys(_KEY, "object")), on=_KEY)
    return both.assign(right=both["verdict"] == "right")


def _by_class(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "entities": int(rows["entities"].iloc[0]),
            "predicates": rows[["predicate", "filled", "share"]]
            .sort_values(["share", "predicate"], ascending=[False, True])
            .to_dict("records"),
        }
        for name, rows in table.groupby("class", sort=True)
    ]


def _conflicts(rejects: pd.DataFrame, statements: pd.DataFrame) -> list[dict[str, Any]]:
    """Values that lost a conflict, with their sources and the winning values."""
    chosen = statements.groupby(["subject", "predicate"])
    found = []
    for row in rejects[rejects["reason"] == _CONFLICT].head(_SHOWN).to_dict("records"):
        subject, predicate, value = row["detail"].split(" ", 2)
        won = chosen.get_group((subject, predicate)) if (subject, predicate) in chosen.groups else (
            statements.iloc[:0]
        )  # fmt: skip
        found.append(
            {
                "subject": subject,
                "predicate": predicate,
                "lost": value,
                "source": row["source"],
                "evidence": row["evidence"],
                "won": ", ".join(sorted(set(won["object"]))),
                "by": ", ".join(sorted(set(won["source"]))),
            }
        )
    return found


def _counts(table: pd.DataFrame, column: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in table[column].value_counts().items()}


def _sampled(
    folder: Path, statements: pd.DataFrame, entities: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Sample facts of every source, with the raw data at their locations."""
    drawn = sampled(statements, 4, seed).to_dict("records")
    places = Places(folder).read(row["evidence"] for row in drawn)
    names = dict(zip(entities["entity"], entities["name"], strict=True))
    return [
        {
            **{name: row[name] for name in (*_KEY, "evidence")},
            "confidence": round(float(row["confidence"]), 3),
            "about": names.get(row["subject"], row["subject"]),
            "value": names.get(row["object"], row["object"]),
            "quote": places[row["evidence"]].text,
        }
        for row in drawn
    ]


def _previous(previous: Path | None, folder: Path) -> dict[str, Any]:
    if previous is None:
        return {}
    changes = diff(previous, folder)
    return {
        "folder": previous.name,
        "kept": changes.kept,
        "gained": len(changes.gained),
        "lost": len(changes.lost),
        "summary": changes.summary().to_dict("records"),
    }
