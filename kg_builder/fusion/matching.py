"""Match records: block, compare, score, cluster; fit the scorer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.credits import FROM_TITLE
from kg_builder.extraction.values.text import fold
from kg_builder.fusion.block import candidate_pairs
from kg_builder.fusion.block_keys import unique_pairs
from kg_builder.fusion.cluster import Clustering, cluster
from kg_builder.fusion.compare import Comparison, compare
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.identity import identity_of, merge_identified
from kg_builder.fusion.judgements import Judgements, Labels, Verdict, pair, read_judgements
from kg_builder.fusion.own_mentions import mentions_of_one_album, mentions_of_own_artists
from kg_builder.fusion.profiles import Profiles, compatible_types, gather_values, profile
from kg_builder.fusion.score import Contribution, FellegiSunter, Scorer, fitting_pairs
from kg_builder.fusion.shared_works import SharedWorks, shared_works
from kg_builder.fusion.unique_values import coded
from kg_builder.fusion.vocabulary import group_vocabularies
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent


@dataclass(frozen=True)
class Matching:
    """The decisions of a fusion, kept for explanation and evaluation.

    Attributes:
        profiles: the records as compared.
        comparison: candidate pairs with the level of every feature.
        probability: match probability per pair, after a person's judgements.
        clustering: cluster labels, refused pairs and the path of merges; vocabularies included.
        scorer: fitted, to explain single pairs.
        match, unsure: thresholds per pair.
        aside: pairs that were compared only for an explanation, without effect on the result.
        by_name: records merged with others of their source by a rule: see `own_mentions`.
        named: number of statements whose object is the record, if there are several.
        shared_works: performers whose probability is raised by a work in common, if any.
    """

    profiles: Profiles
    comparison: Comparison
    probability: NDArray[np.float64]
    clustering: Clustering
    scorer: Scorer
    match: NDArray[np.float64]
    unsure: NDArray[np.float64]
    aside: Comparison | None = None
    by_name: frozenset[int] = frozenset()
    named: Mapping[str, int] = field(default_factory=dict)
    shared_works: SharedWorks | None = None


def match_records(
    records: pd.DataFrame,
    config: FusionConfig,
    *,
    schema: Schema,
    traits: Mapping[str, SourceTraits],
    statements: pd.DataFrame | None = None,
    judgements: Judgements | None = None,
    labels: Labels | None = None,
    among: Sequence[tuple[str, str]] | None = None,
    aside: Sequence[tuple[str, str]] = (),
    progress: Progress = silent,
) -> Matching:
    """Match records: block, compare, score and cluster, without fusing.

    Args:
        records: table `RECORDS`.
        config: thresholds, blocking, vocabularies.
        schema: the data model.
        traits: what is known about each source.
        statements: table `STATEMENTS` over record keys; if given, neighbours' names are evidence.
        judgements: a person's decisions; they override those of the configured file.
        labels: training pairs of the supervised scorer, instead of the configured file.
        among: pairs of record keys to compare instead of those from blocking.
        aside: further pairs of record keys to compare for an explanation, without effect on the
            result.
        progress: called with the number of steps done, of five.

    Raises:
        DataError: duplicate record keys, a bad file of judgements, or labels of one class only.
    """
    all_judgements = dict(read_judgements(config.judgements)) if config.judgements else {}
    all_judgements.update(judgements or {})
    profiles = profile(records, schema=schema, traits=traits)
    progress(1, 5)
    pairs = (
        _pairs(profiles, config, schema, all_judgements)
        if among is None
        else _index_pairs(among, profiles)
    )
    progress(2, 5)
    blocked = len(pairs)
    if aside:
        pairs = np.concatenate((pairs, _new(_index_pairs(aside, profiles), pairs, len(profiles))))
    wanted = [profiles.record[i] for i in np.unique(pairs).tolist()]
    if statements is not None:
        # guests in titles are left out: title words are compared as such, and a guest is not the
        # lead
        statements = statements[statements["method"] != FROM_TITLE]
    values = gather_values(records, statements, wanted, schema) if wanted else {}
    trained = labels is not None or config.scorer == "supervised"
    comparison = compare(profiles, pairs, values, schema, detailed=trained)
    aside_comparison = None
    if len(pairs) > blocked:
        rows = np.arange(len(pairs))
        pairs, aside_comparison = pairs[:blocked], comparison.take(rows >= blocked)
        comparison = comparison.take(rows < blocked)
    progress(3, 5)
    scorer = _scorer(config, profiles, labels)
    scorer.fit(
        comparison if trained else comparison.take(fitting_pairs(comparison, seed=config.seed))
    )
    probability = _overruled(scorer.probability(comparison), comparison, profiles, all_judgements)
    of_type = coded(profiles.type)
    thresholds = np.array(list(map(config.thresholds, of_type.distinct)), dtype=float)
    bands = thresholds.reshape(-1, 2)[of_type.codes[pairs[:, 0]]]
    must, cannot = _must_and_cannot(all_judgements, profiles)
    named, ambiguous = _own_mentions(records, statements, profiles, schema)
    cannot |= ambiguous - must
    must |= named - cannot
    for _, members in group_vocabularies(profiles, schema, config):
        must |= {(int(members[0]), int(other)) for other in members[1:]} - cannot
    # "The Crane" is rather "The Crane" than "Crane", if both are as probable
    spelt = coded([fold(name.display) for name in profiles.names]).codes
    clustered = partial(
        cluster,
        len(profiles),
        pairs,
        match=bands[:, 0],
        exclusive=profiles.exclusive,
        must=must,
        cannot=cannot,
        first=spelt[pairs[:, 0]] == spelt[pairs[:, 1]],
        catalogue=np.where(profiles.has_id, profiles.source, -1),
        repeated=-scorer.of_one_source(),
    )
    clustering = clustered(probability)
    collective = None
    if statements is not None:
        collective = shared_works(comparison, probability, clustering.label, statements, profiles)
    if collective is not None:
        raised = collective.raised(probability)
        probability = _overruled(raised, comparison, profiles, all_judgements)
        clustering = clustered(probability)
    clustering = merge_identified(clustering, profiles, statements, config, schema, cannot=cannot)
    progress(4, 5)
    return Matching(
        profiles,
        comparison,
        probability,
        clustering,
        scorer,
        bands[:, 0],
        bands[:, 1],
        aside_comparison,
        frozenset(int(record) for pair in named for record in pair),
        _often_named(statements),
        collective,
    )


def _often_named(statements: pd.DataFrame | None) -> dict[str, int]:
    if statements is None:
        return {}
    counts = statements.loc[statements["object_kind"] == "record", "object"].value_counts()
    return {str(record): int(count) for record, count in counts[counts > 1].items()}


class Rules:
    """Scorer with fixed weights: the levels' prior frequencies, and a match rate of 10%.

    A decision does not depend on other records, which suits small or changing collections and
    audits.
    """

    def __init__(self) -> None:
        self._model = FellegiSunter(rounds=0)

    def fit(self, comparison: Comparison) -> Rules:
        """Does nothing."""
        self._model.fit(comparison)
        return self

    def probability(self, comparison: Comparison) -> NDArray[np.float64]:
        """Match probability of each pair, shape (n,)."""
        return self._model.probability(comparison)

    def explain(self, comparison: Comparison, row: int) -> list[Contribution]:
        """The contributions to one pair's log-odds."""
        return self._model.explain(comparison, row)

    def of_one_source(self) -> float:
        """Contribution to the log-odds of being of one source, for records with ids."""
        return self._model.of_one_source()


def _scorer(config: FusionConfig, profiles: Profiles, labels: Labels | None = None) -> Scorer:
    """Create the configured scorer; labels select the supervised one."""
    if labels is None and config.scorer == "supervised" and config.labels is not None:
        judged = read_judgements(config.labels)

        def labels(left: str, right: str) -> Verdict | None:
            return judged.get(pair(left, right))

    if labels is not None:
        from kg_builder.fusion.supervised import Supervised  # slow to import, needed only here

        return Supervised(labels, profiles, seed=config.seed)
    return Rules() if config.scorer == "rules" else FellegiSunter()


def _overruled(
    probability: NDArray[np.float64],
    comparison: Comparison,
    profiles: Profiles,
    judgements: Judgements,
) -> NDArray[np.float64]:
    """Replace probabilities by a person's decisions."""
    if not judgements:
        return probability
    certain = {"same": 1.0, "different": 0.0}
    found = probability.copy()
    for row, (i, j) in enumerate(comparison.pairs.tolist()):
        verdict = judgements.get(pair(profiles.record[i], profiles.record[j]))
        if verdict in certain:
            found[row] = certain[verdict]
    return found


def _own_mentions(
    records: pd.DataFrame,
    statements: pd.DataFrame | None,
    profiles: Profiles,
    schema: Schema,
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs of records that are the same by a rule, and those between which it cannot decide."""
    same, namesakes = mentions_of_own_artists(records, schema)
    by_unknown: list[tuple[str, str]] = []
    if statements is not None:
        albums, by_unknown = mentions_of_one_album(records, statements, schema)
        same += albums

    def places(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[int, int]]:
        for one, other in pairs:
            left, right = sorted((profiles.position[one], profiles.position[other]))
            yield left, right

    # records of one name that a source may hold twice are often the same: their scores decide
    is_clean = profiles.exclusive >= 0
    apart = {pair for pair in places(namesakes) if is_clean[list(pair)].any()}
    return set(places(same)), apart | set(places(by_unknown))


def _pairs(
    profiles: Profiles, config: FusionConfig, schema: Schema, judgements: Judgements
) -> NDArray[np.int64]:
    of_type = coded(profiles.type)
    types = sorted(
        name
        for name in of_type.distinct
        if not config.is_vocabulary(name) and identity_of(name, config, schema) is None
    )
    allowed = compatible_types(schema, types, config)
    may_meet = np.array(
        [[(one, other) in allowed for other in of_type.distinct] for one in of_type.distinct]
    )
    found = []
    for family in _families(types, allowed):
        inside = np.array([name in family for name in of_type.distinct], dtype=bool)
        members = np.flatnonzero(inside[of_type.codes])
        # two artists of one genre and year do not match; two songs of one album and length may
        works = all(schema.is_a(type_, "Work") for type_ in family)
        pairs = candidate_pairs(profiles, members, config.blocking, by_text=works)
        kinds = of_type.codes[pairs]
        found.append(pairs[may_meet[kinds[:, 0], kinds[:, 1]]])
    asked = [
        sorted((profiles.position[one], profiles.position[other]))
        for one, other in judgements
        if one in profiles.position and other in profiles.position and one != other
    ]
    found.append(np.array(asked, dtype=np.int64).reshape(-1, 2))
    return unique_pairs(np.concatenate(found), len(profiles))


def _index_pairs(among: Sequence[tuple[str, str]], profiles: Profiles) -> NDArray[np.int64]:
    position = profiles.position
    found = [sorted((position[one], position[other])) for one, other in among if one != other]
    return np.unique(np.array(found, dtype=np.int64).reshape(-1, 2), axis=0)


def _new(asked: NDArray[np.int64], pairs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The requested pairs that are not among the candidates."""
    present = pairs[:, 0] * size + pairs[:, 1]
    return asked[~np.isin(asked[:, 0] * size + asked[:, 1], present)]


def _families(types: Sequence[str], allowed: set[tuple[str, str]]) -> list[set[str]]:
    """Groups of classes connected by compatibility: blocked together, checked pair by pair."""
    families: list[set[str]] = []
    for type_ in types:
        touching = [f for f in families if any((type_, other) in allowed for other in f)]
        merged = {type_}.union(*touching)
        families = [f for f in families if f not in touching] + [merged]
    return families


def _must_and_cannot(
    judgements: Judgements, profiles: Profiles
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    must: set[tuple[int, int]] = set()
    cannot: set[tuple[int, int]] = set()
    for (one, other), verdict in judgements.items():
        if one in profiles.position and other in profiles.position and one != other:
            left, right = sorted((profiles.position[one], profiles.position[other]))
            (must if verdict == "same" else cannot).add((left, right))
    return must, cannot
