"""Find a build's entities by a name, an alias, part of a name or a misspelled name.

The index narrows millions of names to some hundreds that share letters with the text
(trigrams, SQLite FTS5); the project's name index (`recommender.data.names`) judges these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rapidfuzz import fuzz

from pipeline.explore.cards import Hit
from pipeline.explore.fact_reader import FactReader
from recommender.data.names import NameIndex, fold_name, loosen_name

__all__ = ["exact", "search"]

_CANDIDATES: Final = 400
_GRAM: Final = 3
_NEAR: Final = 70.0  # of 100, as in `recommender.data.names`
_COLUMNS: Final = "n.entity, n.name, n.alias, n.folded, e.curie, e.label, e.type, e.degree"
_NAMES: Final = f"select {_COLUMNS} from name n join entity e on e.id = n.entity"


def exact(reader: FactReader, text: str) -> list[Hit]:
    """The things that have the name, whatever its case and punctuation; the best known first."""
    rows = reader.rows(
        f"{_NAMES} where n.folded = ?1 or n.folded = ?2 or n.loose = ?2 limit ?3",
        fold_name(text),
        loosen_name(text),
        _CANDIDATES,
    )
    found = NameIndex(
        [(row[0], row[5]) for row in rows],
        [(row[0], row[1]) for row in rows if row[2]],
    ).find(text)  # the lower number is the better known thing
    if found is None:
        return []
    by_number = {row[0]: row for row in rows}
    return [_hit(by_number[number], 100.0) for number in found.ids]


def search(reader: FactReader, text: str, *, limit: int, type_: str | None = None) -> list[Hit]:
    """Things whose name or other name is, begins with, contains, or looks like the text.

    Args:
        reader: the build.
        text: what somebody typed.
        limit: hits at most, the likeliest first.
        type_: only of that class (not of those below it).
    """
    wanted = fold_name(text)
    if not wanted:
        return []
    best: dict[int, tuple[tuple[float, int], Hit]] = {}
    for row in _candidates(reader, text, wanted):
        if type_ is not None and row[6] != type_:
            continue
        score = likeness(wanted, row[3])
        if score < _NEAR:
            continue
        rank = (-round(score), row[0])
        if row[0] not in best or rank < best[row[0]][0]:
            best[row[0]] = (rank, _hit(row, score))
    return [hit for _, hit in sorted(best.values(), key=lambda pair: pair[0])][:limit]


def likeness(wanted: str, key: str) -> float:
    """How well a name answers a text, both folded: 100 the same, then beginnings, parts, typos."""
    if key == wanted:
        return 100.0
    if key.startswith(wanted):
        return 95.0
    if len(wanted) >= _GRAM and wanted in key:
        return 90.0
    # Typing errors keep the length; a part of a name ("Bowei") is shorter than the name.
    whole = fuzz.ratio(wanted, key)
    part = fuzz.partial_ratio(wanted, key) - 10.0 if len(key) > len(wanted) > _GRAM else 0.0
    return float(min(max(whole, part), 89.0))


def _candidates(reader: FactReader, text: str, wanted: str) -> Sequence[tuple[Any, ...]]:
    rows = reader.rows(
        f"{_NAMES} where n.folded = ?1 or n.loose = ?2 limit ?3",
        wanted,
        loosen_name(text),
        _CANDIDATES,
    )
    rows += reader.rows(  # beginnings: the best known come first in the order of entities
        f"{_NAMES} where n.folded >= ?1 and n.folded < ?2 order by n.entity limit ?3",
        wanted,
        wanted + "\U0010ffff",
        _CANDIDATES,
    )
    grams = sorted({wanted[at : at + _GRAM] for at in range(len(wanted) - _GRAM + 1)})
    if grams:
        # SQLite ends a query at a NUL, and a quotation mark would end the text of one
        query = " OR ".join(f'"{gram}"' for gram in grams if not {'"', "\0"} & set(gram))
        rows += reader.rows(
            f"{_NAMES} where n.id in (select rowid from spelling where spelling match ?1 "
            "order by rank limit ?2)",
            query or '""',
            _CANDIDATES,
        )
    return rows


def _hit(row: tuple[Any, ...], score: float) -> Hit:
    return Hit(id=row[4], label=row[5], type=row[6], name=row[1], degree=row[7], score=score)
