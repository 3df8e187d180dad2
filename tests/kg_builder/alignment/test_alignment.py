from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest

from kg_builder.alignment import AlignmentConfig, DbpediaNt, FreebaseRdf, align, rename
from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

SCHEMA = load_schema()
NS = "http://rdf.freebase.com/ns/"
DBR, DBO = "http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"
MEMBER = "music.group_member.membership..music.group_membership.group"


def fb(subject, predicate, target):
    shown = f"<{NS}{target}>" if target.startswith("m.") else target
    return f"<{NS}{subject}>\t<{NS}{predicate}>\t{shown}\t.\n"


def topic(mid, name, *aliases, description=""):
    lines = [fb(mid, "type.object.name", f'"{name}"@en')]
    lines += [fb(mid, "common.topic.alias", f'"{alias}"@en') for alias in aliases]
    if description:
        lines.append(fb(mid, "common.topic.description", f'"{description}"@en'))
    return lines


def db(subject, predicate, target):
    return f"<{DBR}{subject}> <{DBO}{predicate}> <{DBR}{target}> .\n"


def entities(*rows):
    return ENTITIES.frame(
        [
            {
                "entity": curie,
                "type": type_,
                "name": name,
                "aliases": [],
                "external_ids": list(external),
                "attributes": "{}",
                "records": 1,
            }
            for curie, type_, name, *external in rows
        ]
    )


def tagged(*pairs):
    return STATEMENTS.frame(
        [
            {
                "subject": subject,
                "predicate": "tag",
                "object": target,
                "object_kind": "entity",
                "source": "listeners",
                "method": "mapping",
                "confidence": 0.9,
                "evidence": "tags.tsv#line=1",
                "inferred": False,
            }
            for subject, target in pairs
        ]
    )


@pytest.fixture
def run(tmp_path):
    def go(ours, *, freebase=(), dbpedia=(), facts=(), config=None, turned=False, **more):
        databases = []
        if freebase:
            (tmp_path / "fb.gz").write_bytes(gzip.compress("".join(freebase).encode()))
            databases.append(FreebaseRdf(name="freebase", path="fb.gz"))
        if dbpedia:
            (tmp_path / "db.nt").write_text("".join(dbpedia), encoding="utf-8")
            databases.append(DbpediaNt(name="dbpedia", path="db.nt"))
        return align(
            entities(*ours),
            tagged(*facts),
            databases[::-1] if turned else databases,
            tmp_path,
            config or AlignmentConfig(),
            schema=SCHEMA,
            **more,
        )

    return go


def links(result, target="freebase"):
    rows = result.links[(result.links["target"] == target)]
    rows = rows[rows["method"] != "new entity"]
    return dict(
        zip(rows["subject"], zip(rows["object"], rows["decision"], strict=True), strict=True)
    )


def linked(result, curie, target="freebase"):
    found = links(result, target)[curie][0]
    return None if pd.isna(found) else found


def facts_of(result):
    table = result.statements
    return set(zip(table["subject"], table["predicate"], table["object"], strict=True))


ROCK = topic("m.rock", "rock music", description="music genre")
RADIOHEAD = [
    *topic("m.rh", "Radiohead", description="English rock band"),
    fb("m.rock", "music.genre.artists", "m.rh"),
]


def test_a_band_is_linked_and_its_facts_are_brought(run):
    result = run([("artist:Radiohead", "Artist", "Radiohead")], freebase=[*ROCK, *RADIOHEAD])
    assert linked(result, "artist:Radiohead") == "freebase:m.rh"
    assert ("artist:Radiohead", "genre", "genre:rock_music") in facts_of(result)
    rows = result.entities.set_index("entity")
    assert rows.loc["artist:Radiohead", "type"] == "Band"
    assert list(rows.loc["artist:Radiohead", "external_ids"]) == ["freebase:m.rh"]
    assert rows.loc["genre:rock_music", "records"] == 0
    genre = result.statements[result.statements["predicate"] == "genre"].iloc[0]
    assert (genre["source"], genre["evidence"]) == ("freebase", "fb.gz#line=5")


def test_a_namesake_of_another_kind_is_not_linked(run):
    killers = [
        *topic("m.film", "The Killers", description="1964 American film by Don Siegel"),
        fb("m.film", "film.film.genre", "m.noir"),
        *topic("m.city", "Chicago", description="city in Illinois, United States"),
        fb("m.us", "location.location.contains", "m.city"),
        *topic("m.state", "Florida", "Flo Rida", description="state of the United States"),
        fb("m.us", "location.location.contains", "m.state"),
    ]
    ours = [
        ("artist:The_Killers", "Artist", "The Killers"),
        ("artist:Chicago", "Artist", "Chicago"),
        ("artist:Flo_Rida", "Artist", "Flo Rida"),
    ]
    result = run(ours, freebase=killers)
    assert {curie for curie, (_, decision) in links(result).items() if decision == "match"} == set()
    kept = result.links.set_index("subject").loc["artist:Chicago", "candidates"]
    assert json.loads(kept)[0]["id"] == "freebase:m.city"


def test_an_alias_of_a_member_is_not_the_band(run):
    debbie = [
        *topic("m.dh", "Debbie Harry", "Blondie", description="American singer and actress"),
        fb("m.dh", "people.person.place_of_birth", "m.miami"),
        *topic("m.miami", "Miami", description="city in Florida"),
    ]
    ours = [
        ("artist:Blondie", "Artist", "Blondie"),
        ("artist:Debbie_Harry", "Artist", "Debbie Harry"),
    ]
    result = run(ours, freebase=debbie)
    assert linked(result, "artist:Blondie") is None
    assert linked(result, "artist:Debbie_Harry") == "freebase:m.dh"


def test_a_collaboration_is_not_linked_to_a_member(run):
    herb = [
        *topic(
            "m.ha",
            "Herb Alpert",
            "Herb Alpert & The Tijuana Brass",
            description="American musician",
        ),
        fb("m.jazz", "music.genre.artists", "m.ha"),
        *topic("m.jazz", "jazz", description="music genre"),
    ]
    result = run([("artist:HA", "Artist", "Herb Alpert & The Tijuana Brass")], freebase=herb)
    assert linked(result, "artist:HA") is None


def test_context_tells_namesakes_of_one_kind_apart(run):
    dump = [
        db("Rainbow_(rock_band)", "genre", "Hard_rock"),
        db("Rainbow_(rock_band)", "associatedBand", "Deep_Purple"),
        db("Rainbow_(South_Korean_band)", "genre", "K-pop"),
        db("Rainbow_(South_Korean_band)", "associatedBand", "Kara_(South_Korean_band)"),
    ]
    ours = [
        ("artist:Rainbow", "Artist", "Rainbow"),
        ("tag:hard_rock", "Tag", "hard rock"),
        ("tag:heavy_metal", "Tag", "heavy metal"),
        ("tag:classic_rock", "Tag", "classic rock"),
        ("artist:Other", "Artist", "Other"),
        ("tag:k-pop", "Tag", "k-pop"),
    ]
    tags = [("artist:Rainbow", t[0]) for t in ours if "rock" in t[0] or "metal" in t[0]]
    result = run(ours, dbpedia=dump, facts=[*tags, ("artist:Other", "tag:k-pop")])
    assert linked(result, "artist:Rainbow", "dbpedia") == "dbpedia:Rainbow_(rock_band)"


def test_namesakes_that_nothing_tells_apart_are_left_to_a_person(run):
    dump = [
        db("Iris_(American_band)", "associatedBand", "X"),
        db("Iris_(Romanian_band)", "associatedBand", "Y"),
    ]
    result = run([("artist:Iris", "Artist", "Iris")], dbpedia=dump)
    assert links(result, "dbpedia")["artist:Iris"][1] == "unsure"
    judged = {("artist:Iris", "dbpedia:Iris_(Romanian_band)"): "same"}
    result = run([("artist:Iris", "Artist", "Iris")], dbpedia=dump, judgements=judged)
    assert linked(result, "artist:Iris", "dbpedia") == "dbpedia:Iris_(Romanian_band)"


def test_an_album_of_the_artists_name_is_not_the_artist(run):
    dump = [
        db("5ive_(album)", "genre", "Pop_music"),
        db("5ive_(album)", "recordLabel", "RCA_Records"),
        db("Song_(song)", "musicalArtist", "Someone"),
    ]
    result = run([("artist:5ive", "Artist", "5ive")], dbpedia=dump)
    assert linked(result, "artist:5ive", "dbpedia") is None


def test_one_thing_goes_to_one_entity(run):
    ours = [("artist:A", "Artist", "Attack! Attack!"), ("artist:B", "Artist", "Attack Attack!")]
    dump = [db("Attack_Attack!", "associatedBand", "Of_Mice_&_Men")]
    result = run(ours, dbpedia=dump)
    assert linked(result, "artist:B", "dbpedia") == "dbpedia:Attack_Attack!"
    assert linked(result, "artist:A", "dbpedia") is None
    method = result.links.set_index("subject").loc["artist:A", "method"]
    assert method == "taken by another entity"


def test_a_tag_that_is_a_genre_becomes_one(run):
    dump = [db(f"Band_{i}", "genre", "Hip_hop_music") for i in range(3)]
    dump += [db("Outkast", "genre", "Hip_hop_music"), db("Outkast", "associatedBand", "Band_1")]
    ours = [("artist:Outkast", "Artist", "Outkast"), ("tag:hip-hop", "Tag", "hip-hop")]
    facts = [("artist:Outkast", "tag:hip-hop")]
    result = run(ours, dbpedia=dump, facts=facts)
    assert result.renamed == {"tag:hip-hop": "genre:hip-hop"}
    assert ("artist:Outkast", "genre", "genre:hip-hop") in facts_of(result)
    before = rename(tagged(*facts), result.renamed, schema=SCHEMA)
    assert before[["predicate", "object"]].iloc[0].tolist() == ["genre", "genre:hip-hop"]


def test_an_id_that_a_source_states_is_believed(run):
    dump = [db("Rank_1_(band)", "associatedBand", "X"), db("Rank_1_(song)", "musicalArtist", "Y")]
    ours = [("artist:Rank_1", "Artist", "Rank 1", "dbpedia:Rank_1_(song)")]
    result = run(ours, dbpedia=dump)
    assert linked(result, "artist:Rank_1", "dbpedia") == "dbpedia:Rank_1_(song)"


def test_featuring_names_are_credited_to_those_we_know():
    ours = [
        ("artist:Santana", "Artist", "Santana"),
        ("artist:RT", "Artist", "Rob Thomas"),
        ("artist:S_feat", "Artist", "Santana feat. Rob Thomas"),
        ("artist:SG", "Artist", "Simon & Garfunkel"),
        ("artist:Simon", "Artist", "Simon"),
    ]
    result = align(entities(*ours), tagged(), [], None, AlignmentConfig(), schema=SCHEMA)
    assert facts_of(result) == {
        ("artist:S_feat", "creditedTo", "artist:Santana"),
        ("artist:S_feat", "creditedTo", "artist:RT"),
    }
    types = dict(zip(result.entities["entity"], result.entities["type"], strict=True))
    assert types["artist:S_feat"] == "Collaboration"
    assert types["artist:SG"] == "Artist"


def test_compound_facts_over_a_mediator_are_joined(run):
    """The published dump splits 'member of' over a nameless node; its lines may come first."""
    dump = [
        fb("m.cvt", "music.group_membership.group", "m.rh"),
        *topic("m.rh", "Radiohead", description="English rock band"),
        *topic("m.ty", "Thom Yorke", description="English musician"),
        fb("m.ty", "music.group_member.membership", "m.cvt"),
    ]
    ours = [("artist:Radiohead", "Artist", "Radiohead"), ("artist:TY", "Artist", "Thom Yorke")]
    result = run(ours, freebase=dump)
    assert ("artist:TY", "memberOf", "artist:Radiohead") in facts_of(result)


def test_the_second_hop_brings_parents_of_genres(run):
    dump = [
        *ROCK,
        *topic("m.indie", "indie rock", description="music genre"),
        *RADIOHEAD,
        fb("m.indie", "music.genre.artists", "m.rh"),
        fb("m.indie", "music.genre.parent_genre", "m.rock"),
    ]
    ours = [("artist:Radiohead", "Artist", "Radiohead")]
    two = facts_of(run(ours, freebase=dump))
    one = facts_of(run(ours, freebase=dump, config=AlignmentConfig(hops=1)))
    assert two - one == {("genre:indie_rock", "subgenreOf", "genre:rock_music")}


def test_a_later_database_shows_that_two_entities_are_one(run):
    dbpedia = [
        db("Sean_Combs", "associatedBand", "The_Notorious_B.I.G."),
        db("Sean_Combs", "genre", "Hip_hop"),
    ]
    combs = [
        *topic("m.sc", "Sean Combs", "P. Diddy", description="American rapper"),
        fb("m.hh", "music.genre.artists", "m.sc"),
        *topic("m.hh", "hip hop", description="music genre"),
        *topic("m.big", "The Notorious B.I.G.", description="American rapper"),
        fb("m.hh", "music.genre.artists", "m.big"),
    ]
    ours = [
        ("artist:P_Diddy", "Artist", "P. Diddy"),
        ("artist:BIG", "Artist", "The Notorious B.I.G."),
        ("tag:hip_hop", "Tag", "hip hop"),
    ]
    tags = [("artist:P_Diddy", "tag:hip_hop"), ("artist:BIG", "tag:hip_hop")]
    config = AlignmentConfig(match=0.6)
    result = run(ours, freebase=combs, dbpedia=dbpedia, facts=tags, config=config, turned=True)
    assert linked(result, "artist:P_Diddy") == "freebase:m.sc"
    assert linked(result, "artist:P_Diddy", "dbpedia") == "dbpedia:Sean_Combs"
    assert "artist:Sean_Combs" not in set(result.entities["entity"])
    assert ("artist:P_Diddy", "associatedWith", "artist:BIG") in facts_of(result)


def test_the_order_of_runs_and_rows_changes_nothing(run):
    ours = [("artist:Radiohead", "Artist", "Radiohead"), ("tag:rock", "Tag", "rock")]
    one = run(ours, freebase=[*ROCK, *RADIOHEAD])
    two = run(ours[::-1], freebase=[*ROCK, *RADIOHEAD])
    pd.testing.assert_frame_equal(one.entities, two.entities)
    pd.testing.assert_frame_equal(one.statements, two.statements)


def test_a_missing_dump_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"gone\.gz: no such file"):
        align(
            entities(("artist:A", "Artist", "A")),
            tagged(),
            [FreebaseRdf(name="freebase", path="gone.gz")],
            tmp_path,
            AlignmentConfig(),
            schema=SCHEMA,
        )


def test_a_second_spelling_is_linked_too_and_has_the_facts(run):
    dump = [
        *ROCK,
        *topic("m.patd", "Panic! at the Disco", description="American rock band"),
        fb("m.rock", "music.genre.artists", "m.patd"),
    ]
    ours = [
        ("artist:Panic", "Artist", "Panic! At The Disco"),
        ("artist:Panic_2", "Artist", "Panic at the Disco"),
    ]
    result = run(ours, freebase=dump)
    assert links(result) == {
        "artist:Panic": ("freebase:m.patd", "match"),
        "artist:Panic_2": ("freebase:m.patd", "match"),
    }
    method = result.links.set_index("subject").loc["artist:Panic_2", "method"]
    assert method == "second spelling"
    assert ("artist:Panic_2", "genre", "genre:rock_music") in facts_of(result)
    rows = result.entities.set_index("entity")
    assert list(rows.loc["artist:Panic_2", "external_ids"]) == ["freebase:m.patd"]


def test_a_single_word_with_another_article_may_be_another_band(run):
    ours = [("artist:A", "Artist", "The Lodger"), ("artist:B", "Artist", "Lodger")]
    dump = [db("Lodger_(Finnish_band)", "associatedBand", "X"), db("Y", "associatedBand", "Z")]
    found = {
        curie: thing for curie, (thing, _) in links(run(ours, dbpedia=dump), "dbpedia").items()
    }
    assert pd.isna(found["artist:A"])


def test_numbers_and_transcriptions_may_be_written_differently(run):
    ours = [
        ("artist:30STM", "Artist", "30 Seconds to Mars"),
        ("artist:GO", "Artist", "Гражданская Оборона"),
        ("artist:BO", "Artist", "Boehse Onkelz"),
    ]
    dump = [
        db("Thirty_Seconds_to_Mars", "associatedBand", "X"),
        db("Grazhdanskaya_Oborona", "associatedBand", "X"),
        db("Böhse_Onkelz", "associatedBand", "X"),
    ]
    result = run(ours, dbpedia=dump)
    assert linked(result, "artist:30STM", "dbpedia") == "dbpedia:Thirty_Seconds_to_Mars"
    assert linked(result, "artist:GO", "dbpedia") == "dbpedia:Grazhdanskaya_Oborona"
    assert linked(result, "artist:BO", "dbpedia") == "dbpedia:Böhse_Onkelz"


def test_a_letter_too_many_is_a_candidate_that_needs_the_context(run):
    dump = [
        db("Vanessa_Carlton", "genre", "Piano_rock"),
        db("Vanessa_Carlton", "associatedMusicalArtist", "Tori_Amos"),
        db("Jon_Kennedy", "associatedMusicalArtist", "Nobody"),
        db("Tori_Amos", "genre", "Piano_rock"),
    ]
    ours = [
        ("artist:VC", "Artist", "Vanessa Carllton"),
        ("artist:JK", "Artist", "Joan Kennedy"),
        ("artist:Tori", "Artist", "Tori Amos"),
        ("tag:piano_rock", "Tag", "piano rock"),
        ("tag:pianist", "Tag", "pianist"),
        ("artist:Other", "Artist", "Other"),
        ("tag:metal", "Tag", "metal"),
    ]
    tags = [(a, t) for a in ("artist:VC", "artist:Tori") for t in ("tag:piano_rock", "tag:pianist")]
    result = run(ours, dbpedia=dump, facts=[*tags, ("artist:Other", "tag:metal")])
    assert linked(result, "artist:VC", "dbpedia") == "dbpedia:Vanessa_Carlton"
    kept = result.links[result.links["target"] == "dbpedia"].set_index("subject")
    assert kept.loc["artist:JK", "decision"] != "match"
    candidate = json.loads(kept.loc["artist:JK", "candidates"])[0]
    assert candidate["id"] == "dbpedia:Jon_Kennedy"
    assert set(candidate["reasons"]) == {"name", "kind", "context", "fame"}


def test_a_thing_that_nothing_calls_an_artist_is_none(run):
    dump = [
        *topic("m.un", "United Nations", description="intergovernmental organisation"),
        fb("m.un", "military.military_combatant.force", "m.x"),
        *topic("m.govinda", "Govinda", description="Indian actor"),
        fb("m.govinda", "people.person.place_of_birth", "m.mumbai"),
        *topic("m.mumbai", "Mumbai", description="city in India"),
    ]
    ours = [("artist:UN", "Artist", "United Nations"), ("artist:G", "Artist", "Govinda")]
    result = run(ours, freebase=dump)
    assert linked(result, "artist:UN") is None
    assert linked(result, "artist:G") is None


def test_genres_that_databases_spell_differently_are_one(run):
    freebase = [
        *topic("m.hh", "Hip hop", description="music genre"),
        *topic("m.rock", "rock music", description="music genre"),
        *topic("m.rh", "Radiohead", description="English rock band"),
        fb("m.hh", "music.genre.artists", "m.rh"),
        fb("m.rock", "music.genre.artists", "m.rh"),
    ]
    dbpedia = [
        db("Radiohead", "genre", "Hip_hop_music"),
        db("Radiohead", "associatedBand", "Atoms_for_Peace"),
    ]
    ours = [("artist:Radiohead", "Artist", "Radiohead")]
    result = run(ours, freebase=freebase, dbpedia=dbpedia)
    genres = result.entities[result.entities["type"] == "Genre"].set_index("entity")
    assert len(genres) == 2
    (hip_hop,) = [curie for curie in genres.index if "ip_hop" in curie]
    assert set(genres.loc[hip_hop, "external_ids"]) == {"freebase:m.hh", "dbpedia:Hip_hop_music"}
    linked_genres = {target for _, predicate, target in facts_of(result) if predicate == "genre"}
    assert linked_genres == set(genres.index)
