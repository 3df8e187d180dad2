"""Names known from structured sources, found in running text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from kg_builder.extraction.text.mentions import Mention, Sentence
from kg_builder.extraction.values import without_disambiguator
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema

_LOWERED: Final = frozenset({"Genre", "Instrument"})
_UNUSED: Final = frozenset({"Tag", "Role", "Language", "Decade", "Event", "Movie", "Book"})
_PLACES: Final = frozenset({"GPE", "LOC", "FAC"})
"""spaCy's classes of places"""

_WORD: Final = re.compile(r"(?<![\w'’])[^\W\d_A-Z][\w'’-]*")
_CUES: Final = re.compile(
    r"\b(albums?|records?|recording|LP|EP|singles?|songs?|tracks?|debut|titled|called|release[ds]?|"
    r"issued|recorded|mixtape|soundtrack|titles?|follow-up|hits?)\b",
    re.IGNORECASE,
)
SIGNED: Final = re.compile(
    r"\b(?:sign(?:s|ed|ing)?\b[^.]{0,30}\b(?:to|with|for)|(?:deal|contract) with|labels?|imprint|"
    r"(?:released|issued) (?:by|through))\s+(?:the )?$",
    re.IGNORECASE,
)


class Gazetteer:
    """Finds the names and aliases of records in parsed texts.

    Names of artists, works, labels, places and awards are found in their own capitals, those of
    genres and instruments in any. A name that is also a plain word ("Debut", "Can", "Air") counts
    as a name only where something speaks for it: `common` holds the words that the corpus writes
    in lower case.
    """

    def __init__(
        self, nlp: Language, records: pd.DataFrame | None, schema: Schema, common: frozenset[str]
    ) -> None:
        self._schema, self._common = schema, common
        self._types: dict[str, dict[str, str]] = {}
        self._exact = PhraseMatcher(nlp.vocab, attr="ORTH")
        self._lowered = PhraseMatcher(nlp.vocab, attr="LOWER")
        exact: dict[str, None] = {}
        lowered: dict[str, None] = {}
        self._performers = _performers(records)
        for name, type_, canonical in _entries(records):
            if type_ in _UNUSED or len(name) < 2 or name.isdigit():
                continue
            key = fold(name) if type_ in _LOWERED else name
            known = self._types.setdefault(key, {})
            if type_ not in known:
                known[type_] = canonical
            (lowered if type_ in _LOWERED else exact)[key] = None
        for names, matcher in ((exact, self._exact), (lowered, self._lowered)):
            matcher.add("name", [nlp.make_doc(name) for name in names])

    def __len__(self) -> int:
        return len(self._types)

    def find(self, doc: Doc, sentences: Sequence[Sentence]) -> Iterator[Mention]:
        """Yield mentions, overlapping ones too, in the order of the text."""
        starts = [sentence.start for sentence in sentences]
        text = doc.text
        for matcher, lowered in ((self._exact, False), (self._lowered, True)):
            for _, start, end in matcher(doc):
                span = doc[start:end]
                key = fold(span.text) if lowered else span.text
                known = self._types.get(key, {})
                for type_, canonical in known.items():
                    if self._is_other(span, type_, known, text) or self._is_part(span, type_):
                        continue
                    if (type_ in _LOWERED) == lowered and self._is_name(span, type_, text, starts):
                        yield Mention(
                            span.start_char, span.end_char, span.text, type_, "gazetteer", canonical
                        )

    def types(self, name: str) -> tuple[str, ...]:
        """The classes under which a name is known."""
        return tuple(self._types.get(name, ()))

    def _is_other(self, span: Span, type_: str, known: Iterable[str], text: str) -> bool:
        """Whether a name of a place and of a label (London) is here used for the other of them."""
        labels = "RecordLabel" in known
        if not (labels and any(self._schema.is_a(name, "Place") for name in known)):
            return False
        signed = bool(SIGNED.search(text[max(0, span.start_char - 60) : span.start_char]))
        return (
            signed if self._schema.is_a(type_, "Place") else type_ == "RecordLabel" and not signed
        )

    def _is_part(self, span: Span, type_: str) -> bool:
        """Whether one word is part of a longer name: Atlantic City, Ride the Lightning."""
        if len(span) > 1 or type_ in _LOWERED or self._schema.is_a(type_, "Place"):
            return False
        after = span.doc[span.end : span.end + 2]
        if not after:
            return False
        within = after[0].ent_iob_ == "I" and after[0].ent_type_ in _PLACES and after[0].is_title
        return within or (len(after) > 1 and after[0].text == "the" and after[1].is_title)

    def _is_name(self, span: Span, type_: str, whole: str, starts: list[int]) -> bool:
        """Whether a name that may be a plain word is used as a name here."""
        text, single = span.text, len(span) == 1
        if type_ in _LOWERED:
            return True
        if self._schema.is_a(type_, "Work"):
            known = self._performers.get(text)
            if known and not any(name in whole for name in known):
                return False
            if single and not known:
                return self._is_announced(span, whole, starts)
        if not single and not all(fold(token.text) in self._common for token in span):
            return True
        if fold(text) not in self._common and len(text) > 2:
            return True
        if self._schema.is_a(type_, "Work"):
            return self._is_announced(span, whole, starts)
        return span.start_char not in starts and text[:1].isupper()

    def _is_announced(self, span: Span, text: str, starts: list[int]) -> bool:
        """Whether a sentence speaks of works, so that a plain word in it may be a title."""
        if _CUES.search(text[span.end_char : span.end_char + 40].partition(".")[0]):
            return True
        here = max((start for start in starts if start <= span.start_char), default=0)
        before = text[max(here, span.start_char - 60) : span.start_char]
        return span.start_char != here and bool(_CUES.search(before))


def common_words(texts: Iterable[str]) -> frozenset[str]:
    """Words that a corpus writes in lower case."""
    found: set[str] = set()
    for text in texts:
        found.update(unicodedata.normalize("NFC", word).casefold() for word in _WORD.findall(text))
    return frozenset(found)


def _performers(records: pd.DataFrame | None) -> dict[str, set[str]]:
    """Title of a work → names of those who perform it, as far as the records tell."""
    found: dict[str, set[str]] = {}
    if records is not None:
        for name, attributes in zip(records["name"], records["attributes"], strict=True):
            if '"performer"' not in str(attributes):
                continue
            performers = json.loads(str(attributes)).get("performer", ())  # or it is a value
            if performers:
                found.setdefault(str(name), set()).update(
                    performer.removeprefix("The ") for performer in performers
                )
    return found


def _entries(records: pd.DataFrame | None) -> Iterator[tuple[str, str, str]]:
    """(name or alias, class, name)"""
    if records is None:
        return
    for name, type_, aliases in zip(
        records["name"], records["type"], records["aliases"], strict=True
    ):
        yield str(name), str(type_), str(name)
        plain = without_disambiguator(str(name))
        if plain != name:
            yield plain, str(type_), str(name)
        if str(name).startswith("The ") and type_ not in _LOWERED:
            yield str(name)[4:], str(type_), str(name)
        for alias in aliases if aliases is not None else ():
            yield str(alias), str(type_), str(name)
