"""Check statements against the data model: domain and range, datatypes, plausible dates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kg_builder.ontology import Schema

_DATES = frozenset({"gYear", "gYearMonth", "date"})
_DATATYPES = {
    "date": _DATES,
    "string": frozenset({"string"}),
    "integer": frozenset({"integer"}),
    "decimal": frozenset({"decimal", "integer"}),
    "duration": frozenset({"duration"}),
    "anyURI": frozenset({"anyURI"}),
    "boolean": frozenset({"boolean"}),
}


def wrong_class(
    statements: pd.DataFrame, types: pd.Series[str], schema: Schema, *, end: str
) -> pd.Series[bool]:
    """Mask of statements whose subject (`end` = "subject") or object has a disallowed class.

    Predicates of other vocabularies and entities of unknown class are not checked.
    """
    class_ = statements[end].map(types)
    if end == "object":
        class_ = class_.where(statements["object_kind"] == "entity")
    return _judged(
        statements["predicate"],
        class_,
        lambda predicate, name: not _allowed(predicate, name, schema, end),
    )


def wrong_kind(statements: pd.DataFrame, schema: Schema) -> pd.Series[bool]:
    """Mask of statements with a literal where an entity is required, or vice versa."""
    return _judged(
        statements["predicate"],
        statements["object_kind"],
        lambda predicate, kind: (
            predicate in schema.predicates and kind not in _allowed_kinds(predicate, schema)
        ),
    )


def half_told(statements: pd.DataFrame, types: pd.Series[str], schema: Schema) -> pd.Series[bool]:
    """Mask of all that is said of facts, such as memberships, of which an end is missing."""
    subject, class_ = statements["subject"], statements["subject"].map(types)
    found = pd.Series(False, index=statements.index)
    for name, item in schema.classes.items():
        facts = class_.isin([one for one in schema.classes if schema.is_a(one, name)])
        if item.reifies and facts.any():
            for end in (item.subject_by, item.object_by):
                found |= facts & ~subject.isin(subject[statements["predicate"] == end])
    return found.astype(bool)


def implausible_date(statements: pd.DataFrame, *, earliest: int, latest: int) -> pd.Series[bool]:
    """Mask of dates whose year lies outside [earliest, latest]."""
    dated = statements["object_kind"].isin(_DATES)
    year = pd.to_numeric(
        statements["object"].where(dated).str.extract(r"^(-?\d{4})")[0], errors="coerce"
    )
    return (dated & ~year.between(earliest, latest)).fillna(False).astype(bool)


def ends_before_beginning(statements: pd.DataFrame) -> pd.Series[bool]:
    """Mask of end dates of entities all of whose begin dates are later."""
    years = pd.to_numeric(
        statements["object"].where(statements["object_kind"].isin(_DATES)).str[:4], errors="coerce"
    ).astype("float64")
    begin = years[statements["predicate"] == "beginDate"]
    earliest = begin.groupby(statements["subject"]).min()
    ends = statements["predicate"] == "endDate"
    return (ends & (years < statements["subject"].map(earliest).astype("float64"))).astype(bool)


def _judged(
    predicates: pd.Series[str], traits: pd.Series[str], bad: Callable[[str, str], bool]
) -> pd.Series[bool]:
    """Evaluate a check once per distinct (predicate, trait) pair; false without a trait."""
    predicate, distinct_predicates = pd.factorize(predicates)
    trait, distinct_traits = pd.factorize(traits)
    verdicts = np.zeros((len(distinct_predicates), len(distinct_traits) + 1), dtype=bool)
    for one, other in set(zip(predicate.tolist(), trait.tolist(), strict=True)):
        if other >= 0:
            verdicts[one, other] = bad(distinct_predicates[one], distinct_traits[other])
    return pd.Series(verdicts[predicate, trait], index=predicates.index, dtype=bool)


def _allowed(predicate: str, class_: str, schema: Schema, end: str) -> bool:
    definition = schema.predicates.get(predicate)
    if definition is None:
        return True
    if end == "subject" and schema.has_detail(class_, predicate):
        return True
    allowed = definition.domain if end == "subject" else definition.range
    return not allowed or any(schema.compatible(class_, name) for name in allowed)


def _allowed_kinds(predicate: str, schema: Schema) -> frozenset[str]:
    datatype = schema.predicate(predicate).datatype
    return frozenset({"entity"}) if datatype is None else _DATATYPES[datatype]
