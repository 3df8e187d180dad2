"""Parse typed conditions on items (`genre=trip hop`) into relations and entities of the graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.data import Catalogue, KnowledgeGraph, TrainingSplit
from recommender.data.facts import Facts
from recommender.data.names import NameIndex, fold_name
from recommender.data.tables import IntArray
from recommender.errors import ConfigError, DataError
from recommender.explanation.makers import Makers
from recommender.explanation.relations import plain_name

_SHOWN = 12


@dataclass(frozen=True)
class Statement:
    """A condition: a relation with the entities of its value.

    Attributes:
        relations: relation ids; several if they share the name.
        entities: entity ids; several for namesakes or alternatives.
        forward: whether the item is the head.
        text: the condition in the graph's spelling.
    """

    relations: tuple[int, ...]
    entities: tuple[int, ...]
    forward: bool
    text: str


class GraphVocabulary:
    """Resolves names of relations and entities, ignoring case, accents and punctuation.

    A condition holds for an item that states it, and for an item that states nothing of the
    relation if one of its makers does (a song's performer, a book's writer); except for decades and
    awards, which are the item's own.

    Args:
        graph: the graph with the relations and entities.
        n_items: ids below this are items.
        catalogue: names.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int, catalogue: Catalogue) -> None:
        self._graph, self._n_items, self._catalogue = graph, n_items, catalogue
        self._makers = Makers.of(graph, n_items, catalogue)
        self._indexes: dict[tuple[tuple[int, ...], bool], NameIndex] = {}

    @classmethod
    def of(cls, train: TrainingSplit) -> GraphVocabulary:
        """Create the vocabulary of a training split.

        Raises:
            DataError: its data folder has no names.
        """
        if train.catalogue is None or not train.catalogue.entity_names():
            raise DataError(
                "the data folder has no names of entities (entities.tsv), so that none can be "
                "looked up; build it with `python -m pipeline build`"
            )
        return cls(train.graph, train.n_items, train.catalogue)

    @cached_property
    def relation_names(self) -> list[str]:
        """Short names of the relations of items or their makers, the most frequent first."""
        counts = np.bincount(self._all_ends(forward=True)[0], minlength=self._graph.n_relations)
        order = np.argsort(-counts, kind="stable")
        names = [plain_name(self._full_names[r]) for r in order.tolist() if counts[r]]
        return list(dict.fromkeys(names))

    def statement(self, text: str) -> Statement:
        """Resolve `relation=value`, `relation=value|other value` or `^relation=value`.

        A caret inverts the relation: `^influenced by=Massive Attack` holds for those who influenced
        Massive Attack. A value that is the name of one entity ('M|A|R|R|S') is not divided.

        Raises:
            ConfigError: invalid text, or an unknown name; the message suggests some.
        """
        relation, equals, values = text.partition("=")
        forward = not relation.strip().startswith("^")
        relation = relation.strip().removeprefix("^").strip()
        if not equals or not relation or relation.startswith("^") or not values.strip("| "):
            raise ConfigError(
                f"{text!r} is not a condition; write relation=value, such as "
                f"{self.relation_names[0]}={self._example()}"
            )
        relations = self.relations(relation)
        index = self._entities_of(relations, forward)
        entities: dict[int, None] = {}
        spelt = []
        for value in _alternatives(values, index):
            found = index.find(value)
            if found is None:
                raise self._unknown_value(relations, forward, relation, value)
            entities |= dict.fromkeys(found.ids)
            spelt.append(found.name)
        caret = "" if forward else "^"
        name = plain_name(self._full_names[relations[0]])
        return Statement(relations, tuple(entities), forward, f"{caret}{name}={'|'.join(spelt)}")

    def relations(self, name: str) -> tuple[int, ...]:
        """The relations with a name: a full name of one relation, or a short name of several.

        Raises:
            ConfigError: there is no such relation.
        """
        wanted = fold_name(name)
        full = [r for r, other in enumerate(self._full_names) if fold_name(other) == wanted]
        short = [
            r for r, other in enumerate(self._full_names) if fold_name(plain_name(other)) == wanted
        ]
        if not full and not short:
            index = NameIndex(enumerate(self.relation_names))
            suggestions = index.suggest(name)
            hint = f"did you mean {' or '.join(suggestions)}? " if suggestions else ""
            examples = ", ".join(self.relation_names[:_SHOWN])
            more = len(self.relation_names) - _SHOWN
            others = f" and {more} more (relations.tsv)" if more > 0 else ""
            raise ConfigError(
                f"no relation {name!r} of items in the graph; {hint}there are {examples}{others}"
            )
        return tuple(full or short)

    def items_with(self, statement: Statement) -> NDArray[np.bool_]:
        """Mask of the items that fulfil the condition in the graph, ``[n_items]``."""
        relation, item, entity = self._ends(statement.forward)
        stated = np.isin(relation, statement.relations)
        own, silent = np.zeros(self._n_items, dtype=bool), np.ones(self._n_items, dtype=bool)
        own[item[stated & np.isin(entity, statement.entities)]] = True
        silent[item[stated]] = False
        relation, maker, entity = self._ends_of_makers(statement.forward)
        chosen = np.isin(relation, statement.relations) & np.isin(entity, statement.entities)
        by_makers = np.zeros(self._n_items, dtype=bool)
        by_makers[self._makers.items[np.isin(self._makers.makers, maker[chosen])]] = True
        return own | (silent & by_makers)

    def facts(self, statements: Sequence[Statement]) -> Facts:
        """The triples of a new item that fulfils the conditions.

        If several relations share the name, the entity's most frequent one in the graph is used.
        """
        rows: dict[tuple[int, int, bool], None] = {}
        for statement in statements:
            relation, entity = self._all_ends(statement.forward)
            for wanted in statement.entities:
                usual = np.bincount(
                    relation[(entity == wanted) & np.isin(relation, statement.relations)],
                    minlength=self._graph.n_relations,
                )
                if usual.any():
                    rows[int(usual.argmax()), wanted, statement.forward] = None
        relations, entities, forward = zip(*rows, strict=True) if rows else ((), (), ())
        return Facts(
            np.asarray(relations, dtype=np.int64),
            np.asarray(entities, dtype=np.int64),
            np.asarray(forward, dtype=bool),
        )

    @cached_property
    def _full_names(self) -> list[str]:
        return self._catalogue.relation_names(self._graph.n_relations)

    def _ends(self, forward: bool) -> tuple[IntArray, IntArray, IntArray]:
        """Relation, item and other end of the triples with an item at the given end."""
        graph = self._graph
        near, far = (graph.head, graph.tail) if forward else (graph.tail, graph.head)
        kept = near < self._n_items
        return graph.relation[kept], near[kept], far[kept]

    def _ends_of_makers(self, forward: bool) -> tuple[IntArray, IntArray, IntArray]:
        """The same for triples with a maker of items that tell something of its works."""
        graph = self._graph
        near, far = (graph.head, graph.tail) if forward else (graph.tail, graph.head)
        is_maker = np.zeros(graph.n_entities, dtype=bool)
        is_maker[self._makers.makers] = True
        kept = is_maker[near] & ~self._makers.stating & ~self._makers.personal
        return graph.relation[kept], near[kept], far[kept]

    def _all_ends(self, forward: bool) -> tuple[IntArray, IntArray]:
        """Relation and other end of the triples with an item or a maker at the given end."""
        ends = zip(self._ends(forward), self._ends_of_makers(forward), strict=True)
        relation, _, entity = (np.concatenate(both) for both in ends)
        return relation, entity

    def _entities_of(self, relations: tuple[int, ...], forward: bool) -> NameIndex:
        """Names of the entities at the far end of some relations of items or their makers."""
        index = self._indexes.get((relations, forward))
        if index is None:
            relation, entity = self._all_ends(forward)
            counts = np.bincount(entity[np.isin(relation, relations)])
            names = self._catalogue.entity_names()
            pairs: Iterator[tuple[int, str]] = (
                (e, names[e]) for e in np.flatnonzero(counts).tolist() if e in names
            )
            index = NameIndex(pairs, self._catalogue.entity_aliases(), counts)
            self._indexes[relations, forward] = index
        return index

    def _unknown_value(
        self, relations: tuple[int, ...], forward: bool, relation: str, value: str
    ) -> ConfigError:
        index = self._entities_of(relations, forward)
        suggestions, examples = index.suggest(value), index.best_known(6)
        if suggestions:
            hint = f"did you mean {' or '.join(suggestions)}?"
        elif examples:
            more = " and others" if len(examples) > 5 else ""
            hint = f"the graph knows {', '.join(examples[:5])}{more}"
        elif len(self._entities_of(relations, not forward)):
            hint = f"it has {relation} in the other direction, {'^' if forward else ''}{relation}=…"
        elif np.isin(self._graph.relation[self._makers.personal], relations).any():
            hint = f"the {relation} of a maker is not that of its works"
        else:
            hint = f"no item has a {relation} there"
        return ConfigError(f"no {'' if forward else '^'}{relation} {value!r} in the graph; {hint}")

    def _example(self) -> str:
        index = self._entities_of(self.relations(self.relation_names[0]), True)
        return next(iter(index.best_known(1)), "value")


def conditions_in(text: str) -> list[str]:
    """The conditions in a list of several, separated by semicolons.

    A semicolon before a part without an equals sign belongs to a value, as in 'label=Far; Out'.
    """
    return [kept for part in re.split(r";(?=[^;]*=)", text) if (kept := part.strip("; "))]


def _alternatives(values: str, index: NameIndex) -> list[str]:
    whole = index.find(values.strip())
    if whole is not None and "|" in whole.name:
        return [values.strip()]
    return [value.strip() for value in values.split("|") if value.strip()]
