from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from kg_builder.inference import load_rules
from kg_builder.inference.rules import FUNCTIONS, Atom, Rule
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


def test_every_key_of_a_rule_is_read(tmp_path):
    path = rule_file(
        tmp_path,
        """
        [[rule]]
        name = "all"
        because = "a reason with an accent: é"
        when = ["?x a Band", "?x beginDate ?day"]
        then = "?x decade decade(?day)"
        unless = ["?x endDate ?end"]
        earliest = "?day"
        confidence = 0.25
        recursive = false

        [[rule]]
        name = "least"
        when = ["?x origin ?y"]
        then = "?x country ?y"
        """,
    )
    full, least = load_rules(SCHEMA, path)
    assert full == Rule(
        name="all",
        because="a reason with an accent: é",
        premises=(Atom("?x", "a", "Band"), Atom("?x", "beginDate", "?day")),
        conclusion=Atom("?x", "decade", "?day"),
        confidence=0.25,
        function="decade",
        recursive=False,
        unless=(Atom("?x", "endDate", "?end"),),
        earliest="?day",
    )
    assert (full.facts, full.classes) == (full.premises[1:], full.premises[:1])
    assert least == Rule(
        name="least",
        because="",
        premises=(Atom("?x", "origin", "?y"),),
        conclusion=Atom("?x", "country", "?y"),
        confidence=1.0,
        function=None,
        recursive=True,
        unless=(),
        earliest=None,
    )


def test_a_later_file_replaces_rules_of_the_same_name(tmp_path):
    first, second = (tmp_path / name for name in ("first.toml", "second.toml"))
    rule = '[[rule]]\nname = "{}"\nwhen = ["?x origin ?y"]\nthen = "?x country ?y"\n'
    first.write_text(rule.format("a") + rule.format("b"))
    second.write_text(rule.format("a") + "confidence = 0.5\n")
    rules = load_rules(SCHEMA, first, second)
    assert [(found.name, found.confidence) for found in rules] == [("a", 0.5), ("b", 1.0)]
    assert [found.name for found in load_rules(SCHEMA, first, only=["b", "a"])] == ["b", "a"]


def test_a_file_without_rules_is_no_fault(tmp_path):
    assert load_rules(SCHEMA, rule_file(tmp_path, "# nothing yet\n")) == []


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path):
    with pytest.raises(DataError) as missing:
        load_rules(SCHEMA, tmp_path / "gone.toml")
    assert str(missing.value) == f"{tmp_path / 'gone.toml'}: no such rule file"
    path = rule_file(tmp_path, "[[rule]\n")
    with pytest.raises(DataError) as broken:
        load_rules(SCHEMA, path)
    assert str(broken.value).startswith(f"{path}: not TOML: ")


EXAMPLE = "write for instance '?artist origin ?place'"
FAULTS = [
    # (what the rule says, the complaint, the remedy)
    (['when = ["?x genres ?y"]', 'then = "?x genre ?y"'],
     "the data model has no predicate 'genres'", "did you mean 'genre'?"),
    (['when = ["?x genre ?y"]', 'then = "?x genres ?y"'],
     "the data model has no predicate 'genres'", "did you mean 'genre'?"),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?z"'], "no statement binds ['?z']", ""),
    (['when = ["?x genre ?y", "?z a Band"]', 'then = "?x genre ?y"'],
     "no statement binds ['?z']", ""),
    (['when = ["?x genre"]', 'then = "?x genre ?y"'],
     "'?x genre' is not 'subject predicate object'", EXAMPLE),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?y ?z"'],
     "'?x genre ?y ?z' is not 'subject predicate object'", EXAMPLE),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?y"', 'unless = ["?x"]'],
     "'?x' is not 'subject predicate object'", EXAMPLE),
    (['when = ["?x genre ?y"]', 'then = "?x decade century(?y)"'],
     "no function 'century'", "one of: " + ", ".join(FUNCTIONS)),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?y"', 'unles = ["?x decade ?d"]'],
     "no such key: 'unles'", "did you mean 'unless'? keys: name, because, when, then, unless, "
     "earliest, confidence, recursive"),
    (['when = ["?x a Band"]', 'then = "?x genre ?x"'], "no premise is a statement", ""),
    (['when = ["?x genre ?y", "?x a Musician"]', 'then = "?x genre ?y"'],
     "the data model has no class 'Musician'", f"one of: {', '.join(SCHEMA.classes)}"),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?y"', "confidence = 0"],
     "confidence 0.0 is not in (0, 1]", ""),
    (['when = ["?x genre ?y"]', 'then = "?x genre ?y"', "confidence = 1.1"],
     "confidence 1.1 is not in (0, 1]", ""),
    (['when = ["?x origin ?y"]', 'then = "?x country ?y"', 'unless = ["?p country ?q"]'],
     "'unless' ?p country ?q: must be a statement about something that the premises name", ""),
    (['when = ["?x origin ?y"]', 'then = "?x country ?y"', 'earliest = "?x"'],
     "'earliest' ?x is no object of a premise", ""),
    (['when = ["?x origin ?y"]', 'then = "?x country ?y"', 'unless = ["?p a Band"]'],
     "'unless' ?p a Band: must be a statement about something that the premises name", ""),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "fault", "remedy"), FAULTS)
def test_a_wrong_rule_is_refused_with_its_place_and_a_remedy(tmp_path, lines, fault, remedy):
    good = '[[rule]]\nname = "good"\nwhen = ["?x genre ?y"]\nthen = "?x genre ?y"\n'
    path = rule_file(tmp_path, "\n".join([good, "[[rule]]", 'name = "bad"', *lines]))
    with pytest.raises(DataError) as caught:
        load_rules(SCHEMA, path)
    assert (caught.value.where, caught.value.what) == ("rules.toml, rule 2 (bad)", fault)
    assert caught.value.remedy == remedy


def test_a_file_of_something_else_than_rules_is_refused(tmp_path):
    path = rule_file(tmp_path, '[[rules]]\nname = "r"\n')
    with pytest.raises(DataError, match=r"no such key: 'rules' \(did you mean 'rule'\?"):
        load_rules(SCHEMA, path)


def test_a_rule_without_a_name_or_a_premise_is_named_by_its_number(tmp_path):
    path = rule_file(tmp_path, '[[rule]]\nthen = "?x genre ?y"\n')
    with pytest.raises(DataError) as caught:
        load_rules(SCHEMA, path)
    assert str(caught.value) == "rules.toml, rule 1: the rule lacks ['name', 'when']"


def test_full_confidence_is_allowed(tmp_path):
    path = rule_file(
        tmp_path,
        '[[rule]]\nname = "r"\nwhen = ["?x genre ?y"]\nthen = "?x genre ?y"\nconfidence = 1\n',
    )
    assert load_rules(SCHEMA, path)[0].confidence == 1.0


def test_unknown_rule_names_are_listed_with_those_that_there_are(tmp_path):
    rule = '[[rule]]\nname = "{}"\nwhen = ["?x origin ?y"]\nthen = "?x country ?y"\n'
    path = rule_file(tmp_path, rule.format("a") + rule.format("b"))
    with pytest.raises(DataError) as caught:
        load_rules(SCHEMA, path, only=["b", "z", "c"])
    assert str(caught.value) == "no rules named ['c', 'z'] (there are: a, b)"
