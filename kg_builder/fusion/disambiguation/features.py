"""Features of a mention and a candidate entity: name match, context words, graph relatedness."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.disambiguation.graph import EntityGraph, cosine, words
from kg_builder.fusion.disambiguation.text_mentions import Mention, TextMentions
from kg_builder.fusion.normalize import name_key
from kg_builder.ontology import Schema

FEATURES: Final = (
    "name", "class", "cues of the class", "sentence", "text", "company", "coherence", "facts",
    "fame", "any candidate",
)  # fmt: skip
"""Columns: exactness of the name match; agreement of the classes (1, 0, -1); class cues beside the
name; cosine of the sentence and of the whole text with the entity's bag of words; number of
co-mentions that are its neighbours; relatedness to the entities of the co-mentions; share of the
facts extracted about the mention that the graph has too; share of its statements among all
candidates'; constant 1."""

_NEAR: Final = 8
_CUES: Final[dict[str, frozenset[str]]] = {
    type_: frozenset(text.split())
    for type_, text in tomllib.loads(
        resources.files("kg_builder.fusion.disambiguation")
        .joinpath("cues.toml")
        .read_text(encoding="utf-8")
    ).items()
}


def features(
    graph: EntityGraph,
    schema: Schema,
    text: TextMentions,
    mention: Mention,
    candidates: Mapping[int, float],
    co_mentions: Sequence[Mapping[int, float]],
) -> NDArray[np.float64]:
    """Compute the features of the candidates of one mention.

    Args:
        graph: the entities, with their names, words and neighbours.
        schema: the data model.
        text: the text with the mention.
        mention: the mention.
        candidates: entity → exactness of the name match.
        co_mentions: per other mention in the text, its candidate entities with their probabilities.

    Returns:
        Shape (candidates, features), in the order of `FEATURES`.
    """
    sentence = graph.bag(mention.sentence, (mention.name,))
    whole = graph.bag(text.text, (mention.name,))
    beside = _beside(mention)
    others = {name_key(m.name) for m in text.mentions} - {name_key(mention.name)}
    around = f" {name_key(text.text)} "
    total = sum(1 + graph.degree[i] for i in candidates)
    facts = {(predicate, name_key(value)) for predicate, value in mention.facts}
    rows = []
    for index, exact in candidates.items():
        neighbours = [graph.name[n] for n in graph.neighbours[index]]
        mentioned = sum(
            1 for name in neighbours if (key := name_key(name)) in others or f" {key} " in around
        )
        rows.append(
            (
                exact,
                _class_agrees(mention.type, graph.type[index], schema),
                _cued(beside, graph.type[index], schema),
                cosine(sentence, graph.weights[index]),
                cosine(whole, graph.weights[index]),
                1 - exp(-mentioned),
                _coherence(graph, index, co_mentions),
                len(facts & graph.facts[index]) / len(facts) if facts else 0.0,
                max(log((1 + graph.degree[index]) / total), -4.0),
                1.0,
            )
        )
    return np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES))


def _class_agrees(stated: str, own: str, schema: Schema) -> float:
    if not stated or stated not in schema.classes:
        return 0.0
    return 1.0 if schema.compatible(stated, own) else -1.0


def _beside(mention: Mention) -> list[str]:
    """The words in a small window around the mention."""
    found, name = words(mention.sentence), words(mention.name)
    places = [at for at in range(len(found)) if name and found[at : at + len(name)] == name] or [
        len(found) // 2
    ]
    close = {
        at
        for start in places
        for at in range(max(0, start - _NEAR), min(len(found), start + len(name) + _NEAR))
        if not start <= at < start + len(name)
    }
    return [found[at] for at in sorted(close)]


def _cued(beside: Sequence[str], type_: str, schema: Schema) -> float:
    """Cues for the class minus cues for other classes, -1 to 1; ambiguous cues are ignored."""
    cues_for: set[str] = set()
    cues_against: set[str] = set()
    for cued, cues in _CUES.items():
        fits = cued in schema.classes and schema.compatible(cued, type_)
        (cues_for if fits else cues_against).update(cues)
    pro = sum(word in cues_for and word not in cues_against for word in beside)
    con = sum(word in cues_against and word not in cues_for for word in beside)
    return (pro - con) / (pro + con + 1)


def _coherence(graph: EntityGraph, index: int, co_mentions: Sequence[Mapping[int, float]]) -> float:
    """Mean relatedness to the three best co-mentions, weighted by their probabilities."""
    best = sorted(
        (
            max((p * graph.related(index, other) for other, p in one.items()), default=0.0)
            for one in co_mentions
        ),
        reverse=True,
    )[:3]
    return sum(best) / 3
