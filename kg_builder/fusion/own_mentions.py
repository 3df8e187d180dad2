"""Resolve what a source names by its own records, by rule instead of by pairwise scores.

A song table names an album in each row, and since a title alone is ambiguous, extraction creates an
album record per row: within one source, equal titles by one performer are the same album.

A source with records of artists also names artists, as guests in titles for instance: such a name
is the artist of the source with the same name, if there is exactly one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from kg_builder.credits import FROM_TITLE
from kg_builder.extraction.values.text import fold
from kg_builder.fusion.normalize import parse_name
from kg_builder.ontology import Schema


def mentions_of_one_album(
    records: pd.DataFrame, statements: pd.DataFrame, schema: Schema
) -> Iterator[tuple[str, str]]:
    """Yield sorted pairs of record keys of one album: each key with the first of its group.

    The performer is the first one of the song whose row names the album; guests in the song's title
    do not count.

    Args:
        records: table `RECORDS`.
        statements: table `STATEMENTS` over record keys.
        schema: the data model.
    """
    albums = [name for name in schema.classes if schema.is_a(name, "Album")]
    prefix = tuple({f"{schema.prefix(name)}/" for name in albums})
    chosen = records["type"].isin(albums) & records["record_id"].str.startswith(prefix)
    mentions = records.loc[chosen, ["record", "source", "name"]].astype(object)
    if len(mentions) < 2:
        return
    naming = statements[
        (statements["predicate"] == "onAlbum") & statements["object"].isin(mentions["record"])
    ]
    performers = statements[
        (statements["predicate"] == "performer")
        & (statements["method"] != FROM_TITLE)
        & statements["subject"].isin(naming["subject"])
    ].drop_duplicates("subject")
    performer_of = dict(zip(performers["subject"], performers["object"], strict=True))
    by_song = dict(zip(naming["object"], naming["subject"], strict=True))
    groups: dict[tuple[str, str, str], list[str]] = {}
    rows: Sequence[Sequence[str]] = mentions.to_numpy().tolist()
    for record, source, name in rows:
        performer = performer_of.get(by_song.get(record))
        if performer is not None:
            groups.setdefault((source, fold(name), performer), []).append(record)
    for group in groups.values():
        first, *others = sorted(group)
        yield from ((first, other) for other in others)


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
