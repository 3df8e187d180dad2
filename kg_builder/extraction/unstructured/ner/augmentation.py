"""Sentences made from others by putting one name in another's place."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from kg_builder.extraction.unstructured.ner.tagging import Span, TaggedWords


def names_by_class(sentences: Sequence[TaggedWords]) -> dict[str, list[tuple[str, ...]]]:
    """Class → the names that sentences mark with it, as often as they do."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for sentence in sentences:
        for start, end, label in sentence.spans:
            found.setdefault(label, []).append(sentence.words[start:end])
    return found


def swap_names(
    sentence: TaggedWords,
    names: Mapping[str, Sequence[tuple[str, ...]]],
    chance: float,
    random_: random.Random,
) -> TaggedWords:
    """Replace each name, with a chance, by another of its class.

    What surrounds a name must then tell that it is one: a model cannot get by on remembering.
    """
    words: list[str] = []
    spans: list[Span] = []
    done = 0
    for start, end, label in sentence.spans:
        words += sentence.words[done:start]
        name = sentence.words[start:end]
        if random_.random() < chance:
            name = random_.choice(names[label])
        spans.append(Span(len(words), len(words) + len(name), label))
        words += name
        done = end
    words += sentence.words[done:]
    return TaggedWords(tuple(words), tuple(spans))
