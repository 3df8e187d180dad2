"""Resolve what a source names by its own records, by rule instead of by pairwise scores.

A song table names an album in each row, and since a title alone is ambiguous, extraction creates an
album record per row: within one source, equal titles by one performer are the same album. Such a
record has no performer of its own; the song's one serves for comparisons.

A source with records of artists also names artists, as guests in titles for instance: such a name
is the artist of the source with the same name, if there is exactly one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from kg_builder.credits import FROM_TITLE
from kg_builder.extraction.values.text import fold
from kg_builder.fusion.normalize import parse_name
from kg_builder.ontology import Schema


def with_performers_of_albums(
    records: pd.DataFrame, statements: pd.DataFrame | None, schema: Schema
) -> pd.DataFrame:
    """Give albums that a source only names the attribute `performer`, that of their songs.

    Args:
        records: table `RECORDS`.
        statements: table `STATEMENTS` over record keys.
        schema: the data model.
    """
    performer_of = {
        album: performer
        for album, performer in _performers_of_named_albums(records, statements, schema).items()
        if performer
    }
    if not performer_of:
        return records
    keys = records["record"].tolist()
    name_of = dict(zip(keys, records["name"].tolist(), strict=True))
    attributes = records["attributes"].tolist()
    for row, key in enumerate(keys):
        if name := name_of.get(performer_of.get(key, "")):
            stated = {"performer": [name], **json.loads(attributes[row])}
            attributes[row] = json.dumps(stated, ensure_ascii=False, sort_keys=True)
    changed = pd.Series(attributes, index=records.index, dtype=records["attributes"].dtype)
    return records.assign(attributes=changed)


def _performers_of_named_albums(
    records: pd.DataFrame, statements: pd.DataFrame | None, schema: Schema
) -> dict[str, str]:
    """Performers of albums that a source only names, '' if unknown; all are record keys.

    The performer is the first one of the song whose row names the album; guests in the song's title
    do not count.
    """
    if statements is None:
        return {}
    albums = _albums(schema)
    prefix = tuple({f"{schema.prefix(name)}/" for name in albums})
    chosen = records["type"].isin(albums) & records["record_id"].str.startswith(prefix)
    naming = statements[
        (statements["predicate"] == "onAlbum")
        & statements["object"].isin(records.loc[chosen, "record"])
    ]
    performers = statements[
        (statements["predicate"] == "performer")
        & (statements["method"] != FROM_TITLE)
        & statements["subject"].isin(naming["subject"])
    ].drop_duplicates("subject")
    performer_of = dict(zip(performers["subject"], performers["object"], strict=True))
    return {
        album: performer_of.get(song, "")
        for album, song in zip(naming["object"], naming["subject"], strict=True)
    }


def mentions_of_one_album(
    records: pd.DataFrame, statements: pd.DataFrame, schema: Schema
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pair the albums named in rows of songs, by title and performer.

    If a source has records of several albums with this title and performer (three albums of Weezer
    are called "Weezer"), the songs have to decide.

    Args:
        records: table `RECORDS`.
        statements: table `STATEMENTS` over record keys.
        schema: the data model.

    Returns:
        Sorted pairs of record keys of one album: each key with the first of its group; and pairs of
        an album of unknown performer with those of several performers that its title fits.
    """
    performer_of = _performers_of_named_albums(records, statements, schema)
    if len(performer_of) < 2:
        return [], []
    named = records[["record", "source", "name"]].astype(object)
    called = {record: (source, name) for record, source, name in named.to_numpy().tolist()}
    several = _titles_of_several_albums(records, statements, called, schema)
    titled: dict[tuple[str, str], dict[str, list[str]]] = {}
    for record, performer in performer_of.items():
        (source, name), (_, performed_by) = called[record], called.get(performer, ("", ""))
        if (fold(name), fold(performed_by)) not in several:
            groups = titled.setdefault((source, fold(name)), {})
            groups.setdefault(performer, []).append(record)
    same: list[tuple[str, str]] = []
    ambiguous: list[tuple[str, str]] = []
    for groups in titled.values():
        unknown = groups.pop("", [])
        if len(groups) > 1:
            ambiguous += [(min(group), other) for group in groups.values() for other in unknown]
        for group in groups.values():
            first, *others = sorted(group)
            same += [(first, other) for other in others]
    return same, ambiguous


def _titles_of_several_albums(
    records: pd.DataFrame,
    statements: pd.DataFrame,
    called: Mapping[str, tuple[str, str]],
    schema: Schema,
) -> set[tuple[str, str]]:
    """Title and performer, folded, of which one source has several records."""
    albums = records.loc[records["type"].isin(_albums(schema)), "record"]
    stated = statements[
        (statements["predicate"] == "performer") & statements["subject"].isin(albums)
    ]
    found: dict[tuple[str, str, str], set[str]] = {}
    for album, performer in zip(stated["subject"], stated["object"], strict=True):
        (source, title), (_, name) = called[album], called.get(performer, ("", ""))
        found.setdefault((source, fold(title), fold(name)), set()).add(album)
    return {(title, name) for (_, title, name), own in found.items() if len(own) > 1}


def _albums(schema: Schema) -> list[str]:
    return [name for name in schema.classes if schema.is_a(name, "Album")]


def mentions_of_own_artists(
    records: pd.DataFrame, schema: Schema
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pair the artists that a source only names with its records of the same name.

    Names are equal regardless of case, accents, punctuation and articles; of several records, the
    one that also has the article is meant.

    Args:
        records: table `RECORDS`.
        schema: the data model.

    Returns:
        Pairs (record, mention) where one record is meant, and pairs of a mention with each record
        where any of several may be.
    """
    artists = [name for name in schema.classes if schema.is_a(name, "Artist")]
    chosen = records.loc[
        records["type"].isin(artists), ["record", "source", "name", "record_id"]
    ].astype(object)
    prefixes = tuple({f"{schema.prefix(name)}/" for name in artists})
    is_mention = chosen["record_id"].str.startswith(prefixes).to_numpy(dtype=bool)
    rows: Sequence[Sequence[str]] = chosen.to_numpy().tolist()
    mentions: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (record, source, name, _), named in zip(rows, is_mention, strict=True):
        if named:
            mentions.setdefault((source, parse_name(name).key), []).append((record, name))
    owners: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (record, source, name, _), named in zip(rows, is_mention, strict=True):
        if not named and mentions and (place := (source, parse_name(name).key)) in mentions:
            owners.setdefault(place, []).append((record, name))
    same: list[tuple[str, str]] = []
    ambiguous: list[tuple[str, str]] = []
    for place, found in owners.items():
        for mention, name in mentions[place]:
            spelt = [record for record, other in found if fold(other) == fold(name)]
            meant = spelt if len(spelt) == 1 else [record for record, _ in found]
            (same if len(meant) == 1 else ambiguous).extend((record, mention) for record in meant)
    return same, ambiguous
