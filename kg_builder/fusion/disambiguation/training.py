"""Train the candidate ranker by distant supervision, on mentions with a single candidate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from kg_builder.fusion.config import DisambiguationConfig
from kg_builder.fusion.disambiguation.graph import EntityGraph
from kg_builder.fusion.disambiguation.ranker import Example, Ranker, fit
from kg_builder.fusion.disambiguation.select import context_features
from kg_builder.fusion.disambiguation.texts import TextMentions
from kg_builder.ontology import Schema

_NIL: Final = 0.15
"""Weight of an example without a right candidate."""


def distant_examples(
    texts: Iterable[TextMentions],
    graph: EntityGraph,
    config: DisambiguationConfig,
    *,
    schema: Schema,
    seed: int = 0,
) -> list[Example]:
    """Training examples from unambiguous mentions.

    A name that one entity bears, of a class that agrees, is taken to be that entity. Entities of
    other names are given the same name for the occasion. So a mention makes three examples: the
    right one alone, among the others, and, of little weight because few names of a text are
    unknown to a graph that it belongs to, the others without it (NIL).

    Args:
        texts: as for `disambiguate`.
        graph, config, schema: as there.
        seed: draws the decoys.
    """
    rng = np.random.default_rng(seed)
    everyone = np.arange(len(graph.entity))
    by_type = {t: everyone[np.array([x == t for x in graph.type])] for t in sorted({*graph.type})}
    found: list[Example] = []
    prior = Ranker()
    for text in texts:
        several = [graph.candidates(m.name, config.candidates) for m in text.mentions]
        for position, own in enumerate(several):
            if len(own) != 1:
                continue
            ((right, exact),) = own.items()
            stated = text.mentions[position].type
            if stated and not schema.compatible(stated, graph.type[right]):
                continue
            alike = by_type[graph.type[right]]
            drawn = [*rng.choice(alike, config.decoys), *rng.choice(everyone, config.decoys)]
            decoys = {int(i): exact for i in drawn if int(i) != right}
            for group, weight in ((own, 1.0), ({**own, **decoys}, 1.0), (decoys, _NIL)):
                if group:
                    posed = [*several[:position], group, *several[position + 1 :]]
                    rows = context_features(text, posed, graph, schema, prior)[position]
                    found.append((rows, 0 if right in group else -1, weight))
    return found


def train(
    texts: Iterable[TextMentions],
    graph: EntityGraph,
    config: DisambiguationConfig,
    *,
    schema: Schema,
    seed: int = 0,
) -> Ranker:
    """A ranker learnt from the texts; the prior weights where there is too little."""
    if not config.train:
        return Ranker()
    examples = distant_examples(texts, graph, config, schema=schema, seed=seed)
    return fit(examples) if len(examples) >= 3 * config.least_examples else Ranker()
