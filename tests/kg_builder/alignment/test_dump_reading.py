from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.alignment.dump_contents import split_title
from kg_builder.alignment.dump_lines import (
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


def test_lines_are_numbered_and_bad_ones_counted(tmp_path):
    path = tmp_path / "dump"
    path.write_text(f'{HEAD}"One"@en .\nno triple at all\n\n{HEAD}"Two"@en .\n')
    faults = Faults()
    found = list(ntriples_lines(path, faults))
    assert [line[0] for line in found] == [1, 4]
    assert found[1][3] == '"Two"@en'
    assert faults.counts == {"line is no triple": 1}
    assert faults.places["line is no triple"][0][0] == "dump#line=2"


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


def test_a_whole_last_line_needs_no_line_end(tmp_path):
    path = tmp_path / "dump"
    path.write_text(f'{HEAD}"One"@en .')
    faults = Faults()
    assert [line[3] for line in ntriples_lines(path, faults)] == ['"One"@en']
    assert not faults.counts


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
    found = [line[1:] for line in ntriples_lines(path, faults)]
    assert found == [
        ("http://a/S", "http://a/p", "<http://a/O>"),
        ("http://a/S", "http://a/p", '"a literal. with spaces"@en'),
    ]
    assert faults.counts == {"line is no triple": 1}


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
    assert len(list(lines(path, faults))) == 100
    assert not faults.counts
