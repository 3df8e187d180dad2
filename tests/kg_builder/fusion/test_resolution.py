from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from kg_builder.errors import DataError
from kg_builder.fusion import (
    FusionConfig,
    SourceTraits,
    TypeSettings,
    explain,
    match_records,
    resolve,
    rewrite,
    rewrite_interactions,
    unknown_interactions,
)
from kg_builder.fusion.supervised import Supervised
from kg_builder.ontology import load_schema
from kg_builder.tables import INTERACTIONS, RECORDS, STATEMENTS

SCHEMA = load_schema()
CLEAN = {"a": SourceTraits(clean=True, primary=True, trust=0.95), "b": SourceTraits(clean=True)}


def record(key, type_, name, aliases=(), external_ids=(), **attributes):
    source, _, record_id = key.partition("/")
    return {
        "record": key,
        "source": source,
        "record_id": record_id,
        "type": type_,
        "name": name,
        "aliases": list(aliases),
        "external_ids": list(external_ids),
        "attributes": json.dumps(attributes),
        "evidence": f"{source}.csv#line={record_id}",
    }


def statement(subject, predicate, target, kind="record"):
    return {
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "object_kind": kind,
        "source": "a",
        "method": "mapping",
        "confidence": 0.9,
        "evidence": "a.csv#line=1",
        "inferred": False,
    }


def run(rows, config=None, traits=CLEAN, **more):
    return resolve(
        RECORDS.frame(rows), config or FusionConfig(), schema=SCHEMA, traits=traits, **more
    )


def entity_of(fusion):
    return dict(zip(fusion.links["subject"], fusion.links["object"], strict=True))


BEATLES = [
    record("a/1", "Artist", "The Beatles", beginDate=["1960"], country=["United Kingdom"]),
    record("b/1", "Band", "Beatles, The", beginDate=["1960"], genre=["rock"]),
]


def test_spellings_become_one_entity_with_the_best_name_and_class():
    fusion = run(BEATLES)
    row = fusion.entities.iloc[0]
    assert len(fusion.entities) == 1
    assert (row["entity"], row["type"], row["name"]) == (
        "artist:The_Beatles",
        "Band",
        "The Beatles",
    )
    assert list(row["aliases"]) == ["Beatles, The"]
    assert json.loads(row["attributes"]) == {
        "beginDate": ["1960"],
        "country": ["United Kingdom"],
        "genre": ["rock"],
    }
    assert row["records"] == 2


def test_namesakes_stay_apart_and_get_meaningful_names():
    fusion = run(
        [
            record("a/1", "Artist", "Nirvana", country=["United States"], beginDate=["1987"]),
            record("a/2", "Artist", "Nirvana (UK)", beginDate=["1966"]),
            record("b/1", "Artist", "Nirvana", country=["USA"], beginDate=["1987"]),
        ]
    )
    found = entity_of(fusion)
    assert found["a/1"] == found["b/1"] == "artist:Nirvana"
    assert found["a/2"] == "artist:Nirvana_(UK)"


@pytest.mark.parametrize("name", ["!!!", "The The", "Air", "Live", "America", "†‡†", "+/-"])
def test_hard_names_are_matched_and_named(name):
    fusion = run([record("a/1", "Artist", name), record("b/1", "Artist", name)])
    assert len(fusion.entities) == 1
    local = fusion.entities["entity"].iloc[0].partition(":")[2]
    assert re.fullmatch(r"[\w-]+", local)


def test_a_band_is_never_merged_with_a_person():
    fusion = run(
        [record("a/1", "Band", "Marilyn Manson"), record("b/1", "Person", "Marilyn Manson")]
    )
    assert len(fusion.entities) == 2


def test_a_clean_source_keeps_its_records_apart_but_not_its_mentions():
    rows = [
        record("a/artists/1", "SoloArtist", "John Lennon", beginDate=["1940"]),
        record("a/artists/2", "SoloArtist", "John Lennon", beginDate=["1940"]),
        record("a/person/john lennon", "Person", "John Lennon"),
    ]
    found = entity_of(run(rows))
    assert found["a/artists/1"] != found["a/artists/2"]
    assert found["a/person/john lennon"] in {found["a/artists/1"], found["a/artists/2"]}


def test_a_person_in_catalogue_order_meets_the_natural_one():
    fusion = run(
        [record("a/1", "SoloArtist", "Bowie, David"), record("b/1", "Person", "David Bowie")]
    )
    assert fusion.entities["name"].tolist() == ["David Bowie"]


def test_a_joint_credit_is_not_its_member():
    fusion = run(
        [record("a/1", "Artist", "Rihanna"), record("b/1", "Artist", "Rihanna feat. Drake")]
    )
    types = dict(zip(fusion.entities["name"], fusion.entities["type"], strict=True))
    assert types == {"Rihanna": "Artist", "Rihanna feat. Drake": "Collaboration"}


def test_members_of_one_band_are_not_one_person():
    rows = [record("a/b", "Band", "Radiohead"), record("b/b", "Band", "Radiohead")]
    rows += [record("a/1", "Person", "Colin Greenwood"), record("b/1", "Person", "Jonny Greenwood")]
    facts = [statement(f"{s}/1", "memberOf", f"{s}/b") for s in "ab"]
    found = entity_of(run(rows, statements=STATEMENTS.frame(facts)))
    assert found["a/b"] == found["b/b"]
    assert found["a/1"] != found["b/1"]


def songs_of_an_album(*titles):
    """Songs of one album in one source; the last title is on another album, too."""
    ours = {"performer": ["Ann Example"], "onAlbum": ["First Steps"], "releaseDate": ["2001-03-04"]}
    other = {"performer": ["Bob Sample"], "onAlbum": ["Other"], "releaseDate": ["2005"]}
    rows = [record(f"c/{n}", "Song", title, **ours) for n, title in enumerate(titles)]
    return RECORDS.frame([*rows, record("c/other", "Song", titles[-1], **other)])


@pytest.mark.parametrize(
    "titles",
    [("Moon Song", "Sun Song"), ("Intro Part One", "Intro Part Two"), ("Blue Hour", "Blue Flower")],
)
def test_tracks_of_an_album_with_different_titles_are_different_songs(titles):
    rows = songs_of_an_album(*titles, "Harvest")
    found = entity_of(resolve(rows, FusionConfig(), schema=SCHEMA, traits={}))
    assert len({found[f"c/{n}"] for n in range(3)}) == 3


def test_a_misspelled_title_on_one_album_is_still_one_song():
    rows = songs_of_an_album("Harvest of Stars", "Harvst of Stars", "Moon")
    found = entity_of(resolve(rows, FusionConfig(), schema=SCHEMA, traits={}))
    assert found["c/0"] == found["c/1"] != found["c/2"]


def test_what_an_album_shares_is_a_contribution_of_its_own():
    """Contributions add up to the pair's log-odds where titles differ, too."""
    rows = songs_of_an_album("Moon Song", "Sun Song", "Harvest")
    matching = match_records(rows, FusionConfig(), schema=SCHEMA, traits={})
    pair = matching.comparison.pairs.tolist().index([0, 1])
    parts = {c.feature: c.weight for c in matching.scorer.explain(matching.comparison, pair)}
    assert parts["shared by an album's tracks"] < 0
    odds = sum(parts.values())
    assert matching.probability[pair] == pytest.approx(1 / (1 + 2.718281828459045**-odds))


def test_terms_of_vocabularies_are_one_by_name():
    fusion = run(
        [
            record("a/1", "Genre", "Hip-Hop"),
            record("b/2", "Tag", "hip hop"),
            record("b/3", "Tag", "hiphop"),
            record("b/4", "Tag", "R&B"),
            record("a/5", "Genre", "rnb"),
            record("a/6", "Country", "United Kingdom"),
            record("b/7", "Place", "UK"),
            record("b/8", "RecordLabel", "Columbia Records"),
            record("a/9", "RecordLabel", "Columbia"),
            record("a/10", "Place", "Columbia"),
        ]
    )
    found = entity_of(fusion)
    assert found["a/1"] == found["b/2"] == found["b/3"] == "genre:Hip-Hop"
    assert found["b/4"] == found["a/5"]
    assert found["a/6"] == found["b/7"]
    assert found["b/8"] == found["a/9"] != found["a/10"]


def test_a_doubtful_pair_abstains_and_keeps_its_candidate():
    fusion = run(
        [record("a/1", "Artist", "Metallica"), record("b/1", "Artist", "Metalica")],
        FusionConfig(match=0.999, unsure=0.2),
    )
    assert len(fusion.entities) == 2
    assert set(fusion.links["decision"]) == {"unsure"}
    for own, candidates in zip(fusion.links["object"], fusion.links["candidates"], strict=True):
        listed = json.loads(candidates)
        assert listed[0]["id"] == own
        assert len(listed) == 2
        assert 0.2 < listed[1]["score"] < 0.999


def test_a_persons_judgement_overrules(tmp_path):
    rows = [*BEATLES, record("b/2", "Artist", "The Fab Four")]
    path = tmp_path / "judged.tsv"
    path.write_text("left\tright\tverdict\na/1\tb/2\tsame\nb/1\ta/1\tdifferent\n")
    found = entity_of(run(rows, FusionConfig(judgements=path)))
    assert found["a/1"] == found["b/2"] != found["b/1"]


def test_a_bad_judgement_is_reported_with_its_line(tmp_path):
    path = tmp_path / "judged.tsv"
    path.write_text("a/1\tb/2\tmaybe\n")
    with pytest.raises(DataError, match=r"judged.tsv:1: not a judgement"):
        run(BEATLES, FusionConfig(judgements=path))


def test_doubled_record_keys_are_refused():
    with pytest.raises(DataError, match="two records have the key 'a/1'"):
        run([BEATLES[0], BEATLES[0]])


def test_a_record_without_a_name_is_rejected_and_counted():
    fusion = run([*BEATLES, record("b/9", "Artist", "  ")])
    assert fusion.rejects["reason"].tolist() == ["record without a name"]
    assert "b/9" not in set(fusion.links["subject"])


def test_identity_mode_keeps_every_record_in_order():
    rows = [record(f"a/{i}", "Movie", "Twins") for i in (3, 1, 2)]
    fusion = run(rows, FusionConfig(mode="identity"))
    assert fusion.links["subject"].tolist() == ["a/3", "a/1", "a/2"]
    assert fusion.entities["entity"].tolist() == fusion.links["object"].tolist()
    assert fusion.entities["entity"].nunique() == 3


def test_sources_that_share_nothing_are_not_merged():
    ours = ["Radiohead", "Portishead", "Massive Attack", "Björk", "Air"]
    theirs = ["Radio Company", "Portland", "Mass Attraction", "Bjorn", "Airbourne"]
    rows = [record(f"a/{i}", "Artist", name) for i, name in enumerate(ours)]
    rows += [record(f"b/{i}", "Artist", name) for i, name in enumerate(theirs)]
    assert len(run(rows).entities) == 10


@pytest.mark.parametrize("scorer", ["rules", "supervised"])
def test_every_scorer_finds_the_plain_matches(scorer, tmp_path):
    names = [f"{word} {number}" for word in ("Alpha", "Beta", "Gamma", "Delta") for number in "xyz"]
    rows = [record(f"a/{i}", "Artist", name, beginDate=["1990"]) for i, name in enumerate(names)]
    rows += [
        record(f"b/{i}", "Artist", name.upper(), beginDate=["1990"]) for i, name in enumerate(names)
    ]
    labels = tmp_path / "labels.tsv"
    pairs = [(i, j) for i in range(6) for j in range(6)]
    labels.write_text(
        "".join(f"a/{i}\tb/{j}\t{'same' if i == j else 'different'}\n" for i, j in pairs)
    )
    fusion = run(rows, FusionConfig(scorer=scorer, labels=labels, match=0.6))
    found = entity_of(fusion)
    assert all(found[f"a/{i}"] == found[f"b/{i}"] for i in range(len(names)))


def test_an_explanation_of_two_albums_says_whose_words_are_compared():
    """Greatest Hits of two performers: the title is found, the rest of the words is not."""
    rows = RECORDS.frame(
        [
            record(f"{source}/1", "Album", "Greatest Hits", performer=[performer])
            for source, performer in (("a", "Blondie"), ("b", "Fleetwood Mac"))
        ]
    )
    matching = match_records(rows, FusionConfig(), schema=SCHEMA, traits={}, aside=[("a/1", "b/1")])
    found = {c.feature: c.level for c in explain(matching, "a/1", "b/1").contributions}
    assert found["title of each, looked for among the other's words"] == "found"
    words = "words of title, performer and album that"
    assert {f"{words} both have", f"{words} each has alone"} <= set(found)


def test_a_pair_can_be_explained():
    matching = match_records(RECORDS.frame(BEATLES), FusionConfig(), schema=SCHEMA, traits=CLEAN)
    contributions = {
        c.feature: (c.level, c.weight) for c in matching.scorer.explain(matching.comparison, 0)
    }
    assert contributions["name"][0] == "equal"
    assert contributions["beginDate"][0] == "equal"
    assert contributions["beginDate"][1] > 0
    odds = sum(weight for _, weight in contributions.values())
    assert matching.probability[0] == pytest.approx(1 / (1 + 2.718281828459045**-odds))


@pytest.mark.parametrize("falls_back", [False, True])
def test_what_a_trained_scorer_explains_adds_up_to_its_probability(falls_back, tmp_path):
    names = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"]
    rows = [
        record(f"{source}/{i}", "Artist", name, beginDate=["1990"])
        for source in "ab"
        for i, name in enumerate(names)
    ]
    labels = tmp_path / "labels.tsv"
    labels.write_text(
        "".join(
            f"a/{i}\tb/{j}\t{'same' if i == j else 'different'}\n"
            for i in range(6)
            for j in range(6)
        )
    )
    config = FusionConfig(scorer="supervised", labels=labels)
    matching = match_records(RECORDS.frame(rows), config, schema=SCHEMA, traits={})
    assert isinstance(matching.scorer, Supervised)
    matching.scorer.falls_back = falls_back
    contributions = matching.scorer.explain(matching.comparison, 0)
    probability = matching.scorer.probability(matching.comparison)[0]
    assert sum(c.weight for c in contributions) == pytest.approx(logit(probability))


def test_thresholds_and_vocabularies_per_type():
    config = FusionConfig(types={"Venue": TypeSettings(vocabulary=True, match=0.8)})
    assert config.is_vocabulary("Venue")
    assert config.thresholds("Venue") == (0.8, 0.5)
    with pytest.raises(ValueError, match="lies above"):
        FusionConfig(match=0.4, unsure=0.6)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(random):
    rows = [
        *BEATLES,
        record("a/2", "Artist", "Nirvana", country=["United States"]),
        record("a/3", "Artist", "Nirvana", country=["United Kingdom"]),
        record("b/2", "Artist", "Nirvana"),
        record("a/4", "Artist", "air"),
        record("b/4", "Artist", "AIR"),
        record("b/5", "Tag", "rock"),
    ]
    expected = run(rows)
    random.shuffle(rows)
    shuffled = run(rows)
    pd.testing.assert_frame_equal(shuffled.entities, expected.entities)
    assert entity_of(shuffled) == entity_of(expected)


def test_statements_are_carried_over_to_the_entities():
    rows = [
        *BEATLES,
        record("b/g", "Genre", "Rock"),
        record("a/t", "Tag", "rock"),
        record("a/u", "Tag", "seen live"),
    ]
    fusion = run(rows)
    facts = [
        statement("a/1", "tag", "a/t"),
        statement("a/1", "tag", "a/u"),
        statement("a/1", "similarTo", "b/1"),
        statement("a/1", "similarTo", "a/404"),
        statement("a/1", "beginDate", "1960", "gYear"),
    ]
    result = rewrite(STATEMENTS.frame(facts), fusion.links, schema=SCHEMA)
    triples = set(
        zip(*(result.statements[c] for c in ("subject", "predicate", "object")), strict=True)
    )
    assert triples == {
        ("artist:The_Beatles", "genre", "genre:rock"),
        ("artist:The_Beatles", "tag", "tag:seen_live"),
        ("artist:The_Beatles", "beginDate", "1960"),
    }
    assert sorted(result.rejects["reason"]) == [
        "statement about an unknown record",
        "subject and object are one entity",
    ]


def test_interactions_are_carried_over_to_the_entities():
    fusion = run(BEATLES)
    rows = [
        {"user": "u", "item": item, "raw_item": item, "weight": 1.0, "liked": True, "evidence": "x"}
        for item in ("a/1", "b/1", "a/404")
    ]
    interactions = INTERACTIONS.frame(rows)
    kept = rewrite_interactions(interactions, fusion.links)
    rejects = unknown_interactions(interactions, fusion.links)
    assert kept["item"].tolist() == ["artist:The_Beatles"] * 2
    assert rejects["detail"].tolist() == ["a/404"]


def test_the_path_through_a_cluster_is_explained():
    rows = [*BEATLES, record("c/1", "Band", "The Beatles", beginDate=["1960"])]
    rows.append(record("c/2", "Artist", "The Byrds"))
    matching = match_records(RECORDS.frame(rows), FusionConfig(), schema=SCHEMA, traits=CLEAN)
    explanation = explain(matching, "b/1", "c/1")
    assert explanation.same
    assert explanation.path[0][0] == "b/1"
    assert explanation.path[-1][1] == "c/1"
    assert explanation.probability is not None and explanation.probability > 0.9
    apart = explain(matching, "c/2", "a/1")
    assert not apart.same
    assert apart.path == ()
    with pytest.raises(DataError, match="no record 'x/1'"):
        explain(matching, "x/1", "a/1")


@pytest.mark.parametrize("works", [2, 8])
def test_catalogues_with_other_works_of_the_same_artists_have_the_same_artists(works):
    names = [
        f"{a}{b}" for a in ("Nute", "Sta", "Kravo", "Belti") for b in ("me", "ba", "rin", "go")
    ]
    rows, statements = [], []
    for place, name in enumerate(names):
        for source in "ab":
            artist = f"{source}/{place}"
            rows.append(record(artist, "Artist", name))
            for number in range(works):
                song = f"{artist}-{number}"
                rows.append(record(song, "Song", f"{source} {name[::-1]} {number * 'o'}u"))
                statements.append(statement(song, "performer", artist))
    found = entity_of(run(rows, traits={}, statements=STATEMENTS.frame(statements)))
    assert all(found[f"a/{place}"] == found[f"b/{place}"] for place in range(len(names)))


def test_namesakes_stay_apart_in_catalogues_that_may_hold_duplicates():
    """Each catalogue has two artists of every name, from other countries and decades."""
    names = ("Nirvana", "Bush", "Genesis", "Air", "Eels", "Mogwai", "Placebo", "Slint", "Pavement")
    countries = ("France", "Japan", "Chile", "Norway", "Canada")
    genres = ("grunge", "folk", "ska", "jazz", "drone", "soul", "polka")
    rows = [
        record(
            f"{source}/{place}{which}", "Artist", name, beginDate=[str(1920 + place + 50 * which)],
            country=[countries[(place + which) % 5]], genre=[genres[(place + 3 * which) % 7]],
        )
        for place, name in enumerate(names)
        for which in (0, 1)
        for source in "ab"
    ]  # fmt: skip
    found = entity_of(run(rows, traits={}))
    assert len(set(found.values())) == 2 * len(names)
    assert all(found[f"a/{place}0"] == found[f"b/{place}0"] for place in range(len(names)))
