"""Run alignment: link entities to each external database in turn, then import its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from kg_builder.alignment.config import AlignmentConfig, ThirdParty
from kg_builder.alignment.dump_contents import Gathered
from kg_builder.alignment.imported_facts import ImportedFacts, import_facts
from kg_builder.alignment.joint_credits import joint_credits
from kg_builder.alignment.linking import Linking, link
from kg_builder.alignment.merging import augmented, one_genre_per_name
from kg_builder.alignment.select import candidates_json
from kg_builder.alignment.state import State, link_row, reject_row, rename, rows_of
from kg_builder.fusion.judgements import Judgements, read_judgements
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import ENTITIES, LINKS, REJECTS, STATEMENTS

OVERRULED: Final = "another link was given"
"""Why an id that a source stated, or a link that was decided, is not used."""


def apply_supplied_links(state: State) -> list[dict[str, Any]]:
    """Replace ids stated by sources with supplied ids; report a reject row where they differ."""
    rejects = []
    rows = rows_of(state.entities) if state.supplied_links else []
    for row in rows:
        supplied = state.supplied_links.get(row["entity"])
        if supplied is None:
            continue
        database = supplied.partition(":")[0]
        for other in row["external_ids"]:
            if other.partition(":")[0] == database and other != supplied:
                detail = f"{supplied} given, {other} stated by a source"
                rejects.append(reject_row(database, OVERRULED, row["entity"], detail))
        others = [one for one in row["external_ids"] if one.partition(":")[0] != database]
        row["external_ids"] = sorted({*others, supplied})
    if rows:
        state.entities = ENTITIES.frame(rows)
    return rejects


@dataclass(frozen=True)
class Alignment:
    """Result of the alignment stage.

    Attributes:
        entities: table `ENTITIES`: our entities with external ids, then objects of imported facts
            that no source of ours describes (`records` is 0).
        links: table `LINKS`, kind "external": one row per aligned entity and database, and one
            per new entity; unsure and no_match rows keep their candidates.
        statements: table `STATEMENTS`: the databases' facts about linked entities, and joint
            credits. The statements of earlier stages are not repeated.
        rejects: table `REJECTS`: unreadable lines, facts that do not fit the data model.
        renamed: old CURIE → new CURIE where a database gives a more specific class (a tag that is a
            genre); apply it to the other tables with `rename`.
        counts: figures for the report.
    """

    entities: pd.DataFrame
    links: pd.DataFrame
    statements: pd.DataFrame
    rejects: pd.DataFrame
    renamed: dict[str, str]
    counts: dict[str, int]


def align(
    entities: pd.DataFrame,
    statements: pd.DataFrame,
    databases: Sequence[ThirdParty],
    root: Path,
    config: AlignmentConfig,
    *,
    schema: Schema,
    judgements: Judgements | None = None,
    supplied_links: Mapping[str, str] | None = None,
    popularity: Mapping[str, int] | None = None,
    progress: Progress = silent,
) -> Alignment:
    """Link entities to each database in turn; facts of one are context for the next.

    Args:
        entities: table `ENTITIES`, after fusion.
        statements: table `STATEMENTS` about these entities: the context that distinguishes
            namesakes.
        databases: third-party databases, in order.
        root: folder that their relative paths start from.
        config: thresholds, classes, hops.
        schema: the data model.
        judgements: a person's decisions; they override those of the configured file.
        supplied_links: entity CURIE → its CURIE in a database, from a link file; they override ids
            that a source states and links that would be selected.
        popularity: entity CURIE → number of its interactions; of two spellings of one name the more
            popular one is linked first.
        progress: called with the number of lines read so far of the current dump.

    Raises:
        DataError: a dump is missing, or the file of judgements is bad.
    """
    all_judgements = dict(read_judgements(config.judgements)) if config.judgements else {}
    all_judgements.update(judgements or {})
    state = State(entities=ENTITIES.check(entities), context=statements)
    state.supplied_links = dict(supplied_links or {})
    state.popularity = popularity or {}
    state.rejects += apply_supplied_links(state)
    for database in databases:
        _align_with(state, database, root / database.path, config, schema, all_judgements, progress)
    one_genre_per_name(state)
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


def _align_with(
    state: State,
    database: ThirdParty,
    path: Path,
    config: AlignmentConfig,
    schema: Schema,
    judgements: Judgements,
    progress: Progress,
) -> None:
    linking = link(
        state.entities,
        state.context,
        database,
        path,
        config,
        schema=schema,
        judgements=judgements,
        progress=progress,
        supplied_links=state.supplied_links,
        popularity=state.popularity,
    )
    gathered, linked = linking.gathered, linking.linked
    state.linked |= {curie for curie, _ in linked.values()}
    brought = import_facts(
        gathered,
        linked,
        {d.thing for d in linking.decisions if d.thing and not linking.ours[d.entity].term},
        schema=schema,
        source=database.name,
        method=database.format,
        file=path.name,
        trust=database.trust,
        taken=state.entities["entity"],
        second_hop=frozenset(config.second_hop if config.hops > 1 else ()),
    )
    _links(state, database.name, linking, brought, config)
    state.rejects += [
        reject_row(
            database.name,
            OVERRULED,
            entity,
            f"{state.supplied_links[entity]} given, {thing} decided",
        )
        for entity, thing in linking.overruled
    ]
    _reject(state, database.name, gathered, brought)
    frame = _also_of_second_spellings(STATEMENTS.frame(brought.statements), linking)
    state.statements.append(frame)
    state.context = pd.concat([state.context, frame], ignore_index=True)
    state.entities = augmented(state, database.name, linking, brought, schema)
    tally = dict.fromkeys(("match", "unsure", "no_match"), 0)
    for decision in linking.decisions:
        tally[decision.decision] += 1
    numbers = {
        "lines": gathered.lines,
        **tally,
        "statements": len(frame),
        "new entities": len(brought.minted),
        "rejects": sum(gathered.faults.counts.values()) + len(brought.rejects),
    }
    state.counts.update({f"{database.name} {key}": value for key, value in numbers.items()})


def _links(
    state: State, target: str, linking: Linking, brought: ImportedFacts, config: AlignmentConfig
) -> None:
    with_candidates = {decision.entity: decision for decision in linking.decisions}
    for position, entity in enumerate(linking.ours):
        decision = with_candidates.get(position)
        if (missing := linking.missing.get(entity.curie)) is not None:
            row = link_row(entity.curie, target, missing, "given, not in the dump")
            state.links.append(row)
            continue
        if decision is None and entity.term:
            continue
        state.links.append(
            {
                "subject": entity.curie,
                "kind": "external",
                "target": target,
                "object": (decision.linked or None) if decision else None,
                "score": round(decision.score, 6) if decision else 0.0,
                "decision": decision.decision if decision else "no_match",
                "method": decision.method if decision else "no candidate",
                "candidates": candidates_json(
                    decision, linking.gathered.things, config.candidates_kept
                )
                if decision
                else "[]",
            }
        )
    state.links += [
        link_row(curie, target, key, "new entity") for key, curie in sorted(brought.curies.items())
    ]


def _also_of_second_spellings(statements: pd.DataFrame, linking: Linking) -> pd.DataFrame:
    """Repeat an entity's statements for each entity that is a second spelling of it."""
    owner = {thing: curie for thing, (curie, _) in linking.linked.items()}
    copies = [
        statements[statements["subject"] == owner[d.also]].assign(
            subject=linking.ours[d.entity].curie
        )
        for d in linking.decisions
        if d.also in owner
    ]
    frame = STATEMENTS.check(pd.concat([statements, *copies], ignore_index=True))
    return frame[frame["subject"] != frame["object"]].reset_index(drop=True)


def _reject(state: State, source: str, gathered: Gathered, brought: ImportedFacts) -> None:
    for reason, places in sorted(gathered.faults.places.items()):
        more = gathered.faults.counts[reason] - len(places)
        for position, (location, detail) in enumerate(places):
            last = f" (and {more} more)" if more and position == len(places) - 1 else ""
            state.rejects.append(reject_row(source, reason, location, detail + last))
    state.rejects += [reject_row(source, *reject) for reject in brought.rejects]


def _credits(state: State, schema: Schema) -> None:
    joined, statements = joint_credits(state.entities, schema, known_single=state.linked)
    state.counts["joint credits"] = len(joined)
    state.statements.append(STATEMENTS.frame(statements))
    if joined:
        frame = state.entities
        is_joint = frame["entity"].isin(list(joined)) & ~frame["entity"].isin(list(state.linked))
        frame.loc[is_joint, "type"] = "Collaboration"
