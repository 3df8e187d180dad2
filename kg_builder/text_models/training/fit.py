"""Fit the NER and relation models, evaluate them on held-out texts, and save them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.config import LearnedConfig, NerConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot
from kg_builder.text_models.load import NAMES, RELATIONS
from kg_builder.text_models.ner.bio_tags import Span, labels_of
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.ner.training import fit_ner_model
from kg_builder.text_models.relations.joint_training import fit_joint_extractor
from kg_builder.text_models.relations.model_files import Extractor, save_extractor
from kg_builder.text_models.relations.parsed_text import ParsedText
from kg_builder.text_models.relations.subject_first_training import (
    about_one_thing,
    fit_subject_first_extractor,
)
from kg_builder.text_models.training.distant_supervision import NamedSentence, TrainingTexts

Method = Literal["auto", "pairs", "subject-first"]
"""Method of relation extraction: any two mentions of a text; its subject and the other mentions; or
chosen by the texts."""

_TEST_SHARE: Final = 0.2
_MIN_EXAMPLES: Final = 10


@dataclass(frozen=True)
class HeldOut:
    """Held-out evaluation: results on a fifth of the texts, with models fitted on the others.

    Attributes:
        names: the test sentences, with the names predicted in each.
        relations: counts of correct, extracted and gold triples; None if no relations are trained.
    """

    names: list[tuple[NamedSentence, list[Span]]]
    relations: tuple[int, int, int] | None


@dataclass(frozen=True)
class Trained:
    """Both fitted models; relations are None if the texts have too few."""

    names: NerModel
    relations: Extractor | None

    def save(self, folder: Path) -> None:
        """Write both models to a folder, for the key `trained` of a recipe.

        Raises:
            DataError: the folder cannot be written.
        """
        self.names.save(folder / NAMES)
        if self.relations is not None:
            save_extractor(self.relations, folder / RELATIONS)


def fit(
    training: TrainingTexts, *, seed: int, method: Method = "pairs", progress: Progress = silent
) -> Trained:
    """Fit both models; the same texts and seed give the same bytes.

    Raises:
        DataError: too few sentences with names.
    """
    sentences = [item.sentence for item in training.sentences]
    if len(sentences) < _MIN_EXAMPLES or not labels_of(sentences):
        raise DataError(
            f"{len(sentences)} sentences to train names on",
            remedy=f"at least {_MIN_EXAMPLES}: give more texts, or annotated ones",
        )
    names = fit_ner_model(sentences, config=NerConfig(seed=seed, linguistics=None))
    progress(1, 2)
    relations = None
    texts = [text for text in training.texts if text.triples]
    if len({text.group for text in texts}) >= _MIN_EXAMPLES:
        relations = fit_extractor(training.texts, method=method, seed=seed)
    progress(2, 2)
    return Trained(names, relations)


def choose_method(method: Method, texts: Sequence[AnnotatedText]) -> Method:
    """Resolve the method `auto` by the texts.

    Subject-first suits texts that are about one entity each with incomplete annotation.
    """
    if method != "auto":
        return method
    incomplete = not all(text.complete for text in texts)
    return "subject-first" if incomplete and about_one_thing(texts) else "pairs"


def fit_extractor(
    texts: Sequence[AnnotatedText],
    config: LearnedConfig | None = None,
    *,
    method: Method,
    seed: int,
    declared: Mapping[Slot, str] | None = None,
    parsed: Sequence[ParsedText] | None = None,
    progress: Progress = silent,
) -> Extractor:
    """Train an extractor of relations; the arguments are those of `fit_joint_extractor`.

    Raises:
        DataError: too few groups of texts, or no triple whose names a text has.
    """
    if choose_method(method, texts) == "subject-first":
        return fit_subject_first_extractor(
            texts, config, seed=seed, declared=declared, parsed=parsed, progress=progress
        )
    return fit_joint_extractor(
        texts, config, seed=seed, declared=declared, parsed=parsed, progress=progress
    )


def held_out(training: TrainingTexts, *, seed: int, method: Method = "pairs") -> HeldOut:
    """Fit on four fifths of the texts and evaluate on the others; no text is on both sides."""
    groups = training.groups
    order = np.random.default_rng(seed).permutation(len(groups))
    test_groups = {
        groups[int(index)] for index in order[: max(1, round(_TEST_SHARE * len(groups)))]
    }
    test = training.only(test_groups)
    trained = fit(training.only(set(groups) - test_groups), seed=seed, method=method)
    words = [item.sentence.words for item in test.sentences]
    names = [
        (item, [name.span for name in found])
        for item, found in zip(test.sentences, trained.names.predict(words), strict=True)
    ]
    return HeldOut(names, _count_triples(trained.relations, test))


def _count_triples(extractor: Extractor | None, test: TrainingTexts) -> tuple[int, int, int] | None:
    if extractor is None or not test.texts:
        return None
    found = extractor.extract([text.text for text in test.texts])
    right = extracted = wanted = 0
    for text, triples in zip(test.texts, found, strict=True):
        gold = _plain(text.triples)
        predicted = _plain([item.triple for item in triples])
        right += len(gold & predicted)
        extracted += len(predicted)
        wanted += len(gold)
    return right, extracted, wanted


def _plain(triples: Sequence[tuple[str, str, str]]) -> set[tuple[str, ...]]:
    return {
        tuple(part.casefold().replace("_", " ").removeprefix("the ") for part in triple)
        for triple in triples
    }
