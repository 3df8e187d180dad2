"""Map items (ids 0..n_items-1), entities, relations to integers; build `kg_final.txt`'s triples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.ontology import Schema
from kg_builder.tables import joint_codes
from kg_builder.triples.config import TriplesConfig

_Codes = npt.NDArray[np.int32]
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
        statements: clean `tables.FACTS`.
        entities: `tables.ENTITIES`.
        items: CURIEs of the items, in the order of their ids.
        config: order and direction of the triples.
        schema: the data model, for inverse predicates and labels.
    """
    counts: dict[str, int] = {}
    rows = statements[_used(statements, entities, config, schema, counts)]
    classes = {item: f"mkg:{type_}" for item, type_ in _types(entities, items)}
    more = [*items, *dict.fromkeys(classes.values())]
    (heads, tails), names = joint_codes(rows["subject"], rows["object"], more=more)
    predicates = {name: code for code, name in enumerate(rows["predicate"].cat.categories)}
    facts = _distinct(np.column_stack([heads, rows["predicate"].cat.codes, tails]))
    item_codes = names.get_indexer(pd.Index(items))
    is_item = np.zeros(len(names), np.bool_)
    is_item[item_codes] = True
    facts = _items_first(facts, predicates, is_item, config, schema, counts)
    is_bare = is_item.copy()
    is_bare[facts[:, [0, 2]]] = False
    bare = [item for item, code in zip(items, item_codes, strict=True) if is_bare[code]]
    counts[BARE] = len(bare)
    relation = predicates.setdefault(_TYPE, len(predicates))
    own_classes = names.get_indexer(pd.Index([classes[item] for item in bare]))
    of_bare = [names.get_indexer(pd.Index(bare)), np.full(len(bare), relation), own_classes]
    facts = _distinct(np.vstack([facts, np.column_stack(of_bare).astype(np.int32)]))
    others = pd.unique(facts[:, [0, 2]].ravel())
    others, used = others[~is_item[others]], pd.unique(facts[:, 1])
    relation_names = list(predicates)
    if config.order == "name":
        others = others[pc.array_sort_indices(pa.array(names[others], pa.string())).to_numpy()]
        used = np.array(sorted(used.tolist(), key=relation_names.__getitem__), np.int32)
    listed = np.concatenate([item_codes, others])
    id_of = _positions(listed, len(names))
    relation_id_of = _positions(used, len(predicates))
    triples = np.column_stack([id_of[facts[:, 0]], relation_id_of[facts[:, 1]], id_of[facts[:, 2]]])
    if config.order == "name":
        triples = triples[np.lexsort(triples.T[::-1])]
    curies, relations = names[listed].tolist(), [relation_names[code] for code in used]
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
                    for iri, name in zip(curies, named["name"].to_numpy(object), strict=True)
                ],
                "type": named["type"].fillna("Class").to_numpy(object),
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


def _used(
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    config: TriplesConfig,
    schema: Schema,
    counts: dict[str, int],
) -> npt.NDArray[np.bool_]:
    """Which statements become triples.

    Of a membership only `memberOf`, inferred from it, does: its node would repeat the fact.
    """
    linking = (statements["object_kind"] == "entity").to_numpy(dtype=bool)
    excluded = statements["predicate"].isin(list(config.exclude)).to_numpy(dtype=bool)
    doubtful = (statements["confidence"] < config.min_confidence).to_numpy(dtype=bool)
    counts["statements with a literal"] = int((~linking).sum())
    counts["statements of excluded predicates"] = int((linking & excluded).sum())
    counts["statements below the confidence"] = int((linking & ~excluded & doubtful).sum())
    used: npt.NDArray[np.bool_] = linking & ~excluded & ~doubtful
    classes = [name for name, item in schema.classes.items() if item.reifies]
    reified = entities.loc[entities["type"].isin(classes), "entity"]
    if len(reified):
        about = statements["subject"].isin(set(reified)).to_numpy(dtype=bool)
        counts["statements about statements"] = int((used & about).sum())
        used &= ~about
    return used


def _types(entities: pd.DataFrame, items: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The items with their classes."""
    types = entities.set_index("entity")["type"]
    return zip(items, types.reindex(list(items)), strict=True)


def _items_first(
    facts: _Codes,
    predicates: dict[str, int],
    is_item: npt.NDArray[np.bool_],
    config: TriplesConfig,
    schema: Schema,
    counts: dict[str, int],
) -> _Codes:
    """Invert triples of which only the tail is an item, so that the head is an item.

    Args:
        facts: `[n, 3]` codes of head, relation, tail.
        predicates: relation → its code; those of inverted triples are added.
        is_item: of each code of heads and tails, whether it is an item's.
        config: which triples to keep.
        schema: the data model, for the inverse predicates.
        counts: filled in.
    """
    head_is_item, tail_is_item = is_item[facts[:, 0]], is_item[facts[:, 2]]
    turn = tail_is_item & ~head_is_item
    counts["triples turned round"] = int(turn.sum())
    inverse = np.array(
        [predicates.setdefault(_inverse(p, schema), len(predicates)) for p in list(predicates)],
        np.int32,
    )
    turned = facts[turn][:, ::-1]
    turned[:, 1] = inverse[turned[:, 1]]
    facts[turn] = turned
    if config.heads == "all" or not is_item.any():
        return facts
    counts["triples without an item"] = int((~head_is_item & ~tail_is_item).sum())
    return facts[head_is_item | tail_is_item]


def _distinct(facts: _Codes) -> _Codes:
    """The distinct rows, in order of first appearance."""
    repeated: npt.NDArray[np.bool_] = pd.DataFrame(facts).duplicated().to_numpy()
    return facts[~repeated]


def _positions(listed: npt.NDArray[Any], n_codes: int) -> npt.NDArray[np.int64]:
    """Position of each code in a list."""
    positions = np.zeros(n_codes, np.int64)
    positions[listed] = np.arange(len(listed))
    return positions


def _inverse(name: str, schema: Schema) -> str:
    declared = schema.predicates.get(name)
    if declared and declared.symmetric:
        return name
    return declared.inverse if declared and declared.inverse else f"^{name}"


def _class_label(iri: str, schema: Schema) -> str:
    declared = schema.classes.get(iri.removeprefix("mkg:"))
    return declared.label if declared else iri
