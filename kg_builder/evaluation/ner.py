"""Score NER against gold: strict span precision, recall and F1 by class, intervals, errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg_builder.evaluation.matching import Score
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords


@dataclass(frozen=True)
class SpanScore:
    """Strict span scores: a span counts only if both bounds and the class are correct.

    Attributes:
        score: precision and recall over all spans of all sentences (micro).
        interval: 95% bootstrap interval of F1, sentences drawn with replacement.
        gold, found, right: spans.
    """

    score: Score
    interval: tuple[float, float]
    gold: int
    found: int
    right: int


@dataclass(frozen=True)
class SpanError:
    """A sentence in which gold and predicted spans differ."""

    kind: str
    """Kinds of error: "missed", "spurious", "bounds", "class"; several, sorted, if several are."""

    sentence: str
    gold: str
    found: str


def score_spans(
    gold: Sequence[TaggedWords],
    found: Sequence[Sequence[Span]],
    *,
    label: str | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> SpanScore:
    """Compare predicted spans with gold spans.

    Args:
        gold: annotated sentences.
        found: predicted spans of each sentence.
        label: the only class to score; all by default.
        rounds: bootstrap samples.
        seed: of the bootstrap.
    """
    counts = np.array(
        [
            _counts(_of(sentence.spans, label), _of(spans, label))
            for sentence, spans in zip(gold, found, strict=True)
        ]
    ).reshape(-1, 3)
    draws = np.random.default_rng(seed).integers(len(counts), size=(rounds, len(counts)))
    values = [_score(counts[draw].sum(axis=0)).f1 for draw in draws]
    low, high = np.quantile(values, [0.025, 0.975])
    wanted, given, right = (int(value) for value in counts.sum(axis=0))
    return SpanScore(_score(counts.sum(axis=0)), (float(low), float(high)), wanted, given, right)


def span_errors(gold: Sequence[TaggedWords], found: Sequence[Sequence[Span]]) -> list[SpanError]:
    """The sentences in which gold and predicted spans differ, in order."""
    errors = []
    for sentence, spans in zip(gold, found, strict=True):
        kinds = _kinds(sentence.spans, spans)
        if kinds:
            errors.append(
                SpanError(
                    ", ".join(sorted(kinds)),
                    " ".join(sentence.words),
                    marked(sentence.words, sentence.spans),
                    marked(sentence.words, spans),
                )
            )
    return errors


def marked(words: Sequence[str], spans: Sequence[Span]) -> str:
    """Mark spans in a sentence: `songs like [WoA: hey ya] by [Artist: outkast]`"""
    pieces = list(words)
    for start, end, label in spans:
        pieces[start] = f"[{label}: {pieces[start]}"
        pieces[end - 1] += "]"
    return " ".join(pieces)


def _of(spans: Sequence[Span], label: str | None) -> set[Span]:
    return {span for span in spans if label is None or span.label == label}


def _counts(gold: set[Span], found: set[Span]) -> tuple[int, int, int]:
    return len(gold), len(found), len(gold & found)


def _score(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Score:
    gold, found, right = (int(value) for value in counts)
    return Score(right / found if found else 1.0, right / gold if gold else 1.0)


def _kinds(gold: Sequence[Span], found: Sequence[Span]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    left = [span for span in found if span not in gold]
    for wanted in gold:
        if wanted in found:
            continue
        met = [span for span in left if span.start < wanted.end and wanted.start < span.end]
        if not met:
            kinds["missed"] += 1
        for span in met:
            same = (span.start, span.end) == (wanted.start, wanted.end)
            kinds["class" if same else "bounds"] += 1
    for span in left:
        if not any(span.start < wanted.end and wanted.start < span.end for wanted in gold):
            kinds["spurious"] += 1
    return kinds
