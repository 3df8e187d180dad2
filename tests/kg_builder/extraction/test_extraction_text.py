from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.gazetteer import KnownNames, common_words
from kg_builder.extraction.text.mentions import Entity, ModelMissing, load_pipeline, sentence_ends
from kg_builder.extraction.text.patterns import load_patterns
from kg_builder.extraction.text.reader import TextReader
from kg_builder.extraction.text.relations import ReadText, Relation, SentenceReading
from kg_builder.extraction.values.text import repaired
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS
from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]
SOURCE = UnstructuredSource(kind="unstructured", name="src", path="t.jsonl", model=None)


def gazetteer_of(*names: tuple[str, str], **performers: str) -> pd.DataFrame:
    """A gazetteer; `performers` maps works to performers (underscores for spaces)."""
    made = {title.replace("_", " "): artist for title, artist in performers.items()}
    return RECORDS.frame(
        {
            "record": [f"c/{index}" for index in range(len(names))],
            "source": ["c"] * len(names),
            "record_id": [str(index) for index in range(len(names))],
            "type": [type_ for _, type_ in names],
            "name": [name for name, _ in names],
            "aliases": [[] for _ in names],
            "external_ids": [[] for _ in names],
            "attributes": [
                json.dumps({"performer": [made[name]]} if name in made else {}) for name, _ in names
            ],
            "evidence": [""] * len(names),
        }
    )


def read(
    text: str,
    title: str,
    schema: Schema,
    gazetteer: pd.DataFrame | None = None,
    *,
    coreference: bool = True,
) -> tuple[ReadText, set[tuple[str, str, str]]]:
    source = SOURCE.model_copy(update={"coreference": coreference})
    reader = TextReader(source, schema, known=KnownNames.of(gazetteer, common_words([text])))
    ((found, relations),) = reader.read([TextDocument("1", title, text, "t.jsonl#line=1")])
    return found, {
        (
            item.subject.name,
            item.predicate,
            item.object.entity.name if item.object.entity else item.object.name,
        )
        for item in relations
    }


BAND = [
    ("The Sugarcubes", "Band"),
    ("Björk", "SoloArtist"),
    ("Iceland", "Country"),
    ("Einar Örn", "Person"),
    ("One Little Indian Records", "RecordLabel"),
    ("Reykjavík", "Place"),
    ("Radiohead", "Band"),
    ("Aphex Twin", "SoloArtist"),
]


@pytest.mark.parametrize(
    ("text", "stated", "unasserted"),
    [
        ("She was never a member of Radiohead.", set(), {("memberOf", "Radiohead")}),
        ("Björk wasn't born in Reykjavík.", set(), {("birthPlace", "Reykjavík")}),
        (
            "She refused to sign to One Little Indian Records.",
            set(),
            {("recordLabel", "One Little Indian Records")},
        ),
        (
            "She never joined Radiohead, but she sang in The Sugarcubes.",
            {("memberOf", "The Sugarcubes")},
            {("memberOf", "Radiohead")},
        ),
        (
            "Although never a member of Radiohead, she joined The Sugarcubes.",
            {("memberOf", "The Sugarcubes")},
            {("memberOf", "Radiohead")},
        ),
        ("She did not sign to One Little Indian Records until 1990.",
         {("recordLabel", "One Little Indian Records")}, set()),
        (
            "It wasn't her first record for One Little Indian Records.",
            {("recordLabel", "One Little Indian Records")},
            set(),
        ),
        ("She almost joined Radiohead.", set(), {("memberOf", "Radiohead")}),
        ("She was rumoured to have joined Radiohead.", set(), {("memberOf", "Radiohead")}),
        ("She planned to sign to One Little Indian Records.", set(),
         {("recordLabel", "One Little Indian Records")}),
        ("If she had signed to One Little Indian Records, she would have been rich.", set(),
         {("recordLabel", "One Little Indian Records")}),
        ("Unlike Aphex Twin, she was a member of The Sugarcubes.",
         {("memberOf", "The Sugarcubes")}, {("memberOf", "The Sugarcubes")}),
        ("Having failed to find a publisher, she signed to One Little Indian Records in 1999.",
         {("recordLabel", "One Little Indian Records")}, set()),
        ("The paper did not pay her, so she signed to One Little Indian Records.",
         {("recordLabel", "One Little Indian Records")}, set()),
        ("She never denied that she was a member of The Sugarcubes.",
         {("memberOf", "The Sugarcubes")}, set()),
        ("She never left The Sugarcubes.", {("memberOf", "The Sugarcubes")}, set()),
        ("She was not only a member of The Sugarcubes.", {("memberOf", "The Sugarcubes")}, set()),
        ("She is no longer a member of The Sugarcubes.", {("memberOf", "The Sugarcubes")}, set()),
    ],
)  # fmt: skip
def test_what_a_sentence_does_not_assert_is_not_stated_and_is_reported(
    text, stated, unasserted, schema
):
    records = gazetteer_of(*BAND)
    _, found = read(text, "Björk", schema, records)
    of_interest = {"memberOf", "birthPlace", "recordLabel"}
    assert {(predicate, name) for _, predicate, name in found if predicate in of_interest} == stated
    reader = TextReader(SOURCE, schema, known=KnownNames.of(records, common_words([text])))
    (reading,) = reader.readings([TextDocument("1", "Björk", text, "t.jsonl#line=1")])
    assert {(item.predicate, item.object.name) for item in reading.unasserted} >= unasserted
    assert bool(reading.unasserted) == bool(unasserted)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Björk",
            "Björk was born in Reykjavík in 1965.",
            {("Björk", "birthPlace", "Reykjavík"), ("Björk", "beginDate", "1965")},
        ),
        (
            "The Sugarcubes",
            "Björk and Einar Örn founded The Sugarcubes in Reykjavík in 1986.",
            {
                ("The Sugarcubes", "hasMember", "Björk"),
                ("The Sugarcubes", "hasMember", "Einar Örn"),
                ("The Sugarcubes", "origin", "Reykjavík"),
                ("The Sugarcubes", "beginDate", "1986"),
            },
        ),
        (
            "Björk",
            "She was the singer of The Sugarcubes.",
            {("Björk", "memberOf", "The Sugarcubes"), ("Björk", "instrument", "vocals")},
        ),
        (
            "The Sugarcubes",
            "The band signed to One Little Indian Records and mixed post-punk with jazz.",
            {
                ("The Sugarcubes", "recordLabel", "One Little Indian Records"),
                ("The Sugarcubes", "genre", "post-punk"),
                ("The Sugarcubes", "genre", "jazz"),
            },
        ),
        (
            "Björk",
            "Björk plays piano, flute and harp.",
            {
                ("Björk", "instrument", "piano"),
                ("Björk", "instrument", "flute"),
                ("Björk", "instrument", "harp"),
            },
        ),
        (
            "Radiohead",
            "Radiohead were influenced by Aphex Twin.",
            {("Radiohead", "influencedBy", "Aphex Twin")},
        ),
        (
            "Björk",
            "In 1993 Björk released “Debut”. She won the Polar Music Prize.",
            {
                ("Björk", "performed", "Debut"),
                ("Debut", "releaseDate", "1993"),
                ("Björk", "award", "Polar Music Prize"),
            },
        ),
        (
            "Björk",
            "Björk recorded a song with Aphex Twin.",
            {("Björk", "collaboratedWith", "Aphex Twin")},
        ),
    ],
)
def test_what_sentences_say(
    schema: Schema, title: str, text: str, expected: set[tuple[str, str, str]]
) -> None:
    assert read(text, title, schema, gazetteer_of(*BAND))[1] == expected


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Nina Kraft",
            "Nina Olga Kraft, OBE (3 May 1921 – 9 June 1999) was a singer.",
            {
                ("Nina Kraft", "beginDate", "3 May 1921"),
                ("Nina Kraft", "endDate", "9 June 1999"),
                ("Nina Kraft", "instrument", "vocals"),
            },
        ),
        (
            "Max-Q",
            "MAX Q (born Anders Lund) was born Feb 2, 1980 in Oslo.",
            {("Max-Q", "beginDate", "Feb 2, 1980"), ("Max-Q", "birthPlace", "Oslo")},
        ),
        (
            "Pola",
            "Pola released the albums Nightfall (1991) and Day Of Ash (1994). "
            'The hit singles "Go," and "Blues For Two" followed.',
            {
                ("Pola", "performed", "Nightfall"),
                ("Nightfall", "releaseDate", "1991"),
                ("Pola", "performed", "Day Of Ash"),
                ("Day Of Ash", "releaseDate", "1994"),
                ("Pola", "performed", "Go"),
                ("Pola", "performed", "Blues For Two"),
            },
        ),
        (
            "Ada Moll",
            "Ada Moll is a Dutch jazz singer. "
            "She sang in Swiss German at the American Music Awards.",
            {
                ("Ada Moll", "country", "Netherlands"),
                ("Ada Moll", "genre", "jazz"),
                ("Ada Moll", "instrument", "vocals"),
                ("Ada Moll", "award", "American Music Awards"),
            },
        ),
        (
            "Ada Moll",
            "Ada Moll was a saxophonist, trumpeter and composer.",
            {("Ada Moll", "instrument", "saxophone"), ("Ada Moll", "instrument", "trumpet")},
        ),
        (
            "The Kites",
            "The Kites were a band. The Kites consist of members Ana, Bo Lind and Che.",
            {
                ("The Kites", "hasMember", "Ana"),
                ("The Kites", "hasMember", "Bo Lind"),
                ("The Kites", "hasMember", "Che"),
            },
        ),
        (
            "Ada Moll",
            "Ada Moll won four Grammy Awards for Best Song in 2004. Éva left. "
            "She was nominated for the Mercury Prize.",
            {("Ada Moll", "award", "Grammy Award for Best Song")},
        ),
        (
            "Ada Moll",
            "Ada Moll released the album Ash, which won the Polar Prize in 2005. "
            "From 1964 on she made the record Elm.",
            {
                ("Ada Moll", "performed", "Ash"),
                ("Ash", "award", "Polar Prize"),
                ("Ada Moll", "performed", "Elm"),
            },
        ),
        (
            "Ada Moll",
            "Ada Moll sang in the jazz group Sista. She worked with The Kites.",
            {
                ("Ada Moll", "memberOf", "Sista"),
                ("Sista", "genre", "jazz"),
                ("Ada Moll", "collaboratedWith", "The Kites"),
            },
        ),
        (
            "Ada Moll",
            "Ada Moll wrote songs for Bo Lind, including “Rain”.",
            {("Bo Lind", "performed", "Rain")},
        ),
        (
            "The Kites",
            "The Kites are a band. Bo Lind, who plays his guitar, started the band with "
            "drummer Ann Ek and bassist Cy Orr.",
            {
                ("Bo Lind", "memberOf", "The Kites"),
                ("The Kites", "hasMember", "Ann Ek"),
                ("The Kites", "hasMember", "Cy Orr"),
                ("Bo Lind", "instrument", "guitar"),
                ("Ann Ek", "instrument", "drums"),
                ("Cy Orr", "instrument", "bass guitar"),
            },
        ),
    ],
)
def test_what_real_paragraphs_taught(
    schema: Schema, title: str, text: str, expected: set[tuple[str, str, str]]
) -> None:
    people = [("Bo Lind", "Person"), ("Ann Ek", "Person"), ("Cy Orr", "Person")]
    gazetteer = gazetteer_of(("Oslo", "Place"), ("The Kites", "Band"), *people)
    assert read(text, title, schema, gazetteer)[1] == expected


def test_a_plain_word_is_no_genre_before_of(schema: Schema) -> None:
    gazetteer = gazetteer_of(("Son", "Genre"))
    text = "Bo Lind, the son of Ann Lind, left the house of his uncle. He plays son."
    assert read(text, "Bo Lind", schema, gazetteer)[1] >= {("Bo Lind", "genre", "Son")}
    assert (
        len([True for _, kind, _ in read(text, "Bo Lind", schema, gazetteer)[1] if kind == "genre"])
        == 1
    )


def test_a_nickname_in_quotes_is_no_title(schema: Schema) -> None:
    found, facts = read("Lee “Dusty” Moran recorded it.", "X", schema)
    assert [item.text for item in found.mentions if item.type == "Person"] == ["Lee “Dusty” Moran"]
    assert not any(predicate == "performed" for _, predicate, _ in facts)


def test_quoted_songs_are_songs(schema: Schema) -> None:
    found, _ = read("It had two hit singles: “Jam”, “Wait in Vain” and “One”.", "X", schema)
    assert [item.type for item in found.mentions if item.origin == "quoted"] == ["Song"] * 3


def test_what_sentences_do_not_say(schema: Schema) -> None:
    text = "Björk was in Iceland in 1986. The world heard of The Sugarcubes."
    assert read(text, "Björk", schema, gazetteer_of(*BAND))[1] == set()


def anaphors(found: ReadText) -> list[tuple[str, str]]:
    return [
        (item.text, item.entity.name)
        for item in found.mentions
        if item.origin == "coreference" and item.entity
    ]


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Björk",
            "Björk sang. She moved away, and her records sold.",
            [("She", "Björk"), ("her", "Björk")],
        ),
        (
            "Radiohead",
            "Radiohead are a band. The group toured. They rested.",
            [("The group", "Radiohead"), ("They", "Radiohead")],
        ),
        (
            "The Sugarcubes",
            "The Sugarcubes were a band. Their singer Björk left; she moved away.",
            [("Their", "The Sugarcubes"), ("she", "Björk")],
        ),
        ("Björk", "Björk was the singer of The Sugarcubes.", []),
        ("Björk", "It is hard to say.", []),
    ],
)
def test_who_is_meant(
    schema: Schema, title: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert anaphors(read(text, title, schema, gazetteer_of(*BAND))[0]) == expected


def test_a_last_name_is_the_person_named_in_full(schema: Schema) -> None:
    text = "Thom Yorke was born in 1968. Yorke plays guitar."
    assert ("Thom Yorke", "instrument", "guitar") in read(text, "Thom Yorke", schema)[1]


def test_without_coreference_less_is_found(schema: Schema) -> None:
    text = "The Sugarcubes toured. Björk was the singer. She plays flute."
    gazetteer = gazetteer_of(*BAND)
    assert ("Björk", "instrument", "flute") in read(text, "The Sugarcubes", schema, gazetteer)[1]
    off, facts = read(text, "The Sugarcubes", schema, gazetteer, coreference=False)
    assert anaphors(off) == []
    assert ("Björk", "instrument", "flute") not in facts


def test_a_plain_word_is_a_title_only_where_something_says_so(schema: Schema) -> None:
    gazetteer = gazetteer_of(("Can", "Band"), ("Debut", "Album"), ("Post", "Album"), Post="Björk")
    text = "Their debut can wait. Debut is a word. A post office closed."
    assert read(text, "X", schema, gazetteer)[1] == set()
    text = "Björk released the album Debut and can sing."
    assert read(text, "Björk", schema, gazetteer)[1] == {("Björk", "performed", "Debut")}
    text = "The Post album is by somebody else."
    assert ("X", "performed", "Post") not in read(text, "X", schema, gazetteer)[1]


def test_a_tag_may_be_called_performer(schema: Schema) -> None:
    gazetteer = gazetteer_of(("Björk", "SoloArtist")).assign(attributes='{"tag": ["performer"]}')
    text = "Björk plays flute."
    assert read(text, "Björk", schema, gazetteer)[1] == {("Björk", "instrument", "flute")}


def test_a_town_and_a_label_of_one_name_are_distinguished(schema: Schema) -> None:
    gazetteer = gazetteer_of(("London", "RecordLabel"), ("London", "Place"), ("Blur", "Band"))
    formed = read("Blur were formed in London in 1988.", "Blur", schema, gazetteer)[1]
    assert ("Blur", "origin", "London") in formed
    assert ("Blur", "recordLabel", "London") not in formed
    signed = read("Blur signed a contract with London in 1988.", "Blur", schema, gazetteer)[1]
    assert ("Blur", "recordLabel", "London") in signed
    assert ("Blur", "origin", "London") not in signed


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("They made Dr. Feelgood. It sold.", 2),
        ("J. Cole rapped. R.E.M. played.", 2),
        ("Born in St. Louis vs. others.", 1),
        ("“Yes!” she said. (Oh.) “Why?”", 3),
        ("one. two", 1),
        ("No end", 1),
        ("A first one.\n\nsecond paragraph", 2),
    ],
)
def test_where_sentences_end(text: str, count: int) -> None:
    assert len(sentence_ends(text)) + 1 == count


def write_texts(write: Write, *texts: dict[str, Any]) -> None:
    write("t.jsonl", "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts))


def test_statements_lead_back_to_their_sentence(write: Write, run: Run, tmp_path: Path) -> None:
    write_texts(
        write,
        {
            "id": "B1",
            "title": "Björk",
            "text": "Hi. Björk (born Björk Guðmundsdóttir in Reykjavík in 1965). She sang.",
        },
    )
    found = run(kind="unstructured", path="t.jsonl", model=None, gazetteer=gazetteer_of(*BAND))
    assert set(named(found)) == {
        ("Björk", "birthPlace", "Reykjavík"),
        ("Björk", "beginDate", "1965"),
    }
    assert record(found, "src/B1")["type"] == "SoloArtist"
    assert list(record(found, "src/B1")["aliases"]) == ["Björk Guðmundsdóttir"]
    for evidence in found.statements["evidence"]:
        line, start, end = map(
            int, re.fullmatch(r"t\.jsonl#line=(\d+);char=(\d+),(\d+)", evidence).groups()
        )
        text = json.loads((tmp_path / "t.jsonl").read_text("utf-8").splitlines()[line - 1])["text"]
        assert text[start:end].strip().startswith("Björk (born Björk Guðmundsdóttir in")
    assert set(found.statements["method"]) == {"pattern:born-in", "pattern:born-on"}
    assert found.statements["confidence"].between(0.5, 1).all()
    assert found.counts["sentences read"] == 3
    assert found.counts["sentences used"] == 1


def test_unusable_texts_are_counted(write: Write, run: Run) -> None:
    write_texts(
        write,
        {"id": "1", "title": "A", "text": "A is a band."},
        {"id": "2", "title": "B"},
        {"id": "3", "title": "C", "text": "x" * 200},
    )
    found = run(kind="unstructured", path="t.jsonl", model=None, max_chars=100)
    assert sorted(reasons(found)) == ["text or title missing", "text too long"]
    assert found.counts["documents: rows read"] == 3
    assert found.counts["documents: rows used"] == 1
    with pytest.raises(DataError, match="no column 'body'"):
        run(kind="unstructured", path="t.jsonl", model=None, text="body")


def test_halves_of_surrogate_pairs_move_no_offset(write: Write, run: Run) -> None:
    text = "A\\ud800B are a band from Paris. They play jazz."
    write("t.jsonl", f'{{"id": "1", "title": "A\\ud800B", "text": "{text}"}}\n')
    found = run(kind="unstructured", path="t.jsonl", model=None)
    assert "A\ufffdB" in set(found.records["name"])
    assert any(evidence.endswith("char=27,42") for evidence in found.statements["evidence"])


def test_titles_and_texts_are_repaired_as_cells_are(tmp_path: Path, write: Write, run: Run) -> None:
    text = (
        "Simone &amp; the Tides are a band. They were formed in ReykjavÃ\u00adk in 1994 by BjÃ¶rk. "
        "They play R&amp;B and folk."
    )
    write_texts(write, {"id": "1", "title": "Simone &amp; the Tides", "text": text})
    found = run(kind="unstructured", path="t.jsonl", model=None, gazetteer=gazetteer_of(*BAND))
    assert set(named(found)) == {
        ("Simone & the Tides", "origin", "Reykjavík"),
        ("Simone & the Tides", "beginDate", "1994"),
        ("Simone & the Tides", "hasMember", "Björk"),
        ("Simone & the Tides", "genre", "r&b"),
        ("Simone & the Tides", "genre", "folk"),
    }
    assert not any("&amp;" in name or "Ã" in name for name in found.records["name"])
    raw = json.loads((tmp_path / "t.jsonl").read_text("utf-8"))["text"]
    sentences = {
        raw[int(start) : int(end)]
        for evidence in found.statements["evidence"]
        for start, end in [re.search(r"char=(\d+),(\d+)$", evidence).groups()]
    }
    assert sentences == {
        "They were formed in ReykjavÃ\u00adk in 1994 by BjÃ¶rk.",
        "They play R&amp;B and folk.",
    }
    assert record(found, "src/1")["evidence"].endswith(f"char=0,{len(raw)}")


def test_text_files_are_repaired(write: Write, run: Run) -> None:
    text = "Tom &amp; Ann met in 1990.\n\nTom &amp; Ann were formed in Reykjav&iacute;k."
    write("texts/Tom_&amp;_Ann.txt", text)
    found = run(kind="unstructured", path="texts/*.txt", model=None, gazetteer=gazetteer_of(*BAND))
    assert ("Tom & Ann", "origin", "Reykjavík") in set(named(found))
    place = f"texts/Tom_&amp;_Ann.txt#;char={text.rindex('Tom')},{len(text)}"
    assert place in set(found.statements["evidence"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain words, 100% pure & simple.", "Plain words, 100% pure & simple."),
        ("Björk, Ænima\n\nand Sigur Rós", "Björk, Ænima\n\nand Sigur Rós"),
        ("BjÃ¶rk\n\nand BeyoncÃ©", "Björk\n\nand Beyoncé"),
        ("R&amp;amp;B", "R&B"),
        ("voilÃ  le disque", "voilà le disque"),
        ("rock&nbsp;&amp;&nbsp;roll", "rock & roll"),
        ("Bjo\u0308rk", "Björk"),
        ("â€œDebutâ€\u009d", "“Debut”"),
    ],
)
def test_repairs_leave_the_rest_where_it_was(text: str, expected: str) -> None:
    clean, repairs = repaired(text)
    assert clean == expected
    document = TextDocument("1", "A", clean, "t#1", repairs=repairs)
    assert document.evidence(0, len(clean)) == f"t#1;char=0,{len(text)}"


@given(st.text(alphabet="aÃ¶&amp; \n;%20é."))
def test_offsets_in_the_file_are_in_order(text: str) -> None:
    clean, repairs = repaired(text)
    document = TextDocument("1", "A", clean, "", repairs=repairs)
    spans = [document.evidence(at, at + 1)[6:].split(",") for at in range(len(clean))]
    assert all(0 <= int(start) < int(end) <= len(text) for start, end in spans)
    starts = [int(start) for start, _ in spans]
    assert starts == sorted(starts)
    for at, (start, end) in enumerate(spans):
        if int(end) - int(start) == 1 and not any(x.start <= at < x.end for x in repairs):
            assert text[int(start)] == clean[at]


def test_several_processes_read_what_one_reads(write: Write, run: Run) -> None:
    towns = ("Reykjavík", "Berlin", "Oslo")
    write_texts(
        write,
        *(
            {
                "id": str(number),
                "title": f"Band {number}",
                "text": f"The band was formed in {towns[number % 3]} in {1950 + number}. "
                f"They released Record {number} in {1953 + number}.",
            }
            for number in range(40)
        ),
    )
    one, two = (
        run(kind="unstructured", path="t.jsonl", model=None, processes=count, batch_size=7)
        for count in (1, 2)
    )
    assert len(one.statements) >= 80
    pd.testing.assert_frame_equal(one.records, two.records)
    pd.testing.assert_frame_equal(one.statements, two.statements)
    assert one.counts == two.counts


def test_a_folder_of_text_files(write: Write, run: Run) -> None:
    write("texts/Sigur_Rós.txt", "Sigur Rós were formed in Reykjavík in 1994.")
    found = run(kind="unstructured", path="texts/*.txt", model=None, gazetteer=gazetteer_of(*BAND))
    assert set(named(found)) == {
        ("Sigur Rós", "origin", "Reykjavík"),
        ("Sigur Rós", "beginDate", "1994"),
    }
    assert found.statements["evidence"][0].startswith("texts/Sigur_Rós.txt#;char=0,")


def test_a_missing_model_is_a_warning_and_a_count(write: Write, run: Run) -> None:
    write_texts(write, {"id": "1", "title": "A", "text": "A were formed in 1990."})
    load_pipeline.cache_clear()
    with pytest.warns(ModelMissing, match="xx_none_sm"):
        found = run(kind="unstructured", path="t.jsonl", model="xx_none_sm")
    assert found.counts["texts read without a statistical model"] == 1
    assert named(found) == [("A", "beginDate", "1990")]


def test_an_extractor_of_ones_own_can_be_put_in(schema: Schema) -> None:
    class Nothing:
        def extract(self, text: ReadText) -> Iterable[Relation]:
            assert text.topic.name == "Björk"
            return []

    reader = TextReader(SOURCE, schema, extractor=Nothing())
    ((_, relations),) = reader.read([TextDocument("1", "Björk", "Björk was born in 1965.", "x")])
    assert relations == []


def test_a_broken_rule_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[pattern]]\nname = "x"\npredicate = "genre"\nmatch = ["("]\n')
    with pytest.raises(DataError, match=r"rules\.toml: not a valid rule file"):
        load_patterns(path)
    with pytest.raises(DataError, match="no such rule file"):
        load_patterns(tmp_path / "none.toml")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Björk",
                "The Sugarcubes",
                "she",
                "They",
                "the band",
                "was",
                "born in",
                "1986",
                "and",
                ",",
                ".",
                "’s",
                "(",
                "“",
                "Debut",
                "album",
                "rock",
                "guitarist",
                "founded",
                "\n\n",
                "椎名林檎",
                "⟦A0⟧",
                "of",
                "released",
                "Records",
                "it",
            ]
        ),
        max_size=25,
    )
)
def test_no_text_breaks_the_reader(schema: Schema, words: list[str]) -> None:
    text = " ".join(words)
    found, _ = read(text, "Björk", schema, gazetteer_of(*BAND))
    last = 0
    for mention in found.mentions:
        assert last <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
        last = mention.end


def test_a_reading_is_a_value(schema: Schema) -> None:
    text, _ = read("Björk left KUKL.", "Björk", schema)
    person, band = text.topic, Entity("KUKL", "Name")
    before = SentenceReading.begin(schema, text, text.sentences[0], {})
    after, is_new = before.claim_member(person, band)
    assert is_new and not after.claim_member(band, person)[1]
    assert before.claim_member(person, band)[1]
    classified = after.with_class(band, "Band")
    assert (band.type, after.type_of(band), classified.type_of(band)) == ("Name", "Name", "Band")
    assert Entity("KUKL", "Name") != band
