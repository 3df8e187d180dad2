"""From weights to decisions: match, unsure or no match; one thing for one entity."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kg_builder.alignment.candidates import Ours
from kg_builder.alignment.config import AlignmentConfig
from kg_builder.alignment.things import Thing
from kg_builder.alignment.weigh import Weighed
from kg_builder.fusion.judgements import Judgements, pair


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one entity in one database.

    Attributes:
        thing: the id chosen, '' for none.
        score: probability of the chosen one, else 0.
        decision: match, unsure or no_match.
        method: how the names met, or why none was chosen.
        how: how the name of the best candidate met.
        ranked: (id, probability) of all candidates, best first.
    """

    entity: int
    thing: str
    score: float
    decision: str
    method: str
    how: str
    ranked: tuple[tuple[str, float], ...]


def decide(
    entities: Sequence[Ours],
    weighed: Iterable[Weighed],
    config: AlignmentConfig,
    judgements: Judgements | None = None,
) -> list[Decision]:
    """One decision per entity that has candidates, in the order of the entities.

    The candidates of an entity compete with each other and with 'none of them'; a thing goes
    to the entity that it fits best, and the others do without.
    """
    by_entity: dict[int, list[Weighed]] = defaultdict(list)
    for item in weighed:
        by_entity[item.candidate.entity].append(item)
    ranked: dict[int, list[tuple[str, float]]] = {}
    how: dict[tuple[int, str], str] = {}
    for position, items in by_entity.items():
        probabilities = _compete([item.total for item in items])
        how.update({(position, item.candidate.thing): item.candidate.how for item in items})
        listed = [
            (item.candidate.thing, _judged(entities[position], item, p, judgements))
            for item, p in zip(items, probabilities, strict=True)
        ]
        ranked[position] = sorted(listed, key=lambda entry: (-entry[1], entry[0]))
    total = {
        (position, item.candidate.thing): item.total
        for position, items in by_entity.items()
        for item in items
    }
    order = sorted(
        (
            (
                # what our sources describe goes before what a database brought, a name before
                # an alias
                not entities[position].native,
                how[position, thing] == "alias",
                -round(p, 3),
                -total[position, thing],
                entities[position].curie,
                thing,
                position,
                p,
            )
            for position, listed in ranked.items()
            for thing, p in listed
            if p >= config.match
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
        if position in chosen:
            thing, p = chosen[position]
            met = how[position, thing]
            found.append(Decision(position, thing, p, "match", met, met, tuple(listed)))
            continue
        best, p = listed[0]
        if p >= config.match:
            method, decision = "taken by another entity", "no_match"
        elif p >= config.unsure:
            method, decision = how[position, best], "unsure"
        else:
            method, decision = how[position, best], "no_match"
        met = how[position, best]
        found.append(Decision(position, "", 0.0, decision, method, met, tuple(listed)))
    return found


def candidates_json(
    ranked: Sequence[tuple[str, float]], things: Mapping[str, Thing], keep: int
) -> str:
    """The candidates column of a link."""
    rows = []
    for key, p in ranked[:keep]:
        thing = things[key]
        shown = f"{thing.name} ({thing.qualifier})" if thing.qualifier else thing.name
        rows.append({"id": key, "name": shown, "score": round(p, 6)})
        if thing.description:
            rows[-1]["description"] = thing.description
    return json.dumps(rows, ensure_ascii=False)


def _compete(totals: Sequence[float]) -> list[float]:
    """Probability of each candidate, with 'none of them' at log-odds 0 among the rivals."""
    top = max(0.0, *totals)
    weights = [math.exp(total - top) for total in totals]
    rest = math.exp(-top)
    return [weight / (sum(weights) + rest) for weight in weights]


def _judged(
    entity: Ours, item: Weighed, probability: float, judgements: Judgements | None
) -> float:
    verdict = (judgements or {}).get(pair(entity.curie, item.candidate.thing))
    return {"same": 1.0, "different": 0.0}.get(verdict or "", probability)
