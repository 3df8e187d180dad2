"""Gazetteers for NER: read names with their classes from files, and match them in sentences."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
from unidecode import unidecode

from kg_builder.errors import DataError
from kg_builder.text_models.ner.bio_tags import TaggedWords

_MAX_WORDS: Final = 8
_DROPPED: Final = re.compile(r"['’`.]")
_SEPARATORS: Final = re.compile(r"[^\w$]+")
_LOOK_ALIKES: Final = str.maketrans(
    "авеікмнорстухѕјԁԛԝАВЕІКМНОРСТУХЅЈԌԚԜαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abeikmhopctyxsjdqwABEIKMHOPCTYXSJGQWaBeikvoptuxABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters → similar-looking Latin ones (Unicode's confusables)"""

_DEFAULT_CLASS: Final = "Name"
_WELL_KNOWN_CLASS: Final = "Artist"
_WELL_KNOWN: Final = Path(__file__).with_name("well_known.tsv")
_TABLES: Final = ("records.parquet", "entities.tsv")


class KnownSpan(NamedTuple):
    """Words `start` to `end` are a known name; `classes` are sorted by frequency."""

    start: int
    end: int
    classes: tuple[str, ...]


class NameList:
    """Gazetteer: names with their classes and counts."""

    def __init__(self, counts: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for name, classes in (counts or {}).items():
            self._counts[name].update(classes)

    def __len__(self) -> int:
        return len(self._counts)

    @classmethod
    def of_sentences(cls, sentences: Iterable[TaggedWords]) -> NameList:
        """Collect the names annotated in sentences."""
        names = cls()
        for sentence in sentences:
            for span in sentence.spans:
                for key in spellings(sentence.text(span)):
                    names._counts[key][span.label] += 1
        return names

    @classmethod
    def of_names(cls, names: Iterable[tuple[str, str]]) -> NameList:
        """Build from pairs of a name and its class."""
        found = cls()
        for name, label in names:
            for key in spellings(name):
                found._counts[key][label] += 1
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Name → class → count, sorted; the argument of `NameList(...)`."""
        return {name: dict(sorted(self._counts[name].items())) for name in sorted(self._counts)}

    def find(self, words: Sequence[str], *, without: TaggedWords | None = None) -> list[KnownSpan]:
        """Match the known names of a sentence, leftmost-longest.

        Args:
            words: the sentence.
            without: a training sentence whose own annotation is ignored (leave-one-out); otherwise
                a model would learn that every name is known.
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

    def counts_of(
        self, words: Sequence[str], *, without: TaggedWords | None = None
    ) -> Counter[str]:
        """Counts of the classes of a known name with exactly these words.

        Args:
            words: the words, perhaps in the genitive ("radioheads").
            without: a training sentence whose own annotation is ignored.
        """
        name = " ".join(plain for word in words if (plain := _plain(word)))
        own = NameList.of_sentences([without])._counts if without is not None else {}
        for key in _nominatives(name):
            if left := self._counts.get(key, Counter()) - own.get(key, Counter()):
                return left
        return Counter()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted({label for counts in self._counts.values() for label in counts}))

    def _longest(
        self, plain: Sequence[str], start: int, own: Mapping[str, Counter[str]]
    ) -> KnownSpan | None:
        for end in range(min(len(plain), start + _MAX_WORDS), start, -1):
            name = " ".join(word for word in plain[start:end] if word)
            for key in _nominatives(name):
                counts = self._counts.get(key)
                if not counts:
                    continue
                left = counts - own[key] if key in own else counts
                if left:
                    order = sorted(left, key=lambda label: (-left[label], label))
                    return KnownSpan(start, end, tuple(order))
        return None


def _nominatives(name: str) -> tuple[str, ...]:
    """A name and, if it may be a genitive, the name without its s."""
    return (name, name[:-1]) if name.endswith("s") and len(name) > 4 else (name,)


def spellings(name: str) -> Iterator[str]:
    """The normalised forms of a name: "AC/DC" is found as `ac dc` and as `acdc`."""
    plain = _plain(name)
    forms = {plain, unidecode(plain).casefold()}
    if _SEPARATORS.search(name) and " " not in name:
        forms.add(plain.replace(" ", ""))
    yield from sorted(form for form in forms if form)


@lru_cache(maxsize=1 << 16)
def without_look_alikes(word: str) -> str:
    """Replace look-alike letters of other scripts in a word that is otherwise Latin.

    Pasted names may contain such letters, and styled ones ("𝓁", "ﬁ"). A word entirely in another
    script is unchanged.

    >>> without_look_alikes("r\u0430di\u043ehead"), without_look_alikes("\u2112ana")
    ('radiohead', 'Lana')
    >>> without_look_alikes("рот")
    'рот'
    """
    word = unicodedata.normalize("NFKC", word)
    if any("a" <= sign.lower() <= "z" for sign in word):
        return word.translate(_LOOK_ALIKES)
    return word


@lru_cache(maxsize=1 << 16)
def _plain(text: str) -> str:
    """Lower-case, remove apostrophes and full stops, replace other punctuation by spaces."""
    text = " ".join(map(without_look_alikes, text.split(" ")))
    text = _DROPPED.sub("", unicodedata.normalize("NFC", text).casefold())
    return " ".join(_SEPARATORS.sub(" ", text).split())


def read_name_files(paths: Iterable[Path], *, well_known: bool = False) -> NameList:
    """Read names with their classes.

    Args:
        well_known: whether to include the project's list of well-known artists and works first.
        paths: text files with a name and, after a tab, its class per line; a `records.parquet` or
            `entities.tsv` of a built data set; or its folder.

    Raises:
        DataError: no such file, or a file without names.
    """
    found: list[tuple[str, str]] = []
    if well_known:
        found += _lines(_WELL_KNOWN, _WELL_KNOWN_CLASS)
    for path in paths:
        before = len(found)
        found += _names(path)
        if len(found) == before:
            raise DataError("no names in it", where=str(path))
    return NameList.of_names(found)


def _names(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        tables = [path / name for name in _TABLES if (path / name).is_file()]
        if not tables:
            raise DataError(f"neither {' nor '.join(_TABLES)} in this folder", where=str(path))
        yield from _names(tables[0])
    elif not path.is_file():
        raise DataError("no such file", where=str(path))
    elif path.suffix == ".parquet":
        yield from _records(path)
    else:
        yield from _lines(path)


def _records(path: Path) -> Iterator[tuple[str, str]]:
    try:
        table = pd.read_parquet(path, columns=["name", "type", "aliases"])
    except (OSError, ValueError, KeyError):
        raise DataError("not a table of records", where=str(path)) from None
    for name, type_, aliases in zip(table["name"], table["type"], table["aliases"], strict=True):
        yield str(name), str(type_)
        for alias in aliases if aliases is not None else ():
            yield str(alias), str(type_)


def _lines(path: Path, default: str = _DEFAULT_CLASS) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8 at byte {fault.start}", where=str(path)) from None
    heading = lines[0].split("\t") if lines else []
    if {"name", "type"} <= set(heading):
        name, type_ = heading.index("name"), heading.index("type")
        for number, line in enumerate(lines[1:], 2):
            cells = line.split("\t")
            if len(cells) != len(heading):
                raise DataError("columns do not fit the heading", where=f"{path}, line {number}")
            yield cells[name], cells[type_]
        return
    for line in lines:
        text, _, type_text = line.partition("\t")
        if text.strip():
            yield text.strip(), type_text.strip() or default
