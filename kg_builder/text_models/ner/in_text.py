"""The trained recogniser of names, put to running text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from kg_builder.extraction.text.mentions import sentences_of
from kg_builder.extraction.text.model_interface import CharSpan, ModelMention, ModelReading
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.ner.tagging import Span, TaggedWords

_WORD: Final = re.compile(r"['’]s\b|\w+(?:-\w+)*|[^\w\s]")
_LEAST: Final = 0.5


def words_in(text: str, sentence: CharSpan) -> list[CharSpan]:
    """The words and marks of a sentence, in code points of the text."""
    return [CharSpan(*match.span()) for match in _WORD.finditer(text, sentence.start, sentence.end)]


def tagged(text: str, sentence: CharSpan, names: Iterable[tuple[CharSpan, str]]) -> TaggedWords:
    """A sentence of a text with its names marked.

    Args:
        text: the whole text.
        sentence: which part of it.
        names: stretches of the text and their classes; those outside the sentence, or that do
            not begin and end with a word, are passed over, as are those that overlap another.
    """
    words = words_in(text, sentence)
    begins = {word.start: number for number, word in enumerate(words)}
    ends = {word.end: number + 1 for number, word in enumerate(words)}
    spans: list[Span] = []
    for place, label in sorted(names, key=lambda item: (item[0].start, -item[0].end, item[1])):
        start, end = begins.get(place.start), ends.get(place.end)
        if start is None or end is None or (spans and start < spans[-1].end):
            continue
        spans.append(Span(start, end, label))
    return TaggedWords(tuple(text[word.start : word.end] for word in words), tuple(spans))


class TrainedNames:
    """Finds names in texts with a model that `train-extractor` fitted.

    Args:
        model: the recogniser; its classes are the data model's.
        least: names that are less sure are left to the rules.
    """

    name = "names"

    def __init__(self, model: NerModel, *, least: float = _LEAST) -> None:
        self._model, self._least = model, least
        self.refused: dict[str, int] = {}

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Names of each text with their confidences; see `TextModel`."""
        rows = [
            (number, words)
            for number, text in enumerate(texts)
            for sentence in sentences_of(text)
            if (words := words_in(text, CharSpan(sentence.start, sentence.end)))
        ]
        found: list[list[ModelMention]] = [[] for _ in texts]
        predicted = self._model.predict(
            [[texts[number][start:end] for start, end in words] for number, words in rows]
        )
        for (number, words), names in zip(rows, predicted, strict=True):
            for span, confidence in names:
                if confidence >= self._least:
                    place = CharSpan(words[span.start].start, words[span.end - 1].end)
                    found[number].append(ModelMention(place, span.label, confidence))
        return [ModelReading(tuple(mentions)) for mentions in found]
