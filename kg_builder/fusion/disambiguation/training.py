"""Train the candidate ranker by distant supervision, on mentions with a single candidate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from kg_builder.fusion.config import DisambiguationConfig
from kg_builder.fusion.disambiguation.features import features
from kg_builder.fusion.disambiguation.graph import EntityGraph
from kg_builder.fusion.disambiguation.ranker import Example, Ranker, fit
from kg_builder.fusion.disambiguation.select import guess_co_mentions
from kg_builder.fusion.disambiguation.text_mentions import TextMentions
from kg_builder.ontology import Schema

_NIL: Final = 0.15
"""Weight of an example without a correct candidate."""


def distant_examples(
    texts: Iterable[TextMentions],
    graph: EntityGraph,
    config: DisambiguationConfig,
    *,
    schema: Schema,
    seed: int = 0,
) -> list[Example]:
    """Build training examples from unambiguous mentions.

    A mention whose name is that of a single entity with a compatible class is assumed to denote
    that entity; entities with other names serve as decoys. Each mention gives three examples: the
    correct entity alone, the correct entity among decoys, and the decoys alone (NIL), with a low
    weight because few names in a text are missing from the graph.

    Args:
        texts: as for `disambiguate`.
        graph, config, schema: as there.
        seed: for the choice of decoys.
    """
    rng = np.random.default_rng(seed)
    everyone = np.arange(len(graph.entity))
    by_type = {t: everyone[np.array([x == t for x in graph.type])] for t in sorted({*graph.type})}
    found: list[Example] = []
    prior = Ranker()
    for text in texts:
        several = [graph.candidates(m.name, config.candidates) for m in text.mentions]
        co_mentions = guess_co_mentions(text, several, graph, schema, prior)
        for mention, own, others in zip(text.mentions, several, co_mentions, strict=True):
            if len(own) != 1:
                continue
            ((right, exact),) = own.items()
            if mention.type and not schema.compatible(mention.type, graph.type[right]):
                continue
            alike = by_type[graph.type[right]]
            drawn = [*rng.choice(alike, config.decoys), *rng.choice(everyone, config.decoys)]
            decoys = {int(i): exact for i in drawn if int(i) != right}
            for group, weight in ((own, 1.0), ({**own, **decoys}, 1.0), (decoys, _NIL)):
                if group:
                    rows = features(graph, schema, text, mention, group, others)
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
    """Train a ranker on the texts; keeps the prior weights if there are too few examples."""
    if not config.train:
        return Ranker()
    examples = distant_examples(texts, graph, config, schema=schema, seed=seed)
    return fit(examples) if len(examples) >= 3 * config.least_examples else Ranker()
