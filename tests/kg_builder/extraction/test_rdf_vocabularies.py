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
