"""Everyday forms of texts: labels by name alone, headers, owners, dates of other events, quotes."""

from __future__ import annotations

import pytest

from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.gazetteer import KnownNames, common_words
from kg_builder.extraction.text.mentions import load_pipeline
from kg_builder.extraction.text.names import formed_mentions
from kg_builder.extraction.text.reader import TextReader
from kg_builder.ontology import Schema

Triple = tuple[str, str, str]
MODEL = "en_core_web_sm"


@pytest.fixture(params=[None, MODEL], ids=["rules alone", "with a parse"])
def model(request: pytest.FixtureRequest) -> str | None:
    if request.param and not load_pipeline(request.param)[1]:
        pytest.skip(f"{MODEL} is not installed")
    return str(request.param) if request.param else None


@pytest.fixture
def parser() -> str:
    if not load_pipeline(MODEL)[1]:
        pytest.skip(f"{MODEL} is not installed")
    return MODEL


def facts(
    title: str, text: str, schema: Schema, model: str | None, topic_type: str = "Artist"
) -> set[Triple]:
    """The relations of a text about artists or works that no other source knows."""
    source = UnstructuredSource(
        kind="unstructured", name="t", path="t.jsonl", model=model, topic_type=topic_type
    )
    reader = TextReader(source, schema, known=KnownNames.of(None, common_words([text])))
    ((_, relations),) = reader.read([TextDocument("1", title, text, "t#1")])
    return {
        (item.subject.name, item.predicate, item.object.name)
        for item in relations
        if item.subject.type != "Name"
        and (item.object.entity is None or item.object.entity.type != "Name")
    }


def of(predicate: str, found: set[Triple]) -> set[tuple[str, str]]:
    return {(subject, object_) for subject, name, object_ in found if name == predicate}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Ann Lee is a singer. She records for Brownswood.", "Brownswood"),
        ("Ann Lee is a singer. In 1953 she recorded for Starday in Dallas.", "Starday"),
        ("Ann Lee is a singer. She made four albums for Sub Pop.", "Sub Pop"),
        ("Ann Lee is a singer. Her debut, Rose, appeared on Grappa in 2009.", "Grappa"),
        ("Ann Lee is a singer. She released Rose in 1988 on Saravah.", "Saravah"),
        ("Ann Lee, singer from Oslo. Label: Razzia.", "Razzia"),
        ("Ann Lee is a singer. Signed with Oveja Negra in 1999.", "Oveja Negra"),
        ("Ann Lee is a singer. She recorded for the BBC.", None),
        ("Ann Lee is a singer. She recorded songs for Disney.", None),
        ("Ann Lee is a singer. Her album was released on Friday.", None),
        ("Ann Lee is a singer. Her single was released on Spotify in 2015.", None),
        ("Ann Lee is a singer. She appeared on Letterman in 1990.", None),
        ("Ann Lee is a singer. She left Blue Train and joined Red Harbour.", None),
    ],
)
def test_labels_by_what_is_said_of_them(
    text: str, label: str | None, schema: Schema, model: str | None
) -> None:
    expected = {("Ann Lee", label)} if label else set()
    assert of("recordLabel", facts("Ann Lee", text, schema, model)) == expected


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Rose was compiled by Joe Hart and issued by Rough Trade on CD only.", "Rough Trade"),
        ("It was recorded in 2005 and finally released by Domino in 2006.", "Domino"),
        ("This is Anna Calder's best album. Rough Trade put it out in 1997.", "Rough Trade"),
        ("Rose was written, recorded and released by Portishead in 1994.", None),
    ],
)
def test_labels_of_works_by_what_is_said_of_them(
    text: str, label: str | None, schema: Schema, parser: str
) -> None:
    expected = {("Rose", label)} if label else set()
    assert of("recordLabel", facts("Rose", text, schema, parser, "Album")) == expected


def test_who_goes_from_a_label_joins_a_label(schema: Schema, parser: str) -> None:
    text = "Ann Lee is a singer. By then Decca had lost interest and she joined Pye."
    found = facts("Ann Lee", text, schema, parser)
    assert of("recordLabel", found) == {("Ann Lee", "Pye")}
    assert not of("memberOf", found)


def test_who_releases_the_album_of_one_person_is_a_label(schema: Schema, parser: str) -> None:
    text = "Ann Lee is a singer. World Circuit released her album Rose in 2010."
    found = facts("Ann Lee", text, schema, parser)
    assert of("recordLabel", found) == {("Ann Lee", "World Circuit")}


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Ann Lee",
            "Ann Lee, Chilean singer-songwriter, b. Valparaíso 1974.",
            {("birthPlace", "Valparaíso"), ("beginDate", "1974"), ("country", "Chile")},
        ),
        (
            "Ann Lee",
            "Ann Lee (Prague, 1 January 1960) is a pianist.",
            {("birthPlace", "Prague"), ("beginDate", "1 January 1960"), ("instrument", "piano")},
        ),
        (
            "Ann Lee",
            "Dame Ann Lee DBE (née Stokes; 12 August 1940 – 3 February 2017) was a pianist.",
            {("beginDate", "12 August 1940"), ("endDate", "3 February 2017")},
        ),
    ],
)
def test_headers_of_persons(
    title: str, text: str, expected: set[tuple[str, str]], schema: Schema, parser: str
) -> None:
    found = {(predicate, object_) for _, predicate, object_ in facts(title, text, schema, parser)}
    assert expected <= found


def test_the_header_of_a_band_is_no_birth(schema: Schema, parser: str) -> None:
    found = facts("Red Sun", "Red Sun (Leeds, 1998) were a rock band.", schema, parser)
    assert not of("birthPlace", found)


def test_a_person_is_born_where_no_model_knows_the_place(schema: Schema) -> None:
    text = "Their manager, Brian Holt, was born in Cardiff in 1951."
    assert ("Brian Holt", "Cardiff") in of("birthPlace", facts("Red Sun", text, schema, MODEL))
    text = "Ann Lee was born in the London borough of Haringey."
    assert ("Ann Lee", "The London") not in of("birthPlace", facts("Ann Lee", text, schema, None))


@pytest.mark.parametrize(
    ("text", "died"),
    [
        ("Dana Orr retired after the death of her husband in 1988.", set()),
        ("Dana Orr was shaken by the death of the bassist Karl Orr in 1988.", {"Karl Orr"}),
        ("Dana Orr lived in Oslo until her death in 1988.", {"Dana Orr"}),
        ("Dana Orr died in Oslo in 1988.", {"Dana Orr"}),
    ],
)
def test_whose_death(text: str, died: set[str], schema: Schema, parser: str) -> None:
    found = of("endDate", facts("Dana Orr", f"Dana Orr is a singer. {text}", schema, parser))
    assert {who for who, _ in found} == died


def test_a_band_that_reforms_has_not_ended(schema: Schema, model: str | None) -> None:
    text = "Fourth Wall broke up in 1999, reformed in 2005 and split again in 2011."
    assert of("endDate", facts("Fourth Wall", text, schema, model)) == {("Fourth Wall", "2011")}
    text = "Fourth Wall are a band. They broke up in 1999. They reformed in 2005."
    assert not of("endDate", facts("Fourth Wall", text, schema, model))
    text = "Fourth Wall are a band. They broke up in 1999. They reunited for a concert in 2005."
    assert of("endDate", facts("Fourth Wall", text, schema, model)) == {("Fourth Wall", "1999")}


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Rose was recorded on 2 July 2005 and released a year later.", set()),
        ("Composed by Elena Voss in 2006, Rose is a sonata.", set()),
        ("Rose is the follow-up to 2004's Wire Garden.", {("Wire Garden", "2004")}),
        ("Rose (2006) was recorded in 2005.", {("Rose", "2006")}),
        ("Rose came out in 2006.", {("Rose", "2006")}),
        ("Rose is on the 2007 album Skies.", {("Skies", "2007")}),
        ("Rose was the hit of 2005's World Cup song contest.", set()),
    ],
)
def test_dates_of_recordings_and_of_other_works_are_not_the_release(
    text: str, dates: set[tuple[str, str]], schema: Schema, model: str | None
) -> None:
    assert of("releaseDate", facts("Rose", text, schema, model, "Album")) == dates


@pytest.mark.parametrize(
    ("text", "performer"),
    [
        ("Rose is an album by Moss & Iron's drummer Cy Ward.", "Cy Ward"),
        ("Rose is an album by Cy Ward.", "Cy Ward"),
        ("Rose is an album by the Icelandic band Frost Harbor.", "Frost Harbor"),
    ],
)
def test_who_made_a_work(text: str, performer: str, schema: Schema, parser: str) -> None:
    found = of("performer", facts("Rose", text, schema, parser, "Album"))
    assert found == {("Rose", performer)}


@pytest.mark.parametrize(
    "text",
    [
        "She shares a birthday with the producer Tony Hale.",
        "She shared a flat with Neneh Cherry.",
        "She met with the producer Tony Hale.",
    ],
)
def test_private_ties_are_no_collaboration(text: str, schema: Schema, model: str | None) -> None:
    found = facts("Ann Lee", f"Ann Lee is a singer. {text}", schema, model)
    assert not of("collaboratedWith", found)


def test_sharing_a_stage_is_a_collaboration(schema: Schema, parser: str) -> None:
    text = "Ann Lee is a singer. She shared the stage with Neneh Cherry."
    found = of("collaboratedWith", facts("Ann Lee", text, schema, parser))
    assert found == {("Ann Lee", "Neneh Cherry")}


def test_the_playing_of_a_relative_is_his(schema: Schema, parser: str) -> None:
    text = "Hannah Quist's father, the cellist Per Quist, played in the Malmö Symphony."
    assert of("memberOf", facts("Hannah Quist", text, schema, parser)) == {
        ("Per Quist", "Malmö Symphony")
    }


def test_the_assistant_of_a_producer_is_no_member(schema: Schema, model: str | None) -> None:
    text = "Ann & The Arrows are a band. Ann married the producer Joe Meek's assistant, Bill Fry."
    found = facts("Ann & The Arrows", text, schema, model)
    assert not of("hasMember", found)


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("They met at a jazz festival.", set()),
        ("They made four albums for Sub Pop.", set()),
        ("They play jazz in pubs.", {"jazz"}),
        ("They play British folk.", {"folk"}),
    ],
)
def test_genres_that_are_part_of_something_else(
    text: str, genres: set[str], schema: Schema, model: str | None
) -> None:
    found = of("genre", facts("Red Sun", f"Red Sun are a band. {text}", schema, model))
    assert {genre for _, genre in found} == genres


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("She recorded 'Mean Old Train' for Chess in 1953.", {"Mean Old Train"}),
        ("Her albums include the Juno-winning Delta Hours (2014).", {"Delta Hours"}),
        ("She released three albums: Fuzz Almanac and Soft Ruin.", {"Fuzz Almanac", "Soft Ruin"}),
        ("Her hit 'Don't Go' was a single.", {"Don't Go"}),
        ("Critics called her 'The Voice of Oslo'.", set()),
    ],
)
def test_where_titles_begin_and_end(
    text: str, works: set[str], schema: Schema, model: str | None
) -> None:
    found = of("performed", facts("Ann Lee", f"Ann Lee is a singer. {text}", schema, model))
    assert {work for _, work in found} == works


@pytest.mark.parametrize(
    ("text", "awards"),
    [
        (
            "He won the David di Donatello for Best Score in 2015.",
            {"David di Donatello for Best Score"},
        ),
        ("He did win a Spellemannprisen in 2003.", {"Spellemannprisen"}),
        ("He won a Fender guitar in 2003.", set()),
        ("He was nominated for the Prix Italia.", set()),
    ],
)
def test_names_of_awards(text: str, awards: set[str], schema: Schema, model: str | None) -> None:
    found = of("award", facts("Joe Hart", f"Joe Hart is a composer. {text}", schema, model))
    assert {award for _, award in found} == awards


def test_what_something_is_not_but_is(schema: Schema, parser: str) -> None:
    text = "Rose is not a band but an album: the 1994 debut of Dutch guitarist Joost Vermeer."
    assert of("performer", facts("Rose", text, schema, parser)) == {("Rose", "Joost Vermeer")}


def test_with_whom_someone_is_contrasted(schema: Schema, parser: str) -> None:
    text = "Unlike her brother Tom Finch, who plays drums in Red Harbour, she is a pianist."
    found = facts("Ada Finch", f"Ada Finch is Irish. {text}", schema, parser)
    assert of("instrument", found) == {("Tom Finch", "drums"), ("Ada Finch", "piano")}
    assert of("associatedWith", found) == {("Ada Finch", "Tom Finch")}


@pytest.mark.parametrize(
    ("text", "instruments"),
    [
        ("Ann Lee is a Japanese koto player.", {"koto"}),
        ("Ann Lee, a Chicago blues harmonica player, lives in Rome.", {"harmonica"}),
        ("Ann Lee is a singer. She plays the dulcimer and the synthesizer.",
         {"vocals", "dulcimer", "synthesizer"}),
    ],
)  # fmt: skip
def test_players_of_any_instrument(
    text: str, instruments: set[str], schema: Schema, parser: str
) -> None:
    found = of("instrument", facts("Ann Lee", text, schema, parser))
    assert found == {("Ann Lee", instrument) for instrument in instruments}


def test_members_and_origin_in_everyday_forms(schema: Schema, parser: str) -> None:
    text = (
        "Velvet Ditch are a four-piece from Sheffield. Bassist Ian Moyle left in 2010 and was "
        "replaced by Jen Cole. Ann Lee and Bob Ray play guitar, drums and bass."
    )
    found = facts("Velvet Ditch", text, schema, parser)
    assert of("origin", found) == {("Velvet Ditch", "Sheffield")}
    assert ("Velvet Ditch", "Jen Cole") in of("hasMember", found)
    assert {who for who, _ in of("instrument", found)} == {"Ian Moyle"}, "who plays what is open"


def test_who_replaces_a_manager_is_no_member(schema: Schema, parser: str) -> None:
    text = "The Owls are a band. Their manager was replaced by Jim Low."
    assert not of("hasMember", facts("The Owls", text, schema, parser))


@pytest.mark.parametrize(
    "text",
    ["She sang with the quartet Ann Lee and Bob Ray.", "She likes the band Joe Hart fronted."],
)
def test_persons_after_the_word_band_are_no_band(text: str, schema: Schema) -> None:
    found = {item.text: item.type for item in formed_mentions(text)}
    assert "Band" not in found.values()


def test_a_group_by_its_place_is_the_group(schema: Schema, parser: str) -> None:
    text = "Static Meadow is a band. The Denver quintet has released the album Fuzz Almanac."
    assert of("performed", facts("Static Meadow", text, schema, parser)) == {
        ("Static Meadow", "Fuzz Almanac")
    }
    text = "Copper Sundays are a band. The Glasgow trio released it on Tin Roof Recordings."
    found = facts("Copper Sundays", text, schema, parser)
    assert "Glasgow" not in {subject for subject, _, _ in found}
