from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg_builder.inference import InferenceConfig, infer
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

SCHEMA = load_schema()


def entities(**types):
    return ENTITIES.frame(
        {
            "entity": name.replace("_", ":", 1),
            "type": type_,
            "name": name.partition("_")[2],
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for name, type_ in types.items()
    )


def statements(*facts, confidence=0.9):
    return STATEMENTS.frame(
        {
            "subject": subject,
            "predicate": predicate,
            "object": object_,
            "object_kind": "entity" if ":" in object_ else "gYear",
            "source": "test",
            "method": "mapping",
            "confidence": confidence,
            "evidence": "test.csv#line=1",
            "inferred": False,
        }
        for subject, predicate, object_ in facts
    )


def inferred(result):
    rows = result.statements[result.statements["inferred"]]
    return set(zip(rows["subject"], rows["predicate"], rows["object"], strict=True))


def test_a_city_gives_the_country_and_the_premises_are_told():
    result = infer(
        statements(
            ("artist:Björk", "origin", "place:Reykjavík"),
            ("place:Reykjavík", "locatedIn", "place:Iceland"),
        ),
        entities(artist_Björk="Artist", place_Reykjavík="Place", place_Iceland="Country"),
        InferenceConfig(rules=("origin-gives-country",)),
        schema=SCHEMA,
    )
    assert inferred(result) == {("artist:Björk", "country", "place:Iceland")}
    row = result.statements.iloc[-1]
    assert row["method"] == "rule:origin-gives-country"
    assert row["evidence"] == (
        "artist:Björk origin place:Reykjavík; place:Reykjavík locatedIn place:Iceland"
    )
    assert abs(row["confidence"] - 0.9 * 0.9 * 0.95) < 1e-9


def test_a_class_premise_holds_back_what_is_no_country():
    result = infer(
        statements(("artist:Moby", "origin", "place:Harlem")),
        entities(artist_Moby="Artist", place_Harlem="Place"),
        InferenceConfig(rules=("origin-in-country",)),
        schema=SCHEMA,
    )
    assert inferred(result) == set()


def test_a_stated_country_silences_the_rule():
    result = infer(
        statements(
            ("artist:Nirvana", "origin", "place:Aberdeen"),
            ("artist:Nirvana", "country", "place:United_States"),
            ("place:Aberdeen", "locatedIn", "place:Scotland"),
        ),
        entities(
            artist_Nirvana="Band",
            place_Aberdeen="Place",
            place_Scotland="Country",
            place_United_States="Country",
        ),
        InferenceConfig(rules=("origin-gives-country",)),
        schema=SCHEMA,
    )
    assert inferred(result) == set()


def test_decades_become_entities_of_their_own():
    result = infer(
        statements(("artist:Blur", "beginDate", "1988")),
        entities(artist_Blur="Band"),
        InferenceConfig(rules=("band-decade",)),
        schema=SCHEMA,
    )
    assert inferred(result) == {("artist:Blur", "decade", "decade:1980s")}
    assert result.entities.iloc[-1]["name"] == "1980s"


def test_symmetric_facts_are_written_once_and_never_about_oneself():
    result = infer(
        statements(
            ("artist:Albarn", "memberOf", "artist:Gorillaz"),
            ("artist:Albarn", "memberOf", "artist:Blur"),
        ),
        entities(artist_Albarn="SoloArtist", artist_Gorillaz="Band", artist_Blur="Band"),
        InferenceConfig(rules=("shared-member",)),
        schema=SCHEMA,
    )
    assert inferred(result) == {("artist:Blur", "associatedWith", "artist:Gorillaz")}


def test_what_is_said_narrows_the_class():
    result = infer(
        statements(("artist:Albarn", "memberOf", "artist:Blur")),
        entities(artist_Albarn="Artist", artist_Blur="Artist"),
        InferenceConfig(rules=()),
        schema=SCHEMA,
    )
    assert list(result.entities["type"]) == ["SoloArtist", "Band"]


def test_contradicting_calls_leave_the_class_alone():
    result = infer(
        statements(("genre:Rock", "memberOf", "artist:Blur")),
        entities(genre_Rock="Genre", artist_Blur="Band"),
        InferenceConfig(rules=()),
        schema=SCHEMA,
    )
    assert list(result.entities["type"]) == ["Genre", "Band"]


places = st.integers(0, 5).map(lambda n: f"place:p{n}")


@given(st.lists(st.tuples(places, places), max_size=12))
def test_chains_reach_their_closure_and_stop(tmp_path_factory, pairs):
    rule = tmp_path_factory.mktemp("rules") / "chain.toml"
    rule.write_text(
        '[[rule]]\nname="chain"\nwhen=["?a locatedIn ?b", "?b locatedIn ?c"]\n'
        'then="?a locatedIn ?c"\n'
    )
    pairs = sorted({(a, b) for a, b in pairs if a != b})
    result = infer(
        statements(*[(a, "locatedIn", b) for a, b in pairs]),
        entities(**{f"place_p{n}": "Place" for n in range(6)}),
        InferenceConfig(files=(rule,)),
        schema=SCHEMA,
    )
    reach = set(pairs)
    while True:
        more = {(a, d) for a, b in reach for c, d in reach if b == c and a != d} - reach
        if not more:
            break
        reach |= more
    rows = result.statements
    assert set(zip(rows["subject"], rows["object"], strict=True)) == reach
