"""A linear-chain conditional random field over string features (Lafferty et al. 2001)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pycrfsuite
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

WordFeatures = Sequence[Sequence[str]]
"""The features of each word of a text."""

Marginals = NDArray[np.float64]
"""Shape (words, tags): the probability of each tag at each word."""


class CrfConfig(BaseModel):
    """Training settings of the conditional random field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    l1: float = Field(0.1, ge=0, description="Weight of the penalty on absolute weights.")
    l2: float = Field(0.05, ge=0, description="Weight of the penalty on squared weights.")
    iterations: int = Field(100, ge=1, description="Maximum number of L-BFGS iterations.")


class TagPrediction(NamedTuple):
    """The most probable sequence of tags (Viterbi), and the probability of each tag."""

    best: list[str]
    marginals: Marginals


class Crf:
    """A fitted conditional random field, from features to tags and their probabilities.

    Args:
        model: CRFsuite's model file.
        tags: the tags, in the order of the columns of marginals; by default those trained on,
            sorted.

    Attributes:
        model: as given.
        tags: the tags, in the order of the columns.
    """

    def __init__(self, model: bytes, tags: Sequence[str] = ()) -> None:
        self.model = model
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)
        trained = set(self._tagger.labels())
        self.tags = list(tags) or sorted(trained)
        self._columns = [(column, tag) for column, tag in enumerate(self.tags) if tag in trained]

    @classmethod
    def fit(
        cls,
        features: Iterable[WordFeatures],
        tags: Iterable[Sequence[str]],
        *,
        config: CrfConfig,
        order: Sequence[str] = (),
    ) -> Crf:
        """Fit by L-BFGS, which has no randomness.

        Args:
            features: of each word of each text.
            tags: of each word of each text.
            config: regularisation and iterations.
            order: the tags, in the order of the columns that marginals are to have.
        """
        trainer = pycrfsuite.Trainer(verbose=False)
        for rows, labels in zip(features, tags, strict=True):
            trainer.append(rows, labels)
        trainer.set_params({"c1": config.l1, "c2": config.l2, "max_iterations": config.iterations})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.crfsuite"
            trainer.train(str(path))
            return cls(path.read_bytes(), order)

    def predict(self, features: WordFeatures) -> TagPrediction:
        """Tag a text; a tag not in the training data has probability 0 everywhere."""
        marginals = np.zeros((len(features), len(self.tags)))
        if not len(features):
            return TagPrediction([], marginals)
        self._tagger.set(features)
        best = self._tagger.tag()
        for word in range(len(features)):
            for column, tag in self._columns:
                marginals[word, column] = self._tagger.marginal(tag, word)
        return TagPrediction(best, marginals)
