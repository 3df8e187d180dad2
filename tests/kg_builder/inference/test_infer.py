from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.inference import InferenceConfig
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


@pytest.mark.parametrize(("stated", "repeated"), [(0.6, True), (0.81, False)])
def test_a_stated_fact_is_inferred_as_well_if_that_is_more_certain(infer_from, stated, repeated):
    """A weak source does not take the evidence of a strong one away."""
    member = ("artist:Björk", "memberOf", "band:The_Sugarcubes")
    membership = (
        ("membership:Björk", "member", "artist:Björk"),
        ("membership:Björk", "group", "band:The_Sugarcubes"),
    )
    result = infer_from(
        pd.concat([statements(*membership), statements(member, confidence=stated)]),
        ENTITIES.empty(),
        InferenceConfig(rules=("membership",)),
    )
    assert inferred(result) == ({member} if repeated else set())


@pytest.mark.parametrize(
    "stated",
    [
        ("artist:Björk", "memberOf", "band:The_Sugarcubes"),
        ("band:The_Sugarcubes", "hasMember", "artist:Björk"),
    ],
)
def test_rules_read_a_fact_in_either_direction(infer_from, stated):
    result = infer_from(
        statements(stated),
        entities(artist_Björk="SoloArtist", band_The_Sugarcubes="Band"),
        InferenceConfig(rules=("member-association",)),
    )
    assert inferred(result) == {("artist:Björk", "associatedWith", "band:The_Sugarcubes")}


def test_a_city_gives_the_country_with_its_premises(infer_from):
    result = infer_from(
        statements(
            ("artist:Björk", "origin", "place:Reykjavík"),
            ("place:Reykjavík", "locatedIn", "place:Iceland"),
        ),
        entities(artist_Björk="Artist", place_Reykjavík="Place", place_Iceland="Country"),
        InferenceConfig(rules=("origin-gives-country",)),
    )
    assert inferred(result) == {("artist:Björk", "country", "place:Iceland")}
    row = result.statements.iloc[-1]
    assert row["method"] == "rule:origin-gives-country"
    assert row["evidence"] == (
        "artist:Björk origin place:Reykjavík; place:Reykjavík locatedIn place:Iceland"
    )
    assert abs(row["confidence"] - 0.9 * 0.9 * 0.95) < 1e-9


def test_a_class_premise_holds_back_what_is_no_country(infer_from):
    result = infer_from(
        statements(("artist:Moby", "origin", "place:Harlem")),
        entities(artist_Moby="Artist", place_Harlem="Place"),
        InferenceConfig(rules=("origin-in-country",)),
    )
    assert inferred(result) == set()


def test_a_stated_country_silences_the_rule(infer_from):
    result = infer_from(
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
    )
    assert inferred(result) == set()


def test_a_remaster_moves_neither_work_nor_artist_to_another_decade(infer_from):
    facts = statements(
        ("song:SoWhat", "releaseDate", "2009"),
        ("song:SoWhat", "releaseDate", "1959-08-17"),
        ("song:SoWhat", "performer", "artist:Davis"),
        ("song:Tutu", "releaseDate", "1986"),
        ("song:Tutu", "performer", "artist:Davis"),
    )
    things = entities(**{"song:SoWhat": "Song", "song:Tutu": "Song", "artist:Davis": "Person"})
    config = InferenceConfig(rules=("work-decade", "artist-decade-from-works"))
    assert inferred(infer_from(facts, things, config)) == {
        ("song:SoWhat", "decade", "decade:1950s"),
        ("song:Tutu", "decade", "decade:1980s"),
        ("artist:Davis", "decade", "decade:1950s"),
        ("artist:Davis", "decade", "decade:1980s"),
    }


def test_decades_become_entities_of_their_own(infer_from):
    result = infer_from(
        statements(("artist:Blur", "beginDate", "1988")),
        entities(artist_Blur="Band"),
        InferenceConfig(rules=("band-decade",)),
    )
    assert inferred(result) == {("artist:Blur", "decade", "decade:1980s")}
    assert result.entities.iloc[-1]["name"] == "1980s"


def test_symmetric_facts_are_written_once_and_never_about_oneself(infer_from):
    result = infer_from(
        statements(
            ("artist:Albarn", "memberOf", "artist:Gorillaz"),
            ("artist:Albarn", "memberOf", "artist:Blur"),
        ),
        entities(artist_Albarn="SoloArtist", artist_Gorillaz="Band", artist_Blur="Band"),
        InferenceConfig(rules=("shared-member",)),
    )
    assert inferred(result) == {("artist:Blur", "associatedWith", "artist:Gorillaz")}


def test_statements_narrow_the_class(infer_from):
    result = infer_from(
        statements(("artist:Albarn", "memberOf", "artist:Blur")),
        entities(artist_Albarn="Artist", artist_Blur="Artist"),
        InferenceConfig(rules=()),
    )
    assert list(result.entities["type"]) == ["SoloArtist", "Band"]


def test_contradicting_calls_leave_the_class_alone(infer_from):
    result = infer_from(
        statements(("genre:Rock", "memberOf", "artist:Blur")),
        entities(genre_Rock="Genre", artist_Blur="Band"),
        InferenceConfig(rules=()),
    )
    assert list(result.entities["type"]) == ["Genre", "Band"]


places = st.integers(0, 5).map(lambda n: f"place:p{n}")


@given(st.lists(st.tuples(places, places), max_size=12))
def test_chains_reach_their_closure_and_stop(infer_from, tmp_path_factory, pairs):
    rule = tmp_path_factory.mktemp("rules") / "chain.toml"
    rule.write_text(
        '[[rule]]\nname="chain"\nwhen=["?a locatedIn ?b", "?b locatedIn ?c"]\n'
        'then="?a locatedIn ?c"\n'
    )
    pairs = sorted({(a, b) for a, b in pairs if a != b})
    result = infer_from(
        statements(*[(a, "locatedIn", b) for a, b in pairs]),
        entities(**{f"place_p{n}": "Place" for n in range(6)}),
        InferenceConfig(files=(rule,)),
    )
    reach = set(pairs)
    while True:
        more = {(a, d) for a, b in reach for c, d in reach if b == c and a != d} - reach
        if not more:
            break
        reach |= more
    rows = result.statements
    assert set(zip(rows["subject"], rows["object"], strict=True)) == reach


def rule(name, when, then, *more):
    premises = ", ".join(f'"{premise}"' for premise in when)
    return "\n".join(
        ["[[rule]]", f'name = "{name}"', f"when = [{premises}]", f'then = "{then}"', *more, ""]
    )


@pytest.fixture
def follows(infer_from, tmp_path):
    """Conclusions of rules, row by row."""

    def conclude(facts, *rules, progress=lambda done, total=None: None):
        path = tmp_path / "rules.toml"
        path.write_text("\n".join(rules))
        known = {entity for column in ("subject", "object") for entity in facts[column]}
        result = infer_from(
            facts,
            entities(**{e.replace(":", "_", 1): "Entity" for e in known if ":" in e}),
            InferenceConfig(files=(path,), refine_types=False),
            progress=progress,
        )
        rows = result.statements[result.statements["inferred"]]
        return rows.reset_index(drop=True)

    return conclude


def spo(rows):
    return set(zip(rows["subject"], rows["predicate"], rows["object"], strict=True))


def test_premises_and_conclusions_may_name_entities(follows):
    facts = statements(
        ("artist:Air", "genre", "genre:Pop"),
        ("artist:Blur", "genre", "genre:Rock"),
        ("artist:Blur", "influencedBy", "artist:Kinks"),
        ("artist:Air", "influencedBy", "artist:Gainsbourg"),
    )
    rock = rule("rock", ["?a genre genre:Rock"], "?a decade decade:1990s")
    taught = rule("taught", ["artist:Blur influencedBy ?b"], "?b decade decade:1960s")
    assert spo(follows(facts, rock, taught)) == {
        ("artist:Blur", "decade", "decade:1990s"),
        ("artist:Kinks", "decade", "decade:1960s"),
    }


def test_a_variable_that_stands_twice_in_a_premise_is_one_thing(follows):
    facts = statements(
        ("artist:Blur", "influencedBy", "artist:Air"),
        ("artist:Blur", "influencedBy", "artist:Blur"),
        ("artist:Air", "influencedBy", "artist:Blur"),
    )
    own = rule("own", ["?a influencedBy ?a"], "?a genre genre:Odd")
    assert spo(follows(facts, own)) == {("artist:Blur", "genre", "genre:Odd")}


def test_premises_are_joined_by_what_they_share_else_all_are_combined(follows):
    facts = statements(
        ("artist:Björk", "origin", "place:Reykjavík"),
        ("artist:Blur", "origin", "place:London"),
        ("place:London", "locatedIn", "place:England"),
        ("place:Reykjavík", "locatedIn", "place:Iceland"),
    )
    country = rule("country", ["?a origin ?p", "?p locatedIn ?c"], "?a country ?c")
    assert spo(follows(facts, country)) == {
        ("artist:Björk", "country", "place:Iceland"),
        ("artist:Blur", "country", "place:England"),
    }
    every = rule("every", ["?a origin place:London", "?p locatedIn ?c"], "?a country ?c")
    assert spo(follows(facts, every)) == {
        ("artist:Blur", "country", "place:England"),
        ("artist:Blur", "country", "place:Iceland"),
    }


def test_of_two_derivations_the_surer_one_is_kept_then_the_first_by_rule_and_premises(follows):
    of_album = rule("b", ["?d performer ?a", "?d genre ?g"], "?a genre ?g")
    albums = [
        ("album:A", "performer", "artist:Blur"),
        ("album:B", "performer", "artist:Blur"),
        ("album:B", "genre", "genre:Rock"),
    ]
    doubtful = statements(("album:A", "genre", "genre:Rock"), confidence=0.5)
    (row,) = follows(pd.concat([statements(*albums), doubtful]), of_album).to_dict("records")
    assert row["evidence"].startswith("album:B performer")
    assert row["confidence"] == pytest.approx(0.81)
    sure = statements(*albums[::-1], ("album:A", "genre", "genre:Rock"))
    (row,) = follows(sure, of_album).to_dict("records")
    assert row["evidence"].startswith("album:A performer")
    same = of_album.replace('"b"', '"a"')
    (row,) = follows(sure, of_album, same).to_dict("records")
    assert row["method"] == "rule:a"


IN_TWO_STEPS = (
    rule("in", ["?p country ?c"], "?p locatedIn ?c"),
    rule(
        "from", ["?a memberOf ?b", "?b origin ?p", "?p locatedIn ?c"], "?a origin ?c"
    ),
)  # fmt: skip
ALBARN = (
    ("artist:Albarn", "memberOf", "artist:Blur"),
    ("artist:Blur", "origin", "place:London"),
    ("place:London", "country", "place:England"),
)


def test_what_follows_is_a_premise_of_what_follows_next(follows):
    calls = []
    rows = follows(
        statements(*ALBARN), *IN_TWO_STEPS, progress=lambda done, total=None: calls.append(done)
    )
    assert spo(rows) == {
        ("place:London", "locatedIn", "place:England"),
        ("artist:Albarn", "origin", "place:England"),
    }
    assert calls == [1, 2]
    first, second = IN_TWO_STEPS
    once = second + "recursive = false\n"
    assert spo(follows(statements(*ALBARN), first, once)) == {
        ("place:London", "locatedIn", "place:England")
    }
    stated = statements(*ALBARN, ("place:London", "locatedIn", "place:England"))
    assert spo(follows(stated, once)) == {("artist:Albarn", "origin", "place:England")}


def test_a_property_is_handed_on_however_long_the_chain_is(follows):
    chain = [(f"artist:a{n}", "influencedBy", f"artist:a{n + 1}") for n in range(30)]
    passed_on = rule("on", ["?a influencedBy ?b", "?b genre ?g"], "?a genre ?g")
    rows = follows(statements(*chain, ("artist:a30", "genre", "genre:Pop")), passed_on)
    assert spo(rows) == {(f"artist:a{n}", "genre", "genre:Pop") for n in range(30)}


def test_what_is_stated_is_not_inferred(follows):
    stated = statements(
        ("place:London", "country", "place:England"), ("place:London", "locatedIn", "place:England")
    )
    assert follows(stated, IN_TWO_STEPS[0]).empty


def test_a_literal_stays_one_and_what_is_no_date_has_no_decade(follows):
    facts = statements(("album:A", "performer", "artist:Blur"), ("album:A", "releaseDate", "1994"))
    begun = rule("begun", ["?d performer ?a", "?d releaseDate ?y"], "?a beginDate ?y")
    (row,) = follows(facts, begun).to_dict("records")
    assert (row["object"], row["object_kind"]) == ("1994", "gYear")
    decade = rule("decade", ["?a beginDate ?y"], "?a decade decade(?y)")
    assert follows(statements(("artist:Blur", "beginDate", "unknown")), decade).empty


def test_a_symmetric_conclusion_starts_with_the_smaller_name(follows):
    facts = statements(("artist:Oasis", "influencedBy", "artist:Blur"))
    alike = rule("alike", ["?a influencedBy ?b"], "?a associatedWith ?b")
    assert spo(follows(facts, alike)) == {("artist:Blur", "associatedWith", "artist:Oasis")}


def test_new_editions_and_takes_give_their_artist_no_decade(infer_from):
    works = {"album_a": "Album", "release_r": "Release", "recording_x": "Recording"}
    works["track_t"] = "Track"
    years = dict(zip(works, ("1989", "2014", "1994", "2003"), strict=True))
    result = infer_from(
        statements(
            *((name.replace("_", ":"), "performer", "artist:Pixies") for name in works),
            *((name.replace("_", ":"), "releaseDate", year) for name, year in years.items()),
        ),
        entities(artist_Pixies="Band", **works),
        InferenceConfig(rules=("artist-decade-from-works",)),
    )
    assert inferred(result) == {("artist:Pixies", "decade", "decade:1980s")}


def test_neither_memory_nor_threads_change_the_result(infer_from):
    letters = "abcdefghij"
    facts = statements(
        *((f"album:{a}{n}", "performer", f"artist:{b}{n % 50}") for a in letters for b in letters
          for n in range(300)),
        *((f"album:{a}{n}", "genre", f"genre:{a}{n % 7}") for a in letters for n in range(300)),
        *((f"album:{a}{n}", "releaseDate", f"19{n % 50 + 50}") for a in letters for n in range(99)),
    )  # fmt: skip
    ours = entities(
        **{f"album_{a}{n}": "Album" for a in letters for n in range(300)},
        **{f"artist_{a}{n}": "Artist" for a in letters for n in range(50)},
    )
    one = infer_from(facts, ours, InferenceConfig())
    two = infer_from(facts, ours, InferenceConfig(), memory="40MB", threads=3)
    assert one.statements["inferred"].sum() > 10_000
    pd.testing.assert_frame_equal(one.statements, two.statements)
    pd.testing.assert_frame_equal(one.entities, two.entities)
