"""Compare graphs over the same items: music facts per item, and coverage by relation family."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from kg_builder.errors import DataError

FACTS: Final = ("subject", "predicate", "object")
"""Columns of a graph; repeated facts count once."""

OTHER: Final = "other"
LEVELS: Final = (1, 3, 5)
_FAMILIES: Final[list[dict[str, Any]]] = tomllib.loads(
    resources.files("kg_builder.evaluation").joinpath("comparison.toml").read_text(encoding="utf-8")
)["family"]
FAMILIES: Final = (*(family["name"] for family in _FAMILIES), OTHER)
"""Families of relations, in report order."""
MUSIC: Final = frozenset(family["name"] for family in _FAMILIES if family["music"])
"""Families about music: genre, origin, members, labels and the like."""


@dataclass(frozen=True)
class GraphView:
    """A graph's fact counts for some items.

    Attributes:
        name: shown in the report.
        facts: per item (rows, in the order given) and family (columns `FAMILIES`): distinct facts
            with the item as subject or object.
    """

    name: str
    facts: pd.DataFrame

    @property
    def music(self) -> pd.Series[int]:
        """Music facts per item."""
        return self.facts[[name for name in FAMILIES if name in MUSIC]].sum(axis=1)

    def share(self, least: int, family: str = "") -> float:
        """Share of the items with at least the given number of music facts, or of one family's."""
        counts = self.facts[family] if family else self.music
        return float((counts >= least).mean()) if len(counts) else 0.0


def family_of(predicate: str) -> str:
    """The family of a relation of the data model or of Freebase."""
    for family in _FAMILIES:
        if predicate in family["predicates"] or predicate.startswith(tuple(family["foreign"])):
            return str(family["name"])
    return OTHER


def view(name: str, facts: pd.DataFrame, items: Sequence[str]) -> GraphView:
    """Count a graph's facts about each item.

    Args:
        name: of the graph.
        facts: columns `FACTS`; repeated facts count once, a fact between two items for both.
        items: names of the items in the columns subject and object.
    """
    distinct = facts.loc[:, list(FACTS)].astype(str).drop_duplicates()
    families = {predicate: family_of(predicate) for predicate in distinct["predicate"].unique()}
    family = distinct["predicate"].map(families)
    ends = pd.concat(
        [pd.DataFrame({"item": distinct[side], "family": family}) for side in ("subject", "object")]
    )
    ends = ends[ends["item"].isin(set(items))]
    table = pd.crosstab(ends["item"], ends["family"])
    counted = table.reindex(index=list(items), columns=list(FAMILIES)).fillna(0).astype(np.int64)
    return GraphView(name, counted)


def read_stock(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a graph in the format of the public MKR and KGCN code.

    Args:
        folder: holds `kg.txt` (head, relation, tail) and `item_index2entity_id.txt` (the
            publisher's item id, the entity).

    Returns:
        Facts with the columns `FACTS`, and the publisher's id → entity.

    Raises:
        DataError: a file is missing, or a row has the wrong number of columns.
    """
    items = _rows(folder / "item_index2entity_id.txt", 2)
    facts = pd.DataFrame(_rows(folder / "kg.txt", 3), columns=list(FACTS))
    return facts, {row[0]: row[1] for row in items}


def report(views: Iterable[GraphView]) -> pd.DataFrame:
    """Tabulate the comparison: a row per measure, a column per graph."""
    columns: dict[str, Mapping[str, float]] = {}
    for one in views:
        music = one.music
        cells: dict[str, float] = {"items": float(len(one.facts))}
        cells |= {f"items with ≥ {least} music facts": one.share(least) for least in LEVELS}
        cells |= {
            "music facts per item, mean": float(music.mean()) if len(music) else 0.0,
            "music facts per item, median": float(music.median()) if len(music) else 0.0,
        }
        cells |= {f"items with: {family}": one.share(1, family) for family in FAMILIES}
        cells |= {f"facts: {family}": float(one.facts[family].sum()) for family in FAMILIES}
        columns[one.name] = cells
    return pd.DataFrame(columns).rename_axis("measure").reset_index()


def _rows(path: Path, width: int) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            "no such file",
            where=str(path),
            remedy="the folder of a stock graph holds kg.txt and item_index2entity_id.txt",
        ) from None
    rows = [line.split() for line in lines]
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise DataError(
                f"{len(row)} columns where {width} belong", where=f"{path}, line {number}"
            )
    return rows
