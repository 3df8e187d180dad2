"""Mark the triples of a graph that only an inference rule states, from `statements.parquet`."""

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
    """Whether a triple is there only because a rule inferred it; bool ``[n_triples]``.

    A triple that a source states too is not counted as inferred. The class that stands for an
    item without any other triple (`rdf:type`) is neither stated nor inferred.

    `kg_final.txt` has the item first and turns the statements whose object alone is an item. A
    triple without a statement in its own direction is therefore looked up the other way round:
    with its relation, which a symmetric one keeps, else by its two ends alone.

    Args:
        folder: a data folder that the pipeline wrote, with `statements.parquet` and the names.
        graph: the triples of its `kg_final.txt`.

    Raises:
        DataError: there are no statements, or not those of these triples.
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
    """For each triple 1 if all facts with its `keys` are inferred, 0 if not, NaN without any."""
    all_inferred = facts.groupby(keys, as_index=False)["inferred"].min()
    found = triples[keys].merge(all_inferred, on=keys, how="left")["inferred"]
    return found.astype("float64")
