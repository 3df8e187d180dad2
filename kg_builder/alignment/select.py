"""Select links from scored candidates by thresholds: match, unsure or no match; one to one."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kg_builder.alignment.candidates import OwnEntity
from kg_builder.alignment.config import AlignmentConfig
from kg_builder.alignment.dump_contents import Thing
from kg_builder.alignment.score import ScoredCandidate
from kg_builder.fusion.judgements import Judgements, pair
from kg_builder.fusion.normalize import fold, name_key, squeeze

TAKEN: Final = "taken by another entity"
"""Method of an entity whose best candidate was linked to another of our entities."""

_RIVAL: Final = 0.1
"""Probability that makes a second candidate a rival."""

_PER_LOG_COUNT: Final = 0.3
"""Log-odds, in nats, per factor of e in the number of interactions."""

_FAR_RARER: Final = 0.7
"""Log-odds of a misspelling if a name is ten times rarer than the other."""

_MOST_BY_RARITY: Final = 1.5
"""Maximum log-odds of a misspelling from rarity."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision on one entity in one database.

    Attributes:
        thing: the selected id, or ''.
        score: probability of the selected entry, else 0.
        decision: match, unsure or no_match.
        method: kind of name match, or why none was selected.
        name_match: kind of name match of the best candidate.
        ranked: (id, probability) of all candidates, best first.
        also: the id of an entry linked to another of our entities, of which this one is a second
            spelling; `thing` then is ''.
        reasons: id → log-odds by feature, in nats.
    """

    entity: int
    thing: str
    score: float
    decision: str
    method: str
    name_match: str
    ranked: tuple[tuple[str, float], ...]
    also: str = ""
    reasons: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def linked(self) -> str:
        """The id that the entity is linked to, directly or as a second spelling."""
        return self.thing or self.also


def select_links(
    entities: Sequence[OwnEntity],
    scored: Iterable[ScoredCandidate],
    config: AlignmentConfig,
    judgements: Judgements | None = None,
) -> list[Decision]:
    """One decision per entity that has candidates, in the order of the entities.

    The candidates of an entity compete with each other and with 'none of them'; an entry goes to
    the entity that it fits best, and other entities get it only as second spellings of the same
    name.
    """
    by_entity: dict[int, list[ScoredCandidate]] = defaultdict(list)
    for item in scored:
        by_entity[item.candidate.entity].append(item)
    ranked: dict[int, list[tuple[str, float]]] = {}
    name_match: dict[tuple[int, str], str] = {}
    for position, items in by_entity.items():
        probabilities = _with_none_of_them([item.total for item in items])
        name_match.update(
            {(position, item.candidate.thing): item.candidate.name_match for item in items}
        )
        listed = [
            (item.candidate.thing, _after_judgement(entities[position], item, p, judgements))
            for item, p in zip(items, probabilities, strict=True)
        ]
        ranked[position] = sorted(listed, key=lambda entry: (-entry[1], entry[0]))
    needed = {
        position: config.namesake if len(listed) > 1 and listed[1][1] >= _RIVAL else config.match
        for position, listed in ranked.items()
    }
    pairs = {
        (position, item.candidate.thing): item
        for position, items in by_entity.items()
        for item in items
    }
    order = sorted(
        (
            (
                # entities of our sources come before those of a database, names before aliases
                not entities[position].native,
                name_match[position, thing] == "alias",
                -_claim(entities[position], pairs[position, thing], p),
                entities[position].curie,
                thing,
                position,
                p,
            )
            for position, listed in ranked.items()
            for thing, p in listed
            if p >= needed[position]
        ),
    )
    taken: dict[str, int] = {}
    chosen: dict[int, tuple[str, float]] = {}
    for *_, thing, position, p in order:
        if thing not in taken and position not in chosen:
            taken[thing] = position
            chosen[position] = (thing, p)
    found = []
    for position in sorted(ranked):
        listed = ranked[position]
        best, p = listed[0]
        thing, method, decision, score, also = "", name_match[position, best], "no_match", 0.0, ""
        if position in chosen:
            thing, score = chosen[position]
            method, decision = name_match[position, thing], "match"
        elif best in taken and second_spelling(
            entities[position], entities[taken[best]], pairs[position, best], p, config
        ):
            also, score, decision, method = best, p, "match", "second spelling"
        elif p >= needed[position]:
            method = TAKEN
        elif p >= config.unsure:
            decision = "unsure"
        reasons = {key: pairs[position, key].reasons for key, _ in listed}
        met = name_match[position, thing or best]
        found.append(
            Decision(position, thing, score, decision, method, met, tuple(listed), also, reasons)
        )
    return found


def _claim(entity: OwnEntity, item: ScoredCandidate, probability: float) -> float:
    """Strength of an entity's claim to an entry, among entities whose names all match it.

    Only an entity with tags can have a contradicting context, which must not favour entities
    without tags; so context counts only in favour of a link. Popularity counts, as a listening log
    holds rare misspellings of a popular name.
    """
    log_odds = math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))
    without_contradiction = log_odds + max(-item.context, 0.0)
    return without_contradiction + _PER_LOG_COUNT * math.log1p(entity.popularity)


def _misspelling_log_odds(entity: OwnEntity, owner: OwnEntity) -> float:
    """Log-odds that a rare name misspells a popular one, by the ratio of their popularity."""
    ratio = (1 + owner.popularity) / (1 + entity.popularity)
    return min(_MOST_BY_RARITY, max(0.0, _PER_LOG_COUNT * math.log(ratio)))


def second_spelling(
    entity: OwnEntity,
    owner: OwnEntity,
    item: ScoredCandidate,
    probability: float,
    config: AlignmentConfig,
) -> bool:
    """Whether an entity is a second spelling of another entity, which its best entry went to.

    Sources hold artists twice: 'Panic at the Disco' and 'Panic! At the Disco'. A short or
    single-word name that differs in article, sign or spacing may be a different band ('The Lodger',
    'Lodger'): its context must then match the entry, or the other spelling be far more popular.
    """
    if not entity.native or item.kind <= 0:
        return False
    rarity = _misspelling_log_odds(entity, owner)
    odds = math.exp(-rarity) * (1 / max(probability, 1e-9) - 1)
    if 1 / (1 + odds) < config.second_spelling:
        return False
    context = item.context + rarity
    one, other = name_key(entity.name), name_key(owner.name)
    words = len(one.split())
    met = item.candidate.name_match
    alike = _signs(entity.name) == _signs(owner.name)
    if fold(entity.name) == fold(owner.name) or (one == other and words > 1 and alike):
        return context > -2
    rare = rarity >= _FAR_RARER
    if met == "near":
        return context > 1 and (rare or set(one.split()) > set(other.split()))
    if met == "alias":
        very_rare = rarity > 1.2 and item.context >= 0
        return item.context > 1.5 or very_rare or (words > 1 and context >= 0)
    if met == "reading" or item.context > 0.5:
        return context >= 0
    if words > 1 or len(squeeze(one)) > 9:
        return (alike or words > 2) and context > -1.2
    if squeeze(one) != squeeze(other):
        return False
    thing = item.candidate.name
    if one == other and _article(entity.name) == _article(owner.name):
        return context >= 0 and (len(one) > 3 or rare)
    if met in {"identical", "equal"} and _article(entity.name) == _article(thing):
        return context >= 0
    return len(one) > 3 and rare and context >= _FAR_RARER


def _signs(name: str) -> str:
    """Distinctive signs of a name."""
    return "".join(char for char in name if char in "!?")


def _article(name: str) -> bool:
    return fold(name).startswith("the ")


def candidates_json(decision: Decision, things: Mapping[str, Thing], keep: int) -> str:
    """Serialise the candidates of a link as JSON: id, name, score, reasons in nats."""
    rows: list[dict[str, Any]] = []
    for key, p in decision.ranked[:keep]:
        thing = things[key]
        shown = f"{thing.name} ({thing.qualifier})" if thing.qualifier else thing.name
        rows.append({"id": key, "name": shown, "score": round(p, 6)})
        if key in decision.reasons:
            rows[-1]["reasons"] = dict(decision.reasons[key])
        if thing.description:
            rows[-1]["description"] = thing.description
    return json.dumps(rows, ensure_ascii=False)


def _with_none_of_them(totals: Sequence[float]) -> list[float]:
    """Probability of each candidate; 'none of them' competes with log-odds 0."""
    top = max(0.0, *totals)
    weights = [math.exp(total - top) for total in totals]
    none = math.exp(-top)
    return [weight / (sum(weights) + none) for weight in weights]


def _after_judgement(
    entity: OwnEntity, item: ScoredCandidate, probability: float, judgements: Judgements | None
) -> float:
    verdict = (judgements or {}).get(pair(entity.curie, item.candidate.thing))
    return {"same": 1.0, "different": 0.0}.get(verdict or "", probability)
