"""Prepare records for comparison: normalised names, attribute values, names of neighbours."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.measures import UNTOLD, parse_seconds, parse_year
from kg_builder.fusion.normalize import (
    Name,
    is_placeholder,
    name_key,
    nation_of,
    nations_in,
    parse_name,
)
from kg_builder.fusion.title_words import IN_TITLES, album_year, bare_album, read_words
from kg_builder.fusion.word_overlap import Wording
from kg_builder.ontology import Schema

_BRACKET: Final = re.compile(r"[)\]）]")
_FACTS: Final = 3
"""Values per predicate that count as facts: a list of fifty tags would be as many blocks."""

Values = Mapping[str, tuple[str, ...]]
"""Predicate → values: literals as written by the source, or name keys of entities."""


@dataclass(frozen=True)
class Profiles:
    """Records prepared for comparison, in alphabetical order of their keys.

    Attributes:
        record, type, name, names, aliases, text, external: one value per record; `names` is the
            parsed name, `aliases` are further name keys besides the name's own, `text` the words of
            a work with more than a title, else ''.
        year: the first year among the dates, or -1.
        seconds, number: the length and the track number, -1 and '' if missing.
        facts: the other values that many records share, such as the country, as 'predicate=value';
            not the names in `text`.
        source: index into `sources`, one per record.
        sources: names of the sources.
        exclusive: per record, its source if that has no duplicates, else -1. A mention (an entity
            of which a source states only the name, such as a member in a list) may match a record
            of the same source even so.
        has_id: per record, whether its source gives it an id: not to mentions.
        position: record key → index.
    """

    record: list[str]
    type: list[str]
    name: list[str]
    names: list[Name]
    aliases: list[tuple[str, ...]]
    text: list[str]
    year: NDArray[np.int64]
    seconds: NDArray[np.int64]
    number: list[str]
    facts: list[tuple[str, ...]]
    external: list[tuple[str, ...]]
    source: NDArray[np.int64]
    sources: list[str]
    exclusive: NDArray[np.int64]
    has_id: NDArray[np.bool_]
    position: dict[str, int]

    def __len__(self) -> int:
        return len(self.record)


def profile(
    records: pd.DataFrame, *, schema: Schema, traits: Mapping[str, SourceTraits]
) -> Profiles:
    """Parse the names of all records.

    Raises:
        DataError: two records share a key.
    """
    frame = records.sort_values("record", ignore_index=True)
    refuse_doubles(frame)
    types, texts = values(frame, "type"), values(frame, "name")
    brackets = {name: schema.is_a(name, "Agent") for name in set(types)}
    works = {name: schema.is_a(name, "Work") for name in brackets}
    names = [
        # omit the keyword at its default, so that fusion's later calls hit the same cache entry
        parse_name(text) if brackets[type_] else parse_name(text, qualified=False)
        for text, type_ in zip(texts, types, strict=True)
    ]
    aliases = []
    for own, others in zip(names, values(frame, "aliases"), strict=True):
        keys = [*own.alternatives, *(name_key(str(alias)) for alias in others)]
        aliases.append(tuple(sorted({key for key in keys if key and key != own.key})))
    sources = sorted(frame["source"].unique())
    order = {name: index for index, name in enumerate(sources)}
    keys = values(frame, "record")
    source = np.array([order[name] for name in values(frame, "source")], dtype=np.int64)
    clean = np.array([name in traits and traits[name].clean for name in sources], dtype=bool)
    prefixes = {item.prefix for item in schema.classes.values()}
    mention = np.array(
        [id_.partition("/")[0] in prefixes and "/" in id_ for id_ in values(frame, "record_id")],
        dtype=bool,
    )
    distinct: dict[tuple[str, ...], tuple[str, ...]] = {}  # equal facts of many records, kept once
    read = [
        _read(name, attributes, works[type_], schema)
        for name, type_, attributes in zip(texts, types, values(frame, "attributes"), strict=True)
    ]
    return Profiles(
        record=keys,
        type=types,
        name=texts,
        names=names,
        aliases=aliases,
        text=[item.text for item in read],
        year=np.array([item.year for item in read], dtype=np.int64),
        seconds=np.array([item.seconds for item in read], dtype=np.int64),
        number=[item.number for item in read],
        facts=[distinct.setdefault(item.facts, item.facts) for item in read],
        external=[tuple(sorted(map(str, ids))) for ids in values(frame, "external_ids")],
        source=source,
        sources=sources,
        exclusive=np.where(clean[source] & ~mention, source, -1),
        has_id=~mention,
        position={key: index for index, key in enumerate(keys)},
    )


def values(frame: pd.DataFrame, column: str) -> list[Any]:
    """Convert a column to Python values; much faster than iterating over Arrow scalars."""
    found: list[Any] = pa.array(frame[column]).to_pylist()
    return found


def refuse_doubles(records: pd.DataFrame) -> None:
    """Check that record keys are unique.

    Raises:
        DataError: two records share a key.
    """
    doubled = records["record"].duplicated()
    if doubled.any():
        raise DataError(
            f"two records have the key {records.loc[doubled, 'record'].iloc[0]!r}",
            where="table records",
        )


def gather_values(
    records: pd.DataFrame,
    statements: pd.DataFrame | None,
    wanted: Collection[str],
    schema: Schema,
) -> dict[str, Values]:
    """Gather the values of the given records: attributes, and names of neighbours.

    A statement between records counts on both sides; on the object's side under the inverse
    predicate, or if there is none, under its name with a leading '~'. Countries are normalised, and
    one named in a qualifier ('Nirvana (UK)') counts as stated.
    """
    wanted = set(wanted)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    chosen = records[records["record"].isin(wanted)]
    for key, text in zip(values(chosen, "record"), values(chosen, "attributes"), strict=True):
        attributes, own = _stated(text), found[key]
        for predicate, stated in attributes.items():
            declared = schema.predicates.get(predicate)
            literal = declared is not None and declared.is_attribute
            for value in stated:
                if not is_placeholder(value):
                    own[predicate].add(value if literal else _thing(value, predicate))
        for album in attributes.get("onAlbum", ()):  # 'Evolver (2002)'
            if (year := album_year(album)) and "releaseDate" not in own:
                own["releaseDate"].add(year)
    if statements is not None and len(statements):
        names = dict(zip(values(records, "record"), values(records, "name"), strict=True))
        touching = statements[
            statements["subject"].isin(wanted) | statements["object"].isin(wanted)
        ]
        for subject, predicate, target, kind in zip(
            values(touching, "subject"),
            values(touching, "predicate"),
            values(touching, "object"),
            values(touching, "object_kind"),
            strict=True,
        ):
            is_record = kind == "record"
            if subject in wanted:
                text = _thing(names.get(target, ""), predicate) if is_record else str(target)
                if text:
                    found[subject][predicate].add(text)
            if is_record and target in wanted and subject in names:
                found[target][turned(predicate, schema)].add(name_key(names[subject]))
    for key, name in zip(values(chosen, "record"), values(chosen, "name"), strict=True):
        if _BRACKET.search(name):
            for nation in nations_in(parse_name(name).qualifier):
                found[key]["country"].add(nation)
    return {
        key: {predicate: tuple(sorted(seen)) for predicate, seen in sorted(rows.items())}
        for key, rows in found.items()
    }


def gather_wording(
    profiles: Profiles, values: Mapping[str, Values], schema: Schema, wanted: Collection[int]
) -> Wording:
    """Read the words of the given records, by index, if they are works."""
    wanted = set(wanted)
    works = {name: schema.is_a(name, "Work") for name in set(profiles.type)}
    empty: Values = {}
    found = [
        read_words(profiles.name[index], values.get(key, empty), schema)
        if works[type_] and index in wanted
        else None
        for index, (key, type_) in enumerate(zip(profiles.record, profiles.type, strict=True))
    ]
    return Wording(found)


class _Read(NamedTuple):
    """What blocking needs of a record's attributes: see `Profiles`."""

    text: str = ""
    year: int = -1
    seconds: int = -1
    number: str = ""
    facts: tuple[str, ...] = ()


def _read(name: str, attributes: str, work: bool, schema: Schema) -> _Read:
    """Read the attributes of a record: the first parsable year and length, the number, facts."""
    if attributes == "{}":
        return _Read()
    year, seconds, number = -1, -1, ""
    facts: list[str] = []
    stated = _stated(attributes)
    for predicate, given in sorted(stated.items()):
        declared = schema.predicates.get(predicate)
        datatype = declared.datatype if declared else None
        if datatype in {"date", "gYear", "gYearMonth"}:
            if year < 0:
                year = next((y for text in given if (y := parse_year(text)) is not None), -1)
        elif datatype == "duration":
            if seconds < 0:
                seconds = round(next((s for text in given if (s := parse_seconds(text))), -1.0))
        elif predicate == "trackNumber" and given:
            number = given[0].strip().lstrip("0").casefold()
        elif predicate not in IN_TITLES and predicate not in UNTOLD:
            facts += [sys.intern(f"{predicate}={name_key(text)}") for text in given[:_FACTS]]
    for album in stated.get("onAlbum", ()) if year < 0 else ():
        year = int(album_year(album) or -1)
    text = " ".join(read_words(name, stated, schema).all) if work else ""
    return _Read(text, year, seconds, number, tuple(facts))


def _stated(attributes: str) -> dict[str, list[str]]:
    return {
        predicate: [str(value) for value in (given if isinstance(given, list) else [given])]
        for predicate, given in json.loads(attributes).items()
    }


def _thing(name: str, predicate: str) -> str:
    if predicate == "onAlbum":
        name = bare_album(name)
    return (nation_of(name) if predicate == "country" else "") or name_key(name)


def turned(predicate: str, schema: Schema) -> str:
    """The predicate as the object's side states it; '~' before one that has no inverse."""
    declared = schema.predicates.get(predicate)
    if declared is None:
        return f"~{predicate}"
    return predicate if declared.symmetric else declared.inverse or f"~{predicate}"


def compatible_types(
    schema: Schema, types: Collection[str], config: FusionConfig
) -> set[tuple[str, str]]:
    """Pairs of classes whose records may match, in both directions.

    Pairs with a vocabulary are left out, as vocabularies are matched by name.
    """
    individual = sorted(name for name in set(types) if not config.is_vocabulary(name))
    return {
        (one, other) for one in individual for other in individual if schema.compatible(one, other)
    }
