"""Memberships with dates, awards with years and editions of albums, from tables to the graph."""

from __future__ import annotations

import pandas as pd
import pytest
import rdflib

from pipeline.build import build

FILES = {
    "members.csv": "person,band,from,to,plays\n"
    "Kim Deal,Pixies,1986,1993,bass guitar\n"
    "Kim Deal,Pixies,2004,2013,bass guitar\n"
    "Kim Deal,The Breeders,1989,,vocals;guitar\n"
    ",Pixies,1990,,guitar\n",
    "awards.csv": "award,who,year\nExample Prize,Pixies,2015\n",
    "albums.csv": "id,title,artist\nd,Doolittle,Pixies\n",
    "editions.csv": "no,album,title,label,date\n"
    "CAD 905,d,Doolittle,4AD,1989-04-17\n60856,d,Doolittle,Elektra,1989-04-18\n",
    "recipe.toml": """
name = "members"
title = "Members"
licence = "CC0"
[traits.shop]
clean = true
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.members]
path = "members.csv"
type = "Membership"
name = "{person}, member of {band} ({from}–{to})"
[sources.tables.members.columns]
person = { predicate = "member", type = "SoloArtist" }
band = { predicate = "group" }
from = { predicate = "beginDate" }
to = { predicate = "endDate" }
plays = { predicate = "instrument", split = ";" }
[sources.tables.awards]
path = "awards.csv"
type = "Honour"
name = "{award} {year}: {who}"
[sources.tables.awards.columns]
award = { predicate = "award" }
who = { predicate = "recipient", type = "Band" }
year = { predicate = "eventDate" }
[sources.tables.albums]
path = "albums.csv"
type = "Album"
id = "id"
name = "title"
[sources.tables.albums.columns]
artist = { predicate = "performer", type = "Band" }
[sources.tables.editions]
path = "editions.csv"
type = "Release"
id = "no"
name = "title"
[sources.tables.editions.columns]
album = { predicate = "releaseOf", ref = "albums" }
label = { predicate = "recordLabel" }
date = { predicate = "releaseDate" }
no = { predicate = "catalogueNumber" }
""",
}
MKG = "PREFIX mkg: <https://w3id.org/musickg/ontology#> "


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    build(folder / "recipe.toml", raw=folder, out=folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def graph(built):
    return rdflib.Graph().parse(built / "kg.ttl")


def answers(graph, query):
    return sorted(tuple(map(str, row)) for row in graph.query(MKG + query))


def test_a_membership_has_dates_and_an_instrument_and_states_the_fact(graph):
    query = """SELECT ?who ?band ?from ?to WHERE {
        ?m a mkg:Membership ; mkg:member/rdfs:label ?who ; mkg:group/rdfs:label ?band ;
           mkg:beginDate ?from ; mkg:instrument/rdfs:label "bass guitar" .
        OPTIONAL { ?m mkg:endDate ?to } }"""
    assert answers(graph, query) == [
        ("Kim Deal", "Pixies", "1986", "1993"),
        ("Kim Deal", "Pixies", "2004", "2013"),
    ]
    query = "SELECT ?band WHERE { ?who mkg:memberOf/rdfs:label ?band }"
    assert answers(graph, query) == [("Pixies",), ("The Breeders",)]
    assert (
        None,
        rdflib.RDFS.label,
        rdflib.Literal("Kim Deal, member of The Breeders (1989–)"),
    ) in graph


def test_a_membership_of_nobody_is_a_reject(built):
    rejects = pd.read_parquet(built / "stages" / "extraction" / "rejects.parquet")
    assert rejects[["reason", "evidence"]].to_numpy().tolist() == [
        ["membership without person", "members.csv#line=5"]
    ]


def test_an_award_has_a_year(graph):
    query = "SELECT ?year WHERE { ?h mkg:recipient/rdfs:label 'Pixies' ; mkg:eventDate ?year }"
    assert answers(graph, query) == [("2015",)]
    query = "SELECT ?prize WHERE { ?band mkg:award/rdfs:label ?prize . ?band a mkg:Band }"
    assert answers(graph, query) == [("Example Prize",)]


def test_editions_of_an_album_are_apart_from_it(graph):
    query = """SELECT ?album ?label ?number WHERE { ?edition a mkg:Release ;
        mkg:releaseOf/rdfs:label ?album ; mkg:recordLabel/rdfs:label ?label ;
        mkg:catalogueNumber ?number }"""
    assert answers(graph, query) == [
        ("Doolittle", "4AD", "CAD 905"),
        ("Doolittle", "Elektra", "60856"),
    ]


def test_the_integer_graph_has_the_facts_and_not_what_is_said_about_them(built):
    entities = pd.read_csv(built / "entities.tsv", sep="\t")
    assert not set(entities["type"]) & {"Membership", "Honour"}
    relations = set(pd.read_csv(built / "relations.tsv", sep="\t")["name"])
    assert {"member of", "award", "release of"} <= relations
    assert not relations & {"member", "group", "recipient"}


TWO_SOURCES = {
    "a.csv": "person,band,from,to,plays\nAnn Lee,The Testers,2001,present,guitar\n"
    "Ann Lee,The Testers,1990,1995,guitar\n",
    "b.csv": "id,who,group,begin,end,instrument\nm1,Ann Lee,Testers,2001,,vocals\n"
    "m2,Ann Lee,Testers,1990,1995,vocals\nm3,Ann Lee,Testers,1990,1995,drums\n",
    "r.toml": """
name = "two"
title = "Two"
[[sources]]
kind = "structured"
name = "a"
[sources.tables.members]
path = "a.csv"
type = "Membership"
name = "{person}, member of {band} ({from}–{to})"
[sources.tables.members.columns]
person = { predicate = "member", type = "SoloArtist" }
band = { predicate = "group" }
from = { predicate = "beginDate" }
to = { predicate = "endDate" }
plays = { predicate = "instrument" }
[[sources]]
kind = "structured"
name = "b"
[sources.tables.members]
path = "b.csv"
type = "Membership"
id = "id"
name = "{who} in {group}"
[sources.tables.members.columns]
who = { predicate = "member", type = "SoloArtist" }
group = { predicate = "group" }
begin = { predicate = "beginDate" }
end = { predicate = "endDate" }
instrument = { predicate = "instrument" }
""",
}


def test_memberships_of_two_sources_and_spellings(tmp_path):
    """The open one is the same; of two with ids for one period the other source's is neither."""
    for name, text in TWO_SOURCES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    build(tmp_path / "r.toml", raw=tmp_path, out=tmp_path / "out")
    graph = rdflib.Graph().parse(tmp_path / "out" / "kg.ttl")
    query = """SELECT ?from (GROUP_CONCAT(?plays; separator=" ") AS ?all) WHERE {
        { SELECT ?m ?from ?plays WHERE { ?m a mkg:Membership ; mkg:beginDate ?from ;
            mkg:instrument/rdfs:label ?plays } ORDER BY ?plays } } GROUP BY ?m ?from"""
    assert answers(graph, query) == [
        ("1990", "drums"),
        ("1990", "guitar"),
        ("1990", "vocals"),
        ("2001", "guitar vocals"),
    ]
    rejects = pd.read_parquet(tmp_path / "out" / "stages" / "extraction" / "rejects.parquet")
    assert rejects.empty
