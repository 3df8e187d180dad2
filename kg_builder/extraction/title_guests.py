"""Find guest performers in the titles of songs and albums: "Umbrella (feat. JAY-Z)"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.credits import credited
from kg_builder.extraction.values import clean_text, is_placeholder
from kg_builder.ontology import Schema

METHOD: Final = "title"
CONFIDENCE: Final = 0.95
_PREDICATE: Final = "performer"
_CLASSES: Final = ("Song", "Album")
_HINT: Final = r"(?i)\b(?:feat|ft|featuring|with|con|avec|mit)\b|\bw/"
_SURE: Final = r"featuring|feat\.?|ft\.?"
_BRACKETED: Final = re.compile(
    rf"[(\[]\s*(?P<word>{_SURE}|(?:duet )?with|w/|con|avec|mit)\s+(?P<guests>[^()\[\]]+)[)\]]", re.I
)
_OPEN: Final = re.compile(
    r"(?<=\S)\s+(?:[-–—]\s*)?(?P<word>featuring|feat\.?|ft\.)\s+"
    r"(?P<guests>[^()\[\]]+?)(?=\s+[-–—]\s|\s*[(\[]|\s*$)",
    re.I,
)
_PLACE_FOLLOWS: Final = re.compile(r"\b(?:at|from|in|near|of|to|the)$", re.I)


def guests_in_title(title: str, known: Collection[str]) -> list[str]:
    """Names of the guests that a title credits, in order.

    "with" in brackets, and "feat" without brackets or a full stop, are words of titles as well:
    they count only where all that they name is known.

    Args:
        title: of a song or an album.
        known: names of artists elsewhere in the source, in lower case; they tell whether
            "Ann & Bob" is one guest or two.

    >>> guests_in_title("Umbrella (feat. Ann & Bob) - Live", {"ann", "bob"})
    ['Ann', 'Bob']
    >>> guests_in_title("Dancing (with Tears in My Eyes)", {"ann"})
    []
    """
    found = _BRACKETED.search(title)
    is_open = found is None
    found = found or _OPEN.search(title)
    if found is None or not (lead := title[: found.start()].strip()):
        return []
    word, guests = found["word"].lower(), found["guests"].strip(" \t\"“”'.,;")
    if is_open and word == "ft." and _PLACE_FOLLOWS.search(lead):
        return []  # Ft. Worth
    names = [name for part in credited(guests, known) if (name := clean_text(part))]
    certain = word in {"featuring", "feat.", "ft."} or (not is_open and word in {"feat", "ft"})
    if not certain or (is_open and guests[:1].islower()):
        return names if all(name.casefold() in known for name in names) else []
    return [name for name in names if not is_placeholder(name, "Artist")]


class TitleGuests:
    """Works of a source whose titles may name guests, until all artists of the source are known.

    Args:
        schema: the data model; without a predicate "performer" nothing is kept.
    """

    def __init__(self, schema: Schema) -> None:
        self._classes = [
            name
            for name in schema.classes
            if _PREDICATE in schema.predicates and any(schema.is_a(name, one) for one in _CLASSES)
        ]
        self._waiting: dict[tuple[str, str], str] = {}

    def note(self, parts: pa.RecordBatch) -> None:
        """Remember the works of a batch of table `PART` whose titles may name guests."""
        if not self._classes:
            return
        may_be = pc.match_substring_regex(parts["name"], _HINT)
        works = pc.is_in(parts["type"], pa.array(self._classes))
        rows = pc.and_(pc.and_(may_be, works), pc.invert(parts["optional"]))
        if not pc.any(rows).as_py():
            return
        chosen = parts.filter(rows)
        columns = (chosen[name].to_pylist() for name in ("key", "name", "evidence"))
        for key, name, evidence in zip(*columns, strict=True):
            if _BRACKETED.search(name) or _OPEN.search(name):
                self._waiting.setdefault((key, name), evidence)

    def performers(self, known: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """(key of a work, name of a guest, evidence), in the order of the source."""
        waiting, self._waiting = self._waiting, {}
        for (key, title), evidence in waiting.items():
            for guest in guests_in_title(title, known):
                yield key, guest, evidence
