"""Find the known names of records in texts.

With a million records most names occur in no text. A batch of texts is read with its own few, so
that a worker does not hold the others, and a new record redoes only the batches that may name it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pandas as pd

from kg_builder.extraction.text.mentions import (
    Mention,
    Sentence,
    with_dashes,
)
from kg_builder.extraction.values import without_disambiguator
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

_LOWERED: Final = frozenset({"Genre", "Instrument"})
_UNUSED: Final = frozenset({"Tag", "Role", "Language", "Decade", "Event", "Movie", "Book"})
_PLACES: Final = frozenset({"GPE", "LOC", "FAC"})
"""spaCy's classes of places"""

_COMMON: Final = re.compile(r"(?<![\w'’])[^\W\d_A-Z][\w'’-]*")
_RUN: Final = re.compile(r"[^\W\d_]+|\d+")
"""Letters or digits that spaCy's tokens do not divide, contractions aside."""

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


def common_words(texts: Iterable[str]) -> frozenset[str]:
    """Words that a corpus writes in lower case."""
    found: set[str] = set()
    for text in texts:
        found.update(
            unicodedata.normalize("NFC", word).casefold() for word in _COMMON.findall(text)
        )
    return frozenset(found)


@dataclass(frozen=True)
class KnownName:
    """A name or alias of a record: as texts write it, class, and the record's name."""

    text: str
    type: str
    canonical: str


@dataclass(frozen=True)
class KnownNames:
    """Names to look for in texts.

    Attributes:
        names: in the order of the records.
        performers: title of a work → its performers, without "The ".
        common: words that the corpus writes in lower case (see `common_words`).
    """

    names: tuple[KnownName, ...] = ()
    performers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    common: frozenset[str] = frozenset()

    @classmethod
    def of(cls, records: pd.DataFrame | None, common: frozenset[str] = frozenset()) -> KnownNames:
        """The names and aliases in a table `records`."""
        if records is None:
            return cls(common=common)
        found: dict[tuple[str, str], KnownName] = {}
        performers: dict[str, dict[str, None]] = {}
        columns = (records[name].tolist() for name in ("name", "type", "aliases", "attributes"))
        for name, type_, aliases, attributes in zip(*columns, strict=True):
            if '"performer"' in attributes:  # otherwise it is a value
                of_work = json.loads(attributes).get("performer", ())
                performers.setdefault(name, {}).update(
                    dict.fromkeys(one.removeprefix("The ") for one in of_work)
                )
            if type_ in _UNUSED:
                continue
            for text in _forms(name, type_, aliases):
                if len(text) > 1 and not text.isdigit():
                    found.setdefault((_key(text, type_), type_), KnownName(text, type_, name))
        return cls(
            tuple(found.values()),
            {title: tuple(sorted(of_work)) for title, of_work in performers.items() if of_work},
            common,
        )

    def within(self, texts: Sequence[str]) -> KnownNames:
        """The names all of whose words occur in these texts."""
        words = {word for text in texts for word in _RUN.findall(text.lower())}
        at = [place for word in words for place in self._by_rarest_word.get(word, ())]
        at = [place for place in at if words.issuperset(_words(self.names[place]))]
        for place in self._by_rarest_word.get("", ()):  # such as "!!!"
            if any(self.names[place].text in text for text in texts):
                at.append(place)
        names = tuple(self.names[place] for place in sorted(at))
        spelt = {name.text for name in names}
        pieces = {fold(piece) for text in spelt for piece in (text, *text.split())}
        return KnownNames(
            names,
            {text: self.performers[text] for text in sorted(spelt) if text in self.performers},
            self.common & pieces,
        )

    @cached_property
    def _by_rarest_word(self) -> Mapping[str, list[int]]:
        frequency = Counter(word for name in self.names for word in _words(name))
        found: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            rarest = min(_words(name), key=lambda word: (frequency[word], word), default="")
            found[rarest].append(place)
        return found


NO_NAMES: Final = KnownNames()


def _words(name: KnownName) -> set[str]:
    return set(_RUN.findall(_key(name.text, name.type).lower()))


def _key(text: str, type_: str) -> str:
    return fold(text) if type_ in _LOWERED else text


def _forms(name: str, type_: str, aliases: Iterable[str] | None) -> Iterator[str]:
    yield name
    plain = without_disambiguator(name)
    if plain != name:
        yield plain
    if name.startswith("The ") and type_ not in _LOWERED:
        yield name[4:]
    yield from aliases if aliases is not None else ()


class Gazetteer:
    """Find known names in parsed texts.

    Names of artists, works, labels, places and awards are matched case-sensitively, those of genres
    and instruments in any case. A name that is also a common word ("Debut", "Can", "Air") counts as
    a name only if the context supports it.
    """

    def __init__(self, nlp: Language, known: KnownNames, schema: Schema) -> None:
        from spacy.matcher import PhraseMatcher

        self._schema, self._common = schema, known.common
        self._performers = known.performers
        self._types: dict[str, dict[str, str]] = {}
        self._exact = PhraseMatcher(nlp.vocab, attr="ORTH")
        self._lowered = PhraseMatcher(nlp.vocab, attr="LOWER")
        for lowered, matcher in ((False, self._exact), (True, self._lowered)):
            names = [name for name in known.names if (name.type in _LOWERED) == lowered]
            keys = [with_dashes(_key(name.text, name.type)) for name in names]
            for key, name in zip(keys, names, strict=True):
                self._types.setdefault(key, {})[name.type] = name.canonical
            matcher.add("name", [nlp.make_doc(key) for key in dict.fromkeys(keys)])

    def find(self, doc: Doc, text: str, sentences: Sequence[Sentence]) -> Iterator[Mention]:
        """Yield mentions, possibly overlapping, in the order of a text parsed as `doc`."""
        starts = [sentence.start for sentence in sentences]
        for matcher, lowered in ((self._exact, False), (self._lowered, True)):
            for _, start, end in matcher(doc):
                span = doc[start:end]
                key = fold(span.text) if lowered else span.text
                types = self._types.get(key, {})
                for type_, canonical in types.items():
                    if self._is_other(span, type_, types, text) or self._is_part(span, type_):
                        continue
                    if (type_ in _LOWERED) == lowered and self._is_name(span, type_, text, starts):
                        first, last = span.start_char, span.end_char
                        yield Mention(first, last, text[first:last], type_, "gazetteer", canonical)

    def types(self, name: str) -> tuple[str, ...]:
        """The classes of the records with a name."""
        return tuple(self._types.get(with_dashes(name), ()))

    def _is_other(self, span: Span, type_: str, types: Iterable[str], text: str) -> bool:
        """Whether a name of both a place and a label (London) denotes the other one here."""
        labels = "RecordLabel" in types
        if not (labels and any(self._schema.is_a(name, "Place") for name in types)):
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
        """Whether a name that may be a common word is used as a name here."""
        text, single = span.text, len(span) == 1
        if type_ in _LOWERED:
            return True
        if self._schema.is_a(type_, "Work"):
            performers = self._performers.get(text)
            if performers and not any(name in whole for name in performers):
                return False
            if single and not performers:
                return self._is_announced(span, whole, starts)
        if not single and not all(fold(word) in self._common for word in text.split()):
            return True
        if fold(text) not in self._common and len(text) > 2:
            return True
        if self._schema.is_a(type_, "Work"):
            return self._is_announced(span, whole, starts)
        return span.start_char not in starts and text[:1].isupper()

    def _is_announced(self, span: Span, text: str, starts: list[int]) -> bool:
        """Whether a sentence is about works, so that a common word in it may be a title."""
        if _CUES.search(text[span.end_char : span.end_char + 40].partition(".")[0]):
            return True
        here = max((start for start in starts if start <= span.start_char), default=0)
        before = text[max(here, span.start_char - 60) : span.start_char]
        return span.start_char != here and bool(_CUES.search(before))
