from __future__ import annotations

import pandas as pd
import pytest

from kg_builder.inference import InferenceConfig, SimilarConfig
from kg_builder.inference.similar import similar_artists
from kg_builder.inference.tag_meanings import is_genre, meaning_of
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

SCHEMA = load_schema()
READ = InferenceConfig(rules=(), tag_meanings=True)


def entities(*rows):
    return ENTITIES.frame(
        [
            {
                "entity": curie,
                "type": type_,
                "name": name,
                "aliases": [],
                "external_ids": [],
                "attributes": "{}",
                "records": 1,
            }
            for curie, type_, name in rows
        ]
    )


def tag_statements(*facts):
    return STATEMENTS.frame(
        [
            {
                "subject": subject,
                "predicate": predicate,
                "object": target,
                "object_kind": "entity",
                "source": "listeners",
                "method": "mapping",
                "confidence": 0.9,
                "evidence": "x",
                "inferred": False,
            }
            for subject, predicate, target in facts
        ]
    )


def inferred(result):
    table = result.statements[result.statements["inferred"]]
    return set(zip(table["subject"], table["predicate"], table["object"], strict=True))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("80s", ("decade", "1980s")),
        ("1990s", ("decade", "1990s")),
        ("00's", ("decade", "2000s")),
        ("British", ("country", "United Kingdom")),
        ("finnish", ("country", "Finland")),
        ("pianist", ("instrument", "piano")),
        ("brutal death metal", ("genre", "brutal death metal")),
        ("seen live", None),
        ("1985", None),
        ("80s pop songs", None),
    ],
)
def test_what_a_tag_says(tag, expected):
    meaning = meaning_of(tag)
    assert (meaning and (meaning.predicate, meaning.name)) == expected


@pytest.mark.parametrize(
    "tag", ["good rock", "my favourite metal", "rock", "rap songs", "hardcore"]
)
def test_a_judgement_is_no_genre(tag):
    assert is_genre(tag) == (tag == "hardcore")


def test_tags_become_facts_about_what_is_known_already(infer_from):
    ours = entities(
        ("artist:A", "Artist", "A"),
        ("artist:B", "Artist", "B"),
        ("artist:C", "Artist", "C"),
        ("tag:uk", "Tag", "UK"),
        ("tag:swedish", "Tag", "swedish"),
        ("tag:90s", "Tag", "90s"),
        ("place:England", "Country", "England"),
        ("place:United_Kingdom", "Country", "United Kingdom"),
    )
    facts = tag_statements(
        ("artist:A", "tag", "tag:uk"),
        ("artist:A", "tag", "tag:90s"),
        ("artist:B", "tag", "tag:uk"),
        ("artist:B", "tag", "tag:swedish"),
        ("artist:C", "tag", "tag:uk"),
        ("artist:C", "country", "place:England"),
    )
    result = infer_from(facts, ours, READ)
    assert inferred(result) == {
        ("artist:A", "country", "place:United_Kingdom"),
        ("artist:A", "decade", "decade:1990s"),
    }
    new = result.statements[result.statements["inferred"]].set_index("predicate").loc["country"]
    assert new["method"] == "rule:tag-country"
    assert new["evidence"] == "artist:A tag tag:uk"
    assert new["confidence"] == pytest.approx(0.72)
    assert "decade:1990s" in set(result.entities["entity"])


def test_a_tag_of_a_few_artists_is_no_genre_by_its_words(infer_from):
    names = [f"artist:{letter}" for letter in "ABCD"]
    ours = entities(
        *((name, "Artist", name[-1]) for name in names),
        ("tag:dark_pop", "Tag", "dark pop"),
        ("tag:sofa_rock", "Tag", "sofa rock"),
    )
    facts = tag_statements(
        *((name, "tag", "tag:dark_pop") for name in names), ("artist:A", "tag", "tag:sofa_rock")
    )
    found = inferred(infer_from(facts, ours, READ))
    assert found == {(name, "genre", "genre:dark_pop") for name in names}


def test_nothing_is_read_unless_asked_for(infer_from):
    ours = entities(("artist:A", "Artist", "A"), ("tag:uk", "Tag", "UK"))
    facts = tag_statements(("artist:A", "tag", "tag:uk"))
    result = infer_from(facts, ours, InferenceConfig(rules=()))
    pd.testing.assert_frame_equal(result.statements, facts)


def test_artists_that_share_what_is_rare_are_similar():
    def about(name, *tags):
        return [(f"artist:{name}", "tag", f"tag:{tag}") for tag in tags]

    facts = tag_statements(
        *about("Doom_1", "doom", "slow", "metal"),
        *about("Doom_2", "doom", "slow", "metal"),
        *about("Metal", "metal", "fast", "loud"),
        *about("Pop", "pop", "sweet"),
        *about("Lonely", "doom"),
    )
    kinds = [("artist:" + n, "Artist", n) for n in ("Doom_1", "Doom_2", "Metal", "Pop", "Lonely")]
    config = SimilarConfig(nearest=1)
    found = similar_artists(facts, entities(*kinds), config, schema=SCHEMA)
    assert found[["subject", "object"]].to_numpy().tolist() == [["artist:Doom_1", "artist:Doom_2"]]
    row = found.iloc[0]
    assert (row["predicate"], row["method"], row["inferred"]) == (
        "similarTo",
        "rule:tagged-alike",
        True,
    )
    assert row["confidence"] == pytest.approx(1.0)
    assert row["evidence"] == "both: tag:doom, tag:slow, tag:metal"


def test_similar_artists_do_not_depend_on_the_order_of_rows():
    facts = tag_statements(
        *((f"artist:{a}", "tag", f"tag:{t}") for a in range(30) for t in range(a % 7, a % 7 + 3))
    )
    ours = entities(*((f"artist:{a}", "Artist", str(a)) for a in range(30)))
    one = similar_artists(facts, ours, SimilarConfig(), schema=SCHEMA)
    two = similar_artists(facts.iloc[::-1], ours.iloc[::-1], SimilarConfig(), schema=SCHEMA)
    assert len(one) > 0
    pd.testing.assert_frame_equal(one, two)
