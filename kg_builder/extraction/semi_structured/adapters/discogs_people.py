"""Artists and labels that a Discogs dump refers to by id and name."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction.batch import Batch
from kg_builder.extraction.columns import Numbers, Texts, first_places, is_filled, listed
from kg_builder.extraction.keys import name_key
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    joined,
    plain_names,
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
    source, schema = batch.source, batch.schema
    distinct = joined(numbers, _BETWEEN, names).dictionary_encode()
    firsts = first_places(distinct.indices.to_numpy())
    at = pa.array(firsts)
    numbers, names = numbers.take(at), plain_names(names.take(at))
    numbered = is_filled(numbers)
    keys, ids, kinds = joined(f"{source}/{scope}/", numbers), numbers, [types[0]] * len(firsts)
    if not numbered.all():
        unnumbered = pa.array(~numbered)
        by_name = [
            name_key(source, types[1], name, schema)
            for name in names.filter(unnumbered).to_pylist()
        ]
        keys = pc.replace_with_mask(keys, unnumbered, pa.array(by_name, pa.string()))
        own = pc.utf8_slice_codeunits(keys, len(source) + 1)
        ids = pc.if_else(unnumbered, own, numbers)
        kinds = np.where(numbered, *types).tolist()
    batch.things(
        order[firsts],
        keys,
        pa.array(kinds, pa.string()),
        names,
        where.take(at),
        record_ids=ids,
        external_ids=_discogs_ids(numbers) if scope == "artists" else None,
    )
    return keys.take(distinct.indices)


def _discogs_ids(numbers: Texts) -> pa.ListArray:
    """The external ids of artists: one for each that has a number."""
    numbered = np.flatnonzero(is_filled(numbers))
    ids = joined("discogs:", numbers.take(pa.array(numbered)))
    return listed(len(numbers), numbered, ids)
