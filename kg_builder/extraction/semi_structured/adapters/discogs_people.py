"""Artists and labels that a Discogs dump refers to by id and name."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from kg_builder.extraction.batch import Batch, Numbers, Texts, first_places
from kg_builder.extraction.keys import id_key, name_key
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    is_filled,
    joined,
    plain_name,
)

_BETWEEN: Final = "\x1f"
"""Stands in no XML."""


def mention_artists(
    batch: Batch, order: Numbers, type_: str, numbers: Texts, names: Texts, where: Texts
) -> Texts:
    """Mention artists, by number where there is one (old dumps have none); returns their keys."""
    numbered = "SoloArtist" if type_ == "Person" else type_
    return _add(batch, order, "artists", (numbered, type_), numbers, names, where)


def mention_labels(
    batch: Batch, order: Numbers, numbers: Texts, names: Texts, where: Texts
) -> Texts:
    """Mention labels, by number where there is one; returns their keys."""
    return _add(batch, order, "labels", ("RecordLabel", "RecordLabel"), numbers, names, where)


def _add(
    batch: Batch,
    order: Numbers,
    scope: str,
    types: tuple[str, str],
    numbers: Texts,
    names: Texts,
    where: Texts,
) -> Texts:
    """Add things; `types` are the class of one with a number and the class of one without."""
    source, schema = batch.out.source, batch.out.schema
    distinct = joined(numbers, _BETWEEN, names).dictionary_encode()
    pairs = [text.split(_BETWEEN) for text in distinct.dictionary.to_pylist()]
    plain = [plain_name(name) for _, name in pairs]
    keys = [
        id_key(source, scope, number) if number else name_key(source, types[1], name, schema)
        for (number, _), name in zip(pairs, plain, strict=True)
    ]
    ids = [
        number or key.removeprefix(f"{source}/")
        for (number, _), key in zip(pairs, keys, strict=True)
    ]
    found = pa.array(keys, pa.string())
    firsts = first_places(distinct.indices.to_numpy())
    batch.things(
        order[firsts],
        found,
        pa.array([types[0] if number else types[1] for number, _ in pairs], pa.string()),
        pa.array(plain, pa.string()),
        where.take(pa.array(firsts)),
        record_ids=pa.array(ids, pa.string()),
        external_ids=discogs_ids(numbers.take(pa.array(firsts))) if scope == "artists" else None,
    )
    return found.take(distinct.indices)


def discogs_ids(numbers: Texts) -> pa.ListArray:
    """The external ids of artists: one for each that has a number."""
    filled = is_filled(numbers)
    offsets = pa.array(np.append(0, np.cumsum(filled)).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, joined("discogs:", numbers.filter(pa.array(filled))))
