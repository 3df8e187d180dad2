"""Who does what to whom in a sentence: voice, coordination, persons without a name, full names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument, topic_spans
from kg_builder.extraction.text.gazetteer import KnownNames, common_words
from kg_builder.extraction.text.mentions import load_pipeline, sentence_ends
from kg_builder.extraction.text.names import formed_mentions, titles
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS
from tests.kg_builder.conftest import Run

Write = Callable[[str, str | bytes], Path]
Triple = tuple[str, str, str]
MODEL = "en_core_web_sm"
KNOWN = {
    "Topic Band": "Band",
    "Ann Topic": "SoloArtist",
    "Muddy Waters": "SoloArtist",
    "Bill Evans": "SoloArtist",
    "Bud Powell": "SoloArtist",
    "Tom Hill": "Person",
    "The Kinks": "Band",
    "Creation Records": "RecordLabel",
    "Blue Songs": "Album",
    "Red Songs": "Album",
    "Live - Red": "Album",
    "Wallsend": "Place",
}


@pytest.fixture(params=[None, MODEL], ids=["rules alone", "with a parse"])
def model(request: pytest.FixtureRequest) -> str | None:
    if request.param and not load_pipeline(request.param)[1]:
        pytest.skip(f"{MODEL} is not installed")
    return str(request.param) if request.param else None


def _reader(model: str | None, schema: Schema) -> TextReader:
    source = UnstructuredSource(kind="unstructured", name="t", path="t.jsonl", model=model)
    return TextReader(source, schema)


def facts(text: str, title: str, schema: Schema, model: str | None) -> set[Triple]:
    rows = [
        {"record": f"c/{name}", "record_id": "", "source": "c", "type": type_, "name": name}
        | {"aliases": [], "external_ids": [], "attributes": "{}", "evidence": ""}
        for name, type_ in KNOWN.items()
    ]
    known = KnownNames.of(RECORDS.frame(rows), common_words([text]))
    documents = [TextDocument("1", title, text, "t#1")]
    ((_, relations),) = _reader(model, schema).read(documents, known)
    return {
        (
            item.subject.name,
            item.predicate,
            item.object.entity.name if item.object.entity else item.object.name,
        )
        for item in relations
    }


def of(found: set[Triple], *predicates: str) -> set[Triple]:
    return {triple for triple in found if triple[1] in predicates}


@pytest.mark.parametrize(
    ("sentence", "influenced"),
    [
        ("Muddy Waters influenced Ann Topic.", {"Ann Topic < Muddy Waters"}),
        ("Muddy Waters strongly influenced her.", {"Ann Topic < Muddy Waters"}),
        ("The records of Muddy Waters inspired her to sing.", {"Ann Topic < Muddy Waters"}),
        (
            "She influenced Bill Evans and Bud Powell.",
            {"Bill Evans < Ann Topic", "Bud Powell < Ann Topic"},
        ),
        (
            "Her music has influenced singers such as Bill Evans and Bud Powell.",
            {"Bill Evans < Ann Topic", "Bud Powell < Ann Topic"},
        ),
        (
            "Bill Evans, Bud Powell and Muddy Waters influenced her.",
            {
                "Ann Topic < Bill Evans",
                "Ann Topic < Bud Powell",
                "Ann Topic < Muddy Waters",
            },
        ),
        (
            "Bill Evans and Bud Powell inspired Muddy Waters and Ann Topic.",
            {
                "Muddy Waters < Bill Evans",
                "Muddy Waters < Bud Powell",
                "Ann Topic < Bill Evans",
                "Ann Topic < Bud Powell",
            },
        ),
        (
            "She was influenced by Bill Evans and Bud Powell.",
            {"Ann Topic < Bill Evans", "Ann Topic < Bud Powell"},
        ),
        (
            "Bill Evans and Bud Powell were influenced by her.",
            {"Bill Evans < Ann Topic", "Bud Powell < Ann Topic"},
        ),
        ("Muddy Waters was a major influence on her.", {"Ann Topic < Muddy Waters"}),
        ("She was a major influence on Muddy Waters.", {"Muddy Waters < Ann Topic"}),
        ("A big influence on her was Muddy Waters.", {"Ann Topic < Muddy Waters"}),
        (
            "Her influences include Bill Evans and Bud Powell.",
            {"Ann Topic < Bill Evans", "Ann Topic < Bud Powell"},
        ),
        (
            "Bill Evans and Bud Powell were her first influences.",
            {"Ann Topic < Bill Evans", "Ann Topic < Bud Powell"},
        ),
        (
            "She cites Bill Evans and Bud Powell as influences.",
            {"Ann Topic < Bill Evans", "Ann Topic < Bud Powell"},
        ),
        ("Muddy Waters cites her as an influence.", {"Muddy Waters < Ann Topic"}),
        (
            "She was influenced by Bill Evans and she influenced Muddy Waters.",
            {"Ann Topic < Bill Evans", "Muddy Waters < Ann Topic"},
        ),
        ("Inspired by Bill Evans, she began to sing.", {"Ann Topic < Bill Evans"}),
        ("Muddy Waters influenced her guitarist.", set()),
    ],
)
def test_the_influenced_one_is_the_subject_in_either_voice(
    schema: Schema, model: str | None, sentence: str, influenced: set[str]
) -> None:
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    stated = of(found, "influencedBy")
    assert {f"{one} < {other}" for one, _, other in stated} == influenced


@pytest.mark.parametrize(
    ("sentence", "made"),
    [
        (
            "Bill Evans and Bud Powell produced Blue Songs and Red Songs.",
            {(work, "producer", by) for work in ("Blue Songs", "Red Songs") for by in ("E", "P")},
        ),
        (
            "Blue Songs and Red Songs were produced by Bill Evans and Bud Powell.",
            {(work, "producer", by) for work in ("Blue Songs", "Red Songs") for by in ("E", "P")},
        ),
        (
            "Bill Evans and Bud Powell wrote “Blue Songs” and “Red Songs”.",
            {(work, "writer", by) for work in ("Blue Songs", "Red Songs") for by in ("E", "P")},
        ),
        (
            "“Blue Songs” and “Red Songs” were written by Bill Evans and Bud Powell.",
            {(work, "writer", by) for work in ("Blue Songs", "Red Songs") for by in ("E", "P")},
        ),
        (
            "Her husband and manager, Bill Evans, produced her album Blue Songs.",
            {("Blue Songs", "producer", "E")},
        ),
        (
            "Bill Evans, a friend of Bud Powell, produced Blue Songs.",
            set(),
        ),
        (
            "Bill Evans and Bud Powell composed Blue Songs and Red Songs.",
            {(work, "composer", by) for work in ("Blue Songs", "Red Songs") for by in ("E", "P")},
        ),
    ],
)
def test_every_maker_made_every_work_of_the_sentence(
    schema: Schema, model: str | None, sentence: str, made: set[Triple]
) -> None:
    full = {"E": "Bill Evans", "P": "Bud Powell"}
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    expected = {(work, predicate, full[by]) for work, predicate, by in made}
    assert of(found, "producer", "writer", "composer") == expected


@pytest.mark.parametrize(
    ("sentence", "signed"),
    [
        ("Tom Hill signed them to Creation Records in 1992.", {"Topic Band"}),
        ("Tom Hill signed the band to Creation Records.", {"Topic Band"}),
        ("Their manager, Tom Hill, signed them to Creation Records.", {"Topic Band"}),
        ("Their manager signed them to Creation Records.", {"Topic Band"}),
        ("Tom Hill signed The Kinks and Topic Band to Creation Records.", {"The Kinks", "T"}),
        ("Tom Hill, who signed them to Creation Records, died in 1980.", {"Topic Band"}),
        ("Tom Hill got them a recording contract with Creation Records.", {"Topic Band"}),
        ("They were signed to Creation Records by Tom Hill.", {"Topic Band"}),
        ("They were signed by Tom Hill to Creation Records.", {"Topic Band"}),
        ("Creation Records signed them in 1992.", {"Topic Band"}),
        ("They signed to Creation Records.", {"Topic Band"}),
        ("They signed The Kinks to Creation Records.", {"The Kinks"}),
    ],
)
def test_the_label_is_that_of_the_act_whoever_signs_it(
    schema: Schema, model: str | None, sentence: str, signed: set[str]
) -> None:
    found = facts(f"Topic Band are a rock band. {sentence}", "Topic Band", schema, model)
    acts = {"Topic Band" if name == "T" else name for name in signed}
    assert of(found, "recordLabel") == {(act, "recordLabel", "Creation Records") for act in acts}


PLAIN = {("Ann Topic", "instrument", "piano")}


@pytest.mark.parametrize(
    ("sentence", "others"),
    [
        ("Her father was a jazz drummer and her mother sang opera.", set()),
        ("Her sister plays the cello.", set()),
        ("Her older brother is a drummer.", set()),
        ("Her father, a violinist, died in 1960.", set()),
        ("Her teacher was born in London in 1930 and played the cello.", set()),
        ("Her best friend sang in The Kinks.", set()),
        ("Ann Topic's brother signed to Creation Records.", set()),
        ("Her manager won a Grammy Award in 1999.", set()),
        ("She is the daughter of a violinist and a drummer.", set()),
        ("She learned it from her father, a drummer.", set()),
        ("Both of her parents were cellists.", set()),
        ("Another brother plays the cello, and a cousin signed to Creation Records.", set()),
        ("She is from a family of drummers, and her cousin played jazz.", set()),
        (
            "Her brother Tom Hill is a drummer.",
            {("Ann Topic", "associatedWith", "Tom Hill"), ("Tom Hill", "instrument", "drums")},
        ),
        (
            "Her brother Tom Hill signed to Creation Records in 1960.",
            {
                ("Ann Topic", "associatedWith", "Tom Hill"),
                ("Tom Hill", "recordLabel", "Creation Records"),
            },
        ),
        ("Her father gave her a guitar, and she played the drums.", {("A", "instrument", "drums")}),
        ("The daughter of a drummer, she plays the harp.", {("A", "instrument", "harp")}),
        ("She plays the drums with her brother.", {("A", "instrument", "drums")}),
        ("She plays her father's violin.", {("A", "instrument", "violin")}),
    ],
)
def test_what_relatives_and_friends_do_is_not_said_of_the_artist(
    schema: Schema, model: str | None, sentence: str, others: set[Triple]
) -> None:
    found = facts(f"Ann Topic is a pianist. {sentence}", "Ann Topic", schema, model)
    expected = {("Ann Topic" if one == "A" else one, how, other) for one, how, other in others}
    assert found - PLAIN == expected


def test_persons_without_a_name_are_no_entities(write: Write, run: Run) -> None:
    row = {"id": "1", "title": "Ann Topic", "text": "Ann Topic sings. Her brother plays the cello."}
    write("t.jsonl", json.dumps(row) + "\n")
    found = run(kind="unstructured", path="t.jsonl", model=None)
    assert set(found.records["name"]) == {"Ann Topic"}
    assert found.counts["relations of persons without a name"] == 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Their debut, No. 1 Record, came out in 1995.", "No. 1 Record"),
        ("Their second record, jokingly titled Vol. 3, followed.", "Vol. 3"),
        ("They released the album Greatest Hits Vol. 2.", "Greatest Hits Vol. 2"),
        ("They released the album Greatest Hits, Vol. 2.", "Greatest Hits, Vol. 2"),
        ("They released St. Anger.", "St. Anger"),
        ("Their album Piano Works, Op. 12 appeared.", "Piano Works, Op. 12"),
        ("The single Another Wall, Pt. 2 was a hit.", "Another Wall, Pt. 2"),
        ("Their album, Sgt. Salt's Band, came out.", "Sgt. Salt's Band"),
        ("The album Dr. Good vs. Mr. Bad appeared.", "Dr. Good vs. Mr. Bad"),
        ("They recorded the album Ten. It sold.", "Ten"),
    ],
)
def test_a_title_does_not_end_at_an_abbreviation(text: str, title: str) -> None:
    longest = max((item.text for item in titles(text)), key=len)
    assert longest == title


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It was No. 1 in June. It sold.", 2),
        ("She said No. They left.", 2),
        ("They made Pt. 2 and Vol. II of it.", 1),
        ("Dr. No met Mr. T vs. St. Mary.", 1),
    ],
)
def test_an_abbreviation_ends_no_sentence(text: str, count: int) -> None:
    assert len(sentence_ends(text)) + 1 == count


@pytest.mark.parametrize(
    ("text", "awards"),
    [
        ("She won Best Actress at Cannes.", {"Best Actress at Cannes"}),
        (
            "She received a BRIT Award for Best Single in 2005 and a Grammy for Best Latin Album "
            "in 2006.",
            {"BRIT Award for Best Single", "Grammy for Best Latin Album"},
        ),
        ("He won a Grammy for Blue Songs in 2004.", {"Grammy"}),
        ("He won an Oscar for Best Original Song for Red Sun.", {"Oscar for Best Original Song"}),
        ("She won Album of the Year in 2001.", {"Album of the Year"}),
        ("She won Best New Artist in 1999.", {"Best New Artist"}),
        (
            "She won Album of the Year in 2001 and Best New Artist in 1999.",
            {"Album of the Year", "Best New Artist"},
        ),
        ("He was awarded the Nobel Prize in Literature.", {"Nobel Prize in Literature"}),
        (
            "They won the Grammy Award for Record of the Year for “Blue Moon”.",
            {"Grammy Award for Record of the Year"},
        ),
        ("She released Best Friends in 1999.", set()),
        ("They won fans with the album Best Friends.", set()),
        ("The album Best of Ann came out.", set()),
    ],
)
def test_a_category_is_an_award_and_a_work_is_no_part_of_it(text: str, awards: set[str]) -> None:
    found = [item for item in formed_mentions(text) if item.type == "Award"]
    whole = [
        item
        for item in found
        if not any(
            item is not other and item.overlaps(other) and len(item.text) < len(other.text)
            for other in found
        )
    ]
    assert {item.text for item in whole} == awards


def test_an_award_is_no_album(schema: Schema, model: str | None) -> None:
    text = (
        "Ann Topic is a singer. She won Best Actress at Cannes. She won a Grammy for Blue Songs "
        "in 2004 and a Grammy for Best Latin Album in 2006."
    )
    assert of(facts(text, "Ann Topic", schema, model), "award", "performed") == {
        ("Ann Topic", "award", "Best Actress at Cannes"),
        ("Ann Topic", "award", "Grammy"),
        ("Ann Topic", "award", "Grammy for Best Latin Album"),
        ("Ann Topic", "performed", "Blue Songs"),
    }


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        ("Ann Topic", "Ann Maria Topic came from Oslo.", {"Ann Maria Topic"}),
        ("Ann Topic", "Born in Oslo, Ann Maria Topic sings.", {"Ann Maria Topic"}),
        ("Ann Topic", "Mary Jane Stone, known as Ann Topic, sings.", {"Mary Jane Stone"}),
        (
            "Ann Topic",
            "Mary Stone, better known by her stage name Ann Topic, sings.",
            {"Mary Stone"},
        ),
        ("Topsy", "Mary Stone, known professionally as Topsy, sings.", {"Mary Stone"}),
        ("Ann Topic", "Born Mary Stone in Oslo in 1950, Ann Topic sings.", {"Mary Stone"}),
        ("Ann Topic", "Ann Topic (real name Mary Stone) sings.", {"Mary Stone"}),
        ("The Topics", "The Blue Topics are another band.", set()),
        ("Ann Topic", "The brother of Mary Stone, Ann Topic sings.", set()),
        ("Ann Topic", "Ann Topic sings. Ann Maria Topic is her aunt.", set()),
    ],
)
def test_a_full_or_birth_name_is_the_topic(title: str, text: str, names: set[str]) -> None:
    assert {text[a:b] for a, b in topic_spans(text, title)} - {title} == names


def test_a_plural_with_the_article_is_a_band(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = (
        "Born in Oslo, Ann Topic sang with the Sugarcubes. She toured with the Stooges and "
        "collaborated with the Wailers."
    )
    reader = _reader(MODEL, schema)
    ((found, _),) = reader.read([TextDocument("1", "Ann Topic", text, "t#1")])
    bands = {item.entity.name for item in found.mentions if item.entity and item.type == "Band"}
    assert bands == {"Sugarcubes", "Stooges", "Wailers"}


def test_coordinated_names_after_a_plural_are_several(schema: Schema, model: str | None) -> None:
    text = "Ann Topic is a singer. She founded the bands Red Rain and Blue Sky."
    assert of(facts(text, "Ann Topic", schema, model), "hasMember") == {
        ("Red Rain", "hasMember", "Ann Topic"),
        ("Blue Sky", "hasMember", "Ann Topic"),
    }
    text = "Ann Topic is a singer. She released the albums Red Rain and Blue Sky."
    assert of(facts(text, "Ann Topic", schema, model), "performed") == {
        ("Ann Topic", "performed", "Red Rain"),
        ("Ann Topic", "performed", "Blue Sky"),
    }


def test_a_singer_is_no_band_whatever_others_do(schema: Schema, model: str | None) -> None:
    text = "Nan Topic is a singer. Bill Evans and Bud Powell wrote songs for her and him and it."
    assert not of(facts(text, "Nan Topic", schema, model), "hasMember")


def test_a_work_with_a_date_takes_no_other_date(schema: Schema, model: str | None) -> None:
    text = "Ann Topic is a singer. She released Blue Songs in 2003 and toured until 2005."
    assert of(facts(text, "Ann Topic", schema, model), "releaseDate") == {
        ("Blue Songs", "releaseDate", "2003")
    }


def test_whom_someone_is_signed_to_is_a_label_whatever_the_model_says(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = "Topic Band are a rock band. Rick Rubin signed them to Def Jam in 1994."
    assert of(facts(text, "Topic Band", schema, MODEL), "recordLabel") == {
        ("Topic Band", "recordLabel", "Def Jam")
    }


def test_an_unknown_name_is_what_the_names_beside_it_are(schema: Schema) -> None:
    text = "Ann Topic influenced Bill Evans and Duffy."
    known = RECORDS.frame(
        [
            {"record": "c/1", "record_id": "", "source": "c", "type": "SoloArtist"}
            | {"name": "Bill Evans", "aliases": [], "external_ids": [], "attributes": "{}"}
            | {"evidence": ""}
        ]
    )
    reader = TextReader(
        UnstructuredSource(kind="unstructured", name="t", path="t.jsonl", model=None),
        schema,
        known=KnownNames.of(known, frozenset()),
    )
    ((_, relations),) = reader.read([TextDocument("1", "Ann Topic", text, "t#1")])
    assert {(item.subject.name, item.subject.type) for item in relations} == {
        ("Bill Evans", "SoloArtist"),
        ("Duffy", "Person"),
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "She founded the label Kestrel Row in 2005.",
        "In 2005 she founded the label Kestrel Row.",
        "She founded her own label, Kestrel Row, in 2005.",
        "She set up an independent record label called Kestrel Row in 2005.",
        "In 2005, together with Tom Hill, she launched the imprint Kestrel Row.",
        "She co-founded the record company Kestrel Row with Tom Hill in 2005.",
        "She founded Kestrel Row, a label for folk music, in 2005.",
        "She started “Kestrel Row”, her own label, in 2005.",
        "She founded Kestrel Row, which became a leading label, in 2005.",
        "She founded the Kestrel Row label in 2005.",
        "The label Kestrel Row was founded by her in 2005.",
        "Kestrel Row, the label she founded in 2005, released her songs.",
    ],
)
def test_who_founds_a_label_is_on_it_and_no_member(
    schema: Schema, model: str | None, sentence: str
) -> None:
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    assert of(found, "memberOf", "hasMember", "beginDate", "recordLabel", "releaseDate") == {
        ("Ann Topic", "recordLabel", "Kestrel Row"),
        ("Kestrel Row", "beginDate", "2005"),
    }


def test_an_ampersand_in_the_name_of_a_label(schema: Schema, model: str | None) -> None:
    text = "Topic Band are a band. They signed to Rain & Sun Records."
    assert of(facts(text, "Topic Band", schema, model), "recordLabel") == {
        ("Topic Band", "recordLabel", "Rain & Sun Records")
    }


def test_a_list_of_labels(schema: Schema, model: str | None) -> None:
    text = "Topic Band are a band. They founded the labels Kestrel Row and Marsh Lane in 2005."
    assert of(facts(text, "Topic Band", schema, model), "recordLabel", "beginDate") == {
        ("Topic Band", "recordLabel", "Kestrel Row"),
        ("Topic Band", "recordLabel", "Marsh Lane"),
        ("Kestrel Row", "beginDate", "2005"),
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "She founded the festival Kestrel Row in 2005.",
        "She started the annual Kestrel Row festival in 2005.",
        "She founded Kestrel Row Festival in 2005.",
        "Kestrel Row is a festival that she founded in 2005.",
        "She founded a music school, Kestrel Row, in 2005.",
        "She founded the Kestrel Row Academy in 2005.",
        "She opened the recording studio Kestrel Row in 2005.",
        "She founded the charity Kestrel Row in 2005.",
        "She formed the publishing company Kestrel Row in 2005.",
        "She co-founded the magazine Kestrel Row in 2005.",
        "She is the founder of the festival Kestrel Row.",
    ],
)
def test_what_is_founded_is_a_band_only_if_nothing_says_otherwise(
    schema: Schema, model: str | None, sentence: str
) -> None:
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    assert not of(found, "memberOf", "hasMember", "beginDate")
    if " that she " in sentence:
        return
    text = sentence.replace("She ", "They ")
    found = facts(f"Topic Band are a band. {text}", "Topic Band", schema, model)
    assert not of(found, "memberOf", "hasMember", "beginDate")


def test_the_founder_of_an_orchestra_is_no_member(schema: Schema, model: str | None) -> None:
    for text in ("founded the orchestra Kestrel Row", "started the choir Kestrel Row"):
        found = facts(f"Ann Topic is a singer. She {text}.", "Ann Topic", schema, model)
        assert not of(found, "memberOf", "hasMember")
    text = "Ann Topic is a singer. She joined the orchestra Kestrel Row as a violinist."
    assert of(facts(text, "Ann Topic", schema, model), "memberOf")


def test_a_band_founded_is_a_band_whatever_the_model_says(
    schema: Schema, model: str | None
) -> None:
    text = "Ann Topic is a singer. She founded the band Kestrel Row in 2005."
    assert of(facts(text, "Ann Topic", schema, model), "hasMember", "beginDate") == {
        ("Kestrel Row", "hasMember", "Ann Topic"),
        ("Kestrel Row", "beginDate", "2005"),
    }


def test_who_founded_a_label_is_not_its_name(schema: Schema, model: str | None) -> None:
    text = "Ann Topic is a singer. The label Bo Lund founded released her songs."
    assert not of(facts(text, "Ann Topic", schema, model), "recordLabel")
    text = "Ann Topic is a singer. She left the label, Bo Lund produced her songs."
    assert not of(facts(text, "Ann Topic", schema, model), "recordLabel")


@pytest.mark.parametrize(
    "sentence",
    [
        "They met at a music school in 1990.",
        "The band met in Wallsend in 1990 with their producer.",
        "They appeared in Wallsend in 1990.",
        "Tom Hill and Bill Evans met in Wallsend in 1990.",
        "They began recording in Wallsend in 1990.",
        "They started their third tour in Wallsend in 1990.",
        "They formed a partnership with Tom Hill in 1990.",
        "They created a stir in Wallsend in 1990.",
        "They have been signed to Creation Records since 1990.",
        "They were founded at school, toured abroad and sang in Wallsend in 1990.",
        "They were formed at school, winning a contest in Wallsend in 1990.",
        "They parted ways with Tom Hill in 1990.",
        "They ended a long tour in 1990.",
        "They split from their manager in 1990.",
        "They broke up for a while before reuniting in 1990.",
        "They broke up and came back together in 1990.",
    ],
)
def test_what_else_a_band_does_is_neither_its_beginning_nor_its_end(
    schema: Schema, model: str | None, sentence: str
) -> None:
    found = facts(f"Topic Band are a band. {sentence}", "Topic Band", schema, model)
    assert not of(found, "beginDate", "origin", "endDate")


@pytest.mark.parametrize(
    "sentence",
    [
        "They formed in Wallsend in 1990.",
        "They were set up by Tom Hill in Wallsend in 1990.",
        "It was created in Wallsend in 1990.",
        "They started out as a trio in Wallsend in 1990.",
        "They began their career in Wallsend in 1990.",
        "Tom Hill and Bill Evans met at school and formed the band in Wallsend in 1990.",
    ],
)
def test_how_a_band_begins(schema: Schema, model: str | None, sentence: str) -> None:
    found = facts(f"Topic Band are a band. {sentence}", "Topic Band", schema, model)
    assert of(found, "beginDate", "origin") == {
        ("Topic Band", "beginDate", "1990"),
        ("Topic Band", "origin", "Wallsend"),
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "Ann Topic, born Ann Hill in Wallsend, joined The Kinks in 1977.",
        "Ann Topic, born in Wallsend, joins The Kinks in 1977.",
        "Ann Topic (born in Wallsend) joined The Kinks in 1977.",
        "Ann Topic was born in Wallsend but left for good in 1977.",
        "Ann Topic was born in Wallsend before moving away in 1977.",
        "Ann Topic is a singer. Born in Wallsend, she moved away in 1977.",
        "Ann Topic is a singer. Born in Wallsend, her first record was released in 1977.",
        "Ann Topic, the Wallsend-born singer, lived abroad in 1977.",
        "Ann Topic is a singer. After her death a tribute was released in 1977.",
        "Ann Topic is a singer. Her death inspired a film made in 1977.",
        "Ann Topic was a singer who died young, and The Kinks toured in 1977.",
    ],
)
def test_the_year_of_another_event_is_not_that_of_birth_or_death(
    schema: Schema, model: str | None, sentence: str
) -> None:
    assert not of(facts(sentence, "Ann Topic", schema, model), "beginDate", "endDate")


@pytest.mark.parametrize(
    "sentence",
    [
        "Her album Blue Songs was released by Creation Records, charted and won a prize in 1995.",
        "Her album Blue Songs was recorded in Wallsend, then remixed by Tom Hill in 1995.",
        "Her album Blue Songs came out on Creation Records, because she left The Kinks in 1995.",
    ],
)
def test_the_year_of_another_event_is_not_that_of_a_work(
    schema: Schema, model: str | None, sentence: str
) -> None:
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    assert not of(found, "releaseDate", "recordDate")


@pytest.mark.parametrize(
    ("sentence", "stated"),
    [
        ("born Ann Hill, in Wallsend, on 2 October 1951, sings.", {"beginDate", "birthPlace"}),
        ("born (as Ann Hill) in Wallsend in October 1951, sings.", {"beginDate", "birthPlace"}),
        ("was born to a gifted family in Wallsend in 1951.", {"beginDate", "birthPlace"}),
        ("was born, the son of a miner, in Wallsend in 1951.", {"beginDate", "birthPlace"}),
        ("died, aged 33, in Wallsend in 1951.", {"endDate", "deathPlace"}),
        ("died of injuries sustained in a crash in 1951.", {"endDate"}),
        ("died at home, surrounded by friends, in Wallsend in 1951.", {"endDate", "deathPlace"}),
    ],
)
def test_what_is_said_between_does_not_part_a_birth_or_death_from_its_date(
    schema: Schema, model: str | None, sentence: str, stated: set[str]
) -> None:
    comma = "," if sentence.startswith("born") else ""
    text = f"Ann Topic is a singer. Ann Topic{comma} {sentence}"
    found = of(
        facts(text, "Ann Topic", schema, model), "beginDate", "endDate", "birthPlace", "deathPlace"
    )
    assert {predicate for _, predicate, _ in found} == stated


@pytest.mark.parametrize(
    ("sentence", "members"),
    [
        (
            "Brothers Brynmor and Caradoc Delacourte founded Topic Band.",
            {"Brynmor Delacourte", "Caradoc Delacourte"},
        ),
        (
            "Topic Band were formed by the sisters Tamsin, Demelza and Morwenna van Prudhoe.",
            {"Tamsin van Prudhoe", "Demelza van Prudhoe", "Morwenna van Prudhoe"},
        ),
        (
            "The members are Bill Evans, brothers Brynmor and Caradoc Delacourte, and Tom Hill.",
            {"Bill Evans", "Brynmor Delacourte", "Caradoc Delacourte", "Tom Hill"},
        ),
        (
            "The Delacourte brothers, Brynmor and Caradoc, formed Topic Band.",
            {"Brynmor Delacourte", "Caradoc Delacourte"},
        ),
        (
            "Topic Band were formed by the brothers Bill Evans and Tom Hill.",
            {"Bill Evans", "Tom Hill"},
        ),
    ],
)
def test_relatives_share_a_last_name_that_is_said_once(
    schema: Schema, model: str | None, sentence: str, members: set[str]
) -> None:
    found = facts(f"Topic Band are a band. {sentence}", "Topic Band", schema, model)
    assert {name for _, _, name in of(found, "hasMember")} == members
    assert not of(found, "memberOf")


def test_a_brother_has_the_last_name_of_the_person_before(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = "Topic Band were founded by Martin Delacourte and his younger brother Caradoc."
    found = facts(text, "Topic Band", schema, MODEL)
    assert ("Martin Delacourte", "associatedWith", "Caradoc Delacourte") in found


def test_a_hyphen_between_spaces_is_a_dash(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = (
        "Topic Band were Peter Marsh, Paul Lindgren and Stephen Albright - three men from Leeds. "
        "Stephen Albright - Carl Jensen's predecessor - died in 1986."
    )
    found = facts(text, "Topic Band", schema, MODEL)
    assert {name for _, _, name in of(found, "hasMember")} == {
        "Peter Marsh",
        "Paul Lindgren",
        "Stephen Albright",
    }
    assert ("Stephen Albright", "endDate", "1986") in found


def test_a_first_name_that_opens_a_sentence_belongs_to_the_last_name(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = "Topic Band are a band. Cliff Jensen - Carl Albright's predecessor - died in 1986."
    assert ("Cliff Jensen", "endDate", "1986") in facts(text, "Topic Band", schema, MODEL)
    text = "Topic Band are a band. Manager Jensen died in 1986."
    assert {one for one, _, _ in facts(text, "Topic Band", schema, MODEL)} <= {"Jensen"}


def test_a_known_name_may_have_a_hyphen_between_spaces(schema: Schema, model: str | None) -> None:
    found = facts("Ann Topic sings. She released Live - Red in 1990.", "Ann Topic", schema, model)
    assert ("Ann Topic", "performed", "Live - Red") in found


@pytest.mark.parametrize(
    ("sentence", "winners"),
    [
        ("Bill Evans and Bud Powell won the Mercury Prize.", {"Bill Evans", "Bud Powell"}),
        (
            "Bill Evans, Bud Powell and Tom Hill received the Mercury Prize.",
            {"Bill Evans", "Bud Powell", "Tom Hill"},
        ),
        ("With Bill Evans, Bud Powell won the Mercury Prize.", {"Bud Powell"}),
    ],
)
def test_all_who_win_an_award_have_it(
    schema: Schema, model: str | None, sentence: str, winners: set[str]
) -> None:
    found = facts(f"Topic Band are a band. {sentence}", "Topic Band", schema, model)
    assert {one for one, _, _ in of(found, "award")} == winners


@pytest.mark.parametrize(
    ("sentence", "members"),
    [
        (
            "She co-founded The Kinks with Tom Hill and Bud Powell.",
            {"Ann Topic", "Tom Hill", "Bud Powell"},
        ),
        (
            "She founded The Kinks in Wallsend in 1990 with the drummer Tom Hill.",
            {"Ann Topic", "Tom Hill"},
        ),
        (
            "With Tom Hill and Bud Powell she formed The Kinks.",
            {"Ann Topic", "Tom Hill", "Bud Powell"},
        ),
        ("She sang with Tom Hill and Bud Powell of The Kinks.", {"Tom Hill", "Bud Powell"}),
        ("Tom Hill and Bud Powell were the core of The Kinks.", {"Tom Hill", "Bud Powell"}),
        ("Members of The Kinks: Tom Hill and Bud Powell.", {"Tom Hill", "Bud Powell"}),
        ("She founded the label Kestrel Row with Tom Hill.", set()),
    ],
)
def test_who_is_in_a_band_with_whom(
    schema: Schema, model: str | None, sentence: str, members: set[str]
) -> None:
    found = facts(f"Ann Topic is a singer. {sentence}", "Ann Topic", schema, model)
    stated = {one for one, predicate, _ in found if predicate == "memberOf"} | {
        other for _, predicate, other in found if predicate == "hasMember"
    }
    assert stated == members


def test_a_player_may_open_a_sentence(schema: Schema, model: str | None) -> None:
    text = "Topic Band are a band. Guitarist Tom Hill and bassist Bud Powell met at school."
    found = facts(text, "Topic Band", schema, model)
    assert {
        ("Topic Band", "hasMember", "Tom Hill"),
        ("Tom Hill", "instrument", "guitar"),
        ("Topic Band", "hasMember", "Bud Powell"),
    } <= found


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("Tom Hill was the drummer of Wallsend '70.", "Wallsend '70"),
        ("Tom Hill of Wallsend 80 sang.", "Wallsend 80"),
        ("Ann Topic is a singer. She joined Blink 182 in 1990.", "Blink 182"),
    ],
)
def test_the_name_of_a_band_may_end_in_a_number(
    schema: Schema, model: str | None, text: str, band: str
) -> None:
    found = facts(text, "Ann Topic", schema, model)
    assert {other for _, _, other in of(found, "memberOf")} == {band}


def test_a_number_of_something_is_no_part_of_the_bands_name(schema: Schema) -> None:
    mentions = formed_mentions("She joined Blink 12 years later, and left Wallsend 1990.")
    assert not [item for item in mentions if item.type == "Band"]


def test_a_verb_tells_places_and_bands_whatever_the_model_says(schema: Schema) -> None:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    text = "Topic Band were founded in Düsseldorf in 1970 by Tom Hill and Bud Powell."
    found = facts(text, "Topic Band", schema, MODEL)
    assert ("Topic Band", "origin", "Düsseldorf") in found
    assert {name for _, _, name in of(found, "hasMember")} == {"Tom Hill", "Bud Powell"}
    text = "Ann Topic sang with Scott Weiland and Duff McKagan of Velvet Revolver."
    assert of(facts(text, "Ann Topic", schema, MODEL), "memberOf") == {
        ("Scott Weiland", "memberOf", "Velvet Revolver"),
        ("Duff McKagan", "memberOf", "Velvet Revolver"),
    }


LINE_UP = {
    ("Mirek Delacourte", "vocals"),
    ("Tamsin Prudhoe", "guitar"),
    ("Rafi Halloran", "drums"),
}


@pytest.mark.parametrize(
    "sentence",
    [
        "The band consists of Mirek Delacourte (vocals), Tamsin Prudhoe (guitar) and Rafi Halloran"
        " (drums).",
        "The band consists of Mirek Delacourte on vocals, Tamsin Prudhoe on guitar and Rafi"
        " Halloran on the drums.",
        "The band consists of Mirek Delacourte – vocals, Tamsin Prudhoe – guitar and Rafi Halloran"
        " – drums.",
        "The band consists of Mirek Delacourte: vocals, Tamsin Prudhoe: guitar and Rafi Halloran:"
        " drums.",
        "The band is made up of Mirek Delacourte, vocals; Tamsin Prudhoe, guitar; and Rafi"
        " Halloran, drums.",
        "Members: Mirek Delacourte - vocals; Tamsin Prudhoe - guitar; Rafi Halloran - drums.",
        "The members are Mirek Delacourte [vocals], Tamsin Prudhoe [guitar], and Rafi Halloran"
        " [drums].",
        "The line-up consisted of Mirek Delacourte (lead singer), Tamsin Prudhoe (guitarist) and"
        " Rafi Halloran (drummer, 2001–2005).",
        "Topic Band are Mirek Delacourte (vocals), Tamsin Prudhoe (guitar) and Rafi Halloran"
        " (drums).",
        "Mirek Delacourte (vocals), Tamsin Prudhoe (guitar) and Rafi Halloran (drums) formed Topic"
        " Band.",
    ],
)
def test_a_line_up_with_instruments(schema: Schema, model: str | None, sentence: str) -> None:
    found = facts(f"Topic Band are a rock band. {sentence}", "Topic Band", schema, model)
    assert {name for _, _, name in of(found, "hasMember")} == {name for name, _ in LINE_UP}
    assert {(one, other) for one, _, other in of(found, "instrument")} == LINE_UP


def test_several_instruments_of_a_member(schema: Schema, model: str | None) -> None:
    text = (
        "Topic Band are a trio. The members are Mirek Delacourte (vocals, guitar), Tamsin Prudhoe"
        " (bass/keyboards) and Rafi Halloran (drums and percussion)."
    )
    found = of(facts(text, "Topic Band", schema, model), "hasMember", "instrument")
    assert {(one, other) for one, predicate, other in found if predicate == "instrument"} == {
        ("Mirek Delacourte", "vocals"),
        ("Mirek Delacourte", "guitar"),
        ("Tamsin Prudhoe", "bass guitar"),
        ("Tamsin Prudhoe", "keyboards"),
        ("Rafi Halloran", "drums"),
        ("Rafi Halloran", "percussion"),
    }
    assert len(of(found, "hasMember")) == 3


def test_a_place_before_one_instrument_is_no_person(schema: Schema, model: str | None) -> None:
    text = "Ann Topic is a singer. She played in Tromso on guitar."
    reader = _reader(model, schema)
    ((read, _),) = reader.read([TextDocument("1", "Ann Topic", text, "t#1")])
    assert ("Tromso", "Person") not in {(item.text, item.type) for item in read.mentions}


@pytest.mark.parametrize(
    "sentence",
    [
        "Formed in Oslo in 2001, Kestrel Row play folk.",
        "Formed in Oslo, Norway, in 2001, Kestrel Row play folk.",
        "Founded in 2001 in Oslo, the band Kestrel Row plays folk.",
        "Formed in Oslo in 2001 by Bill Evans and Bud Powell, Kestrel Row play folk.",
        "Kestrel Row are a band. Established in Oslo in 2001, they play folk.",
    ],
)
def test_a_clause_before_the_band_tells_where_and_when_it_was_formed(
    schema: Schema, model: str | None, sentence: str
) -> None:
    rows = [
        {"record": f"c/{name}", "record_id": "", "source": "c", "type": type_, "name": name}
        | {"aliases": [], "external_ids": [], "attributes": "{}", "evidence": ""}
        for name, type_ in {**KNOWN, "Oslo": "Place", "Norway": "Country"}.items()
    ]
    known = KnownNames.of(RECORDS.frame(rows), common_words([sentence]))
    documents = [TextDocument("1", "Kestrel Row", sentence, "t#1")]
    ((_, relations),) = _reader(model, schema).read(documents, known)
    found = {(item.subject.name, item.predicate, item.object.name) for item in relations}
    assert of(found, "beginDate", "origin") == {
        ("Kestrel Row", "beginDate", "2001"),
        ("Kestrel Row", "origin", "Oslo"),
    }
    assert of(found, "genre") == {("Kestrel Row", "genre", "folk")}


@pytest.mark.parametrize(
    ("sentence", "begin", "end"),
    [
        ("They were active from 1979 to 1986.", "1979", "1986"),
        ("They were active between 1979 and 1986.", "1979", "1986"),
        ("Topic Band were active during the years 1979–1986.", "1979", "1986"),
        ("Topic Band (active 1979–1986) played folk.", "1979", "1986"),
        ("Topic Band (1979–1986) played folk.", "1979", "1986"),
        ("It was a folk band, active in Leeds from 1979 until 1986.", "1979", "1986"),
        ("Active from 1979 to 1986, they played folk.", "1979", "1986"),
        ("They existed from 1979 to 1986.", "1979", "1986"),
        ("The band was together from 1979 to 1986.", "1979", "1986"),
        ("They were active until 1986.", "", "1986"),
        ("They have been active since 1979.", "1979", ""),
        ("Topic Band (1979–present) play folk.", "1979", ""),
        ("They were active from 1979 to 1986 and again from 1990.", "1979", ""),
        ("Disbanded in 1986, they had played folk.", "", "1986"),
    ],
)
def test_years_of_activity(
    schema: Schema, model: str | None, sentence: str, begin: str, end: str
) -> None:
    found = facts(f"Topic Band are a band. {sentence}", "Topic Band", schema, model)
    assert of(found, "beginDate", "endDate") == {
        ("Topic Band", predicate, year)
        for predicate, year in (("beginDate", begin), ("endDate", end))
        if year
    }


def test_years_of_activity_are_not_those_of_birth_and_death(
    schema: Schema, model: str | None
) -> None:
    for text in (
        "Ann Topic was a singer, active from 1979 to 1986.",
        "Nan Topic was active from 1979 to 1986.",
    ):
        found = facts(text, " ".join(text.split()[:2]), schema, model)
        assert not of(found, "beginDate", "endDate")


@pytest.mark.parametrize("pronoun", ["They", "She"])
def test_a_singer_called_they_signs_and_is_influenced(
    schema: Schema, model: str | None, pronoun: str
) -> None:
    were = "were" if pronoun == "They" else "was"
    text = (
        "Ann Topic is a singer from Bristol. "
        f"{pronoun} signed to Warp Records in 1994 and {were} influenced by Kate Bush."
    )
    found = of(facts(text, "Ann Topic", schema, model), "recordLabel", "influencedBy")
    assert found == {
        ("Ann Topic", "recordLabel", "Warp Records"),
        ("Ann Topic", "influencedBy", "Kate Bush"),
    }
