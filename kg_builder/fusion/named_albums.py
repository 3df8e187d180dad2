"""Find mentions of one album: rows of songs that name it, with one performer.

A song table names an album in each row, and since a title alone is ambiguous, extraction creates an
album record per row. Within one source, equal titles by one performer are the same album, so these
records are merged by rule instead of by pairwise scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from kg_builder.credits import FROM_TITLE
from kg_builder.extraction.values.text import fold
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
