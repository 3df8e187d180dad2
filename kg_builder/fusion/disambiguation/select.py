"""Choose an entity or none (NIL) for each mention, by ranking its candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.config import DisambiguationConfig
from kg_builder.fusion.disambiguation.features import FEATURES, features
from kg_builder.fusion.disambiguation.graph import EntityGraph
from kg_builder.fusion.disambiguation.ranker import Ranker
from kg_builder.fusion.disambiguation.text_mentions import Mention, TextMentions
from kg_builder.ontology import Schema


@dataclass(frozen=True)
class Choice:
    """A candidate with its probability and each feature's contribution to its log-odds."""

    entity: str
    name: str
    probability: float
    contributions: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Decision:
    """The decision on a mention.

    Attributes:
        mention: the name.
        entity: CURIE of the entity, None for NIL or if unsure.
        decision: "match", "unsure" or "no_match" (NIL).
        choices: all candidates, the most likely first.
        nil: probability of NIL.
    """

    mention: Mention
    entity: str | None
    decision: Literal["match", "unsure", "no_match"]
    choices: tuple[Choice, ...]
    nil: float


def disambiguate(
    texts: Iterable[TextMentions],
    graph: EntityGraph,
    config: DisambiguationConfig,
    *,
    schema: Schema,
    ranker: Ranker | None = None,
    forbidden: Callable[[str, str], bool] = lambda key, entity: False,
) -> list[Decision]:
    """Link every mention to an entity or NIL.

    Args:
        texts: mentions with their texts.
        graph: the entities.
        config: thresholds.
        schema: the data model.
        ranker: learnt weights; the prior ones by default.
        forbidden: whether a person has judged that a mention (key) is not an entity (CURIE).
    """
    ranker = ranker or Ranker()
    return [
        decision
        for text in texts
        for decision in _text(text, graph, config, schema, ranker, forbidden)
    ]


def _text(
    text: TextMentions,
    graph: EntityGraph,
    config: DisambiguationConfig,
    schema: Schema,
    ranker: Ranker,
    forbidden: Callable[[str, str], bool],
) -> list[Decision]:
    found = [
        {
            i: exact
            for i, exact in graph.candidates(mention.name, config.candidates).items()
            if not forbidden(mention.key, graph.entity[i])
        }
        for mention in text.mentions
    ]
    co_mentions = guess_co_mentions(text, found, graph, schema, ranker)
    return [
        _decide(
            mention,
            list(candidates),
            features(graph, schema, text, mention, candidates, others),
            graph,
            config,
            ranker,
        )
        for mention, candidates, others in zip(text.mentions, found, co_mentions, strict=True)
    ]


def guess_co_mentions(
    text: TextMentions,
    candidates: Sequence[Mapping[int, float]],
    graph: EntityGraph,
    schema: Schema,
    ranker: Ranker,
) -> list[list[Mapping[int, float]]]:
    """Per mention of a text, the candidates of its co-mentions with preliminary probabilities.

    These do not depend on the mention's own candidates.
    """
    anchors = [{graph.position[a]: 1.0} for a in text.anchors if a in graph.position]
    guesses: list[dict[int, float]] = []
    for mention, several in zip(text.mentions, candidates, strict=True):
        rows = features(graph, schema, text, mention, several, anchors)
        guesses.append(dict(zip(several, ranker.probabilities(rows)[0].tolist(), strict=True)))
    return [[*anchors, *guesses[:own], *guesses[own + 1 :]] for own in range(len(text.mentions))]


def _decide(
    mention: Mention,
    candidates: Sequence[int],
    rows: NDArray[np.float64],
    graph: EntityGraph,
    config: DisambiguationConfig,
    ranker: Ranker,
) -> Decision:
    chances, nil = ranker.probabilities(rows)
    order = sorted(range(len(candidates)), key=lambda k: (-chances[k], graph.entity[candidates[k]]))
    choices = tuple(
        Choice(
            graph.entity[candidates[k]],
            graph.name[candidates[k]],
            float(chances[k]),
            tuple(zip(FEATURES, (rows[k] * ranker.weights).tolist(), strict=True)),
        )
        for k in order
    )
    best = choices[0].probability if choices else 0.0
    if best >= config.match:
        return Decision(mention, choices[0].entity, "match", choices, nil)
    doubtful = best >= config.unsure or (choices and nil < config.unsure)
    return Decision(mention, None, "unsure" if doubtful else "no_match", choices, nil)
