from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.alignment import AlignmentConfig, FreebaseRdf, align, read_links, supplied_links
from kg_builder.alignment.link_files import format_links
from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

NS = "http://rdf.freebase.com/ns/"
MIDS = st.from_regex(r"m\.0[a-z0-9_]{2,6}", fullmatch=True)
RAW = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)


def written(tmp_path, text):
    path = tmp_path / "links.txt"
    path.write_text(text, encoding="utf-8")
    return path


@given(st.dictionaries(RAW, MIDS, max_size=20), st.sampled_from(["kb4rec", "recbole"]))
def test_what_is_exported_can_be_imported(tmp_path_factory, pairs, style):
    path = written(tmp_path_factory.getbasetemp(), format_links(pairs.items(), style))
    assert {(line.raw, line.external) for line in read_links(path)} == {
        (raw, f"freebase:{mid}") for raw, mid in pairs.items()
    }


def test_the_published_forms_are_read(tmp_path):
    text = "25991\tm.09pglcq\n25993 m.0cjwhb\n\nB000-x\t/m/0k443\n7\t<http://rdf.freebase.com/ns/g.11x>\n"
    assert [(line.raw, line.external) for line in read_links(written(tmp_path, text))] == [
        ("25991", "freebase:m.09pglcq"),
        ("25993", "freebase:m.0cjwhb"),
        ("B000-x", "freebase:m.0k443"),
        ("7", "freebase:g.11x"),
    ]


@pytest.mark.parametrize("line", ["25991", "25991\tQ42", "\tm.0x", "1\tm.0x extra"])
def test_a_line_that_is_no_link_is_reported_with_its_place(tmp_path, line):
    path = written(tmp_path, f"1\tm.0ok\n{line}\n")
    with pytest.raises(DataError, match=r"links\.txt:2: not a link.*m\.06mj4"):
        read_links(path)


def test_a_missing_link_file_is_reported(tmp_path):
    with pytest.raises(DataError, match="no such link file"):
        read_links(tmp_path / "gone")


def test_contradictions_and_unknown_items_are_counted(tmp_path):
    text = "1\tm.0a\n2\tm.0b\n3\tm.0a\n4\tm.0c\n9\tm.0z\n"
    lines = read_links(written(tmp_path, text))
    owners = {"1": ["artist:A"], "2": ["artist:A"], "3": ["artist:C"], "4": ["artist:D"]}
    found = supplied_links(lines, owners)
    assert found.links == {"artist:A": "freebase:m.0a", "artist:D": "freebase:m.0c"}
    assert [(reason, location) for reason, location, _ in found.rejects] == [
        ("given links contradict each other", "links.txt#line=2"),
        ("given links contradict each other", "links.txt#line=3"),
        ("a given link is of no item", "links.txt#line=5"),
    ]


def thing(mid, name):
    return (
        f'<{NS}{mid}>\t<{NS}type.object.name>\t"{name}"@en\t.\n'
        f"<{NS}{mid}>\t<{NS}type.object.type>\t<{NS}music.artist>\t.\n"
        f"<{NS}{mid}>\t<{NS}music.artist.genre>\t<{NS}m.0g>\t.\n"
    )


DUMP = (
    thing("m.0right", "Iris")
    + thing("m.0wrong", "Iris")
    + thing("m.0stage", "Florian-Ayala Fauna")
    + f'<{NS}m.0g>\t<{NS}type.object.name>\t"noise"@en\t.\n'
)


def aligned(tmp_path, given, *external, name="Iris"):
    (tmp_path / "fb").write_text(DUMP)
    row = {"entity": "artist:Iris", "type": "Artist", "name": name, "aliases": [],
           "external_ids": list(external), "attributes": "{}", "records": 1}  # fmt: skip
    result = align(
        ENTITIES.frame([row]),
        STATEMENTS.empty(),
        [FreebaseRdf(name="freebase", path="fb")],
        tmp_path,
        AlignmentConfig(),
        schema=load_schema(),
        supplied_links=given,
    )
    (link,) = result.links[result.links["subject"] == "artist:Iris"].to_dict("records")
    return result, link


@pytest.mark.parametrize("mid", ["m.0right", "m.0wrong", "m.0stage"])
def test_a_given_link_is_made_whatever_the_names_say(tmp_path, mid):
    result, link = aligned(tmp_path, {"artist:Iris": f"freebase:{mid}"})
    assert (link["object"], link["decision"]) == (f"freebase:{mid}", "match")
    facts = set(zip(result.statements["subject"], result.statements["predicate"], strict=True))
    assert facts == {("artist:Iris", "genre")}


def test_a_given_link_wins_over_a_stated_one_and_is_reported(tmp_path):
    given = {"artist:Iris": "freebase:m.0right"}
    result, link = aligned(tmp_path, given, "freebase:m.0wrong", "wikidata:Q1")
    assert link["object"] == "freebase:m.0right"
    ids = result.entities.set_index("entity").loc["artist:Iris", "external_ids"]
    assert list(ids) == ["freebase:m.0right", "wikidata:Q1"]
    rejects = result.rejects[result.rejects["reason"] == "another link was given"]
    assert rejects["detail"].tolist() == [
        "freebase:m.0right given, freebase:m.0wrong stated by a source"
    ]


def test_a_given_link_stands_although_the_dump_lacks_the_thing(tmp_path):
    result, link = aligned(tmp_path, {"artist:Iris": "freebase:m.0elsewhere"})
    assert (link["object"], link["method"]) == ("freebase:m.0elsewhere", "given, not in the dump")
    assert result.statements.empty


def test_what_would_have_been_decided_is_reported(tmp_path):
    name = "Florian-Ayala Fauna"
    assert aligned(tmp_path, {}, name=name)[1]["object"] == "freebase:m.0stage"
    result, link = aligned(tmp_path, {"artist:Iris": "freebase:m.0right"}, name=name)
    assert link["object"] == "freebase:m.0right"
    rejects = result.rejects[result.rejects["reason"] == "another link was given"]
    assert rejects["detail"].tolist() == ["freebase:m.0right given, freebase:m.0stage decided"]
