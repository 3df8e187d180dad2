"""Known names: a batch of texts gets all that occur in it, with the same result as all names."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.extraction.text.gazetteer import Gazetteer, KnownNames, common_words
from kg_builder.extraction.text.mentions import load_pipeline, sentences_of
from kg_builder.ontology import load_schema
from tests.kg_builder.extraction.test_extraction_text import gazetteer_of

WORDS = st.sampled_from(
    ["Air", "air", "The", "can", "Can", "U2", "rock", "Été", "AC/DC", "!!!", "trip-hop", "90s", "ß"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
CLASSES = st.sampled_from(["Band", "Genre", "Album", "Place"])


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(st.tuples(NAMES, CLASSES), max_size=8),
    texts=st.lists(st.lists(WORDS, max_size=9).map(" ".join), min_size=1, max_size=3),
)
def test_the_names_of_a_batch_find_what_all_names_find(
    names: list[tuple[str, str]], texts: list[str]
) -> None:
    known = KnownNames.of(gazetteer_of(*names), common_words(texts))
    few = known.within(texts)
    assert few.within(texts) == few
    nlp, _ = load_pipeline(None)
    for text in texts:
        doc, sentences = nlp(text), sentences_of(text)
        found = [
            [
                (one.start, one.end, one.type, one.name)
                for one in gazetteer.find(doc, doc.text, sentences)
            ]
            for gazetteer in (
                Gazetteer(nlp, known, load_schema()),
                Gazetteer(nlp, few, load_schema()),
            )
        ]
        assert found[0] == found[1]


def test_a_name_is_not_part_of_a_contraction() -> None:
    known = KnownNames.of(gazetteer_of(("Can", "Band")))
    assert not known.within(["They cannot sing."]).names
    assert known.within(["They saw Can, live."]).names


def test_a_name_without_words_is_looked_for_where_it_stands() -> None:
    known = KnownNames.of(gazetteer_of(("!!!", "Band")))
    assert known.within(["!!! are from Sacramento."]).names
    assert not known.within(["What a song!"]).names
