"""Names known beforehand, and where they stand in a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from unidecode import unidecode

from kg_builder.text_models.ner.tagging import TaggedWords

_LONGEST: Final = 8
_MUTE: Final = re.compile(r"['’`.]")
_APART: Final = re.compile(r"[^\w$]+")


class KnownSpan(NamedTuple):
    """Words `start` to `end` are a known name; `classes` are sorted by how often it had each."""

    start: int
    end: int
    classes: tuple[str, ...]


class NameList:
    """Names with the classes under which they are known, and how often."""

    def __init__(self, counts: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for name, classes in (counts or {}).items():
            self._counts[name].update(classes)

    def __len__(self) -> int:
        return len(self._counts)

    @classmethod
    def of_sentences(cls, sentences: Iterable[TaggedWords]) -> NameList:
        """The names that annotated sentences mark."""
        names = cls()
        for sentence in sentences:
            for span in sentence.spans:
                for key in spellings(sentence.text(span)):
                    names._counts[key][span.label] += 1
        return names

    @classmethod
    def of_names(cls, names: Iterable[tuple[str, str]]) -> NameList:
        """Pairs of a name and its class."""
        found = cls()
        for name, label in names:
            for key in spellings(name):
                found._counts[key][label] += 1
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Name → class → how often, sorted: what `NameList(...)` takes back."""
        return {name: dict(sorted(self._counts[name].items())) for name in sorted(self._counts)}

    def find(self, words: Sequence[str], *, without: TaggedWords | None = None) -> list[KnownSpan]:
        """The known names of a sentence, from the left, of those that begin together the longest.

        Args:
            words: the sentence.
            without: a sentence whose own marks do not count. With it, what a name of the training
                sentences tells is what *other* sentences tell, as it will be for new text;
                otherwise a model learns that whatever is a name is known.
        """
        own = NameList.of_sentences([without])._counts if without is not None else {}
        plain = [_plain(word) for word in words]
        found, start = [], 0
        while start < len(words):
            span = self._longest(plain, start, own)
            if span is None:
                start += 1
            else:
                found.append(span)
                start = span.end
        return found

    def _longest(
        self, plain: Sequence[str], start: int, own: Mapping[str, Counter[str]]
    ) -> KnownSpan | None:
        for end in range(min(len(plain), start + _LONGEST), start, -1):
            name = " ".join(word for word in plain[start:end] if word)
            for key in (name, name[:-1]) if name.endswith("s") and len(name) > 4 else (name,):
                known = self._counts.get(key)
                if not known:
                    continue
                left = known - own[key] if key in own else known
                if left:
                    order = sorted(left, key=lambda label: (-left[label], label))
                    return KnownSpan(start, end, tuple(order))
        return None


def spellings(name: str) -> Iterator[str]:
    """The forms under which a name is kept: "AC/DC" is found as `ac dc` and as `acdc`."""
    plain = _plain(name)
    forms = {plain, unidecode(plain).casefold()}
    if _APART.search(name) and " " not in name:
        forms.add(plain.replace(" ", ""))
    yield from sorted(form for form in forms if form)


@lru_cache(maxsize=1 << 16)
def _plain(text: str) -> str:
    """Lower case, apostrophes and full stops gone, other marks replaced by spaces."""
    text = _MUTE.sub("", unicodedata.normalize("NFC", text).casefold())
    return " ".join(_APART.sub(" ", text).split())
