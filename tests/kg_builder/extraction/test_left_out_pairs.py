from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from kg_builder.errors import DataError
from kg_builder.extraction import SourceConfig, extract
from kg_builder.extraction.left_out_pairs import read_left_out_pairs
from kg_builder.ontology import load_schema

SOURCE = {
    "kind": "structured",
    "name": "shop",
    "tables": {
        "bands": {"path": "bands.csv", "type": "Band", "id": "id", "name": "name"},
        "tags": {
            "path": "tags.csv",
            "type": "Tag",
            "id": "id",
            "name": "name",
            "only_if_used": True,
        },
        "taggings": {
            "reads": "links",
            "path": "taggings.csv",
            "subject": {"column": "band", "ref": "bands"},
            "predicate": "tag",
            "object": {"column": "tag", "ref": "tags"},
            "user": "user",
        },
    },
}
VOTES = {"distinct": "user", "min_count": 2}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "bands.csv").write_text("id,name\n1,Can\n2,Neu\n")
    (tmp_path / "tags.csv").write_text("id,name\n10,motorik\n11,kraut\n")
    (tmp_path / "taggings.csv").write_text(
        "user,band,tag\nann,1,10\nbob,1,10\nann,2,10\nbob,2,11\ncat,2,11\n"
    )
    return tmp_path


def tags(root, text: str | None, **settings):
    """The tag statements, the source's counts, and the names of the remaining tags."""
    tables = {**SOURCE["tables"], "taggings": {**SOURCE["tables"]["taggings"], **settings}}
    source = TypeAdapter(SourceConfig).validate_python({**SOURCE, "tables": tables})
    chosen = {}
    if text is not None:
        (root / "pairs.tsv").write_text(text)
        chosen = {"left_out": read_left_out_pairs(root / "pairs.tsv", "shop/bands")}
    found = extract(source, root, schema=load_schema(), **chosen)
    stated = found.statements[found.statements["predicate"] == "tag"]
    facts = sorted(zip(stated["subject"], stated["object"], strict=True))
    short = [(a.removeprefix("shop/bands/"), b.removeprefix("shop/tags/")) for a, b in facts]
    return short, found.counts, set(found.records["name"])


def test_the_acts_of_the_pairs_are_not_read(root):
    facts, counts, names = tags(root, "bob\t2\nann\t2\n")
    assert facts == [("1", "10"), ("1", "10"), ("2", "11")]
    assert counts["taggings: rows of left-out pairs"] == 2
    assert counts["taggings: rows read"] == 5
    assert counts["taggings: rows used"] == 3
    assert names == {"Can", "Neu", "motorik", "kraut"}


def test_votes_are_counted_without_them(root):
    assert tags(root, None, **VOTES)[0] == [("1", "10"), ("2", "11")]
    facts, counts, names = tags(root, "user\titem\ncat\t2\n", **VOTES)
    assert facts == [("1", "10")], "one of two votes is gone"
    assert counts["taggings: rows of left-out pairs"] == 1
    assert "kraut" not in names, "and with them the tag that nothing else uses"


def test_leaving_out_equals_a_file_that_never_had_the_rows(root):
    without = tags(root, "bob\t1\nann\t2\n", **VOTES)
    (root / "taggings.csv").write_text("user,band,tag\nann,1,10\nbob,2,11\ncat,2,11\n")
    never = tags(root, None, **VOTES)
    assert without[0] == never[0]
    assert without[2] == never[2]


def test_a_table_that_names_no_user_is_read_whole(root):
    facts, counts, _ = tags(root, "bob\t2\n", user=None)
    assert len(facts) == 5
    assert "taggings: rows of left-out pairs" not in counts


@pytest.mark.parametrize("heading", ["user\titem", "userID\tartistID", "raw_user\traw_item", ""])
def test_a_heading_is_optional(root, heading):
    (root / "pairs.tsv").write_text(f"{heading}\nann\t1\nann\t1\nbob\t2\n".lstrip())
    pairs = read_left_out_pairs(root / "pairs.tsv", "shop/bands")
    assert pairs.pairs == {("ann", "shop/bands/1"), ("bob", "shop/bands/2")}


def test_unknown_pairs_are_counted_and_unknown_ids_refused(root):
    (root / "pairs.tsv").write_text("ann\t1\nzoe\t1\n")
    pairs = read_left_out_pairs(root / "pairs.tsv", "shop/bands")
    assert pairs.counts([("ann", "shop/bands/1")]) == {
        "left-out pairs: pairs": 2,
        "left-out pairs: pairs that are no interaction": 1,
    }
    with pytest.raises(DataError, match="none of the 2 pairs is an interaction"):
        pairs.counts([("0", "shop/bands/0")])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("user\titem\nann\n", r"pairs\.tsv, line 2: not a user and an item"),
        ("ann\t1\n\t2\n", r"pairs\.tsv, line 2: not a user and an item"),
        ("ann\t1\t1\n", r"pairs\.tsv, line 1: not a user and an item"),
        ("user\titem\n", "no pair in the file"),
        ("", "no pair in the file"),
    ],
)
def test_a_malformed_file_is_an_error_with_its_line(root, text, fault):
    (root / "pairs.tsv").write_text(text)
    with pytest.raises(DataError, match=fault):
        read_left_out_pairs(root / "pairs.tsv", "shop/bands")
