"""Access fields of a block of Discogs XML records as columns, with the provenance of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.arrow_batches import TO_CLEAN, Numbers, Texts, is_filled, mapped
from kg_builder.extraction.segments import Batch
from kg_builder.extraction.semi_structured.xml_columns import Elements
from kg_builder.extraction.values import article_in_front, clean_text

_NUMBER: Final = re.compile(r"\s+\(\d+\)$")


@dataclass(frozen=True)
class Items:
    """Elements listed in a field of records (or tracks), each with its record's position."""

    elements: Numbers
    places: Numbers

    def some(self, chosen: NDArray[np.bool_]) -> Items:
        """Select some of the elements."""
        return Items(self.elements[chosen], self.places[chosen])


@dataclass(frozen=True)
class Records:
    """Columnar view of a block's records, or of the tracks of its releases.

    Attributes:
        batch: collects records and statements.
        elements: all elements of the block.
        own: the elements of the records.
        keys: keys of the entities that they describe.
        evidence: location of each record.
    """

    batch: Batch
    elements: Elements
    own: Numbers
    keys: Texts
    evidence: Texts

    def __len__(self) -> int:
        return len(self.own)

    def some(self, chosen: NDArray[np.bool_]) -> Records:
        """Select some of the records."""
        kept = pa.array(chosen)
        keys, evidence = self.keys.filter(kept), self.evidence.filter(kept)
        return replace(self, own=self.own[chosen], keys=keys, evidence=evidence)

    def text(self, field: str) -> Texts:
        """The text of a field of each record, or ''."""
        return self.elements.stripped(self.elements.child(self.own, field))

    def items(self, field: str) -> Items:
        """The elements listed in a field."""
        return Items(*self.elements.below(self.elements.child(self.own, field)))

    def texts(self, field: str) -> tuple[Items, Texts]:
        """The elements with text listed in a field, and their texts."""
        items = self.items(field)
        texts = self.elements.stripped(items.elements)
        filled = is_filled(texts)
        return items.some(filled), texts.filter(pa.array(filled))

    def names(self, field: str) -> tuple[Items, Texts, Texts]:
        """The artists or labels listed in a field, their ids (empty in old dumps) and names."""
        items, texts = self.texts(field)
        named = self.elements.tag[items.elements] != self.elements.place("id")
        items = items.some(named)
        return items, self.elements.attribute(items.elements, "id"), texts.filter(pa.array(named))

    def order(self, section: int, places: Numbers | None = None) -> Numbers:
        """Reading-order number of a section of each record, or of each row of a section.

        Args:
            section: number of the section within a record.
            places: the position of each row's record.
        """
        if places is None:
            return (self.own << 4 | section) << 24
        return (self.own[places] << 4 | section) << 24 | np.arange(len(places))

    def where(self, field: str, places: Numbers) -> Texts:
        """Evidence of a field of the records at some positions."""
        return joined(self.evidence.take(pa.array(places)), f"/{field}")

    def reject(self, chosen: NDArray[np.bool_], reason: str) -> None:
        """Add records as rejects."""
        order = self.order(0)
        for row in np.flatnonzero(chosen).tolist():
            self.batch.reject(order[row], reason, self.evidence[row].as_py())

    def say(self, section: int, predicate: str, texts: Texts, field: str) -> None:
        """Add a statement for each record whose text is not empty."""
        places = np.flatnonzero(is_filled(texts))
        at = pa.array(places)
        order, where = self.order(section)[places], self.where(field, places)
        self.batch.literals(order, self.keys.take(at), predicate, texts.take(at), where)


def joined(*texts: Texts | str) -> Texts:
    """Concatenate texts row by row; at least one is a column."""
    return pc.binary_join_element_wise(*texts, "")


def plain_names(texts: Texts) -> Texts:
    """Apply `plain_name` to a column."""
    return mapped(texts, plain_name, where=rf"{TO_CLEAN}|\)$|, ")


def cleaned(texts: Texts) -> Texts:
    """Apply `clean_text` to a column."""
    return mapped(texts, clean_text, where=TO_CLEAN)


@lru_cache(maxsize=65536)
def plain_name(text: str) -> str:
    """Strip the disambiguating number of a name and move its article to the front.

    >>> plain_name("Beatles, The"), plain_name("Nirvana (2)")
    ('The Beatles', 'Nirvana')
    """
    text = clean_text(text)
    if text.endswith(")"):
        text = _NUMBER.sub("", text)
    return article_in_front(text)
