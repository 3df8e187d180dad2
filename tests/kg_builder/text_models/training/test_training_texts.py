"""Training texts from graphs and from annotated files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.gazetteer import KnownNames
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS
from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords
from kg_builder.text_models.training.annotated import read_annotated
from kg_builder.text_models.training.distant_supervision import (
    NamedSentence,
    TrainingTexts,
    canonical_facts,
    facts_of,
    label_with_graph,
)

_SOURCE = UnstructuredSource(kind="unstructured", name="b", path="b.jsonl", model=None)
_TEXT = (
    "Portishead formed in Bristol in 1991. They recorded Dummy for Go Beat Records. "
    "Later they met Xorbo Quandt there."
)


def _records(*rows: tuple[str, str]) -> pd.DataFrame:
    table = RECORDS.empty()
    return pd.DataFrame(
        [
            {
                **dict.fromkeys(table.columns, ""),
                "record": f"c/{name}",
                "source": "c",
                "type": type_,
                "name": name,
                "aliases": [],
                "external_ids": [],
                "attributes": "{}",
            }
            for name, type_ in rows
        ],
        columns=table.columns,
    )


def _labelled(schema: Schema, facts: list[tuple[str, str, str]]) -> TrainingTexts:
    known = _records(("Portishead", "Band"), ("Bristol", "Place"), ("Dummy", "Album"))
    reader = TextReader(_SOURCE, schema, known=KnownNames.of(known))
    texts = [text for text, _ in reader.read([TextDocument("B1", "Portishead", _TEXT, "x")])]
    return label_with_graph(texts, facts, schema)


def test_known_names_are_marked_and_sentences_with_unknown_ones_passed_over(
    schema: Schema,
) -> None:
    training = _labelled(schema, [])
    marked = {
        item.sentence.text(span): span.label
        for item in training.sentences
        for span in item.sentence.spans
    }
    assert marked["Portishead"] == "Band"
    assert marked["Bristol"] == "Place"
    assert marked["1991"] == "Date"
    assert not any("Quandt" in item.sentence.words for item in training.sentences)
    assert training.counts["sentences with a name of unknown kind"] == 1


def test_texts_are_labelled_with_the_facts_that_they_name(schema: Schema) -> None:
    training = _labelled(
        schema, [("Portishead", "origin", "Bristol"), ("Portishead", "origin", "London")]
    )
    (text,) = training.texts
    assert text.triples == (Triple("Portishead", "origin", "Bristol"),)
    assert (text.group, text.complete) == ("B1", False)


def test_the_rules_own_statements_are_no_facts() -> None:
    records = _records(("Air", "Band"), ("Paris", "Place"))
    statements = pd.DataFrame(
        {
            "subject": ["c/Air", "c/Air", "c/Nobody"],
            "predicate": ["origin", "beginDate", "origin"],
            "object": ["c/Paris", "1995", "c/Paris"],
            "source": ["c", "biographies", "c"],
        }
    )
    assert facts_of(statements, records, texts={"biographies"}) == [("Air", "origin", "Paris")]


def test_facts_are_written_as_the_data_model_writes_them(schema: Schema) -> None:
    facts = [("Blur", "hasMember", "Graham Coxon"), ("Graham Coxon", "memberOf", "Blur")]
    assert canonical_facts(facts, schema) == [("Graham Coxon", "memberOf", "Blur")]


def test_annotated_biographies(schema: Schema, sample_data: Path) -> None:
    texts = _texts(sample_data)
    training = read_annotated(
        sample_data / "truth/biographies_annotations.jsonl",
        texts=texts,
        class_of=lambda name: "Album" if name == "Debut" else "",
        schema=schema,
    )
    assert len(training.groups) == 32
    predicates = training.predicates()
    assert (predicates["memberOf"], predicates["performer"], predicates["beginDate"]) == (
        68, 43, 31,
    )  # fmt: skip
    for text in training.texts:
        assert text.mentions is not None
        for name, start, end in text.mentions:
            assert 0 <= start < end <= len(text.text), name
    first = [text for text in training.texts if text.id == "B001#0000"]
    assert first[0].complete
    assert texts["B001"].startswith(first[0].text)


def test_an_annotation_of_a_text_that_is_not_there_is_reported(
    schema: Schema, sample_data: Path
) -> None:
    path = sample_data / "truth/biographies_annotations.jsonl"
    with pytest.raises(DataError, match="line 1: annotates text 'B001'"):
        read_annotated(path, texts={}, class_of=lambda _: "", schema=schema)


def test_webnlg_triples_are_put_into_the_data_models_words(schema: Schema, tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(
        "<benchmark><entries><entry category='Artist' eid='Id1' size='2'><modifiedtripleset>"
        "<mtriple>Kate_Bush | birthPlace | London</mtriple>"
        "<mtriple>Kate_Bush | shoeSize | 38</mtriple>"
        "</modifiedtripleset><lex lid='Id1'>Kate Bush, born in London, wears 38.</lex>"
        "</entry></entries></benchmark>",
        "utf-8",
    )
    training = read_annotated(tmp_path, texts={}, class_of=lambda _: "", schema=schema)
    (text,) = training.texts
    assert [triple.relation for triple in text.triples] == ["birthPlace"]
    assert not text.complete  # the other relation is not known to have been unsaid
    assert training.counts["annotated relations not in the data model"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "nothing annotated in it"),
        ("[1]\n", "line 1: not an object"),
        ("{\n", "not JSON lines"),
        ('{"sent": "x"}\n', "give it with --ontology"),
        ('{"id": "1", "chains": []}\n', "line 1: not an annotation: 'triples' is missing"),
    ],
)
def test_broken_annotations_are_reported(
    schema: Schema, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_annotated(path, texts={"1": "x"}, class_of=lambda _: "", schema=schema)


def test_of_a_text_in_two_parts_the_first_is_taken() -> None:
    def part(label: str) -> TrainingTexts:
        sentence = NamedSentence("B1", TaggedWords(("air",), (Span(0, 1, label),)))
        return TrainingTexts([sentence], [AnnotatedText("B1#0", label, (), "B1")])

    whole = TrainingTexts.merged([part("Band"), part("Album")])
    assert whole.classes() == {"Band": 1}
    assert [text.text for text in whole.texts] == ["Band"]
    assert whole.only({"B2"}).groups == []


def _texts(sample_data: Path) -> dict[str, str]:
    lines = (sample_data / "biographies.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row["text"] for row in map(json.loads, lines)}
