"""Choose the names of a sentence among whole spans: probabilities by boosted trees, best set.

A CRF sees one word and its predecessor's tag at a time. Whether a span as a whole is a name also
depends on its length, its rarest word, whether a list has exactly these words, and on the spans
that compete with it (semi-Markov models: Sarawagi & Cohen 2004; reranking: Collins 2002).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from kg_builder.text_models.classifiers import BoostedTrees
from kg_builder.text_models.crf import Marginals
from kg_builder.text_models.ner.bio_tags import ScoredSpan, Span, TaggedWords, best_set
from kg_builder.text_models.ner.features import SpacyWord, commonness
from kg_builder.text_models.ner.name_lists import NameList

_MAX_WORDS: Final = 9
_MIN_LOG: Final = -6.0
"""Spans whose tags are less likely together (in logarithms) are no candidates."""

_NO_SPAN: Final = -9.0
_TINY: Final = 1e-6
_EDGE_WORDS: Final = 30
_MIN_NAMES: Final = 300
"""Names needed in training; with fewer, the best tag sequence is used"""

_FOLDS: Final = 3


class _Logs(NamedTuple):
    """Logarithms of a span's probabilities: of its tags, the least of them, and of its end."""

    tags: float
    least: float
    end: float

    @property
    def whole(self) -> float:
        return self.tags + self.end


@dataclass(frozen=True)
class SpanFeatures:
    """Features of the candidate spans of a sentence.

    Args:
        labels: classes of names, in the order of the columns of the marginals.
        edges: frequent words, whose place at or beside the bounds is a feature.
        seen: names of the training sentences.
        listed: names from other sources.
    """

    labels: tuple[str, ...]
    edges: Mapping[str, int]
    seen: NameList
    listed: NameList

    def of(
        self,
        words: Sequence[str],
        marginals: Marginals,
        analysis: Sequence[SpacyWord] | None,
        *,
        training: TaggedWords | None = None,
    ) -> tuple[list[Span], list[list[float]]]:
        """The candidate spans of a sentence and the features of each.

        Args:
            words: the sentence.
            marginals: probabilities of its tags.
            analysis: spaCy's analysis of each word.
            training: the annotated sentence, if it is one of the training sentences.
        """
        logs = self._logs(marginals)
        spans = [span for span, log in logs.items() if log.whole >= _MIN_LOG]
        sentence = _Sentence(self, words, marginals, analysis, logs, training)
        return spans, [list(sentence.features(span)) for span in spans]

    def _logs(self, marginals: Marginals) -> dict[Span, _Logs]:
        found = {}
        length = len(marginals)
        for column, label in enumerate(self.labels):
            begins = np.log(marginals[:, 1 + 2 * column] + _TINY).tolist()
            continues = np.log(marginals[:, 2 + 2 * column] + _TINY).tolist()
            ends = np.log(1 - marginals[:, 2 + 2 * column] + _TINY).tolist()
            for start in range(length):
                total = least = begins[start]
                for end in range(start + 1, min(length, start + _MAX_WORDS) + 1):
                    if end > start + 1:
                        total += continues[end - 1]
                        least = min(least, continues[end - 1])
                    if total < _MIN_LOG:
                        break
                    found[Span(start, end, label)] = _Logs(
                        total, least, ends[end] if end < length else 0.0
                    )
        return found


class _Sentence:
    """A sentence with precomputed values."""

    def __init__(
        self,
        resources: SpanFeatures,
        words: Sequence[str],
        marginals: Marginals,
        analysis: Sequence[SpacyWord] | None,
        logs: Mapping[Span, _Logs],
        training: TaggedWords | None,
    ) -> None:
        self._resources, self._words, self._analysis = resources, words, analysis
        self._logs, self._training = logs, training
        lowered = [word.casefold() for word in words]
        self._zipf = [commonness(word) for word in lowered]
        edges = resources.edges
        self._edge = [-1.0, *(float(edges.get(word, 0)) for word in lowered), -1.0]
        self._by = [index for index, word in enumerate(lowered) if word == "by"]
        self._outside = marginals[:, 0].tolist()
        self._begin = marginals[:, 1::2].tolist()
        self._highest = marginals[:, 1:].max(axis=0).tolist() if len(marginals) else []

    def features(self, span: Span) -> Iterator[float]:
        start, end, label = span
        length, number = len(self._words), self._resources.labels.index(label)
        log = self._logs[span]
        yield from (log.tags, log.least, log.end, log.whole, log.tags / (end - start))
        yield from (end - start, number, start == 0, end == length, length)
        same_words = [
            self._logs[other].whole if (other := Span(start, end, one)) in self._logs else _NO_SPAN
            for one in self._resources.labels
            if one != label
        ]
        rivals = (
            other.whole
            for (first, last, _), other in self._logs.items()
            if first < end and start < last and (first, last) != (start, end)
        )
        yield max(same_words, default=_NO_SPAN)
        yield max(max(rivals, default=_NO_SPAN), max(same_words, default=_NO_SPAN))
        inside = self._zipf[start:end]
        yield from (min(inside), max(inside), sum(inside) / len(inside), inside[0], inside[-1])
        yield self._zipf[start - 1] if start else -1.0
        yield self._zipf[end] if end < length else -1.0
        edge = self._edge
        yield from (edge[start], edge[start + 1], edge[end], edge[end + 1])
        yield self._outside[start - 1] if start else 1.0
        yield self._outside[end] if end < length else 1.0
        yield sum(self._outside) / length
        begins = self._begin[end] if end < length else [0.0] * len(self._resources.labels)
        yield begins[number]
        yield max((p for one, p in enumerate(begins) if one != number), default=0.0)
        yield max(
            (p for one, p in enumerate(self._highest) if one // 2 != number),
            default=0.0,
        )
        yield sum(index < start for index in self._by)
        yield sum(index >= end for index in self._by)
        yield from self._known(span)
        yield from self._linguistic(start, end)

    def _known(self, span: Span) -> Iterator[float]:
        words, resources = self._words[span.start : span.end], self._resources
        own = resources.seen.counts_of(words, without=self._training)
        yield own[span.label]
        yield own.total() - own[span.label]
        listed = resources.listed.counts_of(words)
        yield bool(listed)
        chief = max(sorted(listed), key=lambda label: listed[label], default="")
        yield resources.listed.classes.index(chief) if chief else -1

    def _linguistic(self, start: int, end: int) -> Iterator[float]:
        if self._analysis is None:
            return
        first, last = self._analysis[start], self._analysis[end - 1]
        inside = [word.capital_entity for word in self._analysis[start:end]]
        ends = end == len(self._words) or self._analysis[end].capital_entity[:1] != "I"
        yield inside[0][:1] == "B" and all(tag[:1] == "I" for tag in inside[1:]) and ends
        yield first.capital_tag.startswith("NNP")
        yield last.tag == "NN"


@dataclass(frozen=True)
class SpanRanker:
    """Chooser of a sentence's names: the set of spans with the best expected F1.

    Attributes:
        edges: frequent words of the training sentences.
        trees: probability that a candidate span is a name of its class.
        threshold: minimum probability of a name.
    """

    edges: tuple[str, ...]
    trees: BoostedTrees
    threshold: float

    def features(self, labels: Sequence[str], seen: NameList, listed: NameList) -> SpanFeatures:
        """The features that the trees were trained on."""
        return SpanFeatures(tuple(labels), _numbered(self.edges), seen, listed)

    @classmethod
    def fit(
        cls,
        sentences: Sequence[TaggedWords],
        marginals: Sequence[Marginals],
        analyses: Sequence[Sequence[SpacyWord] | None],
        *,
        labels: Sequence[str],
        seen: NameList,
        listed: NameList,
        seed: int,
    ) -> tuple[SpanRanker, list[list[ScoredSpan]]] | None:
        """Fit on out-of-fold marginals; None if there are too few names.

        Returns:
            The ranker, and the spans that rankers trained on other sentences choose.
        """
        if sum(len(sentence.spans) for sentence in sentences) < _MIN_NAMES:
            return None
        edges = _frequent(sentences)
        features = SpanFeatures(tuple(labels), _numbered(edges), seen, listed)
        each = [
            features.of(sentence.words, row, analysis, training=sentence)
            for sentence, row, analysis in zip(sentences, marginals, analyses, strict=True)
        ]
        right = [
            [span in sentence.spans for span in spans]
            for sentence, (spans, _) in zip(sentences, each, strict=True)
        ]
        order = np.random.default_rng(seed).permutation(len(sentences)) % _FOLDS
        scored: list[list[ScoredSpan]] = [[] for _ in sentences]
        for fold in range(_FOLDS):
            trees = _fit_trees(each, right, [n for n, of in enumerate(order) if of != fold], seed)
            for number in np.flatnonzero(order == fold).tolist():
                spans, rows = each[number]
                probabilities = trees.probabilities(rows).tolist()
                scored[number] = list(map(ScoredSpan, spans, probabilities))
        threshold = _best_threshold(sentences, scored)
        ranker = cls(edges, _fit_trees(each, right, range(len(sentences)), seed), threshold)
        return ranker, [best_set(spans, threshold) for spans in scored]

    def rank(
        self, candidates: Sequence[tuple[Sequence[Span], Sequence[Sequence[float]]]]
    ) -> list[list[ScoredSpan]]:
        """The names among each sentence's candidates, which `features` gives."""
        rows = [row for _, of_sentence in candidates for row in of_sentence]
        probabilities = iter(self.trees.probabilities(rows).tolist())
        return [
            best_set([ScoredSpan(span, next(probabilities)) for span in spans], self.threshold)
            for spans, _ in candidates
        ]


def _fit_trees(
    each: Sequence[tuple[list[Span], list[list[float]]]],
    right: Sequence[Sequence[bool]],
    chosen: Iterable[int],
    seed: int,
) -> BoostedTrees:
    numbers = list(chosen)
    rows = [row for number in numbers for row in each[number][1]]
    return BoostedTrees.fit(rows, [ok for number in numbers for ok in right[number]], seed=seed)


def _best_threshold(
    sentences: Sequence[TaggedWords], scored: Sequence[Sequence[ScoredSpan]]
) -> float:
    """The threshold of best F1; near half of the best F1 (Lipton et al. 2014)."""
    gold = sum(len(sentence.spans) for sentence in sentences)
    found: dict[float, float] = {}
    for threshold in (0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        chosen = [best_set(spans, threshold) for spans in scored]
        right = sum(
            item.span in sentence.spans
            for sentence, spans in zip(sentences, chosen, strict=True)
            for item in spans
        )
        found[threshold] = 2 * right / (gold + sum(map(len, chosen)))
    return max(found, key=lambda threshold: found[threshold])


def _frequent(sentences: Sequence[TaggedWords]) -> tuple[str, ...]:
    counts = Counter(word.casefold() for sentence in sentences for word in sentence.words)
    order = sorted(counts, key=lambda word: (-counts[word], word))
    return tuple(order[:_EDGE_WORDS])


def _numbered(words: Sequence[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words, 1)}
