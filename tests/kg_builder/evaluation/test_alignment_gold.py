from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.evaluation.alignment_gold import page_title, read_gold, recognise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m.0c_jw", ("freebase", "m.0c_jw")),
        ("/m/0c_jw", ("freebase", "m.0c_jw")),
        ("fb:m.0c_jw", ("freebase", "m.0c_jw")),
        ("<http://rdf.freebase.com/ns/m.0c_jw>", ("freebase", "m.0c_jw")),
        ("http://www.freebase.com/m/0c_jw", ("freebase", "m.0c_jw")),
        ("http://dbpedia.org/resource/Bj%C3%B6rk", ("dbpedia", "Björk")),
        ("https://dbpedia.org/page/The_Who", ("dbpedia", "The_Who")),
        ("dbr:The Who", ("dbpedia", "The_Who")),
        ("https://en.wikipedia.org/wiki/AC/DC", ("dbpedia", "AC/DC")),
        ("http://www.wikidata.org/entity/Q44190", ("wikidata", "Q44190")),
        (
            "https://musicbrainz.org/artist/A74B1B7F-71A5-4011-9441-D0B5E4122711",
            ("musicbrainz", "a74b1b7f-71a5-4011-9441-d0b5e4122711"),
        ),
        ("Radiohead", ("", "")),
    ],
)
def test_ids_are_recognised_in_every_spelling(text, expected):
    database, key = recognise(text)
    assert (database, key.lower() if database == "musicbrainz" else key) == expected


@given(st.text(max_size=40))
def test_a_title_is_stable(text):
    title = page_title(text.replace("%", ""))
    assert page_title(title.replace("%", "")) == title


def write(tmp_path, text):
    path = tmp_path / "gold.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_heading_is_optional_and_ids_may_be_several(tmp_path):
    rows = "10\t/m/0c_jw\n10\tm.01\n11\tm.02|m.03\n12\tNIL\n"
    plain = read_gold(write(tmp_path, rows))
    headed = read_gold(write(tmp_path, "raw_id\tmid\n# by two people\n" + rows))
    assert plain == headed
    assert plain.database == "freebase"
    assert plain.links == {
        "10": frozenset({"m.0c_jw", "m.01"}),
        "11": frozenset({"m.02", "m.03"}),
        "12": frozenset(),
    }


def test_bare_titles_are_those_of_dbpedia(tmp_path):
    gold = read_gold(write(tmp_path, "1\tNirvana (band)\n2\tthe Who\n"))
    assert gold.database == "dbpedia"
    assert gold.links == {"1": frozenset({"Nirvana_(band)"}), "2": frozenset({"The_Who"})}


def test_the_column_of_ids_is_found(tmp_path):
    rows = "1\tMuse\thttp://dbpedia.org/resource/Muse_(band)\n2\tQ2\thttp://dbpedia.org/resource/U2"
    gold = read_gold(write(tmp_path, rows))
    assert gold.links == {"1": frozenset({"Muse_(band)"}), "2": frozenset({"U2"})}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10\tm.1\n11 m.2\n", r"gold\.tsv, line 2: no tab in '11 m\.2'"),
        ("\n", r"gold\.tsv: no gold links"),
        ("1\tm.1\n2\tm.2\n3\tRadiohead\n", r"line 3: 'Radiohead' is no id of freebase"),
    ],
)
def test_a_bad_table_is_reported_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_gold(write(tmp_path, text))


def test_a_missing_table_is_reported(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_gold(tmp_path / "none.tsv")
