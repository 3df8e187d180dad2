"""Index of candidate entities for entity linking: names, words, neighbours and facts."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import pandas as pd

from kg_builder.fusion.normalize import fold, name_key, parse_name, squeeze
from kg_builder.fusion.profiles import turned, values
from kg_builder.ontology import Schema

EXACT: Final = 1.0
FOLDED: Final = 0.85
ALIAS: Final = 0.6
SQUEEZED: Final = 0.4
"""How exactly a name matches an entity's: identical, up to case and accents, an alias, without
spaces or in another script."""

_WORD: Final = re.compile(r"[^\W_]+")
_FACTS: Final = frozenset({"description", "homepage", "image"})


@dataclass(frozen=True)
class EntityGraph:
    """Candidate entities, indexed by name.

    Attributes:
        entity, type, name: one value per entity.
        weights: per entity, the unit tf-idf vector of the words in its description, its values and
            its neighbours' names.
        neighbours: per entity, the entities related to it in either direction.
        facts: per entity, pairs (predicate, name key of the other entity or value), inverses
            included.
        degree: per entity, its number of statements.
        idf: inverse document frequency of each word.
        rarest: that of a word which occurs once, and of an unknown word.
        names: per form of a name, the entities and how exactly it matches.
        position: CURIE → index.
    """

    entity: list[str]
    type: list[str]
    name: list[str]
    weights: list[dict[str, float]]
    neighbours: list[frozenset[int]]
    facts: list[frozenset[tuple[str, str]]]
    degree: list[int]
    idf: dict[str, float]
    rarest: float
    names: dict[str, dict[int, float]]
    position: dict[str, int]

    def candidates(self, name: str, most: int) -> dict[int, float]:
        """Entities with a name, and how exactly it matches; the best known if there are many."""
        found: dict[int, float] = {}
        key = name_key(name)
        for form in dict.fromkeys(("=" + name, key, "~" + squeeze(key))):
            for index, exact in self.names.get(form, {}).items():
                found[index] = max(found.get(index, 0.0), exact)
        ranked = sorted(found, key=lambda i: (-found[i], -self.degree[i], self.entity[i]))
        return {index: found[index] for index in ranked[:most]}

    def bag(self, text: str, without: Iterable[str] = ()) -> dict[str, float]:
        """Unit tf-idf vector of a text, without the words of the given names."""
        left_out = {word for name in without for word in words(name)}
        counts = Counter(w for w in words(text) if w not in left_out)
        return unit(counts, self.idf, self.rarest)

    def related(self, one: int, other: int) -> float:
        """Relatedness: 1 for neighbours, else up to 0.5 by the share of common neighbours."""
        if one == other or other in self.neighbours[one]:
            return 1.0
        common = len(self.neighbours[one] & self.neighbours[other])
        if not common:
            return 0.0
        smaller = min(len(self.neighbours[one]), len(self.neighbours[other]))
        return 0.5 * common / (smaller + 2)


def words(text: str) -> list[str]:
    """Split a text into folded words."""
    return _WORD.findall(fold(text))


def unit(counts: Counter[str], idf: dict[str, float], rarest: float) -> dict[str, float]:
    """Unit tf-idf vector of words, with dampened tf; `rarest` is the idf of unknown words."""
    raw = {w: (1 + log(n)) * idf.get(w, rarest) for w, n in sorted(counts.items())}
    length = sqrt(sum(v * v for v in raw.values()))
    return {w: v / length for w, v in raw.items()} if length else {}


def cosine(one: dict[str, float], other: dict[str, float]) -> float:
    """Cosine of two unit vectors."""
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def entity_graph(entities: pd.DataFrame, statements: pd.DataFrame, schema: Schema) -> EntityGraph:
    """Build the graph from the tables `ENTITIES` and `STATEMENTS` (over CURIEs)."""
    curies, names = values(entities, "entity"), values(entities, "name")
    types = values(entities, "type")
    position = {curie: index for index, curie in enumerate(curies)}
    neighbours: dict[int, set[int]] = defaultdict(set)
    facts: dict[int, set[tuple[str, str]]] = defaultdict(set)
    descriptions: dict[int, list[str]] = defaultdict(list)
    columns = ("subject", "predicate", "object", "object_kind")
    for subject, predicate, target, kind in zip(
        *(values(statements, column) for column in columns), strict=True
    ):
        one = position.get(subject)
        if one is None:
            continue
        other = position.get(target) if kind == "entity" else None
        if other is None:
            descriptions[one].append(target)
            if predicate not in _FACTS:
                facts[one].add((predicate, name_key(target)))
            continue
        neighbours[one].add(other)
        neighbours[other].add(one)
        facts[one].add((predicate, name_key(names[other])))
        facts[other].add((turned(predicate, schema), name_key(names[one])))
    for index, attributes in enumerate(values(entities, "attributes")):
        for predicate, stated in json.loads(attributes).items():
            for value in stated if isinstance(stated, list) else [stated]:
                descriptions[index].append(str(value))
                facts[index].add((predicate, name_key(str(value))))
    bags = [
        Counter(
            _words_of(types[i], descriptions[i], (names[n] for n in sorted(neighbours[i])), schema)
        )
        for i in range(len(curies))
    ]
    often = Counter(word for bag in bags for word in bag)
    idf = {word: log((1 + len(bags)) / count) for word, count in often.items()}
    rarest = max(idf.values(), default=1.0)
    return EntityGraph(
        entity=curies,
        type=types,
        name=names,
        weights=[unit(bag, idf, rarest) for bag in bags],
        neighbours=[frozenset(neighbours[i]) for i in range(len(curies))],
        facts=[frozenset(facts[i]) for i in range(len(curies))],
        degree=[len(facts[i]) for i in range(len(curies))],
        idf=idf,
        rarest=rarest,
        names=_index(names, values(entities, "aliases"), types, schema),
        position=position,
    )


def _words_of(
    type_: str, descriptions: Sequence[str], neighbours: Iterable[str], schema: Schema
) -> list[str]:
    declared = schema.classes.get(type_)
    texts = [declared.label if declared else type_, *descriptions, *neighbours]
    return [word for text in texts for word in words(text)]


def _index(
    names: Sequence[str], aliases: Sequence[Sequence[str]], types: Sequence[str], schema: Schema
) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = defaultdict(dict)

    def add(form: str, index: int, exact: float) -> None:
        if form:
            found[form][index] = max(exact, found[form].get(index, 0.0))

    for index, (name, others) in enumerate(zip(names, aliases, strict=True)):
        own = parse_name(name, qualified=schema.is_a(types[index], "Agent"))
        add("=" + name, index, EXACT)
        add("=" + own.display, index, EXACT)
        add(own.key, index, FOLDED)
        add("~" + own.squeezed, index, SQUEEZED)
        for other in (*own.alternatives, *others):
            add(name_key(other), index, ALIAS)
            add("~" + squeeze(name_key(other)), index, SQUEEZED * ALIAS)
    return dict(found)
