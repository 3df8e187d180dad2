"""What an extractor got wrong, text by text, beside the gold: for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kg_builder.evaluation.extraction import normal_triple
from kg_builder.evaluation.extraction_runs import Outcome
from kg_builder.text_models.corpora import Triple

COLUMNS: Final = ("text_id", "text", "right", "missed", "wrong", "below_threshold")


def error_rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """One row for each text with an error, in the order of the texts.

    Columns are `COLUMNS`. A triple is written "subject | relation | object", stated ones with
    their confidence; several are set apart by " ; ". Missed triples that were found but not
    believed stand in the last column too.
    """
    rows: list[tuple[str, ...]] = []
    for text, considered in zip(outcome.texts, outcome.considered, strict=True):
        gold = {normal_triple(triple): triple for triple in text.triples}
        stated = [item for item in considered if item.confidence >= outcome.threshold]
        doubted = [item for item in considered if item.confidence < outcome.threshold]
        said = {normal_triple(item.triple) for item in stated}
        right = [item for item in stated if normal_triple(item.triple) in gold]
        wrong = [item for item in stated if normal_triple(item.triple) not in gold]
        missed = [triple for key, triple in gold.items() if key not in said]
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


def _joined(triples: Sequence[tuple[Triple, float | None]]) -> str:
    return " ; ".join(
        " | ".join(triple) + ("" if confidence is None else f" ({confidence:.2f})")
        for triple, confidence in triples
    )
