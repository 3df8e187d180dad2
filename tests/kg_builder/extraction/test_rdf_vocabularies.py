"""Common RDF vocabularies for music are mapped without a recipe's own mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg_builder.errors import DataError
from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]

PREFIXES = """
@prefix mo: <http://purl.org/ontology/mo/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix dc: <http://purl.org/dc/elements/1.1/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix wd: <http://www.wikidata.org/entity/> .
@prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix s: <http://schema.org/> .
@prefix dbo: <http://dbpedia.org/ontology/> .
@prefix tags: <http://www.holygoat.co.uk/owl/redwood/0.1/tags/> .
@prefix e: <http://e.org/> .
"""
RDF = {"kind": "structured", "tables": {"t": {"reads": "rdf", "path": "a.ttl"}}}


def test_music_ontology(write: Write, run: Run) -> None:
    write(
        "a.ttl",
        PREFIXES
        + """
e:ida a mo:MusicArtist ; foaf:name "Ida" ; foaf:made e:r1 ; foaf:homepage <http://ida.org/> ;
  foaf:based_near <http://dbpedia.org/resource/Oslo> , <http://sws.geonames.org/3143244/> .
e:r1 a mo:Record ; dc:title "Leaf" ; dct:issued "2019-03" ; mo:track e:t1 ;
  tags:taggedWithTag e:dub ; dc:publisher "Fine" .
e:t1 a mo:Track ; dc:title "Opening" ; foaf:maker e:ida ; mo:track_number "2"^^xsd:int ;
  mo:duration "215000"^^xsd:float .
""",
    )
    found = run(**RDF)
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida"),
        ("Ida", "homepage", "http://ida.org/"),
        ("Ida", "origin", "Oslo"),
        ("Leaf", "releaseDate", "2019-03"),
        ("Leaf", "tag", "dub"),
        ("Leaf", "recordLabel", "Fine"),
        ("Opening", "onAlbum", "Leaf"),
        ("Opening", "performer", "Ida"),
        ("Opening", "trackNumber", "2"),
        ("Opening", "duration", "PT3M35S"),
    }
    assert record(found, "src/http://e.org/r1")["type"] == "Album"
    assert reasons(found) == ["thing without a name"]  # geonames' number is none


def test_wikidata(write: Write, run: Run) -> None:
    write(
        "a.ttl",
        PREFIXES
        + """
wd:Q1 a wd:Q42 ; wdt:P31 wd:Q482994 ; rdfs:label "Leaf"@en ; wdt:P175 wd:Q2 ; wdt:P136 wd:Q3 ;
  wdt:P577 "2019-03-03T00:00:00Z"^^xsd:dateTime ; wdt:P2047 "2462"^^xsd:decimal ; wdt:P658 wd:Q4 .
wd:Q2 wdt:P31 wd:Q215380 ; rdfs:label "Oak"@en ; wdt:P740 wd:Q5x .
wd:Q3 wdt:P31 wd:Q188451 ; rdfs:label "dub"@en .
wd:Q4 wdt:P31 wd:Q7366 ; rdfs:label "Opening"@en .
wd:Q5x rdfs:label "Oslo"@en .
""",
    )
    found = run(**RDF)
    assert set(named(found)) == {
        ("Leaf", "performer", "Oak"),
        ("Leaf", "genre", "dub"),
        ("Leaf", "releaseDate", "2019-03-03"),
        ("Leaf", "duration", "PT41M2S"),
        ("Opening", "onAlbum", "Leaf"),
        ("Oak", "origin", "Oslo"),
    }
    assert list(record(found, "src/wikidata:Q2")[["type", "name"]]) == ["Band", "Oak"]


def test_schema_org_and_dbpedia(write: Write, run: Run) -> None:
    write(
        "a.ttl",
        PREFIXES
        + """
e:a a s:MusicRecording ; s:name "Opening" ; s:byArtist e:b ; s:position 3 ; s:duration "PT3M35S" .
e:b a dbo:MusicalArtist ; rdfs:label "Ida"@en ; dbo:birthYear "1965"^^xsd:gYear .
e:c a dbo:Album ; rdfs:label "Leaf"@en ; dbo:artist e:b ; dbo:runtime "2462.0"^^xsd:double ;
  <http://dbpedia.org/ontology/Work/runtime> "41"^^<http://dbpedia.org/datatype/minute> .
""",
    )
    assert set(named(run(**RDF))) == {
        ("Opening", "performer", "Ida"),
        ("Opening", "trackNumber", "3"),
        ("Opening", "duration", "PT3M35S"),
        ("Ida", "beginDate", "1965"),
        ("Leaf", "performer", "Ida"),
        ("Leaf", "duration", "PT41M2S"),
        ("Leaf", "duration", "PT41M"),
    }


def test_nodes_without_an_address_keep_their_names_and_keys(write: Write, run: Run) -> None:
    text = (
        PREFIXES
        + """
e:a a s:MusicAlbum ; s:name "Leaf" ; s:recordLabel [ a s:Organization ; s:name "Hill" ] ;
  s:byArtist [ a s:MusicGroup ; s:name "The Samples" ; s:foundingLocation [ s:name "Oslo" ] ] .
"""
    )
    write("a.ttl", text)
    found = run(**RDF)
    assert set(named(found)) == {
        ("Leaf", "performer", "The Samples"), ("Leaf", "recordLabel", "Hill"),
        ("The Samples", "origin", "Oslo"),
    }  # fmt: skip
    again = run(**RDF)
    assert found.records["record"].tolist() == again.records["record"].tolist()


def test_a_music_group_that_is_a_person_is_a_soloist(write: Write, run: Run) -> None:
    write("a.ttl", PREFIXES + 'e:a a s:MusicGroup , s:Person ; s:name "Ann" ; s:genre "folk" .')
    assert record(run(**RDF), "src/http://e.org/a")["type"] == "SoloArtist"


def test_tracks_of_albums_and_of_artists(write: Write, run: Run) -> None:
    write(
        "a.ttl",
        PREFIXES
        + """
e:a a s:MusicAlbum ; s:name "Leaf" ; s:track e:t .
e:b a s:MusicGroup ; s:name "The Samples" ; s:track e:t .
e:t a s:MusicRecording ; s:name "Opening" .
""",
    )
    assert set(named(run(**RDF))) == {
        ("Opening", "onAlbum", "Leaf"), ("The Samples", "performed", "Opening"),
    }  # fmt: skip


KINDS = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:mo="http://purl.org/ontology/mo/">
  <rdf:Description rdf:about="http://e.org/a"><dc:title>Leaf</dc:title><dc:type>Album</dc:type>
    <dc:creator rdf:resource="http://e.org/b"/></rdf:Description>
  <rdf:Description rdf:about="http://e.org/b"><dc:title>Ann Example</dc:title>
    <dc:type>singer</dc:type></rdf:Description>
  <mo:Release rdf:about="http://e.org/c"><dc:title>Sea</dc:title>
    <dc:type rdf:resource="http://e.org/kinds#track"/></mo:Release>
  <rdf:Description rdf:about="http://e.org/d"><dc:title>Rain</dc:title><dc:type>ring tone</dc:type>
  </rdf:Description>
</rdf:RDF>"""


@pytest.mark.parametrize("column", ["dc:type", "http://purl.org/dc/elements/1.1/type"])
def test_the_class_by_a_property(write: Write, run: Run, column: str) -> None:
    write("a.rdf", KINDS)
    values = {"album": "Album", "Singer": "SoloArtist", "track": "Song"}
    table = {"reads": "rdf", "path": "a.rdf", "type": {"column": column, "values": values}}
    found = run(kind="structured", tables={"t": table})
    types = dict(found.records[["name", "type"]].to_numpy().tolist())
    assert types == {"Leaf": "Album", "Ann Example": "SoloArtist", "Sea": "Song", "Rain": "Entity"}
    assert ("Leaf", "performer", "Ann Example") in named(found)
    assert found.counts["unknown class: ring tone"] == 1


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ({"column": "dcx:type", "values": {}}, "unknown prefix in 'dcx:type'"),
        ({"column": "dc:type", "values": {"a": "Albun"}}, "no class 'Albun'"),
    ],
)
def test_a_class_or_property_that_is_not_there(
    write: Write, run: Run, type_: dict[str, Any], words: str
) -> None:
    write("a.rdf", KINDS)
    table = {"reads": "rdf", "path": "a.rdf", "type": type_}
    with pytest.raises(DataError, match=words):
        run(kind="structured", tables={"t": table})


def rdf(write: Write, run: Run, text: str) -> Any:
    write("a.ttl", PREFIXES + text)
    return run(**RDF)


@pytest.mark.parametrize(
    "property_", ["rdfs:label", "skos:prefLabel", "foaf:name", "dc:title", "dct:title", "s:name"]
)
def test_a_title_in_any_vocabulary_is_the_name(write: Write, run: Run, property_: str) -> None:
    skos = "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    found = rdf(write, run, skos + f'[] a mo:Record ; {property_} "Leaf" ; dct:creator "Ida" .')
    assert named(found) == [("Leaf", "performer", "Ida")]


def test_a_person_may_have_a_name_in_parts_or_an_alias_only(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
e:1 a mo:MusicArtist ; foaf:familyName "Roe" ; foaf:givenName "Ida" ; foaf:made e:r .
e:2 a mo:MusicArtist ; foaf:nick "DJ Leaf" ; foaf:made e:r .
e:r a mo:Record ; dc:title "Leaf" .
""",
    )
    assert set(named(found)) == {("Leaf", "performer", name) for name in ("Ida Roe", "DJ Leaf")}


def test_what_has_no_name_is_a_reject_and_never_an_entity(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
e:r a mo:Record ; dc:title "Leaf" ; foaf:maker [ a mo:MusicArtist ; foaf:based_near e:oslo ] .
<http://e.org/99> a mo:Record ; foaf:maker e:ida ; dc:date "1999" .
e:ida a mo:MusicArtist ; foaf:name "Ida" .
""",
    )
    assert named(found) == []
    assert reasons(found) == ["thing without a name"] * 3
    assert set(found.records["name"]) == {"Leaf", "Ida"}


def test_roles_and_memberships_lead_to_the_member(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
@prefix event: <http://purl.org/NET/c4dm/event.owl#> .
@prefix tl: <http://purl.org/NET/c4dm/timeline.owl#> .
e:b a mo:MusicGroup ; foaf:name "Leaves" ;
  mo:membership [ foaf:agent e:ida ;
    event:time [ tl:start "1990" ; tl:end "1992" ] ] ;
  s:member [ a s:OrganizationRole ; s:member e:ben ; s:startDate "1991" ] .
[] a mo:Membership ; mo:group e:b ; foaf:agent e:cy .
e:ida a mo:SoloMusicArtist ; foaf:name "Ida" .
e:ben a s:Person ; s:name "Ben" .
e:cy foaf:name "Cy" .
""",
    )
    assert set(named(found)) == {
        ("Ida", "memberOf", "Leaves"),
        ("Cy", "memberOf", "Leaves"),
        ("Leaves", "hasMember", "Ben"),
        ("Ida, member of Leaves (1990–1992)", "member", "Ida"),
        ("Ida, member of Leaves (1990–1992)", "group", "Leaves"),
        ("Ida, member of Leaves (1990–1992)", "beginDate", "1990"),
        ("Ida, member of Leaves (1990–1992)", "endDate", "1992"),
        ("Ben, member of Leaves (1991–)", "member", "Ben"),
        ("Ben, member of Leaves (1991–)", "group", "Leaves"),
        ("Ben, member of Leaves (1991–)", "beginDate", "1991"),
    }
    assert reasons(found) == []
    assert not [name for name in found.counts if "role" in name]
    assert record(found, "src/http://e.org/cy")["type"] == "Person"


def test_lists_lead_to_their_elements(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
e:r a s:MusicAlbum ; s:name "Leaf" ; s:byArtist ( e:ida e:ben ) ;
  s:track [ a s:ItemList ; s:itemListElement
    [ a s:ListItem ; s:position 1 ; s:item e:one ] ,
    [ a s:ListItem ; s:position "2" ; s:item [ a s:MusicRecording ; s:name "Two" ] ] ] .
e:one a s:MusicRecording , s:CreativeWork ; s:name "One" .
e:ida s:name "Ida" . e:ben s:name "Ben" .
""",
    )
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida"),
        ("Leaf", "performer", "Ben"),
        ("One", "onAlbum", "Leaf"),
        ("One", "trackNumber", "1"),
        ("Two", "onAlbum", "Leaf"),
        ("Two", "trackNumber", "2"),
    }
    assert record(found, "src/http://e.org/one")["type"] == "Song"


def test_signals_performances_and_releases_are_their_track_or_album(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
e:p a mo:Performance ; mo:performer e:ida ; mo:recorded_as e:sig .
e:sig a mo:Signal ; mo:published_as e:t .
e:t a mo:Track ; dc:title "One" .
e:rel a mo:Release ; dc:title "Leaf" ; mo:record [ a mo:Record ; mo:track e:t ; dc:date "1999" ] .
e:alb a s:MusicAlbum ; s:name "Tree" ; s:albumRelease e:lp .
e:lp a s:MusicRelease ; s:name "Tree (LP)" ; s:recordLabel "Fine" .
e:ida foaf:name "Ida" .
""",
    )
    assert set(named(found)) == {
        ("One", "performer", "Ida"),
        ("One", "onAlbum", "Leaf"),
        ("Leaf", "releaseDate", "1999"),
        ("Tree", "recordLabel", "Fine"),
    }
    assert set(found.records["name"]) == {"One", "Ida", "Leaf", "Tree", "Fine"}


def test_ids_in_texts_are_those_of_their_kind(write: Write, run: Run) -> None:
    mbid = "a74b1b7f-71a5-4011-9441-d0b5e4122711"
    found = rdf(
        write,
        run,
        f"""
e:ida a mo:MusicArtist ; foaf:name "Ida" ; mo:musicbrainz_guid "{mbid}" .
e:t a mo:Track ; dc:title "One" ; mo:isrc "USRC17607839" ; mo:musicbrainz_guid "{mbid}" .
<http://musicbrainz.org/release-group/{mbid}#_> a mo:Release ; dc:title "Leaf" .
wd:Q7 rdfs:label "Ben" ; a mo:MusicArtist ; wdt:P436 "{mbid}" ; wdt:P1953 "42" .
""",
    )
    ids = dict(zip(found.records["name"], map(set, found.records["external_ids"]), strict=True))
    assert ids == {
        "Ida": {f"musicbrainz:{mbid}"},
        "One": {"isrc:USRC17607839", f"musicbrainz-recording:{mbid}"},
        "Leaf": {f"musicbrainz-release-group:{mbid}"},
        "Ben": {"wikidata:Q7", "discogs:42"},
    }
    assert reasons(found) == ["id of another kind of thing"]


def test_texts_are_names_in_the_usual_notations(write: Write, run: Run) -> None:
    song = (
        """s:name "One" ; s:byArtist "Ida feat. Ben" , "Various Artists" ; s:genre "Rock, Pop" ."""
    )
    found = rdf(write, run, f"e:s a s:MusicRecording ; {song}")
    assert set(named(found)) == {
        ("One", "performer", "Ida"),
        ("One", "performer", "Ben"),
        ("One", "genre", "Rock"),
        ("One", "genre", "Pop"),
    }
    assert reasons(found) == ["stands for nothing: no artist"]


def test_years_beside_awards_and_in_their_roles_are_those_of_honours(
    write: Write, run: Run
) -> None:
    role = """[ a s:Role ; s:award "Fine Medal" ; s:startDate "2009" ]"""
    found = named(
        rdf(write, run, f'e:i a s:Person ; s:name "Ida" ; s:award "Prize 2012" , {role} .')
    )
    assert {("Ida", "award", "Prize"), ("Ida", "award", "Fine Medal")} <= set(found)
    assert {fact for fact in found if fact[1] == "eventDate"} == {
        ("Ida, award Prize (2012)", "eventDate", "2012"),
        ("Ida, award Fine Medal (2009)", "eventDate", "2009"),
    }


def test_unknown_values_and_articles_of_wikidata_are_no_entities(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
wd:Q9 rdfs:label "Leaves"@en ; wdt:P31 wd:Q215380 ; wdt:P136 wd:Q1 ;
  wdt:P264 <http://www.wikidata.org/.well-known/genid/abc> .
wd:Q1 rdfs:label "rock"@en .
<https://en.wikipedia.org/wiki/Leaves> a s:Article ; s:about wd:Q9 ; s:inLanguage "en" ;
  s:name "Leaves"@en .
""",
    )
    assert named(found) == [("Leaves", "genre", "rock")]
    assert reasons(found) == ["thing without a name"]
    ids = set(record(found, "src/wikidata:Q9")["external_ids"])
    assert ids == {"wikidata:Q9", "dbpedia:Leaves"}


def test_ratings_and_isrcs_of_schema_org(write: Write, run: Run) -> None:
    found = rdf(
        write,
        run,
        """
e:t a s:MusicRecording ; s:name "One" ; s:isrcCode "USRC17607839" ;
  s:aggregateRating [ a s:AggregateRating ; s:ratingValue 4.5 ] .
""",
    )
    assert named(found) == [("One", "score", "4.5")]
    assert list(record(found, "src/http://e.org/t")["external_ids"]) == ["isrc:USRC17607839"]


def test_json_ld_with_a_remote_context_is_pointed_to_its_own_reader(write: Write, run: Run) -> None:
    write("a.jsonld", '{"@context": "https://schema.org", "@type": "MusicAlbum", "name": "Leaf"}')
    with pytest.raises(DataError, match="semi-structured"):
        run(kind="structured", tables={"t": {"reads": "rdf", "path": "a.jsonld"}})
