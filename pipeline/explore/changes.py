"""Compare two builds: the facts gained and lost, by source and reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from kg_builder.errors import DataError
from pipeline.stages.artefact_names import EXTRACTED, REJECTS_OF

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Changes", "diff"]

_STATEMENTS: Final = "statements.parquet"
_CHANGED: Final = """
with one as (
    select subject, predicate, object, string_agg(distinct source, ', ' order by source) as source,
           string_agg(distinct method, ', ' order by method) as method,
           max(confidence) as confidence, min(evidence) as evidence, bool_and(inferred) as inferred,
           list(distinct source) as sources
    from read_parquet($one) group by subject, predicate, object
)
select * from one anti join (select distinct subject, predicate, object from read_parquet($other))
using (subject, predicate, object) order by subject, predicate, object
"""
_REJECTED: Final = (
    "select detail, min(reason) as reason from read_parquet($rejects) group by detail"
)
_SOURCES: Final = "select distinct source from read_parquet($statements)"
_THINGS: Final = (
    "select distinct unnest([subject, case when object_kind = 'entity' then object end]) as thing "
    "from read_parquet($statements)"
)


@dataclass(frozen=True)
class Changes:
    """Differences between two builds.

    Attributes:
        gained: facts only in the new build: subject, predicate, object, source, method, confidence,
            evidence, inferred, reason.
        lost: facts only in the old build, with the same columns.
        kept: number of facts in both.
    """

    gained: pd.DataFrame
    lost: pd.DataFrame
    kept: int

    def summary(self) -> pd.DataFrame:
        """Facts by change, source and reason; the most frequent first."""
        import pandas as pd

        parts = [
            frame.groupby(["source", "reason"], as_index=False)
            .agg(facts=("subject", "size"))
            .assign(change=change)
            for change, frame in (("gained", self.gained), ("lost", self.lost))
        ]
        table = pd.concat(parts)[["change", "source", "reason", "facts"]]
        return table.sort_values(
            ["change", "facts", "source", "reason"],
            ascending=[True, False, True, True],
            ignore_index=True,
        )


def diff(old: str | Path, new: str | Path) -> Changes:
    """Find the facts that a new build gained and lost relative to an old one.

    A fact is subject, predicate and object; a different source for it is not a change. The reason
    is the most likely one: the source is new or gone, a rule no longer concludes it, cleaning
    dropped it (with the reason), the entity is gone or renamed, or the source's data changed.

    Args:
        old, new: processed folders.

    Raises:
        DataError: a folder has no build.
    """
    folders = (Path(old), Path(new))
    for folder in folders:
        if not (folder / _STATEMENTS).is_file():
            raise DataError(
                "no built graph here",
                where=str(folder),
                remedy="name two processed folders, the older one first",
            )
    with duckdb.connect() as base:
        gained = _missing(base, *reversed(folders), gone=False)
        lost = _missing(base, *folders, gone=True)
        count = base.execute(
            "select count(*) from (select distinct subject, predicate, object from "
            "read_parquet($new))",
            {"new": str(folders[1] / _STATEMENTS)},
        ).fetchall()
    return Changes(gained, lost, kept=int(count[0][0]) - len(gained))


def _missing(
    base: duckdb.DuckDBPyConnection, one: Path, other: Path, *, gone: bool
) -> pd.DataFrame:
    """The facts of one build missing in the other, with the reason."""
    parts = {"one": str(one / _STATEMENTS), "other": str(other / _STATEMENTS)}
    frame = base.execute(_CHANGED, parts).df()
    sources = _column(base, _SOURCES, statements=parts["other"])
    if (other / EXTRACTED).is_file():  # a source may have been read without keeping any statement
        sources |= _column(base, _SOURCES, statements=str(other / EXTRACTED))
    things = _column(base, _THINGS, statements=parts["other"])
    dropped: dict[str, str] = {}
    for name in REJECTS_OF.values():
        if (other / name).is_file():
            dropped |= dict(base.execute(_REJECTED, {"rejects": str(other / name)}).fetchall())
    reasons = [
        _reason(row, sources, things, dropped, gone=gone)
        for row in zip(
            *(frame[name] for name in ("subject", "predicate", "object", "sources", "inferred")),
            strict=True,
        )
    ]
    return frame.drop(columns="sources").assign(reason=reasons)


def _reason(
    row: tuple[str, str, str, Iterable[str], bool],
    sources: set[str],
    things: set[str],
    dropped: dict[str, str],
    *,
    gone: bool,
) -> str:
    subject, predicate, value, own, inferred = row
    if sources.isdisjoint(own):
        return "the source is gone" if gone else "a new source"
    if reason := dropped.get(f"{subject} {predicate} {value}"):
        return f"dropped: {reason}" if gone else f"was dropped: {reason}"
    if subject not in things:
        return "the thing is gone, or has another id" if gone else "a new thing, or another id"
    if inferred:
        return "no longer inferred" if gone else "newly inferred"
    return "no longer stated" if gone else "newly stated"


def _column(base: duckdb.DuckDBPyConnection, query: str, **values: str) -> set[str]:
    return {row[0] for row in base.execute(query, values).fetchall()}
