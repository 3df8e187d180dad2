"""Input of mining (stated facts, candidates by class, gaps) and its marked output."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kg_builder.inference.mined import MiningConfig, mined_statements, mining_input
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS


def fact(subject: str, predicate: str, target: str, **other: object) -> dict[str, object]:
    return {
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "object_kind": "entity",
        "source": "db",
        "method": "mapping",
        "confidence": 0.9,
        "evidence": "x",
        "inferred": False,
        **other,
    }


def entity(curie: str, type_: str) -> dict[str, object]:
    return {
        "entity": curie,
        "type": type_,
        "name": curie.partition(":")[2],
        "aliases": [],
        "external_ids": [],
        "attributes": "{}",
        "records": 1,
    }


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    bands = [f"artist:B{n}" for n in range(8)]
    rows = [fact(band, "genre", "genre:rock") for band in bands[:5]]
    rows += [
        fact("artist:B5", "genre", "genre:pop", inferred=True, source="inference"),
        fact("artist:B6", "genre", "genre:jazz", source="notes"),
        fact("artist:B7", "description", "A band", object_kind="string"),
        fact("artist:B7", "country", "place:Norway"),
    ]
    kinds = {"genre:rock": "Genre", "genre:pop": "Genre", "genre:jazz": "Genre"}
    kinds |= dict.fromkeys(bands, "Band")
    kinds |= {"artist:Somebody": "Artist", "place:Norway": "Country"}
    return STATEMENTS.frame(rows), ENTITIES.frame(entity(*pair) for pair in kinds.items())


def test_stated_facts_candidates_and_gaps() -> None:
    config = MiningConfig(predicates=("genre",), further=())
    given = mining_input(*tables(), config, load_schema())
    facts = {
        (given.entities[h], given.predicates[r], given.entities[t])
        for h, r, t in zip(given.heads, given.relations, given.tails, strict=True)
    }
    assert ("artist:B6", "genre", "genre:jazz") in facts
    assert len(facts) == 8
    allowed = given.allowed[given.predicates.index("genre")]
    assert {given.entities[t] for t in allowed.tails} == {"genre:rock", "genre:jazz", "genre:pop"}
    # a plain artist is asked, too; a country is not
    assert {given.entities[h] for h in allowed.gaps} == {"artist:B7", "artist:Somebody"}
    assert len(allowed.heads) == 9
    assert not allowed.single
    assert given.descriptions[given.entities.index("artist:B7")] == "A band"


def test_a_hidden_source_leaves_gaps() -> None:
    config = MiningConfig(predicates=("genre",), further=())
    given = mining_input(*tables(), config, load_schema(), hidden=["notes"])
    allowed = given.allowed[given.predicates.index("genre")]
    assert "artist:B6" in {given.entities[h] for h in allowed.gaps}
    assert "genre:jazz" not in {given.entities[t] for t in allowed.tails}


def test_a_predicate_with_further_values_asks_about_all_heads() -> None:
    given = mining_input(*tables(), MiningConfig(predicates=("genre",)), load_schema())
    allowed = given.allowed[given.predicates.index("genre")]
    np.testing.assert_array_equal(allowed.gaps, allowed.heads)
    known = {
        (given.entities[key // len(given.entities)], given.entities[key % len(given.entities)])
        for key in allowed.known
    }
    assert ("artist:B5", "genre:pop") in known
    assert len(known) == 7


def test_an_inferred_value_is_input_without_what_it_follows_from() -> None:
    """Its premise would be missing for all those about whom the rules infer nothing."""
    statements, entities = tables()
    statements = pd.concat(
        [
            statements,
            STATEMENTS.frame(
                [
                    fact("artist:B0", "tag", "tag:nordic"),
                    fact("artist:B1", "tag", "tag:nordic"),
                    fact("artist:B1", "tag", "tag:loud"),
                    fact("artist:B0", "country", "place:Norway"),
                    fact(
                        "artist:B1",
                        "country",
                        "place:Norway",
                        source="inference",
                        evidence="artist:B1 tag tag:nordic",
                        inferred=True,
                    ),
                ]
            ),
        ]
    )
    tags = ENTITIES.frame([entity("tag:nordic", "Tag"), entity("tag:loud", "Tag")])
    entities = pd.concat([entities, tags], ignore_index=True)
    given = mining_input(statements, entities, MiningConfig(predicates=("country",)), load_schema())
    facts = {
        (given.entities[h].removeprefix("artist:"), given.entities[t])
        for h, t in zip(given.heads, given.tails, strict=True)
    }
    assert ("B1", "place:Norway") in facts
    assert ("B1", "tag:loud") in facts
    assert ("B1", "tag:nordic") not in facts
    assert ("B0", "tag:nordic") in facts  # its country is stated


def test_proposals_are_marked_with_method_model_and_confidence() -> None:
    given = mining_input(*tables(), MiningConfig(predicates=("genre",)), load_schema())
    relation = given.predicates.index("genre")
    found = (
        np.array([given.entities.index("artist:B7")]),
        np.array([relation]),
        np.array([given.entities.index("genre:rock")]),
        np.array([0.97123]),
    )
    mined = mined_statements(given, found, {relation: "19 of 20"}, ["inductive", "complex"])
    (row,) = mined.to_dict("records")
    assert (row["subject"], row["predicate"], row["object"]) == (
        "artist:B7",
        "genre",
        "genre:rock",
    )
    assert (row["source"], row["method"]) == ("mining", "mined:inductive+complex")
    assert row["inferred"]
    assert row["confidence"] == 0.9712
    assert row["evidence"] == "inductive and complex: 0.97; 19 of 20"
