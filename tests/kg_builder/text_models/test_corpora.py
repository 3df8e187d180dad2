"""Readers of WebNLG and Text2KGBench."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.text_models.corpora import (
    AnnotatedText,
    Slot,
    Triple,
    apart,
    joined,
    lacking_relations,
    of_ontology,
    read_ontology,
    read_text2kgbench,
    read_webnlg,
    readable,
)

_WEBNLG = """<benchmark><entries>
<entry category="Artist" eid="Id1"><modifiedtripleset>
<mtriple>Jazz | stylisticOrigin | Blues</mtriple><mtriple>Ada_Holt | genre | Jazz</mtriple>
</modifiedtripleset>
<lex lid="Id1">Ada Holt plays jazz, which
 comes from the blues.</lex>
<lex lid="Id2" lang="ru">не по-английски</lex><lex lid="Id3"></lex></entry>
<entry category="Food" eid="Id2"><modifiedtripleset><mtriple>A | b | C</mtriple>
</modifiedtripleset><lex>A is b of C.</lex></entry>
</entries></benchmark>"""


def test_webnlg_texts_have_their_entrys_triples_and_topic(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.xml").write_text(_WEBNLG, encoding="utf-8")
    first, second = read_webnlg(tmp_path)
    assert first.text == "Ada Holt plays jazz, which comes from the blues."
    assert first.triples == (
        Triple("Jazz", "stylisticOrigin", "Blues"),
        Triple("Ada_Holt", "genre", "Jazz"),
    )
    assert first.group == "Ada_Holt"  # not Jazz, whose triple comes first
    assert [text.text for text in read_webnlg(tmp_path, category="food")] == [second.text]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<benchmark><entries>", "not well-formed"),
        ("<benchmark/>", "no text with triples"),
        (_WEBNLG.replace("A | b | C", "A | b"), "line 8: not a triple"),
    ],
)
def test_damaged_webnlg_is_one_clear_error(tmp_path: Path, content: str, fault: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=fault):
        read_webnlg(path)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    secret = tmp_path / "secret"
    secret.write_text("hidden words")
    doctype = f'<!DOCTYPE b [<!ENTITY e SYSTEM "{secret}">]>'
    path.write_text(doctype + _WEBNLG.replace("A is b of C.", "A &e;"), encoding="utf-8")
    assert not any("hidden" in text.text for text in read_webnlg(path))


@pytest.fixture
def ontology(tmp_path: Path) -> Path:
    path = tmp_path / "ontology.json"
    path.write_text(
        json.dumps(
            {
                "id": "music",
                "concepts": [{"qid": "Q1", "label": "work"}, {"qid": "Q5", "label": "human "}],
                "relations": [
                    {"pid": "P86", "label": "composer", "domain": "Q1", "range": "Q5"},
                    {"pid": "P577", "label": "publication date", "domain": "Q1", "range": ""},
                ],
            }
        )
    )
    return path


def test_rows_of_one_sentence_are_one_text(tmp_path: Path, ontology: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [
        {"id": "1", "sent": "X by Y.", "sub_label": "X", "rel_label": "composer", "obj_label": "Y"},
        {"id": "2", "sent": "X by Y.", "sub_label": "X", "rel_label": "composer", "obj_label": "Z"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    ontology_read = read_ontology(ontology)
    (text,) = read_text2kgbench([path], ontology_read)
    assert text.triples == (Triple("X", "composer", "Y"), Triple("X", "composer", "Z"))
    assert not text.complete
    assert ontology_read.classes[Slot("composer", "object")] == "human"
    assert Slot("publication date", "object") not in ontology_read.classes


def test_what_a_tokeniser_left_apart_is_kept_as_the_file_writes_it(
    tmp_path: Path, ontology: Path
) -> None:
    path = tmp_path / "test.jsonl"
    triples = [
        {"sub": "Ca n't Go ( Flip )", "rel": "composer", "obj": "BeyoncÃ©"},
        {"sub": "Can't Go (Flip)", "rel": "composer", "obj": "Beyoncé"},
    ]
    sentence = "Ca n't Go ( Flip ) is by BeyoncÃ© ."
    path.write_text(json.dumps({"sent": sentence, "triples": triples}))
    (text,) = read_text2kgbench([path], read_ontology(ontology))
    assert text.text == sentence
    assert text.triples == tuple(Triple(*triple.values()) for triple in triples)
    read = readable(text)
    assert read.text == "Can't Go (Flip) is by Beyoncé."
    assert read.triples == (Triple("Can't Go (Flip)", "composer", "Beyoncé"),)
    assert (read.id, read.group) == (text.id, text.group) == (text.id, "Can't Go (Flip)")


_WORDS = st.sampled_from(["Ca", "n't", "Go", "(", ")", "Flip", "'s", "'", ",", "?", "1", ".0", "é"])


@given(st.lists(_WORDS, min_size=1, max_size=9), st.data())
def test_a_name_read_in_joined_words_is_written_back_as_the_sentence_has_it(
    words: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    written, sentence = " ".join(words[start:end]), " ".join(words)
    back = apart(joined(written), sentence)
    assert back in sentence
    assert joined(back) == joined(written)
    assert apart("Another Name", sentence) == "Another Name"


def test_wrong_encodings_do_not_hide_a_name() -> None:
    text = AnnotatedText("1", "BeyoncÃ© 's song", ())
    assert readable(text).text == "Beyoncé's song"
    assert apart("Beyoncé's song", text.text) == "Beyoncé 's song"


def test_rows_with_lists_of_triples_are_complete(tmp_path: Path, ontology: Path) -> None:
    path = tmp_path / "test.jsonl"
    triples = [{"sub": "X", "rel": "publication_date", "obj": "1999"}]
    rows = [
        {"id": "1", "sent": "X, 1999.", "triples": triples},
        {"id": "2", "sent": "None.", "triples": []},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    first, second = read_text2kgbench([path], read_ontology(ontology))
    assert first.complete
    assert first.triples == (Triple("X", "publication date", "1999"),)
    assert second.triples == ()


def test_relations_that_the_ontology_lacks_are_kept_and_counted(
    tmp_path: Path, ontology: Path
) -> None:
    path = tmp_path / "test.jsonl"
    triples = [
        {"sub": "X", "rel": "composer", "obj": "Y"},
        {"sub": "X", "rel": "owner", "obj": "Z"},
    ]
    rows = [{"sent": "X.", "triples": triples}, {"sent": "Y.", "triples": triples[1:]}]
    path.write_text("\n".join(map(json.dumps, rows)))
    ontology_read = read_ontology(ontology)
    texts = read_text2kgbench([path], ontology_read)
    assert [len(text.triples) for text in texts] == [2, 1]
    assert lacking_relations(texts, ontology_read) == {"owner": 2}
    (kept,) = of_ontology(texts, ontology_read)
    assert (kept.triples, kept.complete) == ((Triple("X", "composer", "Y"),), False)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", "line 1: not a JSON object"),
        ('{"sent": "X"}', "not a row of Text2KGBench"),
    ],
)
def test_damaged_rows_are_one_clear_error(
    tmp_path: Path, ontology: Path, line: str, fault: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line)
    with pytest.raises(DataError, match=fault):
        read_text2kgbench([path], read_ontology(ontology))
