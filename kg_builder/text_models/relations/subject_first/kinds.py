"""What kind of thing a text is about: which class of subjects its relations can be of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.relations.alignment import Words
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.linear import LinearModel
from kg_builder.text_models.relations.pairs import PairFeatures
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.tagger import Candidate

SUBJECT: Final = "subject"
"""Class of the mentions of a text's subject"""

_STRENGTH: Final = 1.0
_LINEAR: Final = "kinds"
_NEAR: Final = 5


class SubjectKinds:
    """Tells whether a subject is a song, an album or a singer, say, from the words around it.

    Args:
        classes: the classes of subjects.
        model: one output for each.
    """

    def __init__(
        self, classes: tuple[str, ...], model: LinearModel, knowledge: Knowledge, lists: WordLists
    ) -> None:
        self.classes, self._model = classes, model
        self._knowledge, self._lists = knowledge, lists

    @classmethod
    def fit(
        cls,
        subjects: Sequence[tuple[Reading, Sequence[Words], str]],
        classes: Sequence[str],
        knowledge: Knowledge,
        lists: WordLists,
    ) -> SubjectKinds:
        """Learn from texts that name their subject.

        Args:
            subjects: each text, the places of its subject, and its group.
            classes: the class of each subject.
            knowledge, lists: what is known of words.
        """
        names = tuple(sorted(set(classes)))
        rows = [_features(*subject, knowledge, lists) for subject in subjects]
        labels = np.array([[class_ == name for name in names] for class_ in classes])
        return cls(names, LinearModel.fit(rows, labels, strength=_STRENGTH), knowledge, lists)

    def probabilities(
        self, reading: Reading, places: Sequence[Words], group: str = ""
    ) -> NDArray[np.float64]:
        """Probability of each class, in the order of `classes`."""
        row = _features(reading, places, group, self._knowledge, self._lists)
        each: NDArray[np.float64] = self._model.probabilities([row])[0]
        shares: NDArray[np.float64] = each / each.sum()
        return shares

    def of_relations(
        self, kinds: Sequence[str], reading: Reading, places: Sequence[Words], group: str = ""
    ) -> NDArray[np.float64]:
        """Probability that the subject is of each of the given classes; of unknown ones it is 0."""
        each = self.probabilities(reading, places, group).tolist()
        known = dict(zip(self.classes, each, strict=True))
        return np.array([known.get(kind, 0.0) for kind in kinds])

    def save(self, folder: Path) -> None:
        """Write the weights; the classes go with the extractor's settings."""
        self._model.save(folder, _LINEAR)

    @classmethod
    def load(
        cls, folder: Path, classes: Sequence[str], knowledge: Knowledge, lists: WordLists
    ) -> SubjectKinds:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        return cls(tuple(classes), LinearModel.load(folder, _LINEAR), knowledge, lists)


def _features(
    reading: Reading,
    places: Sequence[Words],
    group: str,
    knowledge: Knowledge,
    lists: WordLists,
) -> list[str]:
    mentions = [Candidate(place, SUBJECT, 1.0) for place in places]
    features = PairFeatures(reading, mentions, knowledge, lists, group)
    words = features.masked
    found = [
        f"own {feature}"
        for feature in features.own[0]
        if not feature.startswith(("fills", "surface"))
    ]
    for number, (start, end) in enumerate(places):
        side = "first" if number == 0 else "later"
        before, behind = words[max(0, start - 3) : start], words[end : end + _NEAR]
        found += [f"{side} behind {' '.join(behind[:n])}" for n in (1, 2, 3, 4)]
        found += [f"{side} before {' '.join(before[-n:])}" for n in (1, 2)]
        found += [f"near {word}" for word in behind]
    found += [f"in {word}" for word in words]
    found += [f"in {' '.join(words[at : at + 2])}" for at in range(len(words) - 1)]
    first = places[0]
    found.append(f"quoted {first.start > 0 and reading.words[first.start - 1] in '“' + chr(34)}")
    found.append(f"length {min(4, first.end - first.start)}")
    return found
