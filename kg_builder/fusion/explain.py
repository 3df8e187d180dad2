"""Explain why two records match or not: evidence weights, threshold, merge path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.identity import identity_of
from kg_builder.fusion.judgements import Judgements, pair
from kg_builder.fusion.matching import Matching
from kg_builder.fusion.score import Contribution
from kg_builder.fusion.vocabulary import same_kind, vocabulary_key
from kg_builder.ontology import Schema

_WORDS: Final = "words of title, performer and album"
_SHOWN: Final[Mapping[str, str]] = {
    "title": "title of each, looked for among the other's words",
    "title found": "title of each, how much of it is among the other's words",
    "words shared": f"{_WORDS} that both have",
    "share of the wordier": f"{_WORDS} that both have, of those of the longer",
    "share of the briefer": f"{_WORDS} that both have, of those of the shorter",
    "words left over": f"{_WORDS} that each has alone",
    "left over": f"{_WORDS} that each has alone, except misspellings",
    "less left over": f"{_WORDS} that only one has: the side with fewer",
    "more left over": f"{_WORDS} that only one has: the side with more",
    "rests alike": f"{_WORDS} that only one has: how similar they are",
    "facts in place of words": "length, number, year and language, as the titles have no words",
}
"""Features of works as an explanation names them: a scorer's names do not say whose words."""

_SHOWN_LEVELS: Final[Mapping[str, str]] = {"many rare": "many rare ones", "rare": "rare ones"}


@dataclass(frozen=True)
class Explanation:
    """Explanation of the decision on two records.

    Attributes:
        left, right: record keys.
        same: whether they were merged into one entity.
        compared: whether a blocking key brought them together at all.
        probability: of a match, after a person's judgement; for a pair that was not compared, the
            hypothetical one if requested, else None.
        threshold: minimum probability for such a pair to merge; None if not compared.
        contributions: contribution of each feature to the log-odds.
        refused: the constraint that kept a matching pair apart, or ''.
        path: the merges that lead from one to the other, as (record, record, mean probability);
            empty if they were not merged.
        reason: the deciding reason, in one sentence.
    """

    left: str
    right: str
    same: bool
    compared: bool
    probability: float | None
    threshold: float | None
    contributions: tuple[Contribution, ...]
    refused: str
    path: tuple[tuple[str, str, float], ...]
    reason: str


def explain(
    matching: Matching,
    left: str,
    right: str,
    *,
    config: FusionConfig | None = None,
    schema: Schema | None = None,
    judgements: Judgements | None = None,
) -> Explanation:
    """Explain the decision on two records.

    Args:
        matching: with the pair in `aside` if a pair that was not compared is to be scored.
        left, right: record keys.
        config, schema: those of the matching; used to name classes and vocabularies in the reason.
        judgements: a person's decisions that the matching used.

    Raises:
        DataError: one of them is not among the records.
    """
    profiles = matching.profiles
    for key in (left, right):
        if key not in profiles.position:
            raise DataError(f"no record {key!r}", remedy="give record keys as in records.parquet")
    i, j = sorted((profiles.position[left], profiles.position[right]))
    label = matching.clustering.label
    same = bool(label[i] == label[j])
    contributed: list[Contribution] = []
    probability = threshold = None
    row = _row(matching.comparison.pairs, i, j)
    if row is not None:
        probability, threshold = float(matching.probability[row]), float(matching.match[row])
        contributed = matching.scorer.explain(matching.comparison, row)
        if matching.shared_works is not None and row in matching.shared_works.rows:
            contributed.append(matching.shared_works.contribution())
    elif matching.aside is not None and (beside := _row(matching.aside.pairs, i, j)) is not None:
        only = matching.aside.take(np.array([beside]))
        probability = float(matching.scorer.probability(only)[0])
        contributed = matching.scorer.explain(only, 0)
    verdict = (judgements or {}).get(pair(left, right), "")
    found = Explanation(
        left=left,
        right=right,
        same=same,
        compared=row is not None,
        probability=probability,
        threshold=threshold,
        contributions=tuple(
            _readable(item)
            for item in sorted(contributed, key=lambda c: (-abs(c.weight), c.feature))
        ),
        refused=matching.clustering.refused.get((i, j), ""),
        path=_path(matching, i, j) if same else (),
        reason="",
    )
    reason = (
        _judged(verdict)
        or _by_class(matching, i, j, config, schema)
        or _named_alike(matching, i, j)
        or _reason(found)
    )
    unit = int(profiles.exclusive[i])
    if not (same or verdict) and 0 <= unit == profiles.exclusive[j]:
        reason = f"source {profiles.sources[unit]!r} is clean: at most one record per entity"
    return Explanation(**{**vars(found), "reason": reason})


def _readable(item: Contribution) -> Contribution:
    return replace(
        item,
        feature=_SHOWN.get(item.feature, item.feature),
        level=_SHOWN_LEVELS.get(item.level, item.level),
    )


def _judged(verdict: str) -> str:
    return f"a person's judgement: {verdict}" if verdict else ""


def _by_class(
    matching: Matching, i: int, j: int, config: FusionConfig | None, schema: Schema | None
) -> str:
    """The reason given by the classes: vocabularies match by name only; incompatible classes."""
    if config is None or schema is None:
        return ""
    profiles = matching.profiles
    kinds = profiles.type[i], profiles.type[j]
    if all(map(config.is_vocabulary, kinds)) and same_kind(*kinds, schema):
        keys = [vocabulary_key(profiles.name[k], profiles.type[k]) for k in (i, j)]
        equal = keys[0] == keys[1]
        return f"vocabulary terms, identified by name alone: {keys[0]!r} " + (
            "on both sides" if equal else f"is not {keys[1]!r}"
        )
    if rule := identity_of(kinds[0], config, schema):
        if kinds[0] != kinds[1]:
            return f"a {kinds[0]} is never a {kinds[1]}"
        if matching.clustering.label[i] == matching.clustering.label[j]:
            return f"what identifies a {rule.label} agrees: {', '.join(rule.identified_by)}"
        if profiles.source[i] == profiles.source[j] and profiles.has_id[[i, j]].all():
            return f"the source gives each {rule.label} its own id"
        return f"what identifies a {rule.label} does not agree: {', '.join(rule.identified_by)}"
    if (
        not schema.compatible(*kinds)
        and matching.clustering.label[i] != matching.clustering.label[j]
    ):
        return f"a {kinds[0]} is never a {kinds[1]}"
    return ""


def _named_alike(matching: Matching, i: int, j: int) -> str:
    """The reason that a source's own records decided, regardless of probability."""
    same = matching.clustering.label[i] == matching.clustering.label[j]
    below = (row := _row(matching.comparison.pairs, i, j)) is None or (
        matching.probability[row] < matching.match[row]
    )
    if same and below and {i, j} <= matching.by_name:
        if matching.profiles.type[i] != "Album":
            return "the source has one artist of this name, and means it by the name"
        return "songs of one performer in one source name this album: equal titles are one album"
    return ""


def _reason(found: Explanation) -> str:
    if found.same:
        steps = len(found.path)
        if steps == 1 and {found.left, found.right} == {*found.path[0][:2]}:
            return "they match, and were merged directly"
        return f"joined over {steps} merges within one cluster"
    if found.refused:
        return f"they match, but {found.refused}"
    if not found.compared:
        return "never compared: no blocking key brings them together"
    assert found.probability is not None
    return f"the probability {found.probability:.3f} is below {found.threshold:.2f}"


def _row(pairs: np.ndarray[tuple[int, ...], np.dtype[np.int64]], i: int, j: int) -> int | None:
    rows = np.flatnonzero((pairs[:, 0] == i) & (pairs[:, 1] == j))
    return int(rows[0]) if len(rows) else None


def _path(matching: Matching, start: int, end: int) -> tuple[tuple[str, str, float], ...]:
    """The path of merges between two records of a cluster; merges form a tree, so it is unique."""
    steps: dict[int, list[tuple[int, float]]] = {}
    for left, right, mean in matching.clustering.path:
        steps.setdefault(left, []).append((right, mean))
        steps.setdefault(right, []).append((left, mean))
    came: dict[int, tuple[int, float]] = {start: (start, 1.0)}
    queue = [start]
    for here in queue:
        for there, mean in steps.get(here, ()):
            if there not in came:
                came[there] = (here, mean)
                queue.append(there)
    names = matching.profiles.record
    way = []
    here = end
    while here != start:
        before, mean = came[here]
        way.append((names[before], names[here], mean))
        here = before
    return tuple(reversed(way))
