from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from kg_builder.ontology import load_schema

SCHEMA = load_schema()


def test_every_reference_inside_the_model_resolves():
    for item in SCHEMA.classes.values():
        assert set(item.parents) <= SCHEMA.classes.keys(), item.name
    for predicate in SCHEMA.predicates.values():
        assert predicate.domain, predicate.name
        assert set(predicate.domain) | set(predicate.range) <= SCHEMA.classes.keys(), predicate.name
        assert bool(predicate.range) != predicate.is_attribute, predicate.name
        assert predicate.phrase, predicate.name
        if predicate.inverse:
            assert SCHEMA.predicate(predicate.inverse).inverse == predicate.name
            assert SCHEMA.predicate(predicate.inverse).domain == predicate.range


def test_foreign_names_map_to_one_meaning_only():
    mapped = [
        iri
        for item in SCHEMA.predicates.values()
        for iri in (*item.maps_from, *item.maps_from_inverse)
    ]
    assert len(mapped) == len(set(mapped))
    assert SCHEMA.predicate_of["http://rdf.freebase.com/ns/music.genre.artists"] == ("genre", True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Person", "Artist", True),
        ("Band", "Person", False),
        ("Band", "Artist", True),
        ("Genre", "Artist", False),
        ("Place", "Country", True),
    ],
)
def test_types_that_one_thing_can_have_together(one, other, expected):
    assert SCHEMA.compatible(one, other) is expected
    assert SCHEMA.compatible(other, one) is expected


def test_most_specific_class_wins():
    assert SCHEMA.most_specific(["Artist", "SoloArtist", "Person"]) == "SoloArtist"


def test_an_unknown_predicate_is_reported_with_the_declared_ones():
    with pytest.raises(DataError, match=r"no predicate 'genres'.*did you mean 'genre'"):
        SCHEMA.predicate("genres")


def test_a_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "more.ttl"
    for name in ("Festival", "FestivalStage"):
        path.write_text(
            "@prefix mkg: <https://w3id.org/musickg/ontology#> .\n"
            "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
            "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
            f'mkg:{name} a owl:Class ; rdfs:subClassOf mkg:Place ; rdfs:label "{name}"@en .\n'
        )
        assert name in load_schema(path).classes
