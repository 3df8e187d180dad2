"""A linear-chain conditional random field over string features (Lafferty et al. 2001)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pycrfsuite
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Marginals = NDArray[np.float64]
"""Shape (words, tags): the probability of each tag at each word."""


class CrfConfig(BaseModel):
    """How the conditional random field is fitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    l1: float = Field(0.1, ge=0, description="Weight of the penalty on absolute weights.")
    l2: float = Field(0.05, ge=0, description="Weight of the penalty on squared weights.")
    iterations: int = Field(100, ge=1, description="Most iterations of L-BFGS.")


class Crf:
    """A fitted field: features in, probabilities of tags out.

    Args:
        model: CRFsuite's model file.
        tags: the tags, in the order of the columns of `marginals`.
    """

    def __init__(self, model: bytes, tags: Sequence[str]) -> None:
        self.model, self.tags = model, list(tags)
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)
        known = set(self._tagger.labels())
        self._columns = [(column, tag) for column, tag in enumerate(self.tags) if tag in known]

    @classmethod
    def fit(
        cls,
        features: Sequence[Sequence[Sequence[str]]],
        tags: Sequence[Sequence[str]],
        *,
        order: Sequence[str],
        config: CrfConfig,
    ) -> Crf:
        """Fit on sentences.

        Args:
            features: of each word of each sentence.
            tags: of each word of each sentence.
            order: the tags, in the order of the columns that `marginals` is to have.
            config: how.
        """
        trainer = pycrfsuite.Trainer(verbose=False)
        for row, labels in zip(features, tags, strict=True):
            trainer.append(row, labels)
        trainer.set_params({"c1": config.l1, "c2": config.l2, "max_iterations": config.iterations})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.crfsuite"
            trainer.train(str(path))
            return cls(path.read_bytes(), order)

    def marginals(self, features: Sequence[Sequence[str]]) -> Marginals:
        """Probability of each tag at each word of a sentence; a tag never trained on has none."""
        found = np.zeros((len(features), len(self.tags)))
        if len(features):
            self._tagger.set(features)
            for place in range(len(features)):
                for column, tag in self._columns:
                    found[place, column] = self._tagger.marginal(tag, place)
        return found
