"""Find a build's entities by a name, an alias, part of a name or a misspelled name.

The index narrows millions of names to some hundreds that share trigrams with the text (SQLite
FTS5), which are ranked by similarity as in `recommender.data.names`.
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
    """Entities with a name, ignoring case and punctuation; the best connected first."""
    rows = reader.rows(
        f"{_NAMES} where n.folded = ?1 or n.folded = ?2 or n.loose = ?2 limit ?3",
        fold_name(text),
        loosen_name(text),
        _CANDIDATES,
    )
    found = NameIndex(
        [(row[0], row[5]) for row in rows],
        [(row[0], row[1]) for row in rows if row[2]],
    ).find(text)  # the lower number is the better connected entity
    if found is None:
        return []
    by_number = {row[0]: row for row in rows}
    return [_hit(by_number[number], 100.0) for number in found.ids]


def search(reader: FactReader, text: str, *, limit: int, type_: str | None = None) -> list[Hit]:
    """Find entities whose name or alias equals, begins with, contains or resembles a text.

    Args:
        reader: the build.
        text: the search text.
        limit: maximum number of hits, the best first.
        type_: only entities of exactly this class.
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
    """Similarity of a folded name to a folded text: 100 if equal, then prefixes, parts, typos."""
    if key == wanted:
        return 100.0
    if key.startswith(wanted):
        return 95.0
    if len(wanted) >= _GRAM and wanted in key:
        return 90.0
    # Typing errors hardly change the length; a part of a name ("Bowei") is shorter.
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
    rows += reader.rows(  # prefixes, the best connected entities first
        f"{_NAMES} where n.folded >= ?1 and n.folded < ?2 order by n.entity limit ?3",
        wanted,
        wanted + "\U0010ffff",
        _CANDIDATES,
    )
    grams = sorted({wanted[at : at + _GRAM] for at in range(len(wanted) - _GRAM + 1)})
    if grams:
        # NUL would end an SQLite query, a quotation mark its string
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
