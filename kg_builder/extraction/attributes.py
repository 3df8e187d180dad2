"""The column `attributes`: what is said of each record, as JSON, written for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.columns import first_of_equals

_TO_ESCAPE: Final = r'[\x00-\x1f\\"]'


def write_attributes(
    said: pa.Table, predicates: Sequence[str]
) -> tuple[NDArray[np.int64], pa.StringArray]:
    r"""Write `{"predicate": ["value", ...], ...}` for every thing; a value stands once in a list.

    Args:
        said: columns `thing`, `predicate` and `value`, sorted by the first two.
        predicates: what the numbers in the column `predicate` mean.

    Returns:
        The things, each once, and their attributes.

    >>> said = pa.table({"thing": [4, 4], "predicate": [0, 0], "value": ["jazz", "pop"]})
    >>> write_attributes(said, ["genre"])[1].to_pylist()
    ['{"genre": ["jazz", "pop"]}']
    """
    things, numbers = (said.column(name).to_numpy() for name in ("thing", "predicate"))
    values = said.column("value").combine_chunks()
    begins = _differs(things) | _differs(numbers)
    once = first_of_equals(np.cumsum(begins), values)
    if not once.all():
        things, numbers, values = things[once], numbers[once], values.filter(pa.array(once))
        begins = _differs(things) | _differs(numbers)
    is_first = _differs(things)
    # what stands before each value: of a thing's first, of a predicate's first, of any other
    before = [f'{{"{name}": ["' for name in predicates]
    before += [f'"], "{name}": ["' for name in predicates]
    kinds = np.where(is_first, numbers, np.where(begins, numbers + len(predicates), len(before)))
    ends = np.append(is_first[1:], True)[: len(things)].astype(np.int8)
    texts = pc.binary_join_element_wise(
        pa.array([*before, '", "'], pa.string()).take(pa.array(kinds)),
        _escaped(values),
        pa.array(["", '"]}']).take(pa.array(ends)),
        "",
    )
    # the texts of a thing lie side by side: they are joined by forgetting where one ends
    starts = np.flatnonzero(is_first)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[np.append(starts, len(things))]
    whole = pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), texts.buffers()[2])
    return things[starts], whole


def _differs(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each value differs from the one before it."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _escaped(texts: pa.StringArray) -> pa.StringArray:
    found = pc.match_substring_regex(texts, _TO_ESCAPE)
    if not pc.any(found).as_py():
        return texts
    escaped = [encode_basestring(text)[1:-1] for text in texts.filter(found).to_pylist()]
    return pc.replace_with_mask(texts, found, pa.array(escaped, pa.string()))
