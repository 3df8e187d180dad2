"""Name lists, and their matches in sentences."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg_builder.errors import DataError
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords
from kg_builder.text_models.ner.name_lists import KnownSpan, NameList, read_name_files


def test_names_are_found_however_they_are_written() -> None:
    names = NameList.of_names([("AC/DC", "Band"), ("Björk", "Artist"), ("Destiny's Child", "Band")])
    for text in ("acdc", "ac dc", "bjork", "Björk", "destinys child", "Destiny’s Child"):
        words = ["like", *text.split(), "please"]
        assert names.find(words) == [
            KnownSpan(1, len(words) - 1, ("Artist" if "j" in text else "Band",))
        ], text


def test_the_longest_name_is_found_and_a_genitive_is_no_hindrance() -> None:
    names = NameList.of_names([("pink", "Artist"), ("pink floyd", "Band")])
    assert names.find(["play", "pink", "floyds", "time"]) == [KnownSpan(1, 3, ("Band",))]


def test_a_sentence_does_not_know_its_own_names() -> None:
    one = TaggedWords(("like", "air"), (Span(1, 2, "Artist"),))
    other = TaggedWords(("fresh", "air"), ())
    names = NameList.of_sentences([one, other])
    assert names.find(one.words) == [KnownSpan(1, 2, ("Artist",))]
    assert names.find(one.words, without=one) == []
    again = NameList.of_sentences([one, one])
    assert again.find(one.words, without=one) == [KnownSpan(1, 2, ("Artist",))]


def test_counts_give_the_same_list_back() -> None:
    names = NameList.of_names([("Air", "Band"), ("Air", "Album"), ("Air", "Band")])
    assert NameList(names.counts()).find(["air"]) == [KnownSpan(0, 1, ("Band", "Album"))]


def test_names_from_text_tables_and_folders(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("Air\nSt. Vincent\tSoloArtist\n\n")
    (tmp_path / "entities.tsv").write_text("id\tiri\tname\ttype\n0\tx\tMogwai\tBand\n")
    folder = tmp_path / "built"
    folder.mkdir()
    pd.DataFrame(
        {"name": ["Prince"], "type": ["SoloArtist"], "aliases": [["The Artist"]]}
    ).to_parquet(folder / "records.parquet")
    names = read_name_files([tmp_path / "plain.txt", tmp_path / "entities.tsv", folder])
    assert names.counts() == {
        "air": {"Name": 1},
        "mogwai": {"Band": 1},
        "prince": {"SoloArtist": 1},
        "st vincent": {"SoloArtist": 1},
        "the artist": {"SoloArtist": 1},
    }


def test_well_known_artists_and_works_ship_with_the_project() -> None:
    names = read_name_files([], well_known=True)
    assert names.find(["paranoid", "android", "by", "rhcp"]) == [
        KnownSpan(0, 2, ("Work",)),
        KnownSpan(3, 4, ("Artist",)),
    ]
    assert names.find(["songs", "like", "acdc", "and", "beyonce"]) == [
        KnownSpan(2, 3, ("Artist",)),
        KnownSpan(4, 5, ("Artist",)),
    ]


def test_what_holds_no_names_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_name_files([tmp_path / "none.txt"])
    with pytest.raises(DataError, match=r"neither records\.parquet nor entities\.tsv"):
        read_name_files([tmp_path])
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(DataError, match="no names in it"):
        read_name_files([tmp_path / "empty.txt"])


def test_exactly_these_words_are_looked_up_without_the_sentence_itself() -> None:
    sentence = TaggedWords(("radioheads", "creep"), (Span(0, 1, "Artist"), Span(1, 2, "WoA")))
    other = TaggedWords(("radiohead",), (Span(0, 1, "Artist"),))
    names = NameList.of_sentences([sentence, other])
    assert names.classes == ("Artist", "WoA")
    assert names.counts_of(["creep"]) == {"WoA": 1}
    assert not names.counts_of(["creep"], without=sentence)
    assert names.counts_of(["radioheads"], without=sentence) == {"Artist": 1}
    assert not names.counts_of(["like", "radiohead"])
