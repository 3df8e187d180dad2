"""Link entities to one database: read its dump, generate candidates, score, select."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.alignment.candidates import Candidate, NameIndex, OwnEntity, our_entities
from kg_builder.alignment.config import AlignmentConfig, ThirdParty
from kg_builder.alignment.context import most_frequent, own_bags, their_bags
from kg_builder.alignment.dump_contents import Gathered, Wanted, keys_of
from kg_builder.alignment.score import CandidateScorer
from kg_builder.alignment.select import Decision, select_links
from kg_builder.alignment.type_evidence import class_weights
from kg_builder.fusion.judgements import Judgements, Verdict, pair
from kg_builder.ontology import Schema
from kg_builder.progress import Progress

CONTEXT_WORDS: Final = 8
"""Number of a linked entity's words added to the context of its neighbours."""


@dataclass(frozen=True)
class Linking:
    """Result of linking to one database: the decisions and the entries read.

    Attributes:
        ours: the aligned entities; decisions refer to them by position.
        gathered: entries and facts of the database.
        decisions: one per entity with candidates.
        merged: CURIE of an entity minted from an earlier database → CURIE of our entity that this
            database shows to be the same.
        missing: supplied links to entries that are not in the dump.
        overruled: (entity, entry) pairs that would have been linked but for a supplied link to an
            entry with none of the entity's names.
    """

    ours: Sequence[OwnEntity]
    gathered: Gathered
    decisions: Sequence[Decision]
    merged: dict[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)
    overruled: Sequence[tuple[str, str]] = ()

    @property
    def linked(self) -> dict[str, tuple[str, float]]:
        """External id → our CURIE and the probability of the link."""
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
    supplied_links: Mapping[str, str] | None = None,
    popularity: Mapping[str, int] | None = None,
) -> Linking:
    """Link each entity to a record of an external database, or to none.

    Args:
        entities: table `ENTITIES`.
        context: table `STATEMENTS` about them.
        database, path: the database and its dump.
        config: thresholds and classes.
        schema: the data model.
        judgements: a person's decisions.
        progress: called with the lines read so far.
        supplied_links: entity CURIE → CURIE in some database: links made elsewhere.
        popularity: entity CURIE → number of its interactions.
    """
    ours = our_entities(entities, schema, config.types, popularity)
    index = NameIndex(ours)
    ids = frozenset(external for entity in ours for external in entity.external_ids)
    supplied = {
        entity: external
        for entity, external in (supplied_links or {}).items()
        if external.startswith(database.prefix + ":")
    }
    wanted = Wanted(keys=index.keys, ids=ids)
    second_hop = frozenset(config.second_hop if config.hops > 1 else ())
    gathered = database.gather(path, wanted, schema, second_hop=second_hop, progress=progress)
    candidates = [
        c for c in index.candidates(gathered) if _plausible(c, ours, gathered, schema, config)
    ]
    bags = own_bags(entities, context)
    scorer = CandidateScorer(ours, candidates, gathered, bags, schema)
    scored = scorer.score(their_bags(gathered))
    provisional = select_links(ours, scored, config, judgements)
    # second pass: neighbours of entries linked with certainty inherit their context
    linked_context = {
        d.thing: most_frequent(bags[ours[d.entity].curie], CONTEXT_WORDS)
        for d in provisional
        if d.thing and d.score >= 0.95 and ours[d.entity].curie in bags and not ours[d.entity].term
    }
    scored = scorer.score(their_bags(gathered, linked_context))
    decisions = select_links(ours, scored, config, judgements)
    if not supplied:
        return Linking(ours, gathered, decisions, _merged(ours, decisions))
    target_of = [supplied.get(ours[w.candidate.entity].curie) for w in scored]
    allowed = [
        w for w, one in zip(scored, target_of, strict=True) if one in {None, w.candidate.thing}
    ]
    competing = [w for w, one in zip(scored, target_of, strict=True) if one != w.candidate.thing]
    overruled = [
        (ours[d.entity].curie, d.linked)
        for d in select_links(ours, competing, config, judgements)
        if d.linked and _shares_no_name(ours[d.entity], supplied, gathered)
    ]
    same: dict[tuple[str, str], Verdict] = {pair(*link): "same" for link in supplied.items()}
    decisions = select_links(ours, allowed, config, {**same, **judgements})
    missing = {e: x for e, x in supplied.items() if x not in gathered.things}
    return Linking(ours, gathered, decisions, _merged(ours, decisions), missing, overruled)


def _shares_no_name(entity: OwnEntity, supplied: Mapping[str, str], gathered: Gathered) -> bool:
    """Whether an entity's supplied link leads to an entry with none of the entity's names."""
    if entity.curie not in supplied:
        return False
    thing = gathered.things.get(supplied[entity.curie])
    if thing is None:
        return True
    own = {key for name in (entity.name, *entity.aliases) for key in keys_of(name)}
    return own.isdisjoint(key for name in (thing.name, *thing.aliases) for key in keys_of(name))


def _plausible(
    candidate: Candidate,
    ours: Sequence[OwnEntity],
    gathered: Gathered,
    schema: Schema,
    config: AlignmentConfig,
) -> bool:
    """Reject tag–genre links if too few entities have the genre; vocabularies match by name."""
    if ours[candidate.entity].type != "Tag":
        return True
    weights = class_weights(gathered.things[candidate.thing], schema)
    genre = weights.get("Genre", 0.0)
    against = sum(weight for class_, weight in weights.items() if class_ != "Genre")
    return genre >= math.log2(1 + config.genre_uses) and genre > against


def _merged(ours: Sequence[OwnEntity], decisions: Sequence[Decision]) -> dict[str, str]:
    """Find entities minted from an earlier database that an alias here identifies with ours.

    Freebase lists 'P. Diddy' as an alias of Sean Combs, so our P. Diddy is the Sean Combs minted
    from DBpedia.
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
            and decision.name_match in {"identical", "equal"}
            and not _databases(entity) & _databases(ours[rival.entity])
        ):
            found[entity.curie] = ours[rival.entity].curie
    return found


def _databases(entity: OwnEntity) -> set[str]:
    return {external.partition(":")[0] for external in entity.external_ids}
