"""Linking the entities to one database: gather, pair by name, weigh twice, decide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.alignment.candidates import Candidate, NameIndex, Ours, our_entities
from kg_builder.alignment.config import AlignmentConfig, ThirdParty
from kg_builder.alignment.context import foremost, our_bags, their_bags
from kg_builder.alignment.evidence import kinds
from kg_builder.alignment.score import weigh
from kg_builder.alignment.select import Decision, decide
from kg_builder.alignment.things import Gathered, Wanted, keys_of
from kg_builder.fusion.judgements import Judgements, Verdict, pair
from kg_builder.ontology import Schema
from kg_builder.progress import Progress

COMPANY: Final = 8
"""So many of an entity's most frequent words speak for the things that stand beside it."""


@dataclass(frozen=True)
class Linking:
    """The decisions about one database, and what was gathered from it.

    Attributes:
        ours: the entities that were aligned; decisions refer to them by position.
        gathered: things and facts of the database.
        decisions: one per entity with candidates.
        merged: CURIE of an entity that an earlier database brought → CURIE of one of ours that
            this database shows to be the same.
        missing: links that were given although the dump does not hold the thing.
        overruled: (entity, thing) that would have been linked, had not another thing been given
            that bears none of the entity's names.
    """

    ours: Sequence[Ours]
    gathered: Gathered
    decisions: Sequence[Decision]
    merged: dict[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)
    overruled: Sequence[tuple[str, str]] = ()

    @property
    def linked(self) -> dict[str, tuple[str, float]]:
        """Id of a thing → our CURIE and the probability of the link."""
        return {d.thing: (self.ours[d.entity].curie, d.score) for d in self.decisions if d.thing}


def link(
    entities: pd.DataFrame,
    context: pd.DataFrame,
    database: ThirdParty,
    path: Path,
    config: AlignmentConfig,
    *,
    schema: Schema,
    judgements: Judgements,
    progress: Progress,
    given: Mapping[str, str] | None = None,
) -> Linking:
    """Decide which thing of a database each entity is.

    Args:
        entities: table `ENTITIES`.
        context: table `STATEMENTS` about them.
        database, path: the database and its dump.
        config: thresholds and classes.
        schema: the data model.
        judgements: a person's decisions.
        progress: told the lines read so far.
        given: entity CURIE → CURIE in some database: links that are not to be decided.
    """
    ours = our_entities(entities, schema, config.types)
    index = NameIndex(ours)
    given = given or {}
    ids = frozenset(external for entity in ours for external in entity.external_ids)
    own = database.prefix + ":"
    here = {entity: external for entity, external in given.items() if external.startswith(own)}
    wanted = Wanted(keys=index.keys, ids=ids)
    second_hop = frozenset(config.second_hop if config.hops > 1 else ())
    gathered = database.gather(path, wanted, schema, second_hop=second_hop, progress=progress)
    candidates = [
        c for c in index.candidates(gathered) if _plausible(c, ours, gathered, schema, config)
    ]
    bags = our_bags(entities, context)
    weighed = weigh(ours, candidates, gathered, bags, their_bags(gathered), schema)
    first = decide(ours, weighed, config, judgements)
    # a second look, with the company that a thing keeps among those linked beyond doubt
    acquainted = {
        d.thing: foremost(bags[ours[d.entity].curie], COMPANY)
        for d in first
        if d.thing and d.score >= 0.95 and ours[d.entity].curie in bags and not ours[d.entity].term
    }
    weighed = weigh(ours, candidates, gathered, bags, their_bags(gathered, acquainted), schema)
    decisions = decide(ours, weighed, config, judgements)
    if not here:
        return Linking(ours, gathered, decisions, _merged(ours, decisions))
    given_to = [here.get(ours[w.candidate.entity].curie) for w in weighed]
    left = [w for w, one in zip(weighed, given_to, strict=True) if one in {None, w.candidate.thing}]
    rest = [w for w, one in zip(weighed, given_to, strict=True) if one != w.candidate.thing]
    overruled = [
        (ours[d.entity].curie, d.linked)
        for d in decide(ours, rest, config, judgements)
        if d.linked and _is_strange(ours[d.entity], here, gathered)
    ]
    same: dict[tuple[str, str], Verdict] = {pair(*link): "same" for link in here.items()}
    decisions = decide(ours, left, config, {**same, **judgements})
    missing = {e: x for e, x in here.items() if x not in gathered.things}
    return Linking(ours, gathered, decisions, _merged(ours, decisions), missing, overruled)


def _is_strange(entity: Ours, given: Mapping[str, str], gathered: Gathered) -> bool:
    """Whether an entity was given a thing that bears none of its names."""
    if entity.curie not in given:
        return False
    thing = gathered.things.get(given[entity.curie])
    if thing is None:
        return True
    own = {key for name in (entity.name, *entity.aliases) for key in keys_of(name)}
    return own.isdisjoint(key for name in (thing.name, *thing.aliases) for key in keys_of(name))


def _plausible(
    candidate: Candidate,
    ours: Sequence[Ours],
    gathered: Gathered,
    schema: Schema,
    config: AlignmentConfig,
) -> bool:
    """A tag is a genre only if enough things bear it as one; vocabularies meet by name alone."""
    if ours[candidate.entity].type != "Tag":
        return True
    weights = kinds(gathered.things[candidate.thing], schema)
    genre = weights.get("Genre", 0.0)
    against = sum(weight for class_, weight in weights.items() if class_ != "Genre")
    return genre >= math.log2(1 + config.genre_uses) and genre > against


def _merged(ours: Sequence[Ours], decisions: Sequence[Decision]) -> dict[str, str]:
    """Entities of an earlier database that an alias of this one shows to be one of ours.

    Freebase calls Sean Combs 'P. Diddy', too: our P. Diddy then is the Sean Combs that DBpedia
    brought.
    """
    winner = {d.thing: d for d in decisions if d.thing}
    found = {}
    for decision in decisions:
        entity = ours[decision.entity]
        if entity.native or decision.thing or not decision.ranked:
            continue
        thing, probability = decision.ranked[0]
        rival = winner.get(thing)
        if (
            rival is not None
            and rival.method == "alias"
            and ours[rival.entity].native
            and probability >= 0.95
            and decision.how in {"identical", "equal"}
            and not _databases(entity) & _databases(ours[rival.entity])
        ):
            found[entity.curie] = ours[rival.entity].curie
    return found


def _databases(entity: Ours) -> set[str]:
    return {external.partition(":")[0] for external in entity.external_ids}
