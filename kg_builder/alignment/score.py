"""Score link candidates: sum the log-odds of name, class and context for each entry."""

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
"""Log-odds that a name alone gives, before its length counts."""

LOOSE_MATCHES: Final = frozenset({"variant", "near", "alias"})
"""Ways to meet that need the context on their side: what speaks against them counts more."""

MAX_KIND: Final = 2.5
"""The most that evidence of the right kind can add: two bands are both bands."""


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
        """The sum: log-odds against the entity being none of the candidates."""
        return self.name + self.kind + self.context + self.fame

    @property
    def reasons(self) -> dict[str, float]:
        """The parts of the sum, for people."""
        parts = {"name": self.name, "kind": self.kind, "context": self.context, "fame": self.fame}
        return {part: round(weight, 2) for part, weight in parts.items()}


class CandidateScorer:
    """Scores of candidates; names and classes are weighed once, the context as often as it changes.

    Args:
        entities: our entities; candidates refer to them by position.
        candidates: what may be linked.
        gathered: things of the database.
        ours: CURIE of an entity → words of its context.
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
        """Score all candidates; how much the context counts is learnt from the clear ones.

        Args:
            theirs: id of a thing → words of its context.
        """
        log_odds = self._learn(theirs)
        return [
            ScoredCandidate(
                c, name, kind, self._context(c, theirs.get(c.thing, {}), log_odds), self._fame(c)
            )
            for c, (name, kind) in zip(self._candidates, self._name_and_kind, strict=True)
        ]

    def _learn(self, theirs: Mapping[str, Bag]) -> SimilarityLogOdds:
        """What similarities say, from entities with one good candidate, and from random pairs."""
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
                # few words on a side are a poor sample of what it is about
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
    """Log-odds by the name: how exact the match is, and how rare the name."""
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
        # 'X (American band)' says that there are other bands of that name
        weight -= 0.4 if len(thing.qualifier.split()) == 1 else 0.8
    else:
        weight += 0.6
    if entity.qualifier and not _same_qualifier(entity.qualifier, thing.qualifier):
        weight -= 1.0
    if len(words) == 1:
        weight -= _single_word_doubt(entity.name, candidate)
    return weight


def _same_qualifier(ours: str, theirs: str) -> bool:
    """Whether two qualifiers mean the same: 'UK' and 'British band'."""
    if nations_in(ours) & nations_in(theirs):
        return True
    return bool(set(name_key(ours).split()) & set(name_key(theirs).split()))


def _single_word_doubt(ours: str, candidate: Candidate) -> float:
    """What a single word loses where its spelling differs: it is then easily another's name."""
    if candidate.name_match == "identical":
        return 0.0
    if ours.isascii() != candidate.name.isascii():
        # 'Кино' and 'Kino', 'Âme' and 'AME'; where the other side has the accents we lost them
        return (
            1.5 if candidate.name_match == "variant" else 0.8 if candidate.name.isascii() else 0.0
        )
    return 1.2 if candidate.name_match == "variant" else 0.5


def _alias_log_odds(ours: str, alias: str, thing: Thing) -> float:
    """What an alias adds to its low base.

    One that shares words with the main name is another spelling of it, one in another script a
    transcription; a single word is a nickname that others bear, too. A joint credit ('Herb
    Alpert & The Tijuana Brass') is not its member, whatever an alias says.
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
    """Log-odds by the evidence that the thing is of the entity's class."""
    if candidate.name_match == "stated":
        return 0.0
    wanted = "Genre" if entity.type == "Tag" else entity.type
    by_qualifier = dict.fromkeys(word_classes(thing.qualifier), 1.0)
    if by_qualifier and not weights_for_and_against(by_qualifier, wanted, schema)[0]:
        return -7.0  # an editor called it an album, a film, a label
    pro, contra = weights_for_and_against(evidence, wanted, schema)
    share = (pro + 0.25) / (pro + contra + 0.5)
    certain = min(1.0, (pro + contra) / 4)
    weight = 1.6 * math.log(share / (1 - share)) * (0.5 + 0.5 * certain)
    if not pro:
        return -7.0 if contra > 1 else -5.0
    weight = min(weight, MAX_KIND)
    if schema.is_a(wanted, "Artist") and not _musical(evidence, schema):
        # a person whom nothing calls a musician: only a full name can be trusted
        single = len(name_key(entity.name).split()) == 1
        weight -= 5.0 if candidate.name_match == "alias" or single else 0.5
    return weight


def _musical(evidence: Mapping[str, float], schema: Schema) -> bool:
    return any(class_ in schema.classes and schema.is_a(class_, "Artist") for class_ in evidence)


def origin_log_odds(ours: frozenset[str], theirs: frozenset[str], *, deep: bool) -> float:
    """Log-odds by the countries that both sides name; theirs alone counts a little against."""
    if not theirs:
        return 0.0
    if ours:
        return 0.8 if ours & theirs else -1.5
    return -0.4 if deep else 0.0


def qualifier_log_odds(ours: frozenset[str], theirs: frozenset[str]) -> float:
    """What a country in a qualifier adds: '(UK band)' is there because of a namesake elsewhere."""
    return -1.5 if ours and theirs and not ours & theirs else 0.0
