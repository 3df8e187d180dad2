"""Mentions and relations of text models are combined with those of the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from kg_builder.errors import DataError
from kg_builder.extraction import SourceConfig, UnstructuredSource, extract
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.model_interface import (
    CharSpan,
    ModelMention,
    ModelReading,
    ModelRelation,
)
from kg_builder.extraction.text.reader import TextReader, extract_unstructured
from kg_builder.ontology import Schema
from kg_builder.text_models.adapters import TrainedNames
from kg_builder.text_models.config import NerConfig
from kg_builder.text_models.load import load_models
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords, tag_sentence
from kg_builder.text_models.ner.training import fit_ner_model

_SURER = 0.99
"""Confidence of the stand-in's relations: above that of any rule, which would else be kept."""

_TEXT = "Elmo Draska grew up in Brist. He has long admired the zither of kunt moa."


class StandIn:
    """A stub model that returns given mentions in every text that contains them."""

    name = "stand-in"

    def __init__(self, mentions: dict[str, str], relations: list[tuple[str, str, str]]) -> None:
        self._mentions, self._relations = mentions, relations
        self.refused = {"mention that is not in the text": 2}

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        return [
            ModelReading(
                tuple(
                    ModelMention(_in(text, name), type_, 0.9)
                    for name, type_ in self._mentions.items()
                    if name in text
                ),
                tuple(
                    ModelRelation(_in(text, one), predicate, _in(text, other), _SURER)
                    for one, predicate, other in self._relations
                    if one in text and other in text
                ),
            )
            for text in texts
        ]


def _in(text: str, name: str) -> CharSpan:
    start = text.index(name)
    return CharSpan(start, start + len(name))


def _source(**settings: object) -> UnstructuredSource:
    return UnstructuredSource.model_validate(
        {"kind": "unstructured", "name": "b", "path": "b.jsonl", "model": None, **settings}
    )


def test_a_models_names_and_relations_join_those_of_the_rules(schema: Schema) -> None:
    model = StandIn({"kunt moa": "Band"}, [("He", "influencedBy", "kunt moa")])
    reader = TextReader(_source(), schema, models=[model])
    ((text, relations),) = reader.read([TextDocument("1", "Elmo Draska", _TEXT, "x")])
    assert ("kunt moa", "Band") in {(item.text, item.type) for item in text.mentions}
    (relation,) = [item for item in relations if item.method == "model:stand-in"]
    assert relation.subject.name == "Elmo Draska"  # "He", resolved
    assert (relation.predicate, relation.object.name, relation.confidence) == (
        "influencedBy",
        "kunt moa",
        _SURER,
    )


def test_a_known_name_is_surer_than_a_model(schema: Schema) -> None:
    model = StandIn({"Elmo": "Place"}, [])
    reader = TextReader(_source(), schema, models=[model])
    ((text, _),) = reader.read([TextDocument("1", "Elmo Draska", _TEXT, "x")])
    assert "Elmo" not in {item.text for item in text.mentions}


def test_nonsense_from_a_model_does_no_harm(schema: Schema) -> None:
    class Nonsense(StandIn):
        def read(self, texts: Sequence[str]) -> list[ModelReading]:
            return [
                ModelReading(
                    (
                        ModelMention(CharSpan(900, 910), "Band", 1.0),
                        ModelMention(CharSpan(5, 5), "Band", 1.0),
                        ModelMention(CharSpan(0, 4), "Dragon", 1.0),
                    ),
                    (
                        ModelRelation(CharSpan(0, 4), "marriedTo", CharSpan(5, 9), 1.0),
                        ModelRelation(CharSpan(900, 910), "genre", CharSpan(5, 9), 1.0),
                    ),
                )
                for _ in texts
            ]

    ((plain, before),) = TextReader(_source(), schema).read(
        [TextDocument("1", "Elmo Draska", _TEXT, "x")]
    )
    ((text, after),) = TextReader(_source(), schema, models=[Nonsense({}, [])]).read(
        [TextDocument("1", "Elmo Draska", _TEXT, "x")]
    )
    assert [item.text for item in text.mentions] == [item.text for item in plain.mentions]
    assert len(before) == len(after)


def test_statements_name_the_model_and_refusals_are_counted(schema: Schema, tmp_path: Path) -> None:
    line = {"id": "1", "title": "Elmo Draska", "text": _TEXT}
    (tmp_path / "b.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    model = StandIn({"kunt moa": "Band"}, [("He", "influencedBy", "kunt moa")])
    with Collector("b", schema) as out:
        extract_unstructured(_source(), tmp_path, out, models=[model])
        found = out.finish()
    row = found.statements[found.statements["predicate"] == "influencedBy"].iloc[0]
    assert row["method"] == "model:stand-in"
    assert found.counts["stand-in: mention that is not in the text"] == 2


def test_a_trained_model_is_named_in_the_recipe(schema: Schema, tmp_path: Path) -> None:
    sentences = [
        tag_sentence(text, CharSpan(0, len(text)), [(_in(text, name), "Band")])
        for name in ("zapo", "kunt", "drask", "moa", "brist", "lem", "ravo", "nikka")
        for text in (f"the much loved group {name} plays", f"a song of the group {name} now")
    ]
    model = fit_ner_model(sentences, config=NerConfig(linguistics=None))
    model.save(tmp_path / "extractor" / "names")
    line = {"id": "1", "title": "Zed", "text": "They toured with the group elmok now."}
    (tmp_path / "b.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    source = _source(trained={"path": "extractor", "least": 0.3})
    reader = TextReader(source, schema, models=load_models(source, tmp_path))
    assert [type(item) for item in reader.models] == [TrainedNames]
    ((text, _),) = reader.read([TextDocument("1", "Zed", line["text"], "x")])
    assert ("elmok", "Band") in {(item.text, item.type) for item in text.mentions}
    found = extract(source, tmp_path, schema=schema, load_models=load_models)
    assert found.counts["mentions found"] == len(text.mentions)


def test_models_that_nothing_loads_are_refused(schema: Schema, tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"id": "1", "title": "Zed", "text": "Zed."}\n', "utf-8")
    with pytest.raises(DataError, match="names models"):
        extract(_source(trained={"path": "x"}), tmp_path, schema=schema)


def test_a_trained_model_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train-extractor"):
        load_models(_source(trained={"path": "none"}), tmp_path)


def test_marks_that_do_not_fit_words_are_passed_over() -> None:
    text = "Radiohead's Kid A"
    whole = CharSpan(0, len(text))
    names = [(CharSpan(0, 9), "Band"), (CharSpan(12, 17), "Album"), (CharSpan(13, 15), "Song")]
    assert tag_sentence(text, whole, names) == TaggedWords(
        ("Radiohead", "'s", "Kid", "A"), (Span(0, 1, "Band"), Span(2, 4, "Album"))
    )


def test_a_recipe_tells_its_models() -> None:
    source = TypeAdapter(SourceConfig).validate_python(
        {
            "kind": "unstructured",
            "name": "b",
            "path": "b.jsonl",
            "external": [
                {"kind": "llm", "url": "https://llm.example/v1", "model": "m"},
                {"kind": "gliner", "model": "m", "classes": {"album": "Album"}},
                {"kind": "transformers", "model": "m", "classes": {"ORG": "Band"}},
            ],
        }
    )
    assert isinstance(source, UnstructuredSource)
    assert [item.kind for item in source.external] == ["llm", "gliner", "transformers"]
