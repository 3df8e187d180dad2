from __future__ import annotations

import json

import pytest

from kg_builder.fusion import FusionConfig, SourceTraits, resolve, rewrite
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS, STATEMENTS

SCHEMA = load_schema()
TRAITS = {"shop": SourceTraits(clean=True, primary=True)}
TEXTS = {
    "bio.jsonl#line=1": "Phil Collins sang with Genesis, a progressive rock band.",
    "bio.jsonl#line=2": "Rodrigo Silva founded the folk rock band Genesis in Bogotá.",
    "bio.jsonl#line=3": "Anna Unknown plays in Zorblatt.",
}


def record(key, type_, name, evidence="shop.csv#line=1", **attributes):
    source, _, record_id = key.partition("/")
    return {
        "record": key,
        "source": source,
        "record_id": record_id,
        "type": type_,
        "name": name,
        "aliases": [],
        "external_ids": [],
        "attributes": json.dumps(attributes),
        "evidence": evidence,
    }


def says(line, subject, predicate, target):
    location = f"bio.jsonl#line={line}"
    return {
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "object_kind": "record",
        "source": "bio",
        "method": "pattern",
        "confidence": 0.9,
        "evidence": f"{location};char=0,{len(TEXTS[location])}",
        "inferred": False,
    }


def here(line):
    return f"bio.jsonl#line={line};char=0,{len(TEXTS[f'bio.jsonl#line={line}'])}"


ROWS = [
    record("shop/1", "Band", "Genesis", genre=["progressive rock"], hasMember=["Phil Collins"]),
    record("shop/2", "Band", "Genesis", genre=["folk rock"], origin=["Bogotá"]),
    record("shop/3", "SoloArtist", "Phil Collins", genre=["pop"]),
    record("bio/B1", "SoloArtist", "Phil Collins", here(1), memberOf=["Genesis"]),
    record("bio/B2", "Person", "Rodrigo Silva", here(2), memberOf=["Genesis"]),
    record("bio/B3", "Person", "Anna Unknown", here(3), memberOf=["Zorblatt"]),
    record("bio/artist/genesis", "Band", "Genesis", here(1)),
    record("bio/artist/zorblatt", "Band", "Zorblatt", here(3)),
]
FACTS = [
    says(1, "bio/B1", "memberOf", "bio/artist/genesis"),
    says(2, "bio/B2", "memberOf", "bio/artist/genesis"),
    says(3, "bio/B3", "memberOf", "bio/artist/zorblatt"),
]


def fused(**more):
    return resolve(
        RECORDS.frame(ROWS),
        FusionConfig(),
        schema=SCHEMA,
        traits=TRAITS,
        statements=STATEMENTS.frame(FACTS),
        **more,
    )


@pytest.fixture(scope="module")
def fusion():
    return fused(texts=TEXTS)


def owners(fusion):
    return dict(zip(fusion.links["subject"], fusion.links["object"], strict=True))


def test_one_name_in_two_texts_may_be_two_bands(fusion):
    entity = owners(fusion)
    assert entity["bio/artist/genesis@bio.jsonl#line=1"] == entity["shop/1"]
    assert entity["bio/artist/genesis@bio.jsonl#line=2"] == entity["shop/2"]
    assert entity["shop/1"] != entity["shop/2"]
    facts = rewrite(fusion.statements, fusion.links, schema=SCHEMA).statements
    members = {
        (subject, target)
        for subject, predicate, target in zip(
            facts["subject"], facts["predicate"], facts["object"], strict=True
        )
        if predicate == "memberOf"
    }
    assert (entity["bio/B1"], entity["shop/1"]) in members
    assert (entity["bio/B2"], entity["shop/2"]) in members
    assert len(members) == 3


def test_a_name_that_nobody_knows_becomes_an_entity_of_its_own(fusion):
    row = fusion.links.set_index("subject").loc["bio/artist/zorblatt"]
    assert (row["decision"], row["method"], row["candidates"]) == (
        "no_match",
        "disambiguation",
        "[]",
    )
    assert list(owners(fusion).values()).count(row["object"]) == 1


def test_candidates_are_kept_with_scores_and_features(fusion):
    row = fusion.links.set_index("subject").loc["bio/artist/genesis@bio.jsonl#line=1"]
    listed = json.loads(row["candidates"])
    assert {each["id"] for each in listed} == {owners(fusion)["shop/1"], owners(fusion)["shop/2"]}
    assert listed[0]["score"] == pytest.approx(row["score"])
    assert listed[0]["score"] > listed[1]["score"]
    assert listed[0]["features"]["sentence"] > listed[1]["features"]["sentence"]
    assert fusion.counts["mentions linked"] == 2
    assert fusion.counts["mentions of nothing known"] == 1


def test_a_person_overrules_what_a_mention_is():
    fusion = fused(texts=TEXTS, judgements={("bio/artist/genesis", "shop/2"): "same"})
    entity = owners(fusion)
    assert entity["bio/artist/genesis"] == entity["shop/2"]
    fusion = fused(texts=TEXTS, judgements={("bio/artist/genesis", "shop/1"): "different"})
    assert "shop/1" not in {
        key for key, owner in owners(fusion).items() if owner == owners(fusion)["bio/B1"]
    }
    assert all(
        owner != owners(fusion)["shop/1"]
        for key, owner in owners(fusion).items()
        if key.startswith("bio/artist/genesis")
    )


def test_without_the_texts_a_mention_is_matched_as_a_record():
    assert "record" in set(fused().links["kind"])
    assert "disambiguation" not in set(fused().links["method"])
