"""Check statements against the data model: domain and range, datatypes, plausible dates."""

from __future__ import annotations

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
    """Statements whose subject (`end` = "subject") or object is of a class not allowed there.

    Predicates of foreign vocabularies are not judged, nor are entities of unknown class.
    """
    pairs = pd.DataFrame(
        {"predicate": statements["predicate"], "class": statements[end].map(types)},
        index=statements.index,
    )
    if end == "object":
        pairs["class"] = pairs["class"].where(statements["object_kind"] == "entity")
    verdicts = {
        (predicate, class_): not _allowed(predicate, class_, schema, end)
        for predicate, class_ in set(pairs.dropna().itertuples(index=False, name=None))
    }
    keys = zip(pairs["predicate"], pairs["class"], strict=True)
    return pd.Series([verdicts.get(key, False) for key in keys], index=statements.index, dtype=bool)


def wrong_kind(statements: pd.DataFrame, schema: Schema) -> pd.Series[bool]:
    """Statements with a literal where a relation needs an entity, or the other way round."""
    kinds = {
        (predicate, kind): kind not in _allowed_kinds(predicate, schema)
        for predicate, kind in set(
            zip(statements["predicate"], statements["object_kind"], strict=True)
        )
        if predicate in schema.predicates
    }
    keys = zip(statements["predicate"], statements["object_kind"], strict=True)
    return pd.Series([kinds.get(key, False) for key in keys], index=statements.index, dtype=bool)


def implausible_date(statements: pd.DataFrame, *, earliest: int, latest: int) -> pd.Series[bool]:
    """Dates whose year lies outside [earliest, latest]."""
    dated = statements["object_kind"].isin(_DATES)
    year = pd.to_numeric(
        statements["object"].where(dated).str.extract(r"^(-?\d{4})")[0], errors="coerce"
    )
    return (dated & ~year.between(earliest, latest)).fillna(False).astype(bool)


def ends_before_beginning(statements: pd.DataFrame) -> pd.Series[bool]:
    """End dates of things whose every begin date is later."""
    years = pd.to_numeric(
        statements["object"].where(statements["object_kind"].isin(_DATES)).str[:4], errors="coerce"
    ).astype("float64")
    begin = years[statements["predicate"] == "beginDate"]
    earliest = begin.groupby(statements["subject"]).min()
    ends = statements["predicate"] == "endDate"
    return (ends & (years < statements["subject"].map(earliest).astype("float64"))).astype(bool)


def _allowed(predicate: str, class_: str, schema: Schema, end: str) -> bool:
    known = schema.predicates.get(predicate)
    if known is None:
        return True
    allowed = known.domain if end == "subject" else known.range
    return not allowed or any(schema.compatible(class_, name) for name in allowed)


def _allowed_kinds(predicate: str, schema: Schema) -> frozenset[str]:
    datatype = schema.predicate(predicate).datatype
    return frozenset({"entity"}) if datatype is None else _DATATYPES[datatype]
