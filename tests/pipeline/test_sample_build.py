"""The built-in sample, from raw files to the graph."""

from __future__ import annotations

import csv
import gzip
import html
import json
import re
from collections import defaultdict
from functools import cache

import pandas as pd
import pyoxigraph as ox
import pytest

from kg_builder.evaluation.shapes import validate
from kg_builder.fusion.normalize import name_key, nation_of, nations_in
from kg_builder.ontology import expand


@pytest.fixture(scope="module")
def sample(built_sample):
    return built_sample


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
    """There are two bands called Nirvana, and a town that also has a namesake."""
    seattle, london = (entity[f"catalogue/artists/{key}"] for key in ("A126", "A065"))
    assert objects(graph, seattle, "country") == {expand("place:United_States")}
    assert objects(graph, london, "country") == {expand("place:United_Kingdom")}
    assert expand("genre:grunge") in objects(graph, seattle, "genre")


def test_the_graph_has_the_shape_of_the_data_model(sample):
    assert validate(sample / "kg.ttl") == []


@pytest.fixture(scope="module")
def statements(sample):
    """Extracted (not inferred) statements."""
    table = pd.read_parquet(sample / "statements.parquet")
    return table[~table["inferred"]]


@pytest.fixture(scope="module")
def names(sample):
    """Entity → all names in its records and in the databases."""
    links = pd.read_parquet(sample / "links.parquet")
    records = pd.read_parquet(sample / "records.parquet").set_index("record")
    found = defaultdict(set)
    for record, entity in links.loc[links["kind"] == "record", ["subject", "object"]].to_numpy():
        if record in records.index:
            found[entity] |= {records.at[record, "name"], *records.at[record, "aliases"]}
    return found


@pytest.fixture(scope="module")
def lines_of(sample_data):
    """Lines of a sample file named in evidence, cached."""

    @cache
    def lines(name):
        path = sample_data / name.removeprefix("sample/")
        packed = path.read_bytes()
        content = gzip.decompress(packed) if path.suffix == ".gz" else packed
        return content.decode("utf-8").splitlines()

    return lines


ANAPHOR = re.compile(
    r"\b(?:he|she|it|they|him|them|his|her|its|their|who|whose|whom|which"
    r"|(?:the|this|that|both|two)(?: [\w-]+){0,2} (?:album|band|duo|friends|group|musicians?|pair"
    r"|quartet|record|rappers?|singers?|songs?|songwriter|trio|title|producer))\b",
    re.I,
)


def is_named(names, text):
    """Whether a text contains one of the names: full, last word, or without 'Records'.

    Countries may be named by their people.
    """
    words = f" {name_key(text)} "
    for name in names:
        nation = nation_of(name)
        key = name_key(name)
        if nation and nation in nations_in(re.sub(r"[^\w\s]", " ", text)):
            return True
        parts = (key, key.removesuffix(" records"), *key.split()[-1:])
        if name in text or any(f" {part} " in words for part in parts if part):
            return True
    return False


PLAYERS = {
    "vocals": r"\b(?:sing|sang|voice|vocal)", "bass guitar": r"\bbass", "drums": r"\bdrum",
    "guitar": r"guitar", "trumpet": r"\btrumpet", "percussion": r"\bpercussion",
}  # fmt: skip


def is_played(names, text):
    """Whether a text mentions a player of one of the instruments ('guitarist')."""
    return any(re.search(PLAYERS.get(name, "$^"), text) for name in names)


def test_every_statement_from_a_text_is_in_the_passage_that_it_quotes(statements, names, lines_of):
    """The passage is of whole sentences. It names one end; the other one, too, if that is not what
    the text is about, or something in the passage refers to what was named before.
    """
    read = statements[statements["source"].isin(["biographies", "notes"])]
    assert len(read) > 1000
    for row in read.itertuples():
        match = re.fullmatch(r"(.+)#line=(\d+);char=(\d+),(\d+)", row.evidence)
        text = json.loads(lines_of(match[1])[int(match[2]) - 1])
        start, end = int(match[3]), int(match[4])
        before, passage = text["text"][:start], text["text"][start:end]
        assert len(passage) == end - start > 0, row
        assert not before or before.rstrip().endswith((".", "!", "?", '"')), row
        assert passage.endswith((".", "!", "?", '"')), row
        ends = [row.subject] if row.object_kind != "entity" else [row.subject, row.object]
        there = [is_named(names[e], passage) or is_played(names[e], passage) for e in ends]
        if row.object_kind != "entity":
            there.append(row.object[:4] in passage)
            assert there[-1], (row, passage)
        refers = bool(ANAPHOR.search(passage))
        topic = [text["title"] in names[entity] for entity in ends]
        assert any(there) or refers, (row, passage)
        assert all(there) or refers or any(topic), (row, passage)


def test_every_record_is_named_where_it_was_read(sample, entity, names, lines_of):
    """By its name; in texts also by a catalogue's alias."""
    records = pd.read_parquet(sample / "records.parquet")
    assert set(records["source"]) >= {"catalogue", "second", "pages", "infoboxes", "biographies"}
    for row in records.itertuples():
        file, _, fragment = row.evidence.partition("#")
        if found := re.match(r"line=(\d+)", fragment):
            held = lines_of(file)[int(found[1]) - 1]
        else:
            held = html.unescape("\n".join(lines_of(file)))
        if row.source == "second" and row.type == "Country":
            assert re.search(r"\t[A-Z]{2}\t", held), row  # the table has codes of countries
            continue
        held = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), held)
        words = set(name_key(re.sub(r"[^\w\s'&+.]", " ", held)).split())
        named = words.issuperset(name_key(row.name).split()) or row.name in held
        known = {row.name} | (names[entity.get(row.record, "")] if found else set())
        assert named or is_named(known, held) or is_played(known, held), row


def test_every_statement_from_a_row_is_about_what_the_row_names(
    sample, statements, names, lines_of
):
    """Rows of our own tables hold a name of the subject, lines of dumps the id of an end."""
    links = pd.read_parquet(sample / "links.parquet")
    linked = links[(links["kind"] == "external") & links["object"].notna()]
    ids = defaultdict(set)
    for entity, external in linked[["subject", "object"]].to_numpy():
        ids[entity].add(external.partition(":")[2])
    for row in statements[~statements["source"].isin(["biographies", "notes"])].itertuples():
        file, _, fragment = row.evidence.partition("#")
        found = re.fullmatch(r"line=(\d+)", fragment)
        if row.source in ("catalogue", "second"):
            held = lines_of(file)[int(found[1]) - 1]
            assert is_named(names[row.subject] | names[row.object], held), row
        elif found:
            held = lines_of(file)[int(found[1]) - 1]
            assert any(f"/{key}>" in held for key in ids[row.subject] | ids[row.object]), row
        elif row.source == "names":  # a joint credit is read from a name alone
            assert file.removeprefix("name: ") in names[row.subject], row
        else:
            assert fragment and lines_of(file), row


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
    """The graph's skos:altLabel, for programs that read the integer files."""
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
