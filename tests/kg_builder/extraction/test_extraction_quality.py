"""How well the sample's biographies are read, against their annotations."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kg_builder.evaluation.texts import (
    GoldText,
    count_coreference,
    count_relations,
    read_annotated_texts,
)
from kg_builder.extraction import StructuredSource, UnstructuredSource, extract
from kg_builder.extraction.text import relations
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.names import common_words
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import Schema

Reading = list[tuple[GoldText, relations.Reading]]


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
    return _read(sample_data, schema, gazetteer, coreference=True)


@pytest.fixture(scope="module")
def without_coreference(sample_data: Path, schema: Schema, gazetteer: pd.DataFrame) -> Reading:
    return _read(sample_data, schema, gazetteer, coreference=False)


def _read(
    sample: Path,
    schema: Schema,
    gazetteer: pd.DataFrame,
    *,
    coreference: bool,
    name: str = "biographies",
    topic_type: str = "Artist",
) -> Reading:
    lines = (sample / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    truth = read_annotated_texts(sample / f"truth/{name}_annotations.jsonl")
    gold = {item.id: item for item in truth}
    source = UnstructuredSource.model_validate(
        {
            "kind": "unstructured",
            "name": "b",
            "path": "x.jsonl",
            "model": None,
            "coreference": coreference,
            "topic_type": topic_type,
        }
    )
    reader = TextReader(
        source, schema, gazetteer=gazetteer, common=common_words(text["text"] for text in texts)
    )
    documents = [
        TextDocument(text["id"], text["title"], text["text"], "x")
        for text in texts
        if text["id"] in gold
    ]
    return [(gold[item.document.id], item) for item in reader.readings(documents)]


def test_relations(reading: Reading) -> None:
    score = count_relations(reading)
    assert score.precision >= 0.82
    assert score.recall >= 0.74


def test_coreference(reading: Reading, schema: Schema) -> None:
    assert count_coreference(reading, schema).f1 >= 0.9


def test_coreference_pays(reading: Reading, without_coreference: Reading) -> None:
    gained = count_relations(reading).recall - count_relations(without_coreference).recall
    assert gained > 0.03


def test_notes_about_albums(sample_data: Path, schema: Schema, gazetteer: pd.DataFrame) -> None:
    reading = _read(
        sample_data,
        schema,
        gazetteer,
        coreference=True,
        name="album_notes",
        topic_type="Album",
    )
    score = count_relations(reading)
    assert score.precision >= 0.85
    assert score.recall >= 0.56
    assert count_coreference(reading, schema).f1 >= 0.82
