from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, FACTS
from kg_builder.triples import TriplesConfig, number

SCHEMA = load_schema()
TYPES = {
    "artist:Blur": "Band",
    "artist:Oasis": "Band",
    "genre:Britpop": "Genre",
    "genre:Rock": "Genre",
    "person:Albarn": "Person",
}
ENTITY_TABLE = ENTITIES.frame(
    {
        "entity": entity,
        "type": type_,
        "name": entity.partition(":")[2],
        "aliases": [],
        "external_ids": [],
        "attributes": "{}",
        "records": 1,
    }
    for entity, type_ in TYPES.items()
)
ITEMS = ["artist:Blur", "artist:Oasis"]


def statements(*facts):
    return FACTS.frame(
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


def numbered(*facts, **settings):
    result = number(
        statements(*facts), ENTITY_TABLE, ITEMS, TriplesConfig(**settings), schema=SCHEMA
    )
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


entity = st.sampled_from(sorted(TYPES))
predicate = st.sampled_from(["genre", "memberOf", "associatedWith", "foreign:odd"])


@given(st.lists(st.tuples(entity, predicate, entity), max_size=15))
def test_what_the_public_loaders_assume_holds(facts):
    result, _ = numbered(*facts)
    heads, tails = set(result.triples[:, 0].tolist()), set(result.triples[:, 2].tolist())
    assert heads <= set(range(result.n_items))
    assert heads | tails == set(range(len(result.entities)))
    assert set(result.triples[:, 1].tolist()) == set(range(len(result.relations)))
