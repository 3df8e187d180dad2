"""Compare two builds: facts gained and lost, by source and reason; ids, names and aliases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from kg_builder.errors import DataError
from kg_builder.ontology import load_schema
from kg_builder.sql import literal, literals
from pipeline.stages.artefact_names import EXTRACTED, REJECTS_OF, TYPED_ENTITIES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANGED", "Changes", "diff"]

CHANGED: Final = "another value"
"""Reason of a value that was lost and of the one that takes its place."""

_STATEMENTS: Final = "statements.parquet"
_RENAMED: Final = """
create temp table renamed as
with stated as (
    select record from read_parquet($records)
    where record_id <> '' and record not like '%/line %' and type not in ({reifying})
),
shared as (
    select one.object as old, other.object as new, count(*) as records
    from read_parquet($old) one join read_parquet($new) other using (subject, kind)
    where kind = 'record' and subject in (from stated) group by all
),
best as (
    select old, new, row_number() over (
        partition by new order by records desc, old = new desc, old
    ) = 1 as kept
    from shared
    qualify row_number() over (partition by old order by records desc, old = new desc, new) = 1
)
select old, new, kept from best where old <> new
union all
select new, new || ' (old)', false from best where kept and old <> new
and new in (select entity from old_thing) and new not in (select old from best)
"""
"""Entities that are under another id, where most of their records are now.

Those that are not `kept` have been merged with another entity, or another one has their id now.
"""

_SAME_ENDS: Final = """
with facts as (
    select 'old' as build, coalesce(new, object) as object, * exclude (object, old, new, kept)
    from read_parquet({old}) left join renamed on object = old
    where subject not in (select entity from new_thing)
    union all by name select 'new' as build, * from read_parquet({new})
    where subject not in (select entity from old_thing)
),
ends as (
    select build, subject, any_value(object) filter (predicate = {one}) as one,
           any_value(object) filter (predicate = {other}) as other
    from facts where predicate in ({one}, {other}) group by build, subject
),
pair as (
    select any_value(subject) filter (build = 'old') as old,
           any_value(subject) filter (build = 'new') as new
    from ends where one is not null and other is not null group by one, other
    having count(*) filter (build = 'old') = 1 and count(*) filter (build = 'new') = 1
)
insert into renamed select old, new, true from pair where old not in (select old from renamed)
"""
"""The same for memberships and the like: the only one between its ends, before and after."""

_FACTS: Final = """
create temp view old_fact as
select s.* replace (coalesce(a.new, s.subject) as subject, coalesce(b.new, s.object) as object)
from read_parquet({old}) s left join renamed a on s.subject = a.old
left join renamed b on s.object = b.old;
create temp view new_fact as from read_parquet({new})
"""
_CHANGED: Final = """
with one as (
    select subject, predicate, object, string_agg(distinct source, ', ' order by source) as source,
           string_agg(distinct method, ', ' order by method) as method,
           max(confidence) as confidence, min(evidence) as evidence, bool_and(inferred) as inferred,
           any_value(object_kind) as kind, list(distinct source) as sources
    from {one} group by subject, predicate, object
)
select * from one anti join (select distinct subject, predicate, object from {other})
using (subject, predicate, object) order by subject, predicate, object
"""
_REJECTED: Final = (
    "select detail, min(reason) as reason from read_parquet($rejects) group by detail"
)
_SOURCES: Final = "select distinct source from read_parquet($statements)"
_THINGS: Final = (
    "select distinct unnest([subject, case when object_kind = 'entity' then object end]) as thing "
    "from {fact}"
)
_DESCRIBED: Final = """
with pair as (
    select other.entity, one.entity as was, one, other
    from new_thing other left join renamed on other.entity = renamed.new and kept
    join old_thing one on one.entity = coalesce(renamed.old, other.entity)
    -- an id that now belongs to a namesake is no pair
    where renamed.old is not null or one.entity not in (select old from renamed)
)
select entity, 'id' as change, was as old, entity as new from pair where was <> entity
union all select new, 'merged', old, new from renamed where not kept and new in
    (select entity from new_thing)
union all select entity, 'name', one.name, other.name from pair where one.name <> other.name
union all select entity, 'class', one.type, other.type from pair where one.type <> other.type
union all select entity, 'alias lost', unnest(list_filter(one.aliases, 
    lambda x: not list_contains(other.aliases, x))), '' from pair
union all select entity, 'alias gained', '', unnest(list_filter(other.aliases, 
    lambda x: not list_contains(one.aliases, x))) from pair
order by all
"""


@dataclass(frozen=True)
class Changes:
    """Differences between two builds.

    Attributes:
        gained: facts only in the new build: subject, predicate, object, source, method, confidence,
            evidence, inferred, reason.
        lost: facts only in the old build, with the same columns; entities with their new ids.
        kept: number of facts in both.
        things: what else is told of the entities in both: entity (id in the new build), change
            (id, merged, name, class, alias gained, alias lost), old, new.
    """

    gained: pd.DataFrame
    lost: pd.DataFrame
    kept: int
    things: pd.DataFrame

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

    A fact is subject, predicate and object; a different source for it is not a change. Nor is
    another id of an entity that has the same records. The reason is the most likely one: another
    value, the source is new or gone, a rule no longer concludes it, cleaning dropped it (with the
    reason), the entity is gone, or the source's data changed.

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
        for name, folder in zip(("old", "new"), folders, strict=True):
            table = literal(str(folder / TYPED_ENTITIES))
            base.execute(f"create temp view {name}_thing as from read_parquet({table})")
        old, new = (str(folder / "links.parquet") for folder in folders)
        records = [str(folder / "records.parquet") for folder in folders]
        reifying = {name: one for name, one in load_schema().classes.items() if one.reifies}
        query = _RENAMED.format(reifying=literals(reifying))
        base.execute(query, {"old": old, "new": new, "records": records})
        old, new = (literal(str(folder / _STATEMENTS)) for folder in folders)
        for item in reifying.values():
            ends = {"one": literal(item.subject_by), "other": literal(item.object_by)}
            base.execute(_SAME_ENDS.format(old=old, new=new, **ends))
        base.execute(_FACTS.format(old=old, new=new))
        gained = _missing(base, "new_fact", "old_fact", folders[0], gone=False)
        lost = _missing(base, "old_fact", "new_fact", folders[1], gone=True)
        count = base.execute(
            "select count(*) from (select distinct subject, predicate, object from new_fact)"
        ).fetchall()
        things = base.execute(_DESCRIBED).df()
    _mark_changed(gained, lost)
    gained, lost = (frame.drop(columns="kind") for frame in (gained, lost))
    return Changes(gained, lost, int(count[0][0]) - len(gained), things)


def _missing(
    base: duckdb.DuckDBPyConnection, one: str, other: str, folder: Path, *, gone: bool
) -> pd.DataFrame:
    """The facts of one build missing in the other, which is in `folder`, with the reason."""
    frame = base.execute(_CHANGED.format(one=one, other=other)).df()
    sources = _column(base, _SOURCES, statements=str(folder / _STATEMENTS))
    if (folder / EXTRACTED).is_file():  # a source may have been read without keeping any statement
        sources |= _column(base, _SOURCES, statements=str(folder / EXTRACTED))
    things = _column(base, _THINGS.format(fact=other))
    dropped: dict[str, str] = {}
    for name in REJECTS_OF.values():
        if (folder / name).is_file():
            rejects = str(folder / name)
            dropped |= dict(base.execute(_REJECTED, {"rejects": rejects}).fetchall())
    reasons = [
        _reason(row, sources, things, dropped, gone=gone)
        for row in zip(
            *(frame[name] for name in ("subject", "predicate", "object", "sources", "inferred")),
            strict=True,
        )
    ]
    return frame.drop(columns="sources").assign(reason=reasons)


def _mark_changed(gained: pd.DataFrame, lost: pd.DataFrame) -> None:
    """Set the reason of values of which one was lost and one gained.

    An entity takes the place of another one if the same sources state both: a genre that one source
    no longer states has nothing to do with one that another source adds, or a rule.
    """
    key = ["subject", "predicate"]
    for is_entity, same in ((False, key), (True, [*key, "source"])):
        alone = []
        for frame in (gained, lost):
            fits = frame["kind"] != "entity"
            if is_entity:
                fits = ~fits & ~frame["inferred"]
            alone.append(frame[fits & ~frame.duplicated(key, keep=False)].reset_index())
        both = alone[0].merge(alone[1], on=same, suffixes=("_gained", "_lost"))
        gained.loc[both["index_gained"], "reason"] = CHANGED
        lost.loc[both["index_lost"], "reason"] = CHANGED


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
        return "the thing is gone" if gone else "a new thing"
    if inferred:
        return "no longer inferred" if gone else "newly inferred"
    return "no longer stated" if gone else "newly stated"


def _column(base: duckdb.DuckDBPyConnection, query: str, **values: str) -> set[str]:
    return {row[0] for row in base.execute(query, values).fetchall()}
