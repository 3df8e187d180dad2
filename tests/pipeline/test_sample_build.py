"""The built-in sample from raw files to the graph, as a newcomer builds it."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pyoxigraph as ox
import pytest

from kg_builder.evaluation.graph import validate
from kg_builder.ontology import expand
from pipeline.build import build


@pytest.fixture(scope="module")
def sample(tmp_path_factory, sample_data):
    out = tmp_path_factory.mktemp("sample")
    build("sample", raw=sample_data.parent, out=out)
    return out


@pytest.fixture(scope="module")
def graph(sample):
    store = ox.Store()
    store.load(path=sample / "kg.ttl")
    return store


@pytest.fixture(scope="module")
def entity(sample):
    """Record key → entity."""
    links = pd.read_parquet(sample / "links.parquet")
    return dict(links.loc[links["kind"] == "record", ["subject", "object"]].to_numpy())


def objects(graph, subject, predicate):
    quads = graph.quads_for_pattern(
        ox.NamedNode(expand(subject)), ox.NamedNode(expand(predicate)), None, None
    )
    return {quad.object.value for quad in quads}


def test_one_artist_gathers_what_five_sources_say(graph):
    genres = objects(graph, "artist:Radiohead", "genre")
    assert {expand("genre:alternative_rock"), expand("genre:art_rock")} <= genres
    assert expand("place:Abingdon") in objects(graph, "artist:Radiohead", "origin")
    assert objects(graph, "artist:Radiohead", "owl:sameAs") == {
        expand("freebase:m.09jm8"),
        expand("dbpedia:Radiohead"),
    }
    assert expand("artist:Radiohead") in objects(graph, "artist:Thom_Yorke", "memberOf")


def test_namesakes_stay_apart(graph, entity):
    """Two bands are called Nirvana; a town in their stories has a namesake as well."""
    seattle, london = (entity[f"catalogue/artists/{key}"] for key in ("A126", "A065"))
    assert objects(graph, seattle, "country") == {expand("place:United_States")}
    assert objects(graph, london, "country") == {expand("place:United_Kingdom")}
    assert expand("genre:grunge") in objects(graph, seattle, "genre")


def test_the_graph_has_the_shape_of_the_data_model(sample):
    assert validate(sample / "kg.ttl") == []


def test_every_statement_can_be_traced(sample, sample_data):
    statements = pd.read_parquet(sample / "statements.parquet")
    read = statements[~statements["inferred"]]
    files = {evidence.partition("#")[0] for evidence in read["evidence"]}
    names = {path.name for path in sample_data.rglob("*")}
    joint_credits = {file for file in files if file.startswith("name: ")}
    assert {file.rpartition("/")[2] for file in files - joint_credits} <= names


def test_every_statement_of_a_text_quotes_what_it_speaks_of(sample, sample_data):
    """The quoted passage is a piece of the text, of whole words, that names one end or both.

    Not quite all: "the singer" gives an instrument and "French" a country, without their names.
    """
    statements = pd.read_parquet(sample / "statements.parquet")
    entities = pd.read_parquet(sample / "stages" / "inference" / "entities.parquet")
    names = {
        entity: {name, *aliases}
        for entity, name, aliases in zip(
            entities["entity"], entities["name"], entities["aliases"], strict=True
        )
    }
    read = statements[
        ~statements["inferred"] & statements["source"].isin({"biographies", "album_notes"})
    ]
    unnamed = []
    for subject, object_, evidence in zip(
        read["subject"], read["object"], read["evidence"], strict=True
    ):
        file, _, place = evidence.partition("#line=")
        line, _, offsets = place.partition(";char=")
        lines = (sample_data.parent / file).read_text(encoding="utf-8").splitlines()
        text = json.loads(lines[int(line) - 1])["text"]
        start, end = map(int, offsets.split(","))
        assert 0 <= start < end <= len(text), evidence
        assert start == 0 or not (text[start - 1].isalnum() and text[start].isalnum()), evidence
        assert end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum()), evidence
        ends = names.get(subject, set()) | names.get(object_, {object_.partition("-")[0]})
        if not any(name.casefold() in text[start:end].casefold() for name in ends):
            unnamed.append(evidence)
    assert len(read) > 500
    assert len(unnamed) <= 0.02 * len(read), unnamed


def test_all_rows_of_the_catalogue_and_all_listening_rows_are_accounted_for(sample, sample_data):
    with (sample_data / "catalogue.csv").open(encoding="utf-8") as stream:
        catalogue = {row["artist_id"] for row in csv.DictReader(stream)}
    items = pd.read_csv(sample / "items.tsv", sep="\t", dtype=str, quoting=csv.QUOTE_NONE)
    listed = {raw for cell in items["raw_id"] for raw in cell.split("|")}
    assert listed == catalogue
    rows = len((sample_data / "listeners.tsv").read_text().splitlines()) - 1
    quality = json.loads((sample / "quality.json").read_text())
    rejected = sum(row["count"] for row in quality["rejects"] if "interaction" in row["reason"])
    used = quality["interactions"]
    assert used["interactions"] + rejected == rows
    assert used["positives"] + used["repeated user-item pairs"] == used["interactions"]


def test_the_second_catalogue_is_matched(entity, sample_data):
    """Precision and recall against the gold links, which no build reads."""
    truth = pd.read_csv(
        sample_data / "truth" / "second_catalogue_matches.tsv", sep="\t", dtype=str
    ).fillna("")
    catalogued = {found for key, found in entity.items() if key.startswith("catalogue/artists/")}
    right = wrong = missed = 0
    for second_id, artist_id in truth.itertuples(index=False):
        found = entity[f"second/{second_id}"]
        expected = entity.get(f"catalogue/artists/{artist_id}")
        right += found == expected
        wrong += found in catalogued and found != expected
        missed += expected is not None and found != expected
    assert right / (right + wrong) >= 0.97
    assert right / (right + missed) >= 0.90


def test_other_names_are_listed_by_integer_id(sample):
    """What the graph calls skos:altLabel, for programs that read the integer files."""
    entities = pd.read_csv(sample / "entities.tsv", sep="\t", quoting=3, na_filter=False)
    aliases = pd.read_csv(sample / "aliases.tsv", sep="\t", quoting=3, na_filter=False)
    names = dict(zip(entities["id"], entities["name"], strict=True))
    iris = dict(zip(entities["id"], entities["iri"], strict=True))
    assert len(aliases)
    store = ox.Store()
    store.load(path=sample / "kg.ttl")
    for row in aliases.itertuples():
        assert row.alias != names[row.id]
        label = ox.NamedNode(expand("skos:altLabel"))
        found = store.quads_for_pattern(ox.NamedNode(iris[row.id]), label, None, None)
        assert row.alias in {quad.object.value for quad in found}
