"""The spaCy pipeline that texts go through before our own reading of them."""

from __future__ import annotations

import warnings
from functools import lru_cache

import spacy
from spacy.language import Language

from kg_builder.extraction.unstructured import sentences

_UNUSED = ("lemmatizer", "attribute_ruler")


class ModelMissing(UserWarning):
    """The spaCy model that a source asks for is not installed: the rules read alone."""


@lru_cache(maxsize=2)
def load_pipeline(model: str | None) -> tuple[Language, bool]:
    """The pipeline, and whether it has a statistical model.

    A model that is missing costs recall, not the run: a blank English pipeline takes its place,
    and a warning says so.
    """
    assert sentences.music_sentences  # registers the component
    try:
        nlp = spacy.load(model, exclude=list(_UNUSED)) if model else None
    except OSError:
        nlp = None
    if nlp is not None:
        nlp.add_pipe("music_sentences", before="parser" if nlp.has_pipe("parser") else None)
        return nlp, True
    if model:
        warnings.warn(
            f"spaCy model {model!r} is not installed: texts are read by rules alone; "
            "`pip install .[english]` installs it",
            ModelMissing,
            stacklevel=3,
        )
    nlp = spacy.blank("en")
    nlp.add_pipe("music_sentences")
    return nlp, False
