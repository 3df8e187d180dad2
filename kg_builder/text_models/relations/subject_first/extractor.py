"""Triples of texts that are about one thing each: first the subject, then what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.progress import Progress, silent
from kg_builder.text_models.relations.alignment import Aligner, Words
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.extractor import FoundTriple
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.linear import LinearModel
from kg_builder.text_models.relations.naming import Namer
from kg_builder.text_models.relations.reading import Reading, read_texts, squash
from kg_builder.text_models.relations.subject_first.objects import (
    object_candidates,
    object_features,
)
from kg_builder.text_models.relations.tagger import MentionTagger

if TYPE_CHECKING:
    from kg_builder.text_models.relations.subject_first.finder import SubjectFinder
    from kg_builder.text_models.relations.subject_first.kinds import SubjectKinds

_SUREST: Final = 0.99
_CONSIDERED: Final = 0.01
"""Confidences below it are not worth naming."""


@dataclass(frozen=True)
class Relations:
    """Relations of subjects.

    Attributes:
        names: the relations, in the order of the model's outputs.
        kinds: for each the class of its subjects.
        shares: for each the share of what texts state of it that their annotation tells
            (Elkan & Noto 2008, "Learning classifiers from only positive and unlabeled data").
        model: tells for an object which relations hold, given a subject of the right class.
    """

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    model: LinearModel = field(default_factory=LinearModel)

    def probabilities(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Probability of each relation for each object, shape (rows, relations)."""
        told = self.model.probabilities(rows) / np.array(self.shares)
        surest: NDArray[np.float64] = np.clip(told, 0, _SUREST)
        return surest


@dataclass(frozen=True)
class Parts:
    """The models that together read a text."""

    tagger: MentionTagger
    finder: SubjectFinder
    kinds: SubjectKinds
    relations: Relations


class SubjectFirstExtractor:
    """Finds a text's subject, its class, and which relations the other names have to it.

    Made for collections in which all triples of a text have one subject, such as sentences of an
    article about one work. Three models, each learnt from what is certain:

    - the subject's place and name, from the texts that name it;
    - its class, which limits the relations: a class is a set of relations whose subjects are alike
      (an ontology's domain, or induced);
    - for each relation, which objects hold, from objects beside a known subject of the class. A
      text's annotation may tell only a part, by relation; the probabilities are divided by it.

    A triple's confidence is the product of the three probabilities.
    """

    name: Final = "subject-first"

    def __init__(self, config: LearnedConfig | None = None) -> None:
        self.config = config or LearnedConfig()
        self.aligner = Aligner()
        self.knowledge = Knowledge()
        self.lists = WordLists()
        self.namer = Namer()
        self.parts: Parts | None = None
        self.least = 0.5

    def fit(
        self,
        texts: Sequence[AnnotatedText],
        *,
        seed: int = 0,
        declared: Mapping[Slot, str] | None = None,
        readings: Sequence[Reading] | None = None,
        progress: Progress = silent,
    ) -> SubjectFirstExtractor:
        """Learn from texts; the same texts and seed give the same model.

        Args:
            texts: texts with their triples; of a text about several things those of its chief
                subject count.
            seed: of how texts are divided into parts.
            declared: classes of slots that an ontology declares.
            readings: the texts as read before, in their order, to save the time.
            progress: told after each of the steps.

        Raises:
            DataError: too few subjects, or no triple whose names a text has.
        """
        from kg_builder.text_models.relations.subject_first.fitting import fit

        fit(self, texts, seed=seed, declared=declared or {}, readings=readings, progress=progress)
        return self

    def extract(
        self, texts: Sequence[str], *, least: float | None = None
    ) -> list[list[FoundTriple]]:
        """Read the triples of texts, surest first.

        Args:
            texts: running texts, each about one thing.
            least: least confidence of a triple; by default what training found best for F1.
        """
        return self.extract_readings(list(read_texts(texts, self.config.model)), least=least)

    def extract_readings(
        self, readings: Sequence[Reading], *, least: float | None = None
    ) -> list[list[FoundTriple]]:
        """As `extract`, for texts that were read before."""
        assert self.parts is not None, "fit or load first"
        least = self.least if least is None else least
        return [self.triples(reading, self.parts, least=least) for reading in readings]

    def triples(
        self, reading: Reading, parts: Parts, *, least: float, group: str = ""
    ) -> list[FoundTriple]:
        """Triples of one text, surest first; of overlapping objects of a relation the surest.

        Args:
            reading: the text.
            parts: the models to read it with.
            least: least confidence of a triple.
            group: what the text is about, so that nothing is known from its own group.
        """
        least = max(least, _CONSIDERED)
        subject = parts.finder.find(reading, group)
        if subject is None or subject.probability < least:
            return []
        known = self.knowledge, self.lists, group
        objects = object_candidates(parts.tagger, reading, subject.places, *known)
        if not objects:
            return []
        rows = object_features(reading, subject.places, objects, *known)
        confidences = (
            subject.probability
            * parts.kinds.of_relations(parts.relations.kinds, reading, subject.places, group)
            * parts.relations.probabilities(rows)
        )
        found: dict[Triple, FoundTriple] = {}
        kept: list[tuple[int, Words]] = []
        cells = np.argwhere(confidences >= least).tolist()
        for row, column in sorted(cells, key=lambda cell: (-confidences[tuple(cell)], cell)):
            place, relation = objects[row].place, parts.relations.names[column]
            if any(column == other and place.overlaps(taken) for other, taken in kept):
                continue
            kept.append((column, place))
            name = self.namer.name(reading.span_text(*place), Slot(relation, "object"), group)
            triple = Triple(subject.name, relation, name)
            if squash(name) != squash(subject.name) and triple not in found:
                confidence = float(confidences[row, column])
                found[triple] = FoundTriple(triple, confidence, subject.places[0], place)
        return list(found.values())

    def save(self, folder: Path) -> None:
        """Write the trained extractor to a folder (see `storage`)."""
        from kg_builder.text_models.relations.subject_first.storage import save

        save(self, folder)

    @staticmethod
    def load(folder: Path) -> SubjectFirstExtractor:
        """Read a trained extractor from a folder.

        Raises:
            DataError: the folder does not hold one.
        """
        from kg_builder.text_models.relations.subject_first.storage import load

        return load(folder)
