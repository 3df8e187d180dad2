"""Mark the triples of a graph that are only inferred by rules, from `statements.parquet`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from recommender.data.catalogue import Catalogue
from recommender.data.graph import KnowledgeGraph
from recommender.data.statements import REMEDY, STATEMENTS_FILE, curie, read_statements
from recommender.errors import DataError

__all__ = ["inferred_triples"]

_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_COLUMNS = ["subject", "predicate", "object", "inferred"]


def inferred_triples(folder: Path, graph: KnowledgeGraph) -> np.ndarray:
    """Mask of the triples that are only inferred by a rule; bool ``[n_triples]``.

    A triple that a source also states does not count as inferred. The class triple (`rdf:type`) of
    an item without other triples is neither stated nor inferred.

    `kg_final.txt` has the item first, so statements of which only the object is an item are
    inverted. A triple without a statement in its direction is therefore looked up in the other:
    with the same relation (symmetric ones), else by its two entities only.

    Args:
        folder: a data folder written by the pipeline, with `statements.parquet` and the names.
        graph: the triples of its `kg_final.txt`.

    Raises:
        DataError: statements are missing or do not match these triples.
    """
    statements = read_statements(folder, _COLUMNS).to_pandas()
    names = Catalogue(folder)
    entity_ids = {curie(iri): n for iri, n in names.entities_by_iri().items()}
    relation_iris = [names.relation_iri(n) for n in range(graph.n_relations)]
    relation_ids = {
        iri.rpartition("#")[2]: n for n, iri in enumerate(relation_iris) if not iri.startswith("^")
    }
    head = statements["subject"].map(entity_ids)
    tail = statements["object"].map(entity_ids)
    has_ids = (head.notna() & tail.notna()).to_numpy()
    facts = pd.DataFrame(
        {
            "head": head[has_ids].astype("int64"),
            "relation": statements["predicate"][has_ids]
            .map(relation_ids)
            .fillna(-1)
            .astype("int64"),
            "tail": tail[has_ids].astype("int64"),
            "inferred": statements["inferred"][has_ids].astype(bool),
        }
    )
    triples = pd.DataFrame({"head": graph.head, "relation": graph.relation, "tail": graph.tail})
    turned = facts.rename(columns={"head": "tail", "tail": "head"})
    result = _inferred(triples, facts, ["head", "relation", "tail"])
    for keys in (["head", "relation", "tail"], ["head", "tail"]):
        result = result.fillna(_inferred(triples, turned, keys))
    is_class = np.array([iri == _TYPE for iri in relation_iris])[graph.relation]
    unknown = result.isna().to_numpy() & ~is_class
    if unknown.any():
        problem = f"{int(unknown.sum())} of {len(graph)} triples have no statement there"
        raise DataError.at(folder / STATEMENTS_FILE, None, problem, REMEDY)
    return np.asarray(result.fillna(0.0) == 1.0)


def _inferred(triples: pd.DataFrame, facts: pd.DataFrame, keys: list[str]) -> pd.Series[float]:
    """1 if all facts with a triple's `keys` are inferred, 0 if not, NaN if there are none."""
    all_inferred = facts.groupby(keys, as_index=False)["inferred"].min()
    found = triples[keys].merge(all_inferred, on=keys, how="left")["inferred"]
    return found.astype("float64")
