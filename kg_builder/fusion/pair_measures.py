"""Compute string and value similarities of record pairs, features of the supervised scorer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from kg_builder.fusion.measures import parse_day, parse_seconds, parse_year
from kg_builder.fusion.normalize import PERFORMANCES, VERSION_NOISE
from kg_builder.fusion.profiles import Profiles, Values
from kg_builder.fusion.title_words import latin_words
from kg_builder.fusion.word_overlap import Overlap, Wording
from kg_builder.ontology import Schema

Column = NDArray[np.float32]
_BRACKETS: Final = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]?")
_GUESTS: Final = re.compile(r"\b(?:feat|ft|featuring|with)\b.*$")


def details(
    profiles: Profiles,
    pairs: NDArray[np.int64],
    values: Mapping[str, Values],
    wording: Wording,
    schema: Schema,
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of the measures, and their values, shape (n, measures); NaN if a side has no value."""
    columns: dict[str, Column] = {}
    columns |= _of_words(wording.overlap(pairs))
    columns |= _of_texts("text", wording.text, pairs)
    columns |= _of_texts("title", wording.title, pairs)
    columns |= _of_titles(profiles, pairs)
    columns |= _of_values(profiles, pairs, values, schema)
    return tuple(columns), np.column_stack(list(columns.values())).astype(np.float32)


def core_and_version(name: str) -> tuple[str, frozenset[str]]:
    """Split a title into the core without brackets and the version words; guests are ignored.

    >>> core, version = core_and_version("Autonomy (Cold Blank Mix) [feat. Zoe]")
    >>> core, sorted(version)
    ('autonomy', ['blank', 'cold', 'mix'])
    """
    core = " ".join(latin_words(_BRACKETS.sub(" ", name)))
    version: set[str] = set()
    for inside in _BRACKETS.findall(name):
        version |= set(latin_words(_GUESTS.sub("", inside.casefold()))) - VERSION_NOISE
    return _GUESTS.sub("", core).strip() or core, frozenset(version)


def _of_words(overlap: Overlap) -> dict[str, Column]:
    smaller, larger = (
        np.minimum(overlap.left, overlap.right),
        np.maximum(overlap.left, overlap.right),
    )
    whole = overlap.shared + smaller
    return {
        "words shared": overlap.shared.astype(np.float32),
        "share of the wordier": overlap.share.astype(np.float32),
        "share of the briefer": np.divide(
            overlap.shared, whole, out=np.full(len(whole), np.nan), where=whole > 0
        ).astype(np.float32),
        "less left over": smaller.astype(np.float32),
        "more left over": larger.astype(np.float32),
        "rests alike": overlap.alike.astype(np.float32),
        "left over": overlap.left_over.astype(np.float32),
        "title found": overlap.title.astype(np.float32),
    }


def _of_texts(name: str, texts: Sequence[str], pairs: NDArray[np.int64]) -> dict[str, Column]:
    sides = [texts[i] for i in pairs[:, 0]], [texts[j] for j in pairs[:, 1]]
    silent = np.array([not one or not other for one, other in zip(*sides, strict=True)], dtype=bool)
    found = {}
    for how, scorer in (("alike", fuzz.ratio), ("within", fuzz.partial_ratio)):
        found[f"{name} {how}"] = _share(cpdist(*sides, scorer=scorer, dtype=np.float32), silent)
    start = np.array(
        [
            _common_start(one, other) / max(min(len(one), len(other)), 1)
            for one, other in zip(*sides, strict=True)
        ],
        dtype=np.float32,
    )
    found[f"{name} starts alike"] = np.where(silent, np.nan, start).astype(np.float32)
    return found


def _of_titles(profiles: Profiles, pairs: NDArray[np.int64]) -> dict[str, Column]:
    taken = {int(i): core_and_version(profiles.name[i]) for i in np.unique(pairs)}
    sides = [taken[int(i)] for i in pairs[:, 0]], [taken[int(j)] for j in pairs[:, 1]]
    cores = [core for core, _ in sides[0]], [core for core, _ in sides[1]]
    shared, only, performed = [], [], []
    for (_, one), (_, other) in zip(*sides, strict=True):
        shared.append(len(one & other) / len(one | other) if one or other else np.nan)
        only.append(min(len(one - other), len(other - one)))
        performed.append(len((one ^ other) & PERFORMANCES))
    return {
        "cores alike": _share(cpdist(*cores, scorer=fuzz.ratio, dtype=np.float32)),
        "cores' words alike": _share(cpdist(*cores, scorer=fuzz.token_set_ratio, dtype=np.float32)),
        "versions alike": np.array(shared, dtype=np.float32),
        "versions differ": np.array(only, dtype=np.float32),
        "performances differ": np.array(performed, dtype=np.float32),
        "version on one side": np.array(
            [bool(one) != bool(other) for (_, one), (_, other) in zip(*sides, strict=True)],
            dtype=np.float32,
        ),
    }


def _of_values(
    profiles: Profiles, pairs: NDArray[np.int64], values: Mapping[str, Values], schema: Schema
) -> dict[str, Column]:
    empty: Values = {}
    stated = {int(i): values.get(profiles.record[i], empty) for i in np.unique(pairs)}
    found: dict[str, Column] = {}
    for predicate in sorted({name for cells in stated.values() for name in cells}):
        declared = schema.predicates.get(predicate)
        datatype = declared.datatype if declared else None
        texts_of = {i: cells.get(predicate, ()) for i, cells in stated.items()}
        if datatype == "duration":
            found[f"{predicate} apart"] = _gaps(pairs, texts_of, parse_seconds)
        elif datatype in {"date", "gYear", "gYearMonth"}:
            found[f"{predicate} apart"] = _gaps(pairs, texts_of, parse_year)
            found[f"{predicate} days apart"] = _gaps(pairs, texts_of, parse_day)
        elif datatype is None or datatype == "string":
            texts = {
                i: " ".join(" ".join(latin_words(v)) for v in cell) for i, cell in texts_of.items()
            }
            sides = [texts[int(i)] for i in pairs[:, 0]], [texts[int(j)] for j in pairs[:, 1]]
            silent = np.array([not a or not b for a, b in zip(*sides, strict=True)], dtype=bool)
            for how, scorer in (("alike", fuzz.ratio), ("words alike", fuzz.token_set_ratio)):
                similarity = cpdist(*sides, scorer=scorer, dtype=np.float32)
                found[f"{predicate} {how}"] = _share(similarity, silent)
    return found


def _gaps(
    pairs: NDArray[np.int64],
    texts_of: Mapping[int, Sequence[str]],
    parse: Callable[[str], float | None],
) -> Column:
    """log(1 + distance) of the first parsable values."""
    read = {
        i: next((value for text in cell if (value := parse(text)) is not None), np.nan)
        for i, cell in texts_of.items()
    }
    left = np.array([read[int(i)] for i in pairs[:, 0]], dtype=np.float64)
    right = np.array([read[int(j)] for j in pairs[:, 1]], dtype=np.float64)
    return np.log1p(np.abs(left - right)).astype(np.float32)


def _share(percent: Column, silent: NDArray[np.bool_] | None = None) -> Column:
    found = (percent / 100).astype(np.float32)
    if silent is not None:
        found[silent] = np.nan
    return found


def _common_start(one: str, other: str) -> int:
    for position, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return position
    return min(len(one), len(other))
