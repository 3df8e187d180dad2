from __future__ import annotations

import bz2
import gzip
import json

import pytest

from kg_builder.alignment import (
    AlignmentConfig,
    FreebaseRdf,
    MusicBrainzJson,
    WikidataJson,
    align,
)
from kg_builder.alignment.dump_contents import Wanted, keys_of
from kg_builder.alignment.wikidata import gather_wikidata
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

SCHEMA = load_schema()


def claim(value, kind, rank="normal", snaktype="value"):
    snak = {"snaktype": snaktype, "property": "P1", "hash": "0"}
    if snaktype == "value":
        snak["datavalue"] = {"value": value, "type": kind}
    return {"mainsnak": snak, "type": "statement", "id": "Q0$0", "rank": rank}


def items(*numbers, rank="normal"):
    return [
        claim({"entity-type": "item", "numeric-id": n, "id": f"Q{n}"}, "wikibase-entityid", rank)
        for n in numbers
    ]


def strings(*values):
    return [claim(value, "string") for value in values]


def date(time, precision):
    value = {"time": time, "timezone": 0, "before": 0, "after": 0, "precision": precision,
             "calendarmodel": "http://www.wikidata.org/entity/Q1985727"}  # fmt: skip
    return claim(value, "time")


def item(number, label, *aliases, about="", page="", language="en", **claims):
    document = {
        "type": "item",
        "id": f"Q{number}",
        "labels": {language: {"language": language, "value": label}},
        "descriptions": {"en": {"language": "en", "value": about}} if about else {},
        "aliases": {"en": [{"language": "en", "value": alias} for alias in aliases]},
        "claims": claims,
        "sitelinks": {"enwiki": {"site": "enwiki", "title": page, "badges": []}} if page else {},
        "pageid": number,
        "ns": 0,
        "lastrevid": 1,
    }
    return {key: value for key, value in document.items() if value or key == "claims"}


RADIOHEAD = item(
    44190,
    "Radiohead",
    "On a Friday",
    about="English rock band",
    page="Radiohead",
    P31=items(5741069),
    P136=[*items(11366), *items(11399, rank="deprecated")],
    P527=items(44857),
    P264=items(193023),
    P495=items(145),
    P571=[date("+1985-00-00T00:00:00Z", 9)],
    P646=strings("/m/06mj4"),
    P434=strings("a74b1b7f-71a5-4011-9441-d0b5e4122711"),
    P1953=strings("3840"),
)
OTHERS = [
    item(11366, "alternative rock", P31=items(188451), P279=items(11399)),
    item(11399, "rock music", P31=items(188451)),
    item(44857, "Thom Yorke", P31=items(5), P106=items(177220), P463=items(44190),
         P569=[date("+1968-10-07T00:00:00Z", 11)]),
    item(193023, "Parlophone", P31=items(18127)),
    item(145, "United Kingdom", P31=items(3624078)),
    item(208615, "OK Computer", about="1997 studio album by Radiohead", P31=items(482994),
         P175=items(44190), P577=[date("+1997-05-21T00:00:00Z", 11)]),
    item(9, "Radiohead", about="Wikimedia disambiguation page", P31=items(4167410)),
]  # fmt: skip


def dump(documents):
    return "[\n" + ",\n".join(json.dumps(one) for one in documents) + "\n]\n"


def gather(path, *names, ids=(), hop=()):
    wanted = Wanted({key for name in names for key in keys_of(name)}, frozenset(ids))
    database = WikidataJson(name="wikidata", path=path)
    return gather_wikidata(database, path, wanted, SCHEMA, second_hop=frozenset(hop))


def facts_of(gathered):
    return {(fact.subject, fact.predicate, fact.object) for fact in gathered.facts}


def entities(*rows):
    return ENTITIES.frame(
        [
            {"entity": curie, "type": type_, "name": name, "aliases": [],
             "external_ids": list(external), "attributes": "{}", "records": 1}
            for curie, type_, name, *external in rows
        ]
    )  # fmt: skip


def aligned(root, databases, *ours):
    return align(
        entities(*ours), STATEMENTS.empty(), databases, root, AlignmentConfig(), schema=SCHEMA
    )


FACTS = {
    ("wikidata:Q44190", "genre", "wikidata:Q11366"),
    ("wikidata:Q44190", "hasMember", "wikidata:Q44857"),
    ("wikidata:Q44190", "recordLabel", "wikidata:Q193023"),
    ("wikidata:Q44190", "country", "wikidata:Q145"),
    ("wikidata:Q44190", "beginDate", "1985"),
    ("wikidata:Q44857", "memberOf", "wikidata:Q44190"),
    ("wikidata:Q208615", "performer", "wikidata:Q44190"),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress, bz2.compress])
def test_an_item_with_its_facts_in_both_directions(tmp_path, turned, pack):
    documents = [RADIOHEAD, *OTHERS]
    path = tmp_path / "wikidata.json"
    path.write_bytes(pack(dump(documents[::-1] if turned else documents).encode()))
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {"wikidata:Q44190"}
    assert facts_of(gathered) == FACTS
    thing = gathered.things["wikidata:Q44190"]
    assert (thing.name, thing.aliases) == ("Radiohead", {"On a Friday"})
    assert "Band" in thing.classes
    assert set(thing.same_as) == {
        "freebase:m.06mj4",
        "musicbrainz:a74b1b7f-71a5-4011-9441-d0b5e4122711",
        "discogs:3840",
        "dbpedia:Radiohead",
    }
    assert not gathered.faults.counts


@pytest.mark.parametrize("turned", [False, True])
def test_the_second_hop_has_names_whatever_the_order(tmp_path, turned):
    documents = [RADIOHEAD, *OTHERS]
    path = tmp_path / "wikidata.json"
    path.write_text(dump(documents[::-1] if turned else documents))
    found = facts_of(gather(path, "Radiohead", hop=["subgenreOf"]))
    assert found - FACTS == {("wikidata:Q11366", "subgenreOf", "wikidata:Q11399")}


def test_preferred_values_come_before_normal_ones(tmp_path):
    band = item(1, "X", P31=items(215380), P136=[*items(2), *items(3, rank="preferred")])
    path = tmp_path / "wikidata.json"
    path.write_text(dump([band, item(2, "punk"), item(3, "punk rock")]))
    assert facts_of(gather(path, "X")) == {("wikidata:Q1", "genre", "wikidata:Q3")}


def test_unknown_values_and_vague_dates_are_no_facts(tmp_path):
    unknown = claim(None, "", snaktype="somevalue")
    century, month = date("+1900-00-00T00:00:00Z", 7), date("+1999-05-00T00:00:00Z", 10)
    band = item(1, "X", P136=[unknown], P571=[century], P576=[month])
    path = tmp_path / "wikidata.json"
    path.write_text(dump([band]))
    assert facts_of(gather(path, "X")) == {("wikidata:Q1", "endDate", "1999-05")}


@pytest.mark.parametrize(
    "known", ["freebase:m.06mj4", "dbpedia:Radiohead", "wikidata:Q44190", "discogs:3840"]
)
@pytest.mark.parametrize("slashes", ["/", "\\/"])
def test_an_item_is_found_by_any_id_that_is_known(tmp_path, known, slashes):
    path = tmp_path / "wikidata.json"
    path.write_text(dump([RADIOHEAD]).replace("/", slashes))
    assert gather(path, "On Another Day", ids=[known]).candidates == {"wikidata:Q44190"}


def test_names_that_the_dump_escapes_are_found(tmp_path):
    path = tmp_path / "wikidata.json"
    path.write_text(dump([item(1, "Sigur Rós"), item(2, "Кино", language="mul"), item(3, "Björk")]))
    assert "\\u00f3" in path.read_text()
    assert gather(path, "sigur ros", "Кино").candidates == {"wikidata:Q1", "wikidata:Q2"}


def test_a_dump_cut_off_keeps_what_came_before(tmp_path):
    packed = gzip.compress(dump([RADIOHEAD, *(item(n, f"N{n}") for n in range(50, 3000))]).encode())
    path = tmp_path / "wikidata.json.gz"
    path.write_bytes(packed[: len(packed) // 2])
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {"wikidata:Q44190"}
    assert list(gathered.faults.counts) == [
        "the dump is cut off; everything before the cut is used"
    ]


def test_a_line_that_is_no_entity_is_counted_with_its_place(tmp_path):
    path = tmp_path / "wikidata.json"
    path.write_text(dump([RADIOHEAD]).replace("]\n", '{"id": broken\n]\n'))
    faults = gather(path, "Radiohead").faults
    assert faults.places["line is no JSON object"][0][0] == "wikidata.json#line=3"


FREEBASE = (
    '<http://rdf.freebase.com/ns/m.06mj4>\t<http://rdf.freebase.com/ns/type.object.name>\t"RH"@en\t.\n'
    "<http://rdf.freebase.com/ns/m.06mj4>\t<http://rdf.freebase.com/ns/type.object.type>\t"
    "<http://rdf.freebase.com/ns/music.artist>\t.\n"
)
MUSICBRAINZ = {
    "id": "a74b1b7f-71a5-4011-9441-d0b5e4122711",
    "name": "The Artist Formerly Known as On a Friday",
    "type": "Group",
}


def test_ids_that_one_database_states_lead_to_the_others(tmp_path):
    """By name they would not be linked: Freebase and MusicBrainz use other names here."""
    (tmp_path / "wikidata.json").write_text(dump([RADIOHEAD, *OTHERS]))
    (tmp_path / "freebase").write_text(FREEBASE)
    (tmp_path / "artist").write_text(json.dumps(MUSICBRAINZ) + "\n")
    databases = [
        WikidataJson(name="wikidata", path="wikidata.json"),
        FreebaseRdf(name="freebase", path="freebase"),
        MusicBrainzJson(name="musicbrainz", path="artist"),
    ]
    result = aligned(tmp_path, databases, ("artist:Radiohead", "Artist", "Radiohead"))
    links = result.links[result.links["subject"] == "artist:Radiohead"]
    assert dict(zip(links["target"], links["object"], strict=True)) == {
        "wikidata": "wikidata:Q44190",
        "freebase": "freebase:m.06mj4",
        "musicbrainz": "musicbrainz:a74b1b7f-71a5-4011-9441-d0b5e4122711",
    }
    rows = result.entities.set_index("entity")
    assert "dbpedia:Radiohead" in list(rows.loc["artist:Radiohead", "external_ids"])
    assert rows.loc["artist:Radiohead", "type"] == "Band"
    wikidata = result.statements[result.statements["source"] == "wikidata"]
    about = wikidata[wikidata["predicate"] == "genre"].iloc[0]
    assert (about["object"], about["evidence"]) == (
        "genre:alternative_rock",
        "wikidata.json#line=2",
    )


def test_databases_that_disagree_are_reported(tmp_path):
    (tmp_path / "wikidata.json").write_text(dump([RADIOHEAD]))
    result = aligned(
        tmp_path,
        [WikidataJson(name="wikidata", path="wikidata.json")],
        ("artist:Radiohead", "Artist", "Radiohead", "freebase:m.0other"),
    )
    rejects = result.rejects[result.rejects["reason"] == "databases disagree about an id"]
    assert rejects["detail"].tolist() == ["artist:Radiohead: freebase:m.06mj4"]
    ids = result.entities.set_index("entity").loc["artist:Radiohead", "external_ids"]
    assert "freebase:m.06mj4" not in list(ids)
