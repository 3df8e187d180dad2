"""Fit the two models on the material, measure them on a part kept apart, and keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.load import NAMES, RELATIONS
from kg_builder.text_models.ner.config import NerConfig
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.ner.tagging import Span, labels_of
from kg_builder.text_models.relations import LearnedConfig
from kg_builder.text_models.relations.methods import Extractor, Method, new_extractor
from kg_builder.text_models.training.material import Material, NamedSentence

_APART: Final = 0.2
_FEWEST: Final = 10


@dataclass(frozen=True)
class HeldOut:
    """What models fitted on four fifths of the texts say of the rest.

    Attributes:
        names: the sentences kept apart, with the names found in each.
        relations: right, found and wanted triples; None where no relations are learnt.
    """

    names: list[tuple[NamedSentence, list[Span]]]
    relations: tuple[int, int, int] | None


@dataclass(frozen=True)
class Trained:
    """A fitted extractor; relations are None where the material has too few."""

    names: NerModel
    relations: Extractor | None

    def save(self, folder: Path) -> None:
        """Write both models below a folder, as `trained` in a recipe takes it.

        Raises:
            DataError: the folder cannot be written.
        """
        self.names.save(folder / NAMES)
        if self.relations is not None:
            self.relations.save(folder / RELATIONS)


def fit(
    material: Material, *, seed: int, method: Method = "pairs", progress: Progress = silent
) -> Trained:
    """Fit both models; the same material and seed give the same bytes.

    Raises:
        DataError: too few sentences with names.
    """
    sentences = [item.sentence for item in material.sentences]
    if len(sentences) < _FEWEST or not labels_of(sentences):
        raise DataError(
            f"{len(sentences)} sentences to learn names from",
            remedy=f"at least {_FEWEST}: give more texts, or annotated ones",
        )
    names = NerModel.fit(sentences, config=NerConfig(seed=seed, linguistics=None))
    progress(1, 2)
    config = LearnedConfig()
    relations = None
    texts = [text for text in material.texts if text.triples]
    if len({text.group for text in texts}) >= _FEWEST:
        relations = new_extractor(config, method, material.texts).fit(material.texts, seed=seed)
    progress(2, 2)
    return Trained(names, relations)


def held_out(material: Material, *, seed: int, method: Method = "pairs") -> HeldOut:
    """Fit on four fifths of the texts and read the rest: no text is on both sides."""
    groups = material.groups
    order = np.random.default_rng(seed).permutation(len(groups))
    apart = {groups[int(place)] for place in order[: max(1, round(_APART * len(groups)))]}
    rest = material.only(set(groups) - apart)
    kept = material.only(apart)
    trained = fit(rest, seed=seed, method=method)
    words = [item.sentence.words for item in kept.sentences]
    names = [
        (item, [name.span for name in found])
        for item, found in zip(kept.sentences, trained.names.predict(words), strict=True)
    ]
    return HeldOut(names, _relations(trained.relations, kept))


def _relations(extractor: Extractor | None, kept: Material) -> tuple[int, int, int] | None:
    if extractor is None or not kept.texts:
        return None
    found = extractor.extract([text.text for text in kept.texts])
    right = said = wanted = 0
    for text, triples in zip(kept.texts, found, strict=True):
        gold = _plain(text.triples)
        told = _plain([item.triple for item in triples])
        right, said, wanted = right + len(gold & told), said + len(told), wanted + len(gold)
    return right, said, wanted


def _plain(triples: Sequence[tuple[str, str, str]]) -> set[tuple[str, ...]]:
    return {
        tuple(part.casefold().replace("_", " ").removeprefix("the ") for part in triple)
        for triple in triples
    }
