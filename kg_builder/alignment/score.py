"""Score pairs of entity and database entry: log-odds of name, class, context and popularity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg_builder.alignment.candidates import Candidate, NameMatch, OwnEntity
from kg_builder.alignment.context import Bag, BagSimilarity, SimilarityLogOdds, nations_of, shuffled
from kg_builder.alignment.dump_contents import Gathered, Thing
from kg_builder.alignment.type_evidence import class_weights, weights_for_and_against, word_classes
from kg_builder.credits import split_credits
from kg_builder.fusion.normalize import name_key, nations_in
from kg_builder.ontology import Schema

NAME_LOG_ODDS: Final[Mapping[NameMatch, float]] = {
    "stated": 9.0,
    "identical": 2.2,
    "equal": 1.6,
    "term": 1.6,
    "variant": -0.2,
    "reading": 0.0,
    "respelled": 0.0,
    "alias": -1.6,
    "near": -4.0,
}
"""Base log-odds by kind of name match, before rarity counts."""

LOOSE_MATCHES: Final = frozenset({"variant", "near", "alias"})
"""Weak name matches, for which contradicting context is weighted more heavily."""

MAX_KIND: Final = 2.5
"""Maximum log-odds from an agreeing class."""


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate with its log-odds, in nats, by feature."""

    candidate: Candidate
    name: float
    kind: float
    context: float
    fame: float

    @property
    def total(self) -> float:
        """Sum of the log-odds, relative to no match."""
        return self.name + self.kind + self.context + self.fame

    @property
    def reasons(self) -> dict[str, float]:
        """The log-odds by feature, for explanations."""
        parts = {"name": self.name, "kind": self.kind, "context": self.context, "fame": self.fame}
        return {part: round(weight, 2) for part, weight in parts.items()}


class CandidateScorer:
    """Scorer of candidates; name and class are scored once, context again when it changes.

    Args:
        entities: our entities; candidates refer to them by position.
        candidates: pairs of an entity and a database entry.
        gathered: entries of the database.
        ours: entity CURIE → words of its context.
        schema: the data model.
    """

    def __init__(
        self,
        entities: Sequence[OwnEntity],
        candidates: Sequence[Candidate],
        gathered: Gathered,
        ours: Mapping[str, Bag],
        schema: Schema,
    ) -> None:
        self._entities, self._candidates, self._things = entities, candidates, gathered.things
        self._ours = ours
        self._bag_similarity = BagSimilarity(ours.values())
        evidence = {
            key: class_weights(gathered.things[key], schema)
            for key in {c.thing: None for c in candidates}
        }
        self._name_and_kind = [
            (
                name_log_odds(entities[c.entity], gathered.things[c.thing], c),
                kind_log_odds(
                    entities[c.entity], gathered.things[c.thing], c, evidence[c.thing], schema
                ),
            )
            for c in candidates
        ]

    def score(self, theirs: Mapping[str, Bag]) -> list[ScoredCandidate]:
        """Score all candidates; the weight of context is learnt from unambiguous ones.

        Args:
            theirs: entry id → words of its context.
        """
        log_odds = self._learn(theirs)
        return [
            ScoredCandidate(
                c, name, kind, self._context(c, theirs.get(c.thing, {}), log_odds), self._fame(c)
            )
            for c, (name, kind) in zip(self._candidates, self._name_and_kind, strict=True)
        ]

    def _learn(self, theirs: Mapping[str, Bag]) -> SimilarityLogOdds:
        """Learn context log-odds from entities with one good candidate and from random pairs."""
        scored = list(zip(self._candidates, self._name_and_kind, strict=True))
        namesakes: dict[int, int] = {}
        for c, (_, kind) in scored:
            namesakes[c.entity] = namesakes.get(c.entity, 0) + (
                kind > -1 and c.name_match != "near"
            )
        clear = [
            (self._entities[c.entity].curie, c.thing)
            for c, (name, kind) in scored
            if name >= 2.8
            and kind > 0.5
            and namesakes[c.entity] == 1
            and not self._entities[c.entity].term
        ]
        clear = [pair for pair in clear if self._ours.get(pair[0]) and theirs.get(pair[1])]
        right, wrong = (
            [
                self._bag_similarity.similarity(self._ours[one], theirs[other])
                for one, other in pairs
            ]
            for pairs in (clear, shuffled(clear, seed=0))
        )
        return SimilarityLogOdds.learn(right, wrong)

    def _context(self, candidate: Candidate, other: Bag, log_odds: SimilarityLogOdds) -> float:
        entity = self._entities[candidate.entity]
        one = self._ours.get(entity.curie, {})
        context = 0.0
        if not entity.term:
            if one and other:
                # a side with few words is a poor sample of its context
                vocabulary = self._bag_similarity.shared_vocabulary(other)
                depth = min(1.0, len(one) / 6) * min(1.0, vocabulary / 3)
                context = log_odds.of(self._bag_similarity.similarity(one, other)) * depth
            own_nations = nations_of(one) | nations_in(entity.qualifier)
            context += origin_log_odds(own_nations, nations_of(other), deep=len(one) >= 12)
            context += qualifier_log_odds(
                nations_of(one), nations_in(self._things[candidate.thing].qualifier)
            )
        if candidate.name_match in LOOSE_MATCHES and context < 0:
            context *= 1.5
        return context

    def _fame(self, candidate: Candidate) -> float:
        return 0.2 * (math.log1p(min(self._things[candidate.thing].degree, 400)) - 2)


def name_log_odds(entity: OwnEntity, thing: Thing, candidate: Candidate) -> float:
    """Log-odds of the name match, by its exactness and the rarity of the name."""
    weight = NAME_LOG_ODDS[candidate.name_match]
    if candidate.name_match == "stated":
        return weight
    key = name_key(entity.name)
    words = key.split()
    weight += {1: 0.0, 2: 0.9}.get(len(words), 1.4)
    length = len(key.replace(" ", ""))
    weight += 0.1 * max(-4, min(4, length - 6))
    if candidate.name_match == "alias":
        return weight + _alias_log_odds(entity.name, candidate.name, thing)
    if thing.qualifier:
        # 'X (American band)' implies other bands of that name
        weight -= 0.4 if len(thing.qualifier.split()) == 1 else 0.8
    else:
        weight += 0.6
    if entity.qualifier and not _same_qualifier(entity.qualifier, thing.qualifier):
        weight -= 1.0
    if len(words) == 1:
        weight -= _single_word_doubt(entity.name, candidate)
    return weight


def _same_qualifier(ours: str, theirs: str) -> bool:
    """Whether two qualifiers agree: 'UK' and 'British band'."""
    if nations_in(ours) & nations_in(theirs):
        return True
    return bool(set(name_key(ours).split()) & set(name_key(theirs).split()))


def _single_word_doubt(ours: str, candidate: Candidate) -> float:
    """Penalty for a single-word name whose spelling differs: it is easily another name."""
    if candidate.name_match == "identical":
        return 0.0
    if ours.isascii() != candidate.name.isascii():
        # 'Кино' and 'Kino', 'Âme' and 'AME'; accents on their side only were probably lost on ours
        return (
            1.5 if candidate.name_match == "variant" else 0.8 if candidate.name.isascii() else 0.0
        )
    return 1.2 if candidate.name_match == "variant" else 0.5


def _alias_log_odds(ours: str, alias: str, thing: Thing) -> float:
    """Log-odds added to an alias's low base.

    An alias that shares words with the main name is treated as a variant spelling, one in another
    script as a transcription. A single word may be a nickname that others share. A joint credit
    ('Herb Alpert & The Tijuana Brass') is not its member, even if listed as an alias.
    """
    parts = [name_key(part) for part in split_credits(ours)]
    main = name_key(thing.name)
    if len(parts) > 1 and main in parts:
        return -6.0
    if alias.isascii() != thing.name.isascii():
        return 1.0
    words, others = set(name_key(ours).split()), set(main.split())
    if words & others:
        return 0.8 if len(words) > 1 or words < others else 0.0
    return -1.5 if len(words) == 1 else -0.8


def kind_log_odds(
    entity: OwnEntity,
    thing: Thing,
    candidate: Candidate,
    evidence: Mapping[str, float],
    schema: Schema,
) -> float:
    """Log-odds of the evidence that the entry has the entity's class."""
    if candidate.name_match == "stated":
        return 0.0
    wanted = "Genre" if entity.type == "Tag" else entity.type
    by_qualifier = dict.fromkeys(word_classes(thing.qualifier), 1.0)
    if by_qualifier and not weights_for_and_against(by_qualifier, wanted, schema)[0]:
        return -7.0  # an editor described it as an album, a film, a label
    pro, contra = weights_for_and_against(evidence, wanted, schema)
    share = (pro + 0.25) / (pro + contra + 0.5)
    certain = min(1.0, (pro + contra) / 4)
    weight = 1.6 * math.log(share / (1 - share)) * (0.5 + 0.5 * certain)
    if not pro:
        return -7.0 if contra > 1 else -5.0
    weight = min(weight, MAX_KIND)
    if schema.is_a(wanted, "Artist") and not _musical(evidence, schema):
        # a person with no evidence of being a musician: only a full name is trusted
        single = len(name_key(entity.name).split()) == 1
        weight -= 5.0 if candidate.name_match == "alias" or single else 0.5
    return weight


def _musical(evidence: Mapping[str, float], schema: Schema) -> bool:
    return any(class_ in schema.classes and schema.is_a(class_, "Artist") for class_ in evidence)


def origin_log_odds(ours: frozenset[str], theirs: frozenset[str], *, deep: bool) -> float:
    """Log-odds by the countries on both sides.

    A country given only by the database is evidence against a match, if our context is rich.
    """
    if not theirs:
        return 0.0
    if ours:
        return 0.8 if ours & theirs else -1.5
    return -0.4 if deep else 0.0


def qualifier_log_odds(ours: frozenset[str], theirs: frozenset[str]) -> float:
    """Log-odds of a country in the qualifier: '(UK band)' implies a namesake elsewhere."""
    return -1.5 if ours and theirs and not ours & theirs else 0.0
