from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from kg_builder.sql import database
from kg_builder.tables import ENTITIES, STATEMENTS
from kg_builder.triples import GraphTables, TriplesConfig, number
from kg_builder.triples.integers import relation_label

SCHEMA = load_schema()
TYPES = {
    "artist:Blur": "Band",
    "artist:Oasis": "Band",
    "genre:Britpop": "Genre",
    "genre:Rock": "Genre",
    "person:Albarn": "Person",
    "song:Girls": "Song",
    "book:Bit": "Book",
    "film:Trip": "Film",
}
ALIASES = {"artist:Blur": ["blur", "Seymour", "Blur", "blur"]}
EXTERNAL = {
    "artist:Blur": ["wikidata:Q1", "freebase:m.1"],
    "artist:Oasis": ["wikidata:Q2"],
}
ENTITY_TABLE = ENTITIES.frame(
    {
        "entity": entity,
        "type": type_,
        "name": entity.partition(":")[2],
        "aliases": ALIASES.get(entity, []),
        "external_ids": EXTERNAL.get(entity, []),
        "attributes": "{}",
        "records": 1,
    }
    for entity, type_ in TYPES.items()
)
ITEMS = ["artist:Blur", "artist:Oasis"]


def statements(*facts):
    return STATEMENTS.frame(
        {
            "subject": subject,
            "predicate": predicate,
            "object": object_,
            "object_kind": "entity" if ":" in object_ else "gYear",
            "source": "test",
            "method": "mapping",
            "confidence": 1.0,
            "evidence": "test.csv#line=1",
            "inferred": False,
        }
        for subject, predicate, object_ in facts
    )


class Numbered:
    """The integer graph of some facts, read from its database."""

    def __init__(self, *facts, items=ITEMS, memory="1GB", threads=1, **settings):
        config = TriplesConfig(**settings)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            statements(*facts).to_parquet(folder / "facts.parquet")
            ENTITY_TABLE.to_parquet(folder / "entities.parquet")
            with database(folder, memory, threads=threads) as base:
                graph = GraphTables(
                    base,
                    folder / "facts.parquet",
                    folder / "entities.parquet",
                    items,
                    min_confidence=config.min_confidence,
                )
                self.graph, self.credits = graph.counts, graph.credits()
                result = number(graph, config, schema=SCHEMA)
                self.entities = pa.concat_tables(result.entities()).to_pandas()
                self.triples = pa.concat_tables(result.triples()).to_pandas().to_numpy()
                self.aliases = pa.concat_tables(result.aliases()).to_pylist()
        self.relations, self.counts, self.n_items = result.relations, result.counts, result.n_items
        assert result.n_triples == len(self.triples)
        assert result.n_entities == len(self.entities)


def numbered(*facts, **settings):
    result = Numbered(*facts, **settings)
    named = [
        (
            result.entities["iri"][head],
            result.relations["iri"][relation],
            result.entities["iri"][tail],
        )
        for head, relation, tail in result.triples.tolist()
    ]
    return result, named


def test_items_come_first_and_keep_their_order():
    result, named = numbered(
        ("artist:Blur", "genre", "genre:Britpop"),
        ("artist:Blur", "genre", "genre:Britpop"),
        ("artist:Blur", "beginDate", "1988"),
        ("artist:Oasis", "genre", "genre:Britpop"),
    )
    assert result.entities["iri"].tolist() == [*ITEMS, "genre:Britpop"]
    assert result.n_items == 2
    assert named == [(item, "genre", "genre:Britpop") for item in ITEMS]
    assert result.counts["statements with a literal"] == 1


def test_an_item_always_heads_its_triples():
    _, named = numbered(
        ("person:Albarn", "memberOf", "artist:Blur"),
        ("person:Albarn", "influencedBy", "artist:Oasis"),
        ("genre:Britpop", "subgenreOf", "genre:Rock"),
    )
    assert named == [
        ("artist:Blur", "hasMember", "person:Albarn"),
        ("artist:Oasis", "influenced", "person:Albarn"),
    ]


def test_all_triples_can_be_kept():
    _, named = numbered(
        ("artist:Blur", "genre", "genre:Britpop"),
        ("genre:Britpop", "subgenreOf", "genre:Rock"),
        ("artist:Oasis", "genre", "genre:Rock"),
        heads="all",
    )
    assert ("genre:Britpop", "subgenreOf", "genre:Rock") in named


def test_an_item_without_facts_is_known_by_its_class():
    result, named = numbered(("artist:Blur", "genre", "genre:Britpop"))
    assert ("artist:Oasis", "rdf:type", "mkg:Band") in named
    assert result.counts["items known by their class alone"] == 1
    assert result.entities["name"].tolist()[-1] == "band"


def test_source_order_numbers_by_first_appearance():
    result, _ = numbered(
        ("artist:Oasis", "genre", "genre:Rock"),
        ("artist:Blur", "genre", "genre:Britpop"),
        order="source",
    )
    assert result.entities["iri"].tolist() == [*ITEMS, "genre:Rock", "genre:Britpop"]
    assert result.triples.tolist() == [[1, 0, 2], [0, 0, 3]]


def test_a_name_that_no_entity_has_is_numbered_and_named_after_itself():
    result, named = numbered(("artist:Blur", "genre", "genre:Unheard"))
    assert ("artist:Blur", "genre", "genre:Unheard") in named
    [row] = result.entities[result.entities["iri"] == "genre:Unheard"].to_dict("records")
    assert (row["name"], row["type"]) == ("genre:Unheard", "Class")


def test_other_names_are_distinct_sorted_and_not_the_name():
    result, _ = numbered(("artist:Blur", "genre", "genre:Britpop"))
    assert result.aliases == [{"id": 0, "alias": "Seymour"}, {"id": 0, "alias": "blur"}]


def test_facts_are_counted_once_and_statements_by_source():
    facts = [
        ("artist:Blur", "genre", "genre:Britpop"),
        ("artist:Blur", "genre", "genre:Britpop"),
        ("artist:Blur", "beginDate", "1988"),
        ("artist:Blur", "beginDate", "1988"),
        ("genre:Britpop", "subgenreOf", "genre:Rock"),
        ("person:Albarn", "memberOf", "artist:Blur"),
    ]
    counts = numbered(*facts)[0].graph
    assert (counts.statements(), counts.statements("linking")) == (6, 4)
    assert counts.sources.to_dict("records") == [
        {"source": "test", "method": "mapping", "facts": 6, "linking": 4, "inferred": 0,
         "confidence": 1.0}
    ]  # fmt: skip
    assert counts.relations == {"genre": 1, "subgenreOf": 1, "memberOf": 1}
    assert counts.facts == {**counts.relations, "beginDate": 1}
    assert (counts.entities, counts.classes["Band"]) == (8, 2)
    assert counts.external_ids == {"freebase": 1, "wikidata": 2}
    coverage = counts.coverage
    assert (coverage.items, coverage.median) == (2, 1.0)
    assert coverage.at_least == {1: 1, 3: 0, 5: 0, 10: 0}


@pytest.mark.parametrize("order", ["name", "source"])
def test_threads_and_memory_do_not_change_the_triples(order):
    draw = random.Random(1)
    facts = [
        (f"artist:{draw.randrange(500)}", draw.choice(["genre", "influencedBy"]),
         f"{draw.choice(['genre', 'artist'])}:{draw.randrange(500)}")
        for _ in range(5000)
    ]  # fmt: skip
    one, other = (
        Numbered(*facts, heads="all", order=order, memory=memory, threads=threads)
        for memory, threads in (("1GB", 1), ("100MB", 4))
    )
    assert len(one.triples) > 4000
    assert one.triples.tolist() == other.triples.tolist()
    assert one.entities.equals(other.entities)
    assert one.relations.equals(other.relations)


entity = st.sampled_from(sorted(TYPES))
predicate = st.sampled_from(["genre", "memberOf", "associatedWith", "foreign:odd"])


@given(st.lists(st.tuples(entity, predicate, entity), max_size=15))
def test_what_the_public_loaders_assume_holds(facts):
    result, _ = numbered(*facts)
    heads, tails = set(result.triples[:, 0].tolist()), set(result.triples[:, 2].tolist())
    assert heads <= set(range(result.n_items))
    assert heads | tails == set(range(len(result.entities)))
    assert set(result.triples[:, 1].tolist()) == set(range(len(result.relations)))


@pytest.mark.parametrize(
    ("relation", "label"),
    [("^composer", "composer of"), ("^creditedTo", "inverse of credited to"), ("genre", "genre")],
)
def test_relations_have_readable_names(relation, label):
    assert relation_label(relation, load_schema()) == label


def test_items_are_credited_to_performers_and_books_to_writers():
    graph = Numbered(
        ("song:Girls", "performer", "artist:Oasis"),
        ("artist:Blur", "performed", "song:Girls"),
        ("song:Girls", "writer", "person:Albarn"),
        ("book:Bit", "writer", "person:Albarn"),
        ("film:Trip", "writer", "person:Albarn"),
        items=["song:Girls", "book:Bit", "film:Trip", "artist:Blur"],
    )
    assert graph.credits == ["Blur & Oasis", "Albarn", "", ""]


@pytest.mark.parametrize("name", ["memberOf", "hasMember", "lastfm:listened"])
def test_predicates_are_excluded_by_their_name_or_that_of_the_inverse(name):
    facts = [
        ("person:Albarn", "memberOf", "artist:Blur"),
        ("artist:Oasis", "lastfm:listened", "artist:Blur"),
        ("artist:Blur", "genre", "genre:Britpop"),
    ]
    result, named = numbered(*facts, exclude=[name], heads="all")
    assert not any(name in relation for _, relation, _ in named)
    assert result.counts["statements of excluded predicates"] == 1


@pytest.mark.parametrize(
    ("name", "remedy"), [("genres", "did you mean 'genre'"), ("nosuch", "one of: associatedWith")]
)
def test_an_excluded_predicate_that_does_not_exist_is_an_error(name, remedy):
    with pytest.raises(DataError, match=rf"exclude: the data model has no predicate .*{remedy}"):
        numbered(("artist:Blur", "genre", "genre:Britpop"), exclude=[name])
