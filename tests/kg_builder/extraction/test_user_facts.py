from __future__ import annotations

import pytest
from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.extraction.user_facts import UserTable, read_user_facts

FRIENDS = UserTable.model_validate(
    {
        "path": "friends.tsv",
        "user": "user",
        "columns": {"friend": {"relation": "friend", "user": True, "undirected": True}},
    }
)
PEOPLE = UserTable.model_validate(
    {
        "path": "people.csv",
        "user": "id",
        "columns": {
            "job": {"relation": "occupation", "values": {"7": "lawyer", "0": ""}},
            "speaks": {"relation": "speaks", "type": "language", "split": ";"},
        },
    }
)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "friends.tsv").write_text("user\tfriend\nann\tbob\ncat\t\n\tbob\nann\n")
    (tmp_path / "people.csv").write_text('id,job,speaks\nann,7,"English; Icelandic"\nbob,0,\n')
    return tmp_path


def stated(facts):
    columns = ["user", "relation", "object", "type"]
    return [tuple(row) for row in facts[columns].itertuples(index=False)]


def test_users_and_values_are_read_as_they_are_stated(root):
    found = read_user_facts([FRIENDS, PEOPLE], root)
    assert stated(found.facts) == [
        ("ann", "friend", "bob", "User"),
        ("ann", "occupation", "lawyer", "occupation"),
        ("ann", "speaks", "English", "language"),
        ("ann", "speaks", "Icelandic", "language"),
    ]
    assert found.facts["undirected"].tolist() == [True, False, False, False]
    assert found.facts["evidence"].tolist()[0] == "friends.tsv#line=2"


def test_every_row_is_accounted_for(root):
    found = read_user_facts([FRIENDS, PEOPLE], root)
    rejected = list(zip(found.rejects["reason"], found.rejects["evidence"], strict=True))
    assert sorted(rejected) == [
        ("empty user", "friends.tsv#line=3"),
        ("empty user", "friends.tsv#line=4"),
        ("wrong number of cells", "friends.tsv#line=5"),
    ]
    counts = found.counts
    assert counts["users: friends.tsv: rows read"] == 4
    assert counts["users: friends.tsv: rows used"] == 1
    assert counts["users: friends.tsv: rows rejected"] == 3
    assert counts["users: people.csv: rows without occupation"] == 1, "'0' says nothing"
    assert counts["users: people.csv: rows without speaks"] == 1


def test_a_missing_column_or_file_is_an_error_with_a_remedy(root):
    (root / "people.csv").write_text("id,jobs\nann,7\n")
    with pytest.raises(DataError, match=r"people\.csv: no column 'job' \(did you mean 'jobs'"):
        read_user_facts([PEOPLE], root)
    (root / "people.csv").unlink()
    with pytest.raises(DataError, match="no such file"):
        read_user_facts([PEOPLE], root)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"a": {"relation": "job", "undirected": True}}, "add 'user = true'"),
        ({"a": {"relation": "friend", "user": True, "type": "pal"}}, "there are none"),
        ({"a": {"relation": "job", "type": "User"}}, "use 'user = true'"),
        ({"a": {"relation": "job/s"}}, "pattern"),
        ({"a": {"relation": "x"}, "b": {"relation": "x", "user": True}}, "different objects"),
        ({}, "at least 1 item"),
    ],
)
def test_contradicting_settings_are_refused(columns, fault):
    with pytest.raises(ValidationError, match=fault):
        UserTable.model_validate({"path": "a.csv", "user": "id", "columns": columns})
