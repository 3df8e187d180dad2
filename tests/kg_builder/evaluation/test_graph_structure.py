from __future__ import annotations

import pandas as pd

from kg_builder.evaluation.structure import completeness, connectivity, suspects
from kg_builder.ontology import load_schema


def statements(*rows):
    columns = ["subject", "predicate", "object", "object_kind"]
    return pd.DataFrame([(*row, "entity")[:4] for row in rows], columns=columns)


def entities(**types):
    return pd.DataFrame(
        [(f"x:{name}", type_, name) for name, type_ in types.items()],
        columns=["entity", "type", "name"],
    )


def test_completeness_counts_things_with_a_fact_once():
    table = completeness(
        statements(("x:a", "genre", "x:g"), ("x:a", "genre", "x:h"), ("x:c", "origin", "x:p")),
        entities(a="Band", b="Band", c="Band", g="Genre", h="Genre", p="Place"),
        load_schema(),
    )
    found = {(r["class"], r["predicate"]): r["share"] for r in table.to_dict("records")}
    assert found["Band", "genre"] == found["Band", "origin"] == 1 / 3
    assert ("Genre", "genre") not in found  # a genre has no genre in the data model


def test_completeness_shows_what_is_stated_or_expected_and_no_impossible_zeros():
    table = completeness(
        statements(("x:w", "performer", "x:a"), ("x:p", "locatedIn", "x:c")),
        entities(a="Band", w="Album", r="Release", p="Place", c="Country"),
        load_schema(),
    )
    shares = {name: dict(zip(rows["predicate"], rows["share"], strict=True))
              for name, rows in table.groupby("class")}  # fmt: skip
    assert shares["Release"] == dict.fromkeys(["catalogueNumber", "releaseDate", "releaseOf"], 0)
    assert shares["Place"] == {"locatedIn": 1}
    assert "Country" not in shares
    assert (shares["Album"]["performer"], shares["Album"]["genre"]) == (1, 0)
    assert {"genre", "country"} <= shares["Band"].keys()  # what is expected of any artist


def test_what_a_complete_entity_has_is_expected_of_a_predicates_domain():
    schema = load_schema()
    for class_ in schema.classes:
        for name in schema.expected(class_):
            domain = schema.predicates[name].domain
            fits = any(schema.is_a(class_, one) for one in domain)
            assert fits or schema.has_detail(class_, name), (class_, name)


def test_degrees_components_and_orphans():
    found = connectivity(
        statements(("x:a", "genre", "x:g"), ("x:b", "genre", "x:g"), ("x:c", "origin", "x:p")),
        entities(a="Band", b="Band", c="Band", g="Genre", p="Place", lonely="Band"),
    )
    assert (found["orphans"], found["components"], found["largest"]) == (1, 3, 0.5)
    assert found["hubs"][0] == {"id": "x:g", "name": "g", "class": "Genre", "degree": 2}
    assert {row["from"]: row["things"] for row in found["degrees"]} == {0: 1, 1: 4, 2: 1}


def test_suspects_are_named():
    rows = statements(
        ("x:a", "locatedIn", "x:b"), ("x:b", "locatedIn", "x:c"), ("x:c", "locatedIn", "x:a"),
        ("x:d", "locatedIn", "x:a"),
        ("x:work", "performer", "x:singer"), ("x:work", "releaseDate", "1950", "gYear"),
        ("x:singer", "beginDate", "1960-01", "gYearMonth"),
        ("x:fine", "performer", "x:singer"), ("x:fine", "releaseDate", "1980", "gYear"),
        ("x:a", "description", "A Town", "string"), ("x:a", "description", "a town", "string"),
        ("x:b", "description", "another", "string"), ("x:b", "description", "town", "string"),
    )  # fmt: skip
    found = {(one["what"], one["thing"]) for one in suspects(rows, entities(a="Place"))}
    assert found == {
        ("cycle of locatedIn", "x:a"),
        ("released before its performer began", "x:work"),
        ("literals that differ in spelling only", "x:a"),
    }


def test_a_thing_connected_far_beyond_its_class_is_a_suspect():
    rows = [(f"x:p{n}", "genre", f"x:g{n % 50}") for n in range(200)]
    rows += [(f"x:p{n}", "memberOf", "x:everyone") for n in range(2000)]
    rows += [(f"x:p{n}", "memberOf", f"x:b{n}") for n in range(100)]
    kinds = {f"b{n}": "Band" for n in range(100)} | {"everyone": "Band"}
    found = suspects(statements(*rows), entities(**kinds))
    assert [one["thing"] for one in found] == ["x:everyone"]
