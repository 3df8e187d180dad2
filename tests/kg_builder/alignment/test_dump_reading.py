from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.alignment.dump_contents import split_title
from kg_builder.alignment.dump_lines import (
    CUT_OFF,
    NO_TRIPLE,
    Faults,
    lines,
    literal,
    ntriples_lines,
    title,
    unescape,
)

HEAD = "<http://rdf.freebase.com/ns/m.1>\t<http://rdf.freebase.com/ns/type.object.name>\t"


def escaped(text):
    table = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(table.get(char, char) for char in text)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_any_text_survives_as_a_literal(text):
    assert literal(f'"{escaped(text)}"@en-GB') == (text, "en-gb")


def test_escapes_of_both_lengths():
    assert unescape(r"caf\u00e9 \U0001F3B5 \"noir\"") == 'café 🎵 "noir"'
    assert literal('"1987"^^<http://www.w3.org/2001/XMLSchema#gYear>') == ("1987", "")
    assert literal("<http://example.org/>") is None


@pytest.mark.parametrize("cut", ["plain", "gzip"])
def test_a_dump_that_is_cut_off_keeps_everything_before(tmp_path, cut):
    whole = "".join(f'{HEAD}"Name {i}"@en\t.\n' for i in range(2000)).encode()
    path = tmp_path / "dump"
    packed = gzip.compress(whole) if cut == "gzip" else whole
    path.write_bytes(packed[: len(packed) // 2])
    faults = Faults()
    found = list(lines(path, faults))
    assert 100 < len(found) < 2000
    assert all(line.endswith(b"\t.") for _, line in found)
    assert list(faults.counts) == ["the dump is cut off; everything before the cut is used"]


@pytest.mark.parametrize(("end", "read"), [(" .\n", 2), (" .", 2), (" . ", 2), ("", 1)])
def test_a_last_line_without_a_line_end_is_whole_where_it_ends_in_a_full_stop(tmp_path, end, read):
    path = tmp_path / "dump.nt"
    path.write_text("<http://a/S> <http://a/p> <http://a/O> .\n<http://a/T> <http://a/p> <b>" + end)
    faults = Faults()
    assert len(list(ntriples_lines(path, faults))) == read
    assert faults.counts == ({} if read == 2 else {CUT_OFF: 1})
    assert [location for location, _ in faults.places.get(CUT_OFF, [])] == ["dump.nt#line=2"] * (
        2 - read
    )


def test_triples_of_ntriples(tmp_path):
    path = tmp_path / "dump.nt"
    path.write_text(
        "# a comment\n"
        "<http://a/S> <http://a/p> <http://a/O> .\n"
        '<http://a/S> <http://a/p> "a literal. with spaces"@en .\n'
        "_:b <http://a/p> <http://a/O> .\n"
        "<http://a/S> <http://a/p>\n"
    )
    faults = Faults()
    assert list(ntriples_lines(path, faults)) == [
        (2, "http://a/S", "http://a/p", "<http://a/O>"),
        (3, "http://a/S", "http://a/p", '"a literal. with spaces"@en'),
    ]
    assert faults.counts == {NO_TRIPLE: 1}
    assert faults.places == {NO_TRIPLE: [("dump.nt#line=5", "<http://a/S> <http://a/p>")]}


def test_names_are_read_from_the_ends_of_iris():
    assert title("Does_It_Offend_You,_Yeah%3F") == "Does It Offend You, Yeah?"
    assert split_title("Nirvana (British band)") == ("Nirvana", "British band")
    assert split_title("Paul Taylor (Winger)") == ("Paul Taylor (Winger)", "")
    assert split_title("Revolver (Beatles album)") == ("Revolver", "Beatles album")
    assert split_title("(Young) Pioneers") == ("(Young) Pioneers", "")


@pytest.mark.real_data
def test_the_genuine_head_of_the_dump_is_read_to_the_last_line(real_data):
    faults = Faults()
    path = real_data / "freebase" / "freebase-rdf-head100.gz"
    assert [number for number, _ in lines(path, faults)] == list(range(1, 101))
    assert not faults.counts
