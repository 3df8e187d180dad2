"""How well the sample's biographies are read, against their annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from kg_builder.extraction import StructuredSource, UnstructuredSource, extract
from kg_builder.extraction.unstructured.documents import TextDocument
from kg_builder.extraction.unstructured.gazetteer import common_words
from kg_builder.extraction.unstructured.reader import TextReader
from kg_builder.extraction.unstructured.relations import ReadText, Relation
from kg_builder.extraction.unstructured.slots import slot_of
from kg_builder.ontology import Schema

Fact = tuple[str, str, str]
Reading = list[tuple[dict, ReadText, list[Relation]]]
_SAME = {
    "foundingDate": "beginDate",
    "birthDate": "beginDate",
    "released": "performed",
    "collaboratedWith": "associatedWith",
}


@pytest.fixture(scope="module")
def gazetteer(sample_data: Path, schema: Schema) -> pd.DataFrame:
    artists = {
        "path": "catalogue.csv",
        "id": "artist_id",
        "name": "name",
        "type": {"column": "type", "values": {"band": "Band", "person": "SoloArtist"}},
        "columns": {
            "city": {"predicate": "origin"},
            "genres": {"predicate": "genre", "split": ";"},
            "labels": {"predicate": "recordLabel", "split": ";"},
            "members": {"predicate": "hasMember", "split": ";"},
        },
    }
    albums = {
        "path": "albums.csv",
        "id": "album_id",
        "name": "title",
        "type": "Album",
        "columns": {"artist_id": {"predicate": "performer", "ref": "artists"}},
    }
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "c", "tables": {"artists": artists, "albums": albums}}
    )
    return extract(source, sample_data, schema=schema).records


@pytest.fixture(scope="module")
def reading(sample_data: Path, schema: Schema, gazetteer: pd.DataFrame) -> Reading:
    texts = _lines(sample_data / "biographies.jsonl")
    gold = {
        item["id"]: item for item in _lines(sample_data / "truth/biographies_annotations.jsonl")
    }
    source = UnstructuredSource(kind="unstructured", name="b", path="x.jsonl", model=None)
    reader = TextReader(
        source, schema, gazetteer=gazetteer, common=common_words(text["text"] for text in texts)
    )
    documents = [
        TextDocument(text["id"], text["title"], text["text"], "x")
        for text in texts
        if text["id"] in gold
    ]
    return [(gold[text.document.id], text, said) for text, said in reader.read(documents)]


def test_relations(reading: Reading) -> None:
    hits = found = wanted = 0
    for gold, _, relations in reading:
        right = {_fact(t["subject"], t["predicate"], t["object"]) for t in gold["triples"]}
        kinds = {
            "memberOf",
            "performed",
            "origin",
            "genre",
            "instrument",
            "award",
            "birthPlace",
            "recordLabel",
            "influencedBy",
            "associatedWith",
            "beginDate",
        }
        said = {_fact(item.subject.name, item.predicate, _object(item)) for item in relations}
        said = {fact for fact in said if fact[1] in kinds}
        hits, found, wanted = hits + len(right & said), found + len(said), wanted + len(right)
    assert hits / found >= 0.82  # precision
    assert hits / wanted >= 0.74  # recall


def test_coreference(reading: Reading, schema: Schema) -> None:
    hits = found = wanted = 0
    for gold, text, _ in reading:
        right = _pairs(
            [(mention["start"], mention["end"]) for mention in chain["mentions"]]
            for chain in gold["chains"]
        )
        chains: dict[int, list[tuple[int, int]]] = {}
        for mention in text.mentions:
            if slot_of(mention.type, schema) in "AWLPZ":
                chains.setdefault(id(mention.entity), []).append((mention.start, mention.end))
        said = _pairs(chains.values())
        hits, found, wanted = hits + len(right & said), found + len(said), wanted + len(right)
    assert 2 * hits / (found + wanted) >= 0.88


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _object(relation: Relation) -> str:
    mention = relation.object
    return mention.name if mention.type == "Date" or not mention.entity else mention.entity.name


def _fact(subject: str, predicate: str, object_: str) -> Fact:
    predicate = _SAME.get(predicate, predicate)
    one, other = _plain(subject), _plain(object_)
    if predicate == "hasMember":
        return other, "memberOf", one
    if predicate == "associatedWith":
        one, other = sorted((one, other))
    return one, predicate, other[-4:] if predicate == "beginDate" else other


def _plain(name: str) -> str:
    return name.casefold().removeprefix("the ").removesuffix(" music").replace("-", " ")


def _pairs(chains: Iterable[list[tuple[int, int]]]) -> set[frozenset[tuple[int, int]]]:
    return {frozenset(pair) for chain in chains for pair in combinations(chain, 2)}
