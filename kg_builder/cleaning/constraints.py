"""Check statements against the data model: domain and range, datatypes, plausible dates."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from kg_builder.ontology import Schema

_YEAR = re.compile(r"-?[0-9]{4}")
_DATES = frozenset({"gYear", "gYearMonth", "date"})
LIFE = ("beginDate", "endDate")
_DATATYPES = {
    "date": _DATES,
    "string": frozenset({"string"}),
    "integer": frozenset({"integer"}),
    "decimal": frozenset({"decimal", "integer"}),
    "duration": frozenset({"duration"}),
    "anyURI": frozenset({"anyURI"}),
    "boolean": frozenset({"boolean"}),
}


def wrong_class(statements: pd.DataFrame, schema: Schema, *, end: str) -> pd.Series[bool]:
    """Mask of statements whose subject (`end` = "subject") or object has a disallowed class.

    Predicates of other vocabularies and entities of unknown class are not checked. The class is
    that in the column "subject type" ("object type").
    """
    return _judged(
        statements["predicate"],
        statements[f"{end} type"],
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


def half_told(statements: pd.DataFrame, schema: Schema) -> pd.Series[bool]:
    """Mask of all that is said of facts, such as memberships, of which an end is missing."""
    found = pd.Series(False, index=statements.index)
    for name, item in schema.classes.items():
        if item.reifies:
            below = [one for one in schema.classes if schema.is_a(one, name)]
            facts = statements[statements["subject type"].isin(below)]
            for end in (item.subject_by, item.object_by):
                whole = facts.loc[facts["predicate"] == end, "subject"]
                found[facts.index[~facts["subject"].isin(whole)]] = True
    return found


def implausible_date(statements: pd.DataFrame, earliest: int, latest: int) -> pd.Series[bool]:
    """Mask of dates whose year lies outside [earliest, latest]."""
    years = _years(statements[statements["object_kind"].isin(_DATES)])
    bad = years.index[~years.between(earliest, latest)]
    return pd.Series(statements.index.isin(bad), index=statements.index)


def ends_before_beginning(statements: pd.DataFrame) -> pd.Series[bool]:
    """Mask of end dates of entities all of whose begin dates are later."""
    dated = statements[statements["object_kind"].isin(_DATES) & statements["predicate"].isin(LIFE)]
    years, ends = _years(dated), dated["predicate"] == "endDate"
    earliest = years[~ends].groupby(dated["subject"]).min()
    bad = dated.index[ends & (years < dated["subject"].map(earliest).astype("float64"))]
    return pd.Series(statements.index.isin(bad), index=statements.index)


def _years(statements: pd.DataFrame) -> pd.Series[float]:
    codes, texts = pd.factorize(statements["object"])
    found = (_YEAR.match(text) for text in texts)
    years = np.array([float(year[0]) if year else np.nan for year in found])
    return pd.Series(years[codes] if len(years) else 0.0, index=statements.index)


def _judged(
    predicates: pd.Series[str], traits: pd.Series[str], bad: Callable[[str, str], bool]
) -> pd.Series[bool]:
    """Evaluate a check once per distinct (predicate, trait) pair; false without a trait."""
    predicate, distinct_predicates = pd.factorize(predicates)
    trait, distinct_traits = pd.factorize(traits)
    width = len(distinct_traits) + 1
    verdicts = np.zeros((len(distinct_predicates), width), dtype=bool)
    for one, other in zip(*np.divmod(np.unique(predicate * width + trait + 1), width), strict=True):
        if other:
            verdicts[one, other - 1] = bad(distinct_predicates[one], distinct_traits[other - 1])
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
