"""The alignment stage: entities linked to third-party databases, and what those know of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kg_builder.alignment.candidates import Candidate, NameIndex, Ours, our_entities
from kg_builder.alignment.config import AlignmentConfig, DbpediaNt, FreebaseRdf
from kg_builder.alignment.context import our_bags, their_bags
from kg_builder.alignment.credits import joint_credits
from kg_builder.alignment.dbpedia import gather_dbpedia
from kg_builder.alignment.decide import Decision, candidates_json, decide
from kg_builder.alignment.evidence import best_class, kinds
from kg_builder.alignment.facts import Brought, bring
from kg_builder.alignment.freebase import gather_freebase
from kg_builder.alignment.things import Gathered
from kg_builder.alignment.weigh import weigh
from kg_builder.fusion.judgements import Judgements, read_judgements
from kg_builder.fusion.naming import Naming, assign_curies
from kg_builder.fusion.rewrite import tags_to_genres
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import ENTITIES, LINKS, REJECTS, STATEMENTS


@dataclass(frozen=True)
class Alignment:
    """What the alignment stage hands on.

    Attributes:
        entities: table `ENTITIES`: ours with external ids, then those that only a database
            knows and that a brought fact points to (`records` is 0).
        links: table `LINKS`, kind "external": one row per aligned entity and database, and one
            per new entity; unsure and no_match rows keep their candidates.
        statements: table `STATEMENTS`: what the databases say of linked entities, and joint
            credits. The statements of earlier stages are not repeated.
        rejects: table `REJECTS`: unreadable lines, facts that do not fit the data model.
        renamed: CURIEs that changed because a database taught more about a thing (a tag that is
            a genre); carry them through the other tables with `rename`.
        counts: what happened, for the report.
    """

    entities: pd.DataFrame
    links: pd.DataFrame
    statements: pd.DataFrame
    rejects: pd.DataFrame
    renamed: dict[str, str]
    counts: dict[str, int]


@dataclass(slots=True)
class _State:
    """The tables while one database after the other is aligned."""

    entities: pd.DataFrame
    context: pd.DataFrame
    links: list[dict[str, Any]] = field(default_factory=list)
    statements: list[pd.DataFrame] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


def align(
    entities: pd.DataFrame,
    statements: pd.DataFrame,
    databases: Sequence[FreebaseRdf | DbpediaNt],
    root: Path,
    config: AlignmentConfig,
    *,
    schema: Schema,
    judgements: Judgements | None = None,
    progress: Progress = silent,
) -> Alignment:
    """Link entities to each database in turn; a later one also sees what an earlier one brought.

    Args:
        entities: table `ENTITIES`, after fusion.
        statements: table `STATEMENTS` about these entities: the context that tells namesakes apart.
        databases: third-party databases, in order.
        root: folder that their relative paths start from.
        config: thresholds, classes, hops.
        schema: the data model.
        judgements: a person's decisions, over those of the file in the configuration.
        progress: told the lines read so far of the database at hand.

    Raises:
        DataError: a dump is missing, or the file of judgements is bad.
    """
    decided = dict(read_judgements(config.judgements)) if config.judgements else {}
    decided.update(judgements or {})
    state = _State(entities=ENTITIES.check(entities), context=statements)
    for database in databases:
        _one(state, database, root / database.path, config, schema, decided, progress)
    if config.joint_credits:
        _credits(state, schema)
    brought = [STATEMENTS.empty(), *state.statements]
    links = LINKS.frame(state.links)
    return Alignment(
        entities=state.entities,
        links=rename(links, state.renamed, schema=schema),
        statements=rename(
            STATEMENTS.check(pd.concat(brought, ignore_index=True)), state.renamed, schema=schema
        ),
        rejects=REJECTS.frame(state.rejects),
        renamed=state.renamed,
        counts=state.counts,
    )


def rename(table: pd.DataFrame, renamed: Mapping[str, str], *, schema: Schema) -> pd.DataFrame:
    """A table with the CURIEs that alignment changed; a `tag` that is a genre now is a `genre`.

    Takes statements, links, interactions and any other table with the columns subject, object,
    item or entity.
    """
    frame = table.copy()
    if renamed:
        for column in ("subject", "object", "item", "entity"):
            if column in frame.columns:
                new = frame[column].map(renamed)
                frame[column] = new.where(new.notna(), frame[column]).astype(table[column].dtype)
    if {"predicate", "object_kind"} <= set(frame.columns):
        frame = tags_to_genres(frame, schema)
    return frame


def _one(
    state: _State,
    database: FreebaseRdf | DbpediaNt,
    path: Path,
    config: AlignmentConfig,
    schema: Schema,
    judgements: Judgements,
    progress: Progress,
) -> None:
    ours = our_entities(state.entities, schema, config.types)
    index = NameIndex(ours)
    hop = frozenset(config.second_hop if config.hops > 1 else ())
    gathered = _gather(database, path, index, schema, hop, progress)
    candidates = [
        c for c in index.candidates(gathered) if _plausible(c, ours, gathered, schema, config)
    ]
    weighed = weigh(
        ours, candidates, gathered, our_bags(state.entities, state.context),
        their_bags(gathered), schema,
    )  # fmt: skip
    decisions = decide(ours, weighed, config, judgements)
    linked = {d.thing: (ours[d.entity].curie, d.score) for d in decisions if d.thing}
    state.known |= {curie for curie, _ in linked.values()}
    brought = bring(
        gathered,
        linked,
        {d.thing for d in decisions if d.thing and not ours[d.entity].term},
        schema=schema,
        source=database.name,
        method=database.format,
        file=path.name,
        trust=database.trust,
        taken=state.entities["entity"],
        second_hop=hop,
    )
    _links(state, database.name, ours, decisions, gathered, brought, config)
    _reject(state, database.name, gathered, brought)
    frame = STATEMENTS.frame(brought.statements)
    state.statements.append(frame)
    state.context = pd.concat([state.context, frame], ignore_index=True)
    state.entities = _augmented(state, linked, gathered, brought, schema)
    tally = dict.fromkeys(("match", "unsure", "no_match"), 0)
    for decision in decisions:
        tally[decision.decision] += 1
    for key, value in {
        "lines": gathered.lines, **tally, "statements": len(frame),
        "new entities": len(brought.minted), "rejects": sum(gathered.faults.counts.values())
        + len(brought.rejects),
    }.items():  # fmt: skip
        state.counts[f"{database.name} {key}"] = value


def _gather(
    database: FreebaseRdf | DbpediaNt,
    path: Path,
    index: NameIndex,
    schema: Schema,
    hop: frozenset[str],
    progress: Progress,
) -> Gathered:
    if isinstance(database, FreebaseRdf):
        return gather_freebase(
            database, path, index.knows, schema, second_hop=hop, progress=progress
        )
    return gather_dbpedia(database, path, index.knows, schema, second_hop=hop, progress=progress)


def _plausible(
    candidate: Candidate,
    ours: Sequence[Ours],
    gathered: Gathered,
    schema: Schema,
    config: AlignmentConfig,
) -> bool:
    """A tag is a genre only if enough things bear it as one; vocabularies meet by name alone."""
    entity = ours[candidate.entity]
    if entity.type != "Tag":
        return True
    weights = kinds(gathered.things[candidate.thing], schema)
    genre = weights.get("Genre", 0.0)
    against = sum(w for class_, w in weights.items() if class_ != "Genre")
    return genre >= math.log2(1 + config.genre_uses) and genre > against


def _links(
    state: _State,
    target: str,
    ours: Sequence[Ours],
    decisions: Sequence[Decision],
    gathered: Gathered,
    brought: Brought,
    config: AlignmentConfig,
) -> None:
    with_candidates = {decision.entity: decision for decision in decisions}
    for position, entity in enumerate(ours):
        decision = with_candidates.get(position)
        if decision is None and entity.term:
            continue
        state.links.append(
            {
                "subject": entity.curie,
                "kind": "external",
                "target": target,
                "object": (decision.thing or None) if decision else None,
                "score": round(decision.score, 6) if decision else 0.0,
                "decision": decision.decision if decision else "no_match",
                "method": decision.method if decision else "no candidate",
                "candidates": candidates_json(
                    decision.ranked, gathered.things, config.candidates_kept
                )
                if decision
                else "[]",
            }
        )
    state.links += [
        {
            "subject": curie,
            "kind": "external",
            "target": target,
            "object": key,
            "score": 1.0,
            "decision": "match",
            "method": "new entity",
            "candidates": "[]",
        }
        for key, curie in sorted(brought.curies.items())
    ]


def _reject(state: _State, source: str, gathered: Gathered, brought: Brought) -> None:
    for reason, places in sorted(gathered.faults.places.items()):
        more = gathered.faults.counts[reason] - len(places)
        for position, (place, detail) in enumerate(places):
            last = f" (and {more} more)" if more and position == len(places) - 1 else ""
            state.rejects.append(_row(source, reason, place, detail + last))
    state.rejects += [_row(source, *reject) for reject in brought.rejects]


def _row(source: str, reason: str, evidence: str, detail: str) -> dict[str, Any]:
    return {
        "stage": "alignment",
        "source": source,
        "reason": reason,
        "evidence": evidence,
        "detail": detail,
    }


def _augmented(
    state: _State,
    linked: Mapping[str, tuple[str, float]],
    gathered: Gathered,
    brought: Brought,
    schema: Schema,
) -> pd.DataFrame:
    """Entities with external ids and, where a database knows it better, a more specific class."""
    external = {curie: key for key, (curie, _) in linked.items()}
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in state.entities.to_dict("records")
    ]
    renaming: list[dict[str, Any]] = []
    for row in rows:
        key = external.get(row["entity"])
        if key is None:
            continue
        row["external_ids"] = sorted({*row["external_ids"], key})
        thing = gathered.things[key]
        if row["type"] == "Tag":
            row["type"] = "Genre"
            renaming.append(row)
        elif found := best_class(kinds(thing, schema), (row["type"],), schema):
            better = schema.most_specific((row["type"], found))
            if schema.prefix(better) == schema.prefix(row["type"]):
                row["type"] = better
    names = [
        Naming(
            schema.prefix("Genre"), row["name"], ("genre",), tuple(row["aliases"]), (row["entity"],)
        )
        for row in renaming
    ]
    taken = {row["entity"] for row in rows} | set(brought.curies.values())
    for row, curie in zip(renaming, assign_curies(names, taken=taken), strict=True):
        state.renamed[row["entity"]] = curie
        row["entity"] = curie
    state.context = rename(state.context, state.renamed, schema=schema)
    return ENTITIES.frame(sorted([*rows, *brought.minted], key=lambda row: str(row["entity"])))


def _credits(state: _State, schema: Schema) -> None:
    joined, statements = joint_credits(state.entities, schema, known_single=state.known)
    state.counts["joint credits"] = len(joined)
    state.statements.append(STATEMENTS.frame(statements))
    if joined:
        frame = state.entities
        is_joint = frame["entity"].isin(list(joined)) & ~frame["entity"].isin(list(state.known))
        frame.loc[is_joint, "type"] = "Collaboration"
