"""Forward chaining (semi-naive) over statements: apply all rules until nothing new follows.

Evaluation is semi-naive: from the second round on, at least one premise must be new, so no
derivation is made twice. Joins are hash joins of pandas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd

from kg_builder.inference.rules import FUNCTIONS, Atom, NamedThing, Rule
from kg_builder.ontology import Schema, local_name
from kg_builder.progress import Progress, silent

_KEY: Final = ["subject", "predicate", "object"]
_FACT: Final = [*_KEY, "object_kind", "confidence"]
_MAX_ROUNDS: Final = 20


def closure(
    facts: pd.DataFrame,
    types: pd.Series[str],
    rules: Sequence[Rule],
    schema: Schema,
    *,
    progress: Progress = silent,
) -> tuple[pd.DataFrame, dict[str, NamedThing]]:
    """Compute the facts entailed by the rules (the closure).

    Args:
        facts: columns subject, predicate, object, object_kind, confidence; one row per triple.
        types: class of each entity, indexed by its CURIE.
        rules: the rules to apply.
        schema: the data model; symmetric predicates are written once, smaller name first.
        progress: called after each round with the number of facts derived so far.

    Returns:
        The new facts (columns as `facts`, plus `rule` and `premises`, the readable derivation),
        sorted by triple, the most confident derivation of each; and the entities created by
        functions.
    """
    seen = pd.MultiIndex.from_frame(facts.loc[:, _KEY])
    stated = facts.loc[:, _FACT]
    everything, fresh = stated, stated
    created: dict[str, NamedThing] = {}
    derived: list[pd.DataFrame] = []
    for round_number in range(_MAX_ROUNDS):
        found = [
            _apply(rule, everything, fresh, stated, types, schema, created)
            for rule in rules
            if round_number == 0 or rule.recursive
        ]
        found = [frame for frame in found if len(frame)]
        if not found:
            break
        new = pd.concat(found, ignore_index=True)
        new = new.sort_values(
            [*_KEY, "confidence", "rule", "premises"],
            ascending=[True, True, True, False, True, True],
            kind="stable",
        ).drop_duplicates(_KEY)
        new = new[~pd.MultiIndex.from_frame(new.loc[:, _KEY]).isin(seen)]
        if new.empty:
            break
        derived.append(new)
        fresh = new.loc[:, _FACT]
        everything = pd.concat([everything, fresh], ignore_index=True)
        seen = seen.append(pd.MultiIndex.from_frame(fresh.loc[:, _KEY]))
        progress(sum(map(len, derived)))
    if not derived:
        return facts.loc[:, _FACT].iloc[:0].assign(rule="", premises=""), created
    return pd.concat(derived, ignore_index=True).sort_values(_KEY, ignore_index=True), created


def _apply(
    rule: Rule,
    everything: pd.DataFrame,
    fresh: pd.DataFrame,
    stated: pd.DataFrame,
    types: pd.Series[str],
    schema: Schema,
    created: dict[str, NamedThing],
) -> pd.DataFrame:
    """All conclusions of one rule that use at least one new premise."""
    first_round = fresh is everything
    positions = [0] if first_round else range(len(rule.facts))
    found = []
    for new_position in positions:
        bindings: pd.DataFrame | None = None
        for position, atom in enumerate(rule.facts):
            source = fresh if position == new_position else everything
            matches = _matches(atom, source, position)
            bindings = matches if bindings is None else _join(bindings, matches)
            if bindings.empty:
                break
        if bindings is not None:
            bindings = _except(bindings, rule.unless, stated)
        if bindings is not None and not bindings.empty:
            found.append(_conclude(rule, bindings, types, schema, created))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _matches(atom: Atom, facts: pd.DataFrame, position: int) -> pd.DataFrame:
    """Bindings of one premise: a column per variable, the confidence and the readable fact."""
    rows = facts[facts["predicate"] == atom.predicate]
    columns: dict[str, pd.Series[str]] = {}
    for term, column in ((atom.subject, "subject"), (atom.object, "object")):
        if not term.startswith("?"):
            rows = rows[rows[column] == term]
    if atom.subject == atom.object:
        rows = rows[rows["subject"] == rows["object"]]
    for term, column in ((atom.subject, "subject"), (atom.object, "object")):
        if term.startswith("?"):
            columns[term] = rows[column]
    bindings = pd.DataFrame(columns)
    bindings[f"#confidence{position}"] = rows["confidence"]
    bindings[f"#premise{position}"] = (
        rows["subject"] + " " + rows["predicate"] + " " + rows["object"]
    )
    if atom.object.startswith("?"):
        bindings[f"#kind{atom.object}"] = rows["object_kind"]
    return bindings


def _except(bindings: pd.DataFrame, unless: Sequence[Atom], stated: pd.DataFrame) -> pd.DataFrame:
    """The bindings without a stated fact that matches an `unless` atom."""
    for atom in unless:
        if atom.predicate == "a":
            continue
        objections = _matches(atom, stated, 0)
        shared = [term for term in atom.variables if term in bindings.columns]
        against = pd.MultiIndex.from_frame(objections[shared])
        bindings = bindings[~pd.MultiIndex.from_frame(bindings[shared]).isin(against)]
    return bindings


def _join(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    shared = [column for column in left.columns if column in right.columns]
    on = [column for column in shared if column.startswith("?")]
    right = right.drop(columns=[column for column in shared if column not in on])
    return left.merge(right, on=on) if on else left.merge(right, how="cross")


def _conclude(
    rule: Rule,
    bindings: pd.DataFrame,
    types: pd.Series[str],
    schema: Schema,
    created: dict[str, NamedThing],
) -> pd.DataFrame:
    for atom in (*rule.classes, *rule.other_classes):
        below = {name for name in schema.classes if schema.is_a(name, atom.object)}
        fits = bindings[atom.subject].map(types).isin(below)
        bindings = bindings[fits if atom in rule.premises else ~fits]
    subject, object_ = (
        bindings[term] if term.startswith("?") else pd.Series(term, index=bindings.index)
        for term in (rule.conclusion.subject, rule.conclusion.object)
    )
    kind: pd.Series[str] | str = "entity"
    if rule.function is not None:
        object_ = object_.map(_namer(rule.function, schema, created))
    elif f"#kind{rule.conclusion.object}" in bindings:
        kind = bindings[f"#kind{rule.conclusion.object}"]
    confidence = pd.Series(rule.confidence, index=bindings.index)
    for column in _starting("#confidence", bindings):
        confidence = confidence * bindings[column].astype(float)
    first, *more = _starting("#premise", bindings)
    premises = bindings[first]
    for column in more:
        premises = premises + "; " + bindings[column]
    predicate = schema.predicate(rule.conclusion.predicate)
    if predicate.symmetric:
        swap = (object_ < subject).fillna(False).astype(bool)
        subject, object_ = subject.where(~swap, object_), object_.where(~swap, subject)
    conclusions = pd.DataFrame(
        {
            "subject": subject,
            "predicate": predicate.name,
            "object": object_,
            "object_kind": kind,
            "confidence": confidence,
            "rule": rule.name,
            "premises": premises,
        }
    )
    usable = conclusions["object"].notna() & (conclusions["subject"] != conclusions["object"])
    return conclusions[usable]


def _namer(
    function: str, schema: Schema, created: dict[str, NamedThing]
) -> Callable[[str], str | None]:
    compute = FUNCTIONS[function]
    names: dict[str, str | None] = {}

    def name(value: str) -> str | None:
        if value not in names:
            thing = compute(value)
            names[value] = None
            if thing is not None:
                entity = f"{schema.prefix(thing.type)}:{local_name(thing.name)}"
                created[entity] = thing
                names[value] = entity
        return names[value]

    return name


def _starting(prefix: str, frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if column.startswith(prefix)]
