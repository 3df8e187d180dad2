"""BIO tags for NER: tagged sentences, their file format, decoding into scored spans."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.extraction.text.model_interface import CharSpan
from kg_builder.text_models.crf import Marginals

OUTSIDE: Final = "O"
_WORD: Final = re.compile(r"['’]s\b|\w+(?:-\w+)*|[^\w\s]")
_MIN_PROBABILITY: Final = 1e-9
_FORBIDDEN: Final = -1e9


class Span(NamedTuple):
    """Words `start` to `end` (exclusive) name an entity of class `label`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class TaggedWords:
    """A sentence and its names; spans are in order and do not overlap."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]

    def text(self, span: Span) -> str:
        """The words of a span, joined by spaces."""
        return " ".join(self.words[span.start : span.end])


def tags_of(sentence: TaggedWords) -> list[str]:
    """The BIO tag of each word."""
    tags = [OUTSIDE] * len(sentence.words)
    for start, end, label in sentence.spans:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def spans_of(tags: Sequence[str]) -> tuple[Span, ...]:
    """Decode tags to spans; an I without predecessor begins a span, as in IOB1 files."""
    found: list[Span] = []
    start, open_label = 0, ""
    for index, tag in enumerate([*tags, OUTSIDE]):
        prefix, _, label = tag.partition("-")
        if open_label and (prefix != "I" or label != open_label):
            found.append(Span(start, index, open_label))
            open_label = ""
        if prefix != OUTSIDE and not open_label:
            start, open_label = index, label
    return tuple(found)


def labels_of(sentences: Iterable[TaggedWords]) -> list[str]:
    """The classes of a collection, sorted."""
    return sorted({span.label for sentence in sentences for span in sentence.spans})


def read_bio(path: Path) -> list[TaggedWords]:
    """Read sentences from a file with a word and its tag per line, separated by blank lines.

    The word is the first column and the tag the last; columns are separated by tabs or, if a line
    has none, by spaces. Lines that begin with `-DOCSTART-` are skipped.

    Raises:
        DataError: no such file, not UTF-8, a line without a tag, a tag that is not BIO, or no
            sentence.
    """
    sentences: list[TaggedWords] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*_lines(path), ""], 1):
        if not line.strip():
            if words:
                sentences.append(TaggedWords(tuple(words), spans_of(tags)))
                words, tags = [], []
            continue
        if line.startswith("-DOCSTART-"):
            continue
        word, tag = _columns(line, f"{path}, line {number}")
        words.append(word)
        tags.append(tag)
    if not sentences:
        raise DataError("no sentence", where=str(path))
    return sentences


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").split("\n")
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8 at byte {fault.start}", where=str(path)) from None


def _columns(line: str, where: str) -> tuple[str, str]:
    line = line.rstrip("\r")
    cells = line.split("\t") if "\t" in line else line.split()
    if len(cells) < 2 or not cells[0].strip():
        raise DataError("a word without a tag", where=where, remedy="word<TAB>tag")
    word, tag = cells[0].strip(), cells[-1].strip()
    prefix, dash, label = tag.partition("-")
    if tag != OUTSIDE and not (prefix in {"B", "I"} and dash and label):
        raise DataError(f"{tag!r} is not a BIO tag", where=where, remedy="O, B-CLASS or I-CLASS")
    return word, tag


def tokenise(text: str, sentence: CharSpan) -> list[CharSpan]:
    """Split a sentence into words and punctuation, with offsets in code points of the text."""
    return [CharSpan(*match.span()) for match in _WORD.finditer(text, sentence.start, sentence.end)]


def tag_sentence(
    text: str, sentence: CharSpan, names: Iterable[tuple[CharSpan, str]]
) -> TaggedWords:
    """Convert a sentence of a text to words with spans of names.

    Args:
        text: the whole text.
        sentence: start and end of the sentence.
        names: spans of the text and their classes; those outside the sentence, not aligned with
            words, or overlapping another are skipped.
    """
    words = tokenise(text, sentence)
    begins = {word.start: number for number, word in enumerate(words)}
    ends = {word.end: number + 1 for number, word in enumerate(words)}
    spans: list[Span] = []
    for span, label in sorted(names, key=lambda item: (item[0].start, -item[0].end, item[1])):
        start, end = begins.get(span.start), ends.get(span.end)
        if start is None or end is None or (spans and start < spans[-1].end):
            continue
        spans.append(Span(start, end, label))
    return TaggedWords(tuple(text[word.start : word.end] for word in words), tuple(spans))


class ScoredSpan(NamedTuple):
    """A span with a score in 0..1; see `decode`."""

    span: Span
    score: float


def tag_order(labels: Sequence[str]) -> list[str]:
    """Tags of the sorted classes: O, B and I of the first, B and I of the second, ..."""
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def decode(marginals: Marginals, tags: Sequence[str]) -> list[ScoredSpan]:
    """The spans of the best valid sequence (Viterbi over the marginals).

    A span's score is the geometric mean of the probabilities of its tags, times the probability
    that the next word does not continue it.

    Args:
        marginals: shape (words, tags).
        tags: the columns, in the order of `tag_order`.
    """
    if not len(marginals):
        return []
    best = _viterbi(np.log(marginals + _MIN_PROBABILITY), tuple(tags))
    found = []
    for span in spans_of([tags[column] for column in best]):
        own = np.log(
            marginals[range(span.start, span.end), best[span.start : span.end]] + _MIN_PROBABILITY
        )
        score = float(np.exp(own.mean()))
        if span.end < len(marginals):
            score *= 1.0 - float(marginals[span.end, tags.index(f"I-{span.label}")])
        found.append(ScoredSpan(span, score))
    return found


def best_set(spans: Iterable[ScoredSpan], threshold: float) -> list[ScoredSpan]:
    """The disjoint spans with the highest sum of probabilities above the threshold, in order."""
    best: list[tuple[float, ScoredSpan | None, int]] = [(0.0, None, 0)]
    ends = [0]
    for item in sorted(spans, key=lambda item: (item.span.end, item.span)):
        if item.score <= threshold:
            continue
        before = bisect_right(ends, item.span.start) - 1
        total = best[before][0] + item.score - threshold
        if total > best[-1][0]:
            best.append((total, item, before))
            ends.append(item.span.end)
    chosen = []
    at = len(best) - 1
    while (item_ := best[at][1]) is not None:
        chosen.append(item_)
        at = best[at][2]
    return chosen[::-1]


def _viterbi(scores: NDArray[np.float64], tags: tuple[str, ...]) -> list[int]:
    first, step = _allowed(tags)
    best = scores[0] + first
    came_from = []
    for row in scores[1:]:
        paths = best[:, None] + step
        came_from.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    path = [int(best.argmax())]
    for pointers in reversed(came_from):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


@lru_cache(maxsize=64)
def _allowed(tags: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transition scores: 0 if a tag may begin a sentence or follow another, else prohibitive."""
    inside = [tag.startswith("I-") for tag in tags]
    first = np.where(inside, _FORBIDDEN, 0.0)
    step = np.zeros((len(tags), len(tags)))
    for row, before in enumerate(tags):
        for column, tag in enumerate(tags):
            if inside[column] and (before == OUTSIDE or before[2:] != tag[2:]):
                step[row, column] = _FORBIDDEN
    return first, step
