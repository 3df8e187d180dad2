"""Write a build's quality report (JSON, HTML): counts by class and source, and rejected rows.

It contains no times and no absolute paths, so the same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
import pandas as pd

from kg_builder.errors import DataError
from kg_builder.tables import ENTITIES
from kg_builder.triples import GraphCounts, Numbering, Ratings, UserNumbering
from kg_builder.triples.integers import BARE
from pipeline.artefacts import read_table

if TYPE_CHECKING:  # types only: a stage must not depend on the code that reads recipes
    from pipeline.recipe import Recipe

_EXAMPLES: Final = 5
_UNKNOWN: Final = 15
_SOURCE: Final = ["source", "method", "facts", "confidence"]
TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Facts:
    """The data counted in the report; `entities` is the table of that name."""

    graph: GraphCounts
    entities: Path
    records: pd.DataFrame
    links: pd.DataFrame
    rejects: pd.DataFrame
    numbering: Numbering
    ratings: Ratings
    users: UserNumbering | None
    interactions: pd.DataFrame
    read: Mapping[str, int]
    judgements: Mapping[str, int]

    def check(self, recipe: Recipe) -> None:
        """Raise an error for a graph that is unusable for training.

        Raises:
            DataError: no interaction is a positive one of an item, there are no triples, or none
                about users although the recipe has user tables.
        """
        if recipe.interactions and not len(self.ratings.rows):
            raise self._nothing_positive(recipe)
        if self.users is not None and not len(self.users.triples):
            raise DataError(
                "no row about users names a user of the ratings",
                where=f"recipe {recipe.name}: {', '.join(table.path for table in recipe.users)}",
                remedy="are the ids in the column 'user' those of the interactions?",
            )
        n_facts = self.numbering.n_triples - self.numbering.counts[BARE]
        if n_facts == 0 and recipe.interactions and self.graph.relations:
            raise DataError(
                f"none of the {self.numbering.n_items:,} items has a fact; other things have",
                where=f"recipe {recipe.name}",
                remedy="are the ids of the [[interactions]] those of the table with the facts, and "
                "is 'records' that table?",
            )
        if n_facts == 0 and recipe.interactions:
            raise DataError(
                "the knowledge graph is empty: no statement links two entities",
                where=f"recipe {recipe.name}",
                remedy="look at stages/*/rejects.parquet, and at the mapping of the columns"
                if self.graph.statements() or len(self.rejects)
                else "add a source with genres, albums, labels or countries, or a "
                "third-party database: [[databases]]",
            )

    def _nothing_positive(self, recipe: Recipe) -> DataError:
        """Explain why there is no positive row: the first filter that no interaction passed."""
        where, read = f"recipe {recipe.name}", self.interactions
        if not len(read):
            return DataError(
                "no interaction is left: the things of all of them were dropped after reading",
                where=where,
                remedy="look at stages/*/rejects.parquet",
            )
        if not read["liked"].any():
            return DataError(
                f"no interaction is positive: the largest of {len(read):,} weights is "
                f"{read['weight'].max():g}, below the 'threshold'",
                where=where,
                remedy="lower the 'threshold' of the interactions",
            )
        entities = read_table(ENTITIES.only("entity", "type"), self.entities)
        met = entities.loc[entities["entity"].isin(set(read["item"])), "type"]
        classes = _counted(met)
        found = ", ".join(f"{count} {name}" for name, count in classes.items())
        items = (
            "those of the file"
            if not isinstance(recipe.ratings.items, str)
            else (f"of the class {recipe.ratings.item_type or 'Artist'}")
        )
        return DataError(
            f"no positive interaction is with an item: they are with {found}, and the items are "
            f"{items}",
            where=where,
            remedy="set 'item_type' (or 'items') in [ratings] to what people interacted with",
        )


def write_quality(facts: Facts, recipe: Recipe, json_path: Path, html_path: Path) -> None:
    """Write the report as JSON and HTML."""
    report = quality(facts, recipe)
    json_path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = TEMPLATES.get_template("quality.html").render(report=report)
    html_path.write_text(page, encoding="utf-8")


def quality(facts: Facts, recipe: Recipe) -> dict[str, Any]:
    """Build the report as plain values."""
    counts, links = facts.graph, facts.links
    external = links[links["kind"] == "external"]
    return {
        "dataset": recipe.name,
        "title": recipe.title,
        "licence": recipe.licence,
        "records": len(facts.records),
        "entities": counts.entities,
        "statements": counts.statements(),
        "inferred statements": counts.statements("inferred"),
        "distinct relations between entities": sum(counts.relations.values()),
        "attributes": counts.statements() - counts.statements("linking"),
        "kg_final": {
            "triples": facts.numbering.n_triples,
            "entities": facts.numbering.n_entities,
            "relations": len(facts.numbering.relations),
            "items": facts.numbering.n_items,
            **facts.numbering.counts,
        },
        "interactions": {"users": len(facts.ratings.users), **facts.ratings.counts},
        "user_kg_final": dict(facts.users.counts) if facts.users is not None else {},
        "coverage of items": asdict(counts.coverage),
        "entities by class": _ranked(counts.classes),
        "relations by predicate": _ranked(counts.relations),
        "records by source": _counted(facts.records["source"]),
        "sources": counts.sources[_SOURCE].to_dict("records"),
        "judgements": dict(facts.judgements),
        "alignment": {
            str(target): _counted(rows["decision"]) for target, rows in external.groupby("target")
        },
        "read": _read(facts.read),
        "rejects": _rejects(facts.rejects),
    }


def _counted(values: pd.Series[str]) -> dict[str, int]:
    """Count values, most frequent first, ties in alphabetical order."""
    return _ranked(Counter(values.tolist()))


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _read(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Counts by source, largest first; of unknown fields and classes only the largest."""
    by_source: dict[str, dict[str, int]] = {}
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        source, colon, what = name.partition(": ")
        if not colon:
            source, what = "interactions", name
        listed = by_source.setdefault(source, {})
        unknown = sum(known.startswith("unknown") for known in listed)
        if not what.startswith("unknown") or unknown < _UNKNOWN:
            listed[what] = count
    return dict(sorted(by_source.items()))


_HINTS: Final = (
    ("stands for nothing", "If such a name is real, list it in real_names of its table or column."),
    (
        "interaction with an unknown record",
        "The catalogue has no row with this id, or the row was dropped for another reason.",
    ),
)
"""Beginnings of reasons, and what to do about them."""


def _rejects(rejects: pd.DataFrame) -> list[dict[str, Any]]:
    """Rejects by stage, source and reason, each with the first examples."""
    return [
        {
            "stage": stage,
            "source": source,
            "reason": reason,
            "hint": next((text for start, text in _HINTS if str(reason).startswith(start)), ""),
            "count": len(rows),
            "examples": rows[["evidence", "detail"]].head(_EXAMPLES).to_dict("records"),
        }
        for (stage, source, reason), rows in rejects.groupby(
            ["stage", "source", "reason"], sort=True
        )
    ]
