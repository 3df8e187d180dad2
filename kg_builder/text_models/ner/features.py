"""What is known of words without training: how common they are, in English and elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from wordfreq import zipf_frequency

from kg_builder.extraction.text import lexicon
from kg_builder.text_models.ner.linguistics import WordReading
from kg_builder.text_models.ner.names import KnownSpan, NameList
from kg_builder.text_models.ner.tagging import TaggedWords

_OTHERS: Final = ("es", "fr", "de", "pt", "it", "nl", "sv", "tr", "fi", "pl")
_SHAPES: Final = (
    (re.compile(r"[^\W\d_]"), lambda found: "X" if found[0].isupper() else "x"),
    (re.compile(r"\d"), lambda found: "9"),
    (re.compile(r"(.)\1{2,}"), lambda found: found[1] * 2),
)


@lru_cache(maxsize=1 << 16)
def commonness(word: str) -> float:
    """Frequency in English on the Zipf scale: about 7 for "the", 0 for a word never met."""
    return zipf_frequency(word, "en")


@lru_cache(maxsize=1 << 16)
def commonness_elsewhere(word: str) -> float:
    """The highest Zipf frequency in ten other European languages."""
    return max(zipf_frequency(word, language) for language in _OTHERS)


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> str:
    """`McCartney` → `XxXxx`: kinds of characters, with long runs cut to two."""
    for pattern, put in _SHAPES:
        word = pattern.sub(put, word)
    return word


@lru_cache(maxsize=1)
def music_words() -> NameList:
    """Genres, instruments and roles of the word lists that the project ships."""
    listed = [(word, "genre") for word in lexicon.genres()]
    listed += [(word, "instrument") for word in lexicon.instruments()]
    listed += [(word, "role") for word in lexicon.roles()]
    return NameList.of_names(listed)


def by_word(spans: Sequence[KnownSpan], length: int) -> list[KnownSpan | None]:
    """The span that each word lies in."""
    found: list[KnownSpan | None] = [None] * length
    for span in spans:
        found[span.start : span.end] = [span] * (span.end - span.start)
    return found


_CUES: Final = ("by", "to", "like", "similar", "from", "and", "artist", "song", "|")
"""Words near which names stand in what people ask for and write about music."""

_BEFORE: Final = "<s>"
_AFTER: Final = "</s>"
_COMMON: Final = 5.0
"""Zipf frequency from which on a word is common enough to bound a run of rarer ones."""


class FeatureReader:
    """Turns sentences into features; every feature is a string that either holds or does not.

    Args:
        seen: names that the training sentences mark.
        listed: names known from elsewhere, such as a built data set.
    """

    def __init__(self, seen: NameList, listed: NameList) -> None:
        self._seen, self._listed = seen, listed

    def read(
        self,
        words: Sequence[str],
        reading: Sequence[WordReading] | None = None,
        *,
        training: TaggedWords | None = None,
    ) -> list[list[str]]:
        """Features of each word.

        Args:
            words: the sentence.
            reading: what spaCy says of it.
            training: the sentence with its marks, when it is one of those that the names in
                `seen` come from: then its own marks tell it nothing.
        """
        lowered = [word.casefold() for word in words]
        sentence = _Sentence(words, lowered)
        known = {
            "seen": by_word(self._seen.find(words, without=training), len(words)),
            "listed": by_word(self._listed.find(words), len(words)),
            "music": by_word(music_words().find(words), len(words)),
        }
        features = []
        for place in range(len(words)):
            row = sentence.features(place)
            for source, spans in known.items():
                row += _known(source, spans, place, sentence)
            if reading is not None:
                row += _linguistic(reading, place)
            features.append(row)
        return features


class _Sentence:
    """A sentence's words with what is computed once for all of them."""

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

    def word(self, place: int) -> str:
        if place < 0:
            return _BEFORE
        return self.lowered[place] if place < len(self.lowered) else _AFTER

    def level(self, place: int) -> str:
        """Commonness in steps of a half."""
        if not 0 <= place < len(self.zipf):
            return "-"
        return str(int(self.zipf[place] * 2) / 2)

    def coarse(self, place: int) -> str:
        if not 0 <= place < len(self.zipf):
            return "-"
        value = self.zipf[place]
        return "h" if value >= 5 else "m" if value >= 4 else "l"

    def features(self, place: int) -> list[str]:
        word, at = self.lowered[place], self.word
        left, right = self._run(place)
        here, zipf = commonness_elsewhere(word), self.zipf[place]
        row = [
            "bias",
            f"word={word}",
            f"shape={shape(self.words[place])}",
            f"word-1={at(place - 1)}",
            f"word-2={at(place - 2)}",
            f"word+1={at(place + 1)}",
            f"word+2={at(place + 2)}",
            f"words-1={at(place - 1)} {word}",
            f"words+1={word} {at(place + 1)}",
            f"words-2={at(place - 2)} {at(place - 1)}",
            f"words+2={at(place + 1)} {at(place + 2)}",
            f"prefix={word[:2]}",
            f"prefix={word[:3]}",
            f"suffix={word[-2:]}",
            f"suffix={word[-3:]}",
            f"letters={min(len(word), 10)}",
            f"from start={min(place, 4)}",
            f"from end={min(len(self.words) - place, 3)}",
            f"zipf={self.level(place)}",
            f"zipf-1={self.level(place - 1)}",
            f"zipf+1={self.level(place + 1)}",
            f"zipfs={self.coarse(place - 1)}{self.coarse(place)}{self.coarse(place + 1)}",
            f"foreign={int(max(-3, min(4, here - zipf)))}",
            f"highest zipf={int(max(here, zipf))}",
            f"is rarest={zipf == self._lowest} {int(zipf)}",
            f"run from={at(left - 1)}",
            f"run to={at(right + 1)}",
            f"run within={at(left - 1)} {at(right + 1)}",
            f"run length={min(5, right - left)}",
            f"in run={at(left - 1)} {min(3, place - left)}",
            f"after={at(place - 1) if self.coarse(place - 1) == 'h' else self.level(place - 1)} "
            f"{self.level(place)}",
            *self._whole,
            *self._cues(place),
        ]
        if len(word) > 3 and word.endswith("s"):  # "radioheads": the genitive of a name
            row.append(f"genitive={int(max(-4, min(4, commonness(word[:-1]) - zipf)))}")
            if zipf < 2.5:
                row.append("genitive of a rare word")
        return row

    def _run(self, place: int) -> tuple[int, int]:
        """First and last word of the run of rarer words around a word."""
        left = right = place
        while left > 0 and self._is_rare(left - 1):
            left -= 1
        while right < len(self.words) - 1 and self._is_rare(right + 1):
            right += 1
        return left, right

    def _is_rare(self, place: int) -> bool:
        return self.zipf[place] < _COMMON and self.lowered[place] != "|"

    def _cues(self, place: int) -> list[str]:
        row = []
        before, after = self.lowered[:place], self.lowered[place + 1 :]
        for cue in _CUES:
            if cue in before:
                row.append(f"{cue} before={min(3, 1 + before[::-1].index(cue))}")
            if cue in after:
                row.append(f"{cue} after={min(3, 1 + after.index(cue))}")
        return row


def _known(
    source: str, spans: Sequence[KnownSpan | None], place: int, sentence: _Sentence
) -> list[str]:
    row = []
    for step in (-1, 0, 1):
        span = spans[place + step] if 0 <= place + step < len(spans) else None
        if span is None:
            continue
        row.append(f"{source}{step:+d}={span.classes[0]}")
        if step == 0:
            part = "B" if span.start == place else "I"
            rarest = min(sentence.zipf[span.start : span.end])
            length = min(span.end - span.start, 3)
            row.append(f"{source} {part}{length}={span.classes[0]}")
            row.append(f"{source} {part}{length} {int(rarest)}={span.classes[0]}")
    return row


def _linguistic(reading: Sequence[WordReading], place: int) -> list[str]:
    here = reading[place]
    row = [f"role={here.role}", f"entity={here.entity}", f"capital entity={here.capital_entity}"]
    for step in (-1, 0, 1):
        if 0 <= place + step < len(reading):
            near = reading[place + step]
            row += [f"tag{step:+d}={near.tag}", f"capital tag{step:+d}={near.capital_tag}"]
    if 0 < place < len(reading) - 1:
        row.append(f"tags={reading[place - 1].tag} {here.tag} {reading[place + 1].tag}")
    return row
