"""Select links from scored candidates: match, unsure or no match; one thing for one entity."""

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

_RIVAL: Final = 0.1
"""Probability that makes a second candidate a rival."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one entity in one database.

    Attributes:
        thing: the id chosen, '' for none.
        score: probability of the chosen one, else 0.
        decision: match, unsure or no_match.
        method: how the names met, or why none was chosen.
        name_match: how the name of the best candidate met.
        ranked: (id, probability) of all candidates, best first.
        also: the id of a thing that another entity of ours is in the first place, where this
            one is a second spelling of it; `thing` then is ''.
        reasons: id → what speaks for and against it, in nats.
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
        """The id that the entity is linked to, in the first place or as a second spelling."""
        return self.thing or self.also


def select_links(
    entities: Sequence[OwnEntity],
    scored: Iterable[ScoredCandidate],
    config: AlignmentConfig,
    judgements: Judgements | None = None,
) -> list[Decision]:
    """One decision per entity that has candidates, in the order of the entities.

    The candidates of an entity compete with each other and with 'none of them'; a thing goes
    to the entity that it fits best, and the others do without, unless they are second spellings
    of the same name.
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
                # what our sources describe goes before what a database brought, a name before
                # an alias
                not entities[position].native,
                name_match[position, thing] == "alias",
                -round(p, 3),
                -pairs[position, thing].total,
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
        elif p >= needed[position]:
            method = "taken by another entity"
            if p >= config.second_spelling and second_spelling(
                entities[position], entities[taken[best]], pairs[position, best]
            ):
                also, score, decision, method = best, p, "match", "second spelling"
        elif p >= config.unsure:
            decision = "unsure"
        reasons = {key: pairs[position, key].reasons for key, _ in listed}
        met = name_match[position, thing or best]
        found.append(
            Decision(position, thing, score, decision, method, met, tuple(listed), also, reasons)
        )
    return found


def second_spelling(entity: OwnEntity, owner: OwnEntity, item: ScoredCandidate) -> bool:
    """Whether an entity that another one of ours left without its thing is that thing, too.

    Sources hold artists twice: 'Panic at the Disco' and 'Panic! At the Disco'. A short or single
    word with another article, sign or spacing may well be a band of its own ('The Lodger',
    'Lodger'): then its context must fit the thing.
    """
    if not entity.native or item.kind <= 0:
        return False
    one, other = name_key(entity.name), name_key(owner.name)
    words = len(one.split())
    met = item.candidate.name_match
    if fold(entity.name) == fold(owner.name):
        return item.context > -2
    if met == "near":
        return False
    if met == "alias":
        return item.context > 1.5 or (words > 1 and item.context >= 0)
    if met == "reading" or item.context > 0.5:
        return item.context >= 0
    if words > 1 or len(squeeze(one)) > 9:
        alike = _signs(entity.name) == _signs(owner.name) or words > 2
        return alike and item.context > -1.2
    same = one == other and _article(entity.name) == _article(owner.name)
    return same and len(one) > 3 and item.context >= 0


def _signs(name: str) -> str:
    """Signs that a name would not carry without meaning it."""
    return "".join(char for char in name if char in "!?")


def _article(name: str) -> bool:
    return fold(name).startswith("the ")


def candidates_json(decision: Decision, things: Mapping[str, Thing], keep: int) -> str:
    """The candidates column of a link: id, name, score, and the reasons in nats."""
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
    """Probability of each candidate, with 'none of them' at log-odds 0 among the rivals."""
    top = max(0.0, *totals)
    weights = [math.exp(total - top) for total in totals]
    none = math.exp(-top)
    return [weight / (sum(weights) + none) for weight in weights]


def _after_judgement(
    entity: OwnEntity, item: ScoredCandidate, probability: float, judgements: Judgements | None
) -> float:
    verdict = (judgements or {}).get(pair(entity.curie, item.candidate.thing))
    return {"same": 1.0, "different": 0.0}.get(verdict or "", probability)
