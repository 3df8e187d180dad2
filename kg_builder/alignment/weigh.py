"""How likely a candidate is the entity: name, kind and context, each in log-odds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg_builder.alignment.candidates import Candidate, How, Ours
from kg_builder.alignment.context import Bag, Telling, Weigher, shuffled
from kg_builder.alignment.evidence import balance, kinds
from kg_builder.alignment.things import Gathered, Thing
from kg_builder.fusion.normalize import name_key
from kg_builder.ontology import Schema

NAME: Final[Mapping[How, float]] = {
    "stated": 9.0,
    "identical": 2.2,
    "equal": 1.6,
    "term": 1.6,
    "variant": 0.4,
    "reading": 0.0,
    "alias": -1.2,
}
"""Log-odds that a name alone gives, before its length counts."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with what speaks for and against it, in nats."""

    candidate: Candidate
    name: float
    kind: float
    context: float
    fame: float

    @property
    def total(self) -> float:
        """The sum: log-odds against the entity being none of the candidates."""
        return self.name + self.kind + self.context + self.fame


def weigh(
    entities: Sequence[Ours],
    candidates: Sequence[Candidate],
    gathered: Gathered,
    ours: Mapping[str, Bag],
    theirs: Mapping[str, Bag],
    schema: Schema,
) -> list[Weighed]:
    """Weigh all candidates; the weight of the context is learnt from the clear ones."""
    evidence = {c.thing: kinds(gathered.things[c.thing], schema) for c in candidates}
    weigher = Weigher.of(ours.values())
    first = [
        (
            name_weight(entities[c.entity], gathered.things[c.thing], c),
            kind_weight(entities[c.entity], c, evidence[c.thing], schema),
        )
        for c in candidates
    ]
    namesakes: dict[int, int] = {}
    for c, (_, kind) in zip(candidates, first, strict=True):
        namesakes[c.entity] = namesakes.get(c.entity, 0) + (kind > -1)
    clear = [
        (entities[c.entity].curie, c.thing)
        for c, (name, kind) in zip(candidates, first, strict=True)
        if name >= 2.8 and kind > 0.5 and namesakes[c.entity] == 1 and not entities[c.entity].term
    ]
    clear = [pair for pair in clear if ours.get(pair[0]) and theirs.get(pair[1])]
    telling = Telling.learn(
        [weigher.similarity(ours[one], theirs[other]) for one, other in clear],
        [weigher.similarity(ours[one], theirs[other]) for one, other in shuffled(clear, seed=0)],
    )
    found = []
    for c, (name, kind) in zip(candidates, first, strict=True):
        entity = entities[c.entity]
        one, other = ours.get(entity.curie, {}), theirs.get(c.thing, {})
        context = 0.0
        if one and other and not entity.term:
            # few words on a side are a poor sample of what it is about
            depth = min(1.0, len(one) / 6) * min(1.0, len(other) / 3)
            context = telling.weight(weigher.similarity(one, other)) * depth
        fame = 0.2 * (math.log1p(min(gathered.things[c.thing].degree, 400)) - 2)
        found.append(Weighed(c, name, kind, context, fame))
    return found


def name_weight(entity: Ours, thing: Thing, candidate: Candidate) -> float:
    """What the name tells: how exact it is, and how seldom two things bear it."""
    weight = NAME[candidate.how]
    if candidate.how == "stated":
        return weight
    key = name_key(entity.name)
    words = key.split()
    weight += {1: 0.0, 2: 0.9}.get(len(words), 1.4)
    length = len(key.replace(" ", ""))
    weight += 0.1 * max(-4, min(4, length - 6))
    if candidate.how == "alias":
        weight += _alias_weight(words, thing)
    if thing.qualifier and candidate.how != "alias":
        # 'X (American band)' says that there are other bands of that name
        weight -= 0.4 if len(thing.qualifier.split()) == 1 else 0.8
    elif not thing.qualifier:
        weight += 0.3
    return weight


def _alias_weight(words: Sequence[str], thing: Thing) -> float:
    """An alias of one word is a nickname or a band's name; one that shares words is a spelling."""
    main = set(name_key(thing.name).split())
    if main & set(words):
        return 0.6
    return -1.5 if len(words) == 1 else -0.6


def kind_weight(
    entity: Ours, candidate: Candidate, evidence: Mapping[str, float], schema: Schema
) -> float:
    """What the evidence about the thing's kind tells of it being of the entity's class."""
    if candidate.how == "stated":
        return 0.0
    pro, contra = balance(evidence, "Genre" if entity.type == "Tag" else entity.type, schema)
    if not pro and not contra:
        return -0.8
    share = (pro + 0.25) / (pro + contra + 0.5)
    certain = min(1.0, (pro + contra) / 4)
    return 1.6 * math.log(share / (1 - share)) * (0.5 + 0.5 * certain)
