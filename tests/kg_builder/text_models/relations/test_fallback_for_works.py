"""Texts about works are read by patterns if the extractor was trained on artists."""

from __future__ import annotations

from kg_builder.ontology import Schema
from kg_builder.text_models.corpora import Triple
from kg_builder.text_models.relations.dbpedia_patterns import RulesOfRelations, load_rules
from kg_builder.text_models.relations.fallback_for_works import (
    PatternsOfWorks,
    lacks_works,
    with_unseen_relations,
)
from kg_builder.text_models.relations.parsed_text import FoundTriple, WordSpan
from kg_builder.text_models.relations.training_statistics import Namer

RULES = RulesOfRelations(load_rules(), {rule.relation: 0.6 for rule in load_rules()})
RULES_OF_PERSONS = RulesOfRelations(
    RULES.rules, RULES.confidences, frozenset({"birthPlace", "birthDate", "deathPlace"})
)
ARTISTS = ("genre", "recordLabel", "birthPlace", "associatedBand")


def found(*triples: tuple[str, str, str]) -> list[FoundTriple]:
    return [FoundTriple(Triple(*item), 0.8, WordSpan(0, 1), WordSpan(1, 2)) for item in triples]


def test_relations_of_artists_alone_do_not_teach_about_works(schema: Schema) -> None:
    assert lacks_works(ARTISTS, schema)
    assert not lacks_works([*ARTISTS, "producer"], schema)
    assert not lacks_works(["P175", "place of birth"], schema), "another collection's names"


def test_a_text_about_a_work_is_read_by_patterns(schema: Schema) -> None:
    text = "Blue Monday was written by Bernard Sumner and came out on Factory Records in 1983."
    learnt = found(
        ("Bernard Sumner", "recordLabel", "Factory Records"),
        ("Blue Monday", "associatedBand", "Bernard Sumner"),
        ("House music", "stylisticOrigin", "Disco"),
    )
    (read,) = PatternsOfWorks(schema, None, Namer(), RULES).join([text], [learnt])
    assert {tuple(item.triple) for item in read} >= {
        ("Blue Monday", "writer", "Bernard Sumner"),
        ("Blue Monday", "recordLabel", "Factory Records"),
        ("Blue Monday", "releaseDate", "1983"),
        ("House music", "stylisticOrigin", "Disco"),
    }
    assert not any(item.triple.relation == "associatedBand" for item in read)
    assert not any(item.triple.subject == "Bernard Sumner" for item in read)


def test_other_texts_stay_as_they_were_read(schema: Schema) -> None:
    text = "Alan Frew is a rock musician who is signed to the record label EMI."
    learnt = found(("Alan Frew", "genre", "Rock music"))
    assert PatternsOfWorks(schema, None, Namer(), RULES).join([text], [learnt]) == [learnt]


def test_a_relation_that_training_lacks_takes_the_place_of_a_trained_one() -> None:
    text = "Oda Weiss was born in Graz and studied at Elm College. She died on 4 May 1981."
    learnt = found(
        ("Oda Weiss", "birthPlace", "Graz"),
        ("Oda Weiss", "associatedBand", "Elm College"),
        ("Oda Weiss", "birthDate", "1981-05-04"),
    )
    (read,) = with_unseen_relations([text], [learnt], RULES_OF_PERSONS, Namer())
    assert {item.triple for item in read} == {
        Triple("Oda Weiss", "birthPlace", "Graz"),
        Triple("Oda Weiss", "training", "Elm College"),
        Triple("Oda Weiss", "deathDate", "1981-05-04"),
    }
