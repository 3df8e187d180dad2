"""Of an entity's spellings the right one is its name."""

from __future__ import annotations

import pytest

from kg_builder.fusion.fuse import Record, fuse
from kg_builder.fusion.spellings import Spellings
from kg_builder.ontology import load_schema

SCHEMA = load_schema()


def song(source: str, name: str) -> Record:
    return Record(f"{source}/{name}", source, "Song", name, (), (), {})


def names(*titles: tuple[str, str]) -> list[str]:
    """The names of songs, each as it is called by source a and by source b."""
    clusters = [[song("a", one), song("b", other)] for one, other in titles]
    spellings = Spellings(clusters)
    return [fuse(records, SCHEMA, {}, spellings.preference).name for records in clusters]


OTHERS = [("Blue Train", "Blue Train"), ("Green Hills", "Green Hills"), ("A Love", "A Love")]


@pytest.mark.parametrize("swap", [False, True])
def test_a_word_of_other_names_is_spelt_right(swap):
    pair = ("Bleu Hills", "Blue Hills")
    assert names(*OTHERS, pair[::-1] if swap else pair)[-1] == "Blue Hills"


def test_where_no_word_decides_the_source_with_fewer_mistakes_does():
    decided = [("Bleu Love", "Blue Love"), ("Tarin Hills", "Train Hills")]
    assert names(*OTHERS, *decided, ("Umbrlla", "Umbrella"))[-1] == "Umbrella"
    swapped = [pair[::-1] for pair in [*decided, ("Umbrlla", "Umbrella")]]
    assert names(*OTHERS, *swapped)[-1] == "Umbrella"


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("ALL BLUES", "All Blues"),
        ("all blues", "All Blues"),
        ("Hoppipolla", "Hoppípolla"),
        ("Abba", "ABBA"),  # a single word may be written in capitals
    ],
)
def test_capitals_and_accents(worse, better):
    found = names((worse, better))[0], names((better, worse))[0]
    assert found == ((better, better) if worse != "Abba" else ("Abba", "ABBA"))


def test_what_most_records_say_comes_first():
    cluster = [song("a", "Bleu Train"), song("b", "Bleu Train"), song("c", "Blue Train")]
    spellings = Spellings([cluster, [song("a", "Blue Hills")], [song("a", "Train")]])
    assert fuse(cluster, SCHEMA, {}, spellings.preference).name == "Bleu Train"
