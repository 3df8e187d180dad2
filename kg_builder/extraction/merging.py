"""Merge the partial records of an entity from parts of a source: names, class, aliases."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.arrow_batches import PART, Numbers, Texts, mapped, others_than, united
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema


def narrower(type_: str, current: str, schema: Schema) -> str:
    """The more specific of two compatible classes, else the current one."""
    if type_ != current and schema.compatible(type_, current):
        return schema.most_specific((type_, current))
    return current


def merged(parts: pa.Table, schema: Schema) -> pa.RecordBatch:
    """Merge all parts of each entity into one.

    The first part gives the number, the name and the evidence; the names of the others become
    aliases, unless they differ only in case and white space.

    Args:
        parts: all parts of some entities, sorted by key and number.
        schema: the data model, for the types.
    """
    columns = dict(zip(parts.column_names, parts.combine_chunks().itercolumns(), strict=True))
    columns = {name: column.combine_chunks() for name, column in columns.items()}
    keys, names = columns["key"], columns["name"]
    begins = np.append(True, pc.not_equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False))
    firsts = np.flatnonzero(begins)
    thing = np.cumsum(begins) - 1
    own_names = names.take(pa.array(firsts))
    others = ~begins
    others[others] = _other_name(names.filter(pa.array(others)), own_names, thing[others])
    changed = {
        "type": pa.array(_types(columns["type"].to_pylist(), thing, schema), pa.string()),
        "aliases": _all_aliases(own_names, thing, names, others, columns["aliases"]),
        "external_ids": united(len(firsts), *_elements(columns["external_ids"], thing)),
        "rows": pa.array(np.add.reduceat(columns["rows"].to_numpy(), firsts)),
        "optional": pa.array(np.logical_or.reduceat(_truths(columns["optional"]), firsts)),
    }
    at = pa.array(firsts)
    arrays = [changed[name] if name in changed else columns[name].take(at) for name in PART.names]
    return pa.RecordBatch.from_arrays(arrays, schema=PART)


def _other_name(names: Texts, own_names: Texts, thing: Numbers) -> NDArray[np.bool_]:
    """Whether each part's name differs from its entity's."""
    own = own_names.take(pa.array(thing))
    differs = _truths(pc.not_equal(names, own))
    rows = pa.array(differs)
    folded = (mapped(column.filter(rows), fold) for column in (names, own))
    differs[differs] = _truths(pc.not_equal(*folded))
    return differs


def _types(types: list[str], thing: Numbers, schema: Schema) -> list[str]:
    """The type of each entity: that of its first part, narrowed by those of the others."""
    narrow = lru_cache(maxsize=None)(partial(narrower, schema=schema))
    found: list[str] = []
    for row, type_ in zip(thing.tolist(), types, strict=True):
        if row == len(found):
            found.append(type_)
        elif type_ != found[-1]:
            found[-1] = narrow(type_, found[-1])
    return found


def _all_aliases(
    own_names: Texts, thing: Numbers, names: Texts, others: NDArray[np.bool_], lists: pa.ListArray
) -> pa.ListArray:
    """Names and aliases of each entity's parts, in order, without its main name."""
    rows = np.arange(len(thing))
    of_lists, texts = _elements(lists, rows)
    # a part's name comes before its aliases
    order = np.argsort(np.concatenate([rows[others], of_lists]), kind="stable")
    places = np.concatenate([thing[others], thing[of_lists]])[order]
    texts = pa.concat_arrays([names.filter(pa.array(others)), texts]).take(pa.array(order))
    return others_than(own_names, places, texts)


def _elements(lists: pa.ListArray, places: Numbers) -> tuple[Numbers, Texts]:
    """Flatten lists; returns the position of each element's list, and the elements."""
    return np.repeat(places, pc.list_value_length(lists).to_numpy()), lists.flatten()


def _truths(values: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.array(values.to_numpy(zero_copy_only=False), np.bool_)
