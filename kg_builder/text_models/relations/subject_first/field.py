"""A conditional random field that marks the words which name what a text is about."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pycrfsuite

from kg_builder.errors import DataError
from kg_builder.text_models.relations import tagger
from kg_builder.text_models.relations.alignment import LabelledText, Words
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.reading import Reading

_OUTSIDE, _BEGIN, _INSIDE = "O", "B", "I"
_ITERATIONS: Final = 60
_REGULARISATION: Final = 0.1


@dataclass(frozen=True)
class Beliefs:
    """What the field thinks of a text.

    Attributes:
        spans: the runs of the likeliest marking.
        outside: for each word the probability that it is no part of the subject's name.
    """

    spans: frozenset[Words]
    outside: tuple[float, ...]


class SubjectField:
    """Sees of each word what `tagger.features` shows, and quotation marks and brackets around it.

    Only texts that name their subject teach it: of the others it is not known that no run of
    words stands for the subject.
    """

    def __init__(self, knowledge: Knowledge, lists: WordLists, model: bytes) -> None:
        self.knowledge, self._lists = knowledge, lists
        self.model = model
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    @classmethod
    def fit(
        cls,
        texts: Sequence[LabelledText],
        subjects: Sequence[Sequence[Words]],
        knowledge: Knowledge,
        lists: WordLists,
    ) -> SubjectField:
        """Train by L-BFGS, which has no randomness.

        Args:
            texts: the texts.
            subjects: the places where each names its subject.
            knowledge, lists: what is known of words.

        Raises:
            DataError: no text names its subject.
        """
        if not any(subjects):
            raise DataError(
                "no text has both names of one of its triples",
                where="training texts",
                remedy="check that texts and triples belong together",
            )
        trainer = pycrfsuite.Trainer(verbose=False)
        for text, places in zip(texts, subjects, strict=True):
            if places:
                labels = [_OUTSIDE] * len(text.reading)
                for start, end in places:
                    labels[start:end] = [_BEGIN, *[_INSIDE] * (end - start - 1)]
                trainer.append(_features(text.reading, knowledge, lists, text.source.group), labels)
        trainer.set_params(
            {"c1": _REGULARISATION, "c2": _REGULARISATION, "max_iterations": _ITERATIONS}
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            return cls(knowledge, lists, path.read_bytes())

    def read(self, reading: Reading, group: str = "") -> Beliefs:
        """Mark a text; nothing is known from texts of its own group."""
        if not len(reading):
            return Beliefs(frozenset(), ())
        self._tagger.set(_features(reading, self.knowledge, self._lists, group))
        labels = self._tagger.tag()
        starts = [at for at, label in enumerate(labels) if label == _BEGIN]
        spans = []
        for start in starts:
            end = start + 1
            while end < len(labels) and labels[end] == _INSIDE:
                end += 1
            spans.append(Words(start, end))
        outside = tuple(self._tagger.marginal(_OUTSIDE, at) for at in range(len(labels)))
        return Beliefs(frozenset(spans), outside)


def _features(
    reading: Reading, knowledge: Knowledge, lists: WordLists, group: str
) -> list[list[str]]:
    found = [list(own) for own in tagger.features(reading, knowledge, lists, group)]
    shown = tagger.shown_words(reading, knowledge, group)
    capitals = [word[0].isupper() for word in reading.words]
    times = Counter(
        folded for folded, capital in zip(reading.folded, capitals, strict=True) if capital
    )
    in_quotes, depth = False, 0
    for at, word in enumerate(reading.words):
        if word in {'"', "“", "”"}:
            in_quotes = not in_quotes
        depth += (word == "(") - (word == ")" and depth > 0)
        behind = at + 1
        while behind < len(reading) and (capitals[behind] or reading.words[behind] in '"()'):
            behind += 1
        before = at - 1
        while before >= 0 and capitals[before]:
            before -= 1
        found[at] += [
            f"quotes={in_quotes}",
            f"brackets={min(depth, 1)}",
            f"place={min(at, 3)}",
            f"dep={reading.dependencies[at]}|{in_quotes}",
            f"times={min(times[reading.folded[at]], 2)}",
            f"behind={' '.join(shown[behind : behind + 2]) or '>'}",
            f"behind1={shown[behind] if behind < len(reading) else '>'}",
            f"before={shown[before] if before >= 0 else '<'}",
        ]
    return found
