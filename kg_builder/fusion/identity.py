"""Merge records of memberships, editions and recordings by what identifies them, not by name.

A title is that of every edition of an album and of every take of a song, and the name of a
membership is composed by each source in its own way. The data model tells what identifies such
entities (`mkg:identifiedBy`): the ends and the dates of a fact, the catalogue number of a release.
The things that they are about must be merged first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.fusion.cluster import Clustering, Pair
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.normalize import name_key, squeeze
from kg_builder.fusion.profiles import Profiles, values
from kg_builder.ontology import ClassDef, Schema

Stated = Mapping[str, frozenset[str]]
"""Predicate → literals, or clusters of entities."""

_ROUNDS: Final = 4
"""A track is on a release, which is of an album: each may be merged only after the next."""


def identity_of(type_: str, config: FusionConfig, schema: Schema) -> ClassDef | None:
    """What identifies entities of a class; None if their names do."""
    return None if config.is_vocabulary(type_) else schema.identity(type_)


def merge_identified(
    clustering: Clustering,
    profiles: Profiles,
    statements: pd.DataFrame | None,
    config: FusionConfig,
    schema: Schema,
    *,
    cannot: Collection[Pair] = (),
) -> Clustering:
    """Merge the records of classes that are identified by facts.

    Two records with ids in one source are never the same. A record that agrees with several of
    another source is left alone.

    Args:
        clustering: clusters of the other records.
        profiles: all records.
        statements: table `STATEMENTS` over record keys; without it only shared ids of databases
            identify.
        config: vocabularies, which are identified by name.
        schema: the data model.
        cannot: pairs that a person judged to be different.
    """
    by_type = {name: identity_of(name, config, schema) for name in set(profiles.type)}
    rules = {i: rule for i, name in enumerate(profiles.type) if (rule := by_type[name])}
    if len(rules) < 2:
        return clustering
    facts = _Facts(profiles, rules, statements)
    different = {*cannot, *((right, left) for left, right in cannot)}
    for _ in range(_ROUNDS):
        before = len(clustering.path)
        clustering = _Round(profiles, rules, facts.over(clustering.label), different).merge(
            clustering
        )
        if len(clustering.path) == before:
            break
    return clustering


class _Facts:
    """What is stated of the records, with other records as indices."""

    def __init__(
        self,
        profiles: Profiles,
        rules: Mapping[int, ClassDef],
        statements: pd.DataFrame | None,
    ) -> None:
        self._profiles, self._position = profiles, profiles.position
        self._of: dict[int, dict[str, list[str | int]]] = defaultdict(lambda: defaultdict(list))
        if statements is None:
            return
        wanted = {"performer"}
        for rule in rules.values():
            wanted.update(rule.identified_by, rule.distinguished_by)
        keys = [profiles.record[i] for i in rules]
        rows = statements[statements["predicate"].isin(wanted) & statements["subject"].isin(keys)]
        for subject, predicate, target, kind in _rows(rows):
            known = self._position.get(target) if kind == "record" else None
            value = _code(target, kind) if known is None else known
            self._of[self._position[subject]][predicate].append(value)
        self._name_performers(statements, rules)

    def over(self, label: NDArray[np.int64]) -> dict[int, Stated]:
        """The values of each record, with clusters in place of records."""
        return {
            index: {
                predicate: frozenset(
                    f"#{label[value]}" if isinstance(value, int) else value for value in stated
                )
                for predicate, stated in of.items()
            }
            for index, of in self._of.items()
        }

    def _name_performers(self, statements: pd.DataFrame, rules: Mapping[int, ClassDef]) -> None:
        """A release that a source only names is by the performer of the track that names it."""
        nameless = {
            self._profiles.record[i]
            for i, rule in rules.items()
            if not (rule.reifies or self._profiles.has_id[i] or "performer" in self._of[i])
        }
        naming = statements[statements["object"].isin(nameless)]
        performers = defaultdict(list)
        by = statements[
            (statements["predicate"] == "performer") & statements["subject"].isin(naming["subject"])
        ]
        for subject, _, target, _ in _rows(by):
            if target in self._position:
                performers[subject].append(self._position[target])
        for subject, _, target, _ in _rows(naming):
            if found := performers.get(subject):
                self._of[self._position[target]]["performer"] += found


class _Round:
    """One pass over the records, given the clusters of what they are about."""

    def __init__(
        self,
        profiles: Profiles,
        rules: Mapping[int, ClassDef],
        stated: Mapping[int, Stated],
        different: Collection[Pair],
    ) -> None:
        self._profiles, self._rules = profiles, rules
        self._stated, self._different = stated, different

    def merge(self, clustering: Clustering) -> Clustering:
        label, path = clustering.label.copy(), list(clustering.path)
        groups: dict[int, list[int]] = defaultdict(list)
        for index in self._rules:
            groups[int(label[index])].append(index)
        for left, right in self._unambiguous(self._pairs(label), label):
            one, other = sorted((int(label[left]), int(label[right])))
            if one == other or any(
                self._conflict(i, j) for i in groups[one] for j in groups[other]
            ):
                continue
            label[groups[other]] = one
            groups[one] += groups.pop(other)
            path.append((left, right, 1.0))
        return replace(clustering, label=label, path=path)

    def _pairs(self, label: NDArray[np.int64]) -> list[Pair]:
        """Pairs of records that agree in what identifies them, sorted."""
        blocks: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index in sorted(self._rules):
            for key in dict.fromkeys(self._keys(index)):
                blocks[key].append(index)
        found = {pair for block in blocks.values() for pair in combinations(block, 2)}
        found.update(self._named())
        return sorted(
            pair for pair in found if label[pair[0]] != label[pair[1]] and not self._conflict(*pair)
        )

    def _keys(self, index: int) -> Iterator[tuple[str, ...]]:
        profiles, rule = self._profiles, self._rules[index]
        type_, stated = profiles.type[index], self._stated.get(index, {})
        for short in profiles.external[index]:
            yield "id", type_, short
        if rule.reifies:
            if stated.get(rule.subject_by) and stated.get(rule.object_by):
                texts = (
                    " ".join(sorted({_year_of(value) for value in stated.get(predicate, ())}))
                    for predicate in rule.identified_by
                )
                yield "fact", type_, *texts
            return
        for predicate in rule.identified_by:
            for value in stated.get(predicate, ()):
                yield predicate, type_, profiles.names[index].key, _year_of(value)

    def _named(self) -> Iterator[Pair]:
        """Pairs of what a source only names and its one record of the name.

        If it has no record of the name, the namesakes of one performer are the same.
        """
        blocks: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        for index, rule in self._rules.items():
            if not rule.reifies:
                place = int(self._profiles.source[index]), self._profiles.type[index]
                blocks[*place, self._profiles.names[index].key].append(index)
        for block in blocks.values():
            own = [i for i in block if self._profiles.has_id[i]]
            bare = [i for i in block if not self._profiles.has_id[i] and not self._is_told(i)]
            if len(own) == 1:
                yield from ((min(own[0], i), max(own[0], i)) for i in bare)
            elif not own:
                first: dict[frozenset[str], int] = {}
                for i in bare:
                    by = self._stated.get(i, {}).get("performer", frozenset())
                    if (other := first.setdefault(by, i)) != i:
                        yield other, i

    def _is_told(self, index: int) -> bool:
        stated = self._stated.get(index, {})
        return any(stated.get(predicate) for predicate in self._rules[index].identified_by)

    def _conflict(self, left: int, right: int) -> bool:
        profiles, rule = self._profiles, self._rules[left]
        if profiles.type[left] != profiles.type[right] or (left, right) in self._different:
            return True
        ids = profiles.has_id[left] and profiles.has_id[right]
        if ids and profiles.source[left] == profiles.source[right]:
            return True
        one, other = self._stated.get(left, {}), self._stated.get(right, {})
        return any(
            not _agree(one[predicate], other[predicate])
            for predicate in (*rule.identified_by, *rule.distinguished_by)
            if predicate in one and predicate in other
        )

    def _unambiguous(self, pairs: Sequence[Pair], label: NDArray[np.int64]) -> Iterator[Pair]:
        """The pairs without those of a record that agrees with several of a source."""
        partners: dict[tuple[int, int], set[int]] = defaultdict(set)
        both = [*pairs, *((right, left) for left, right in pairs)]
        for index, other in both:
            if self._profiles.has_id[other] or self._rules[other].reifies:
                partners[index, int(self._profiles.source[other])].add(int(label[other]))
        for left, right in pairs:
            sides = (left, right), (right, left)
            if all(len(partners[i, int(self._profiles.source[j])]) < 2 for i, j in sides):
                yield left, right


def _code(text: str, kind: str) -> str:
    """A literal in the form in which it is compared; '@' begins a date, '#' a cluster."""
    if kind in {"date", "gYear", "gYearMonth"}:
        return f"@{text}"
    return f"={squeeze(name_key(text))}"


def _year_of(value: str) -> str:
    """The year of a date, other values unchanged: sources state dates with varying precision."""
    return value[: len("@1989")] if value.startswith("@") else value


def _rows(statements: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    columns = ("subject", "predicate", "object", "object_kind")
    return zip(*(values(statements, column) for column in columns), strict=True)


def _agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a value of each is equal, or one is the other date with less precision."""
    return not one.isdisjoint(other) or any(
        left[0] == right[0] == "@" and (left.startswith(right) or right.startswith(left))
        for left in one
        for right in other
    )
