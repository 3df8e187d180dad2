from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from kg_builder.inference import load_rules
from kg_builder.ontology import load_schema

SCHEMA = load_schema()


def rule_file(tmp_path, text):
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_projects_own_rules_are_valid():
    rules = load_rules(SCHEMA)
    assert {"origin-gives-country", "band-decade"} <= {rule.name for rule in rules}
    assert all(rule.because for rule in rules)


@pytest.mark.parametrize(
    ("when", "then", "fault"),
    [
        ("?x genres ?y", "?x genre ?y", "no predicate 'genres'"),
        ("?x genre ?y", "?x genre ?z", r"no statement binds \['\?z'\]"),
        ("?x genre", "?x genre ?y", "is not 'subject predicate object'"),
        ("?x genre ?y", "?x decade century(?y)", "no function 'century'"),
        ("?x a Musician", "?x genre ?y", "no premise is a statement"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path, when, then, fault):
    path = rule_file(tmp_path, f'[[rule]]\nname = "r"\nwhen = ["{when}"]\nthen = "{then}"\n')
    with pytest.raises(DataError, match=fault) as caught:
        load_rules(SCHEMA, path)
    assert "rules.toml, rule 1" in str(caught.value)


def test_an_exception_must_concern_what_the_rule_speaks_of(tmp_path):
    path = rule_file(
        tmp_path,
        '[[rule]]\nname = "r"\nwhen = ["?x origin ?y"]\nthen = "?x country ?y"\n'
        'unless = ["?p country ?q"]\n',
    )
    with pytest.raises(DataError, match="something that the premises name"):
        load_rules(SCHEMA, path)


def test_unknown_rule_names_are_told():
    with pytest.raises(DataError, match="no rules named"):
        load_rules(SCHEMA, only=["no-such-rule"])
