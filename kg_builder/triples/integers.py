"""Map items (ids 0..n_items-1), entities, relations to integers; build `kg_final.txt`'s triples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kg_builder.ontology import Schema
from kg_builder.triples.config import TriplesConfig

_TYPE = "rdf:type"
BARE = "items known by their class alone"
"""Name of the count of items without any relation."""


@dataclass(frozen=True)
class Numbering:
    """The integer graph.

    Attributes:
        triples: `[n, 3]` head, relation, tail; distinct rows.
        entities: columns id, iri (CURIE), name, type; row i has id i.
        relations: columns id, iri (CURIE), name; row i has id i.
        n_items: number of items, which are the first entities.
        counts: statements left out, by reason; inverted triples; items with a class triple.
    """

    triples: npt.NDArray[np.int64]
    entities: pd.DataFrame
    relations: pd.DataFrame
    n_items: int
    counts: dict[str, int]


def number(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    items: Sequence[str],
    config: TriplesConfig,
    *,
    schema: Schema,
) -> Numbering:
    """Number items, entities and relations, and encode the triples.

    A graph without items keeps all triples between entities, regardless of `heads`.

    An item without triples gets one with its class, because the public loaders derive the number of
    entities from the triples.

    Args:
        statements: clean `tables.STATEMENTS`.
        entities: `tables.ENTITIES`.
        items: CURIEs of the items, in the order of their ids.
        config: order and direction of the triples.
        schema: the data model, for inverse predicates and labels.
    """
    counts: dict[str, int] = {}
    facts = _facts(statements, config, counts)
    item_set = set(items)
    facts = _items_first(facts, item_set, config, schema, counts)
    facts = pd.concat([facts, _classes_of_bare_items(facts, entities, items, counts)])
    facts = facts.drop_duplicates(ignore_index=True)
    others = pd.Series(pd.unique(facts[["head", "tail"]].to_numpy().ravel()))
    others = others[~others.isin(item_set)]
    relations = pd.Series(facts["relation"].unique())
    if config.order == "name":
        others, relations = others.sort_values(), relations.sort_values()
    curies = [*items, *others]
    entity_id = {name: number for number, name in enumerate(curies)}
    relation_id = {name: number for number, name in enumerate(relations)}
    triples = np.column_stack(
        [
            facts["head"].map(entity_id).to_numpy(dtype=np.int64),
            facts["relation"].map(relation_id).to_numpy(dtype=np.int64),
            facts["tail"].map(entity_id).to_numpy(dtype=np.int64),
        ]
    )
    if config.order == "name":
        triples = triples[np.lexsort(triples.T[::-1])]
    columns = entities.set_index("entity")[["name", "type"]]
    named = columns.reindex(curies)
    return Numbering(
        triples=triples,
        entities=pd.DataFrame(
            {
                "id": range(len(curies)),
                "iri": curies,
                "name": [
                    name if isinstance(name, str) else _class_label(iri, schema)
                    for iri, name in zip(curies, named["name"], strict=True)
                ],
                "type": [kind if isinstance(kind, str) else "Class" for kind in named["type"]],
            }
        ),
        relations=pd.DataFrame(
            {
                "id": range(len(relations)),
                "iri": list(relations),
                "name": [relation_label(name, schema) for name in relations],
            }
        ),
        n_items=len(items),
        counts=counts,
    )


def relation_label(name: str, schema: Schema) -> str:
    """Label of a relation; `^p` is the inverse of `p`, as in a SPARQL path."""
    if name == _TYPE:
        return "type"
    if name.startswith("^"):
        return relation_label(name[1:], schema) + " of"
    declared = schema.predicates.get(name)
    return declared.label if declared else name.partition(":")[2] or name


def _facts(statements: pd.DataFrame, config: TriplesConfig, counts: dict[str, int]) -> pd.DataFrame:
    linking = (statements["object_kind"] == "entity").to_numpy(dtype=bool)
    excluded = statements["predicate"].isin(list(config.exclude)).to_numpy(dtype=bool)
    doubtful = (statements["confidence"] < config.min_confidence).to_numpy(dtype=bool)
    counts["statements with a literal"] = int((~linking).sum())
    counts["statements of excluded predicates"] = int((linking & excluded).sum())
    counts["statements below the confidence"] = int((linking & ~excluded & doubtful).sum())
    rows = statements[linking & ~excluded & ~doubtful]
    facts = pd.DataFrame(
        {
            "head": rows["subject"].astype(object),
            "relation": rows["predicate"].astype(object),
            "tail": rows["object"].astype(object),
        }
    )
    return facts.drop_duplicates(ignore_index=True)


def _items_first(
    facts: pd.DataFrame,
    items: set[str],
    config: TriplesConfig,
    schema: Schema,
    counts: dict[str, int],
) -> pd.DataFrame:
    """Invert triples of which only the tail is an item, so that the head is an item."""
    head_is_item = facts["head"].isin(items).to_numpy(dtype=bool)
    tail_is_item = facts["tail"].isin(items).to_numpy(dtype=bool)
    turn = pd.Series(tail_is_item & ~head_is_item, index=facts.index)
    inverse = {name: _inverse(name, schema) for name in facts["relation"].unique()}
    counts["triples turned round"] = int(turn.sum())
    turned = pd.DataFrame(
        {
            "head": facts["head"].where(~turn, facts["tail"]),
            "relation": facts["relation"].where(~turn, facts["relation"].map(inverse)),
            "tail": facts["tail"].where(~turn, facts["head"]),
        }
    )
    if config.heads == "all" or not items:
        return turned
    counts["triples without an item"] = int((~head_is_item & ~tail_is_item).sum())
    return turned.loc[head_is_item | tail_is_item]


def _inverse(name: str, schema: Schema) -> str:
    declared = schema.predicates.get(name)
    if declared and declared.symmetric:
        return name
    return declared.inverse if declared and declared.inverse else f"^{name}"


def _classes_of_bare_items(
    facts: pd.DataFrame, entities: pd.DataFrame, items: Sequence[str], counts: dict[str, int]
) -> pd.DataFrame:
    mentioned = set(facts["head"]) | set(facts["tail"])
    bare = [item for item in items if item not in mentioned]
    counts[BARE] = len(bare)
    types = entities.set_index("entity")["type"]
    return pd.DataFrame(
        {
            "head": bare,
            "relation": _TYPE,
            "tail": [f"mkg:{types[item]}" for item in bare],
        },
        dtype=object,
    )


def _class_label(iri: str, schema: Schema) -> str:
    declared = schema.classes.get(iri.removeprefix("mkg:"))
    return declared.label if declared else iri
