"""Find the subject of a text: rank candidate spans, and predict the subject's class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.classifiers import LinearModel
from kg_builder.text_models.corpora import joined
from kg_builder.text_models.crf import Crf
from kg_builder.text_models.relations.labelling import (
    LabelledText,
    Squashed,
    closed,
)
from kg_builder.text_models.relations.mention_pairs import PairFeatures
from kg_builder.text_models.relations.mentions import Candidate
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan, squash
from kg_builder.text_models.relations.subject_spans import (
    SpanFeatures,
    SubjectCrf,
    candidate_spans,
)
from kg_builder.text_models.relations.surface_forms import plain
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

SUBJECT: Final = "subject"
"""Class of the mentions of a text's subject"""

_RANKER_STRENGTH: Final = 0.3
_CLASS_STRENGTH: Final = 100.0
_NEAR: Final = 5
_CRF: Final = "subject.crf"
_RANKER: Final = "subject"
_CLASSES: Final = "kinds"


class Subject(NamedTuple):
    """A text's subject: its name, spans and probability."""

    name: str
    spans: tuple[WordSpan, ...]
    probability: float


@dataclass(frozen=True)
class RankedText:
    """A training text: features of its candidate spans, and the correct ones."""

    rows: Sequence[Sequence[str]]
    right: Sequence[bool]

    @classmethod
    def of(cls, text: LabelledText, subject: Sequence[WordSpan], crf: SubjectCrf) -> RankedText:
        """Featurise the spans of a text.

        Args:
            text: the text.
            subject: the spans that name its subject, if any.
            crf: a CRF not trained on the text.
        """
        group = text.source.group
        features = SpanFeatures(text.parsed, crf.predict(text.parsed, group), crf.statistics, group)
        spans = candidate_spans(text.parsed)
        wanted = squash(plain(text.source.triples[0].subject))
        return cls(
            [features.of(span) for span in spans],
            [span in subject or squash(text.parsed.span_text(*span)) == wanted for span in spans],
        )


class SubjectFinder:
    """Ranker of spans that may name the subject.

    A CRF tags likely names of subjects; a logistic regression over whole spans decides, with the
    CRF's tags among its features.
    """

    def __init__(
        self, crf: SubjectCrf, ranker: LinearModel, statistics: TrainingStatistics
    ) -> None:
        self.crf, self._ranker, self._statistics = crf, ranker, statistics

    @classmethod
    def fit(cls, crf: SubjectCrf, texts: Sequence[RankedText]) -> SubjectFinder:
        """Train on texts featurised with out-of-fold CRFs."""
        rows = [row for text in texts for row in text.rows]
        right = np.array([wanted for text in texts for wanted in text.right], dtype=bool)
        ranker = LinearModel.fit(rows, right[:, None], strength=_RANKER_STRENGTH)
        return cls(crf, ranker, crf.statistics)

    def find(self, parsed: ParsedText, group: str = "") -> Subject | None:
        """The most likely subject of a text; None if nothing looks like a name."""
        spans = candidate_spans(parsed)
        if not spans:
            return None
        features = SpanFeatures(parsed, self.crf.predict(parsed, group), self._statistics, group)
        probabilities = self._ranker.probabilities([features.of(span) for span in spans])
        best = int(np.argmax(probabilities[:, 0]))
        span = closed(parsed, spans[best])
        return Subject(
            plain(joined(parsed.span_text(*span))),
            occurrences(parsed, span),
            float(probabilities[best, 0]),
        )

    def save(self, folder: Path) -> None:
        """Write the CRF and the ranker."""
        (folder / _CRF).write_bytes(self.crf.crf.model)
        self._ranker.save(folder, _RANKER)

    @classmethod
    def load(
        cls, folder: Path, statistics: TrainingStatistics, word_lists: WordLists
    ) -> SubjectFinder:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        crf = SubjectCrf(statistics, word_lists, Crf((folder / _CRF).read_bytes()))
        return cls(crf, LinearModel.load(folder, _RANKER), statistics)


def occurrences(parsed: ParsedText, span: WordSpan) -> tuple[WordSpan, ...]:
    """A span, and the other spans with the same words."""
    spelt = "".join(parsed.folded[span.start : span.end])
    again = [
        closed(parsed, other)
        for other in (Squashed(parsed).find(spelt) if spelt else ())
        if not other.overlaps(span)
    ]
    return tuple(sorted({span, *again}))


class SubjectClassifier:
    """Classifier of a subject's class (song, album, singer, …) from the words around it.

    Args:
        classes: the classes of subjects.
        model: one output per class.
    """

    def __init__(
        self,
        classes: tuple[str, ...],
        model: LinearModel,
        statistics: TrainingStatistics,
        word_lists: WordLists,
    ) -> None:
        self.classes, self._model = classes, model
        self._statistics, self._word_lists = statistics, word_lists

    @classmethod
    def fit(
        cls,
        subjects: Sequence[tuple[ParsedText, Sequence[WordSpan], str]],
        classes: Sequence[str],
        statistics: TrainingStatistics,
        word_lists: WordLists,
    ) -> SubjectClassifier:
        """Train on texts that name their subject.

        Args:
            subjects: each text, the spans of its subject, and its group.
            classes: the class of each subject.
            statistics, word_lists: word statistics and word lists.
        """
        names = tuple(sorted(set(classes)))
        rows = [_context_features(*subject, statistics, word_lists) for subject in subjects]
        labels = np.array([[class_ == name for name in names] for class_ in classes])
        model = LinearModel.fit(rows, labels, strength=_CLASS_STRENGTH, by_rarity=True)
        return cls(names, model, statistics, word_lists)

    def probabilities(
        self, parsed: ParsedText, spans: Sequence[WordSpan], group: str = ""
    ) -> NDArray[np.float64]:
        """Probability of each class, in the order of `classes`."""
        row = _context_features(parsed, spans, group, self._statistics, self._word_lists)
        each: NDArray[np.float64] = self._model.probabilities([row])[0]
        shares: NDArray[np.float64] = each / each.sum()
        return shares

    def of_classes(
        self, classes: Sequence[str], parsed: ParsedText, spans: Sequence[WordSpan], group: str = ""
    ) -> NDArray[np.float64]:
        """Probability of each given class; 0 for unknown ones."""
        each = self.probabilities(parsed, spans, group).tolist()
        by_class = dict(zip(self.classes, each, strict=True))
        return np.array([by_class.get(kind, 0.0) for kind in classes])

    def save(self, folder: Path) -> None:
        """Write the weights; the classes are saved with the extractor's settings."""
        self._model.save(folder, _CLASSES)

    @classmethod
    def load(
        cls,
        folder: Path,
        classes: Sequence[str],
        statistics: TrainingStatistics,
        word_lists: WordLists,
    ) -> SubjectClassifier:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        return cls(tuple(classes), LinearModel.load(folder, _CLASSES), statistics, word_lists)


def _context_features(
    parsed: ParsedText,
    spans: Sequence[WordSpan],
    group: str,
    statistics: TrainingStatistics,
    word_lists: WordLists,
) -> list[str]:
    mentions = [Candidate(span, SUBJECT, 1.0) for span in spans]
    features = PairFeatures(parsed, mentions, statistics, word_lists, group)
    words = features.masked
    found = [
        f"own {feature}"
        for feature in features.own[0]
        if not feature.startswith(("fills", "surface"))
    ]
    for number, (start, end) in enumerate(spans):
        side = "first" if number == 0 else "later"
        before, behind = words[max(0, start - 3) : start], words[end : end + _NEAR]
        found += [f"{side} behind {' '.join(behind[:n])}" for n in (1, 2, 3, 4)]
        found += [f"{side} before {' '.join(before[-n:])}" for n in (1, 2)]
        found += [f"near {word}" for word in behind]
    found += [f"in {word}" for word in words]
    found += [f"in {' '.join(words[at : at + 2])}" for at in range(len(words) - 1)]
    first = spans[0]
    found.append(f"quoted {first.start > 0 and parsed.words[first.start - 1] in '“' + chr(34)}")
    found.append(f"length {min(4, first.end - first.start)}")
    return found
