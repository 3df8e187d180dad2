"""Tracks of the releases of a Discogs dump: songs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction.columns import Numbers, is_filled, mapped
from kg_builder.extraction.semi_structured.adapters.discogs_credits import (
    Performers,
    read_credits,
    read_performers,
    spread,
)
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    Items,
    Records,
    cleaned,
    joined,
)
from kg_builder.extraction.values.text import fold


def read_tracks(releases: Records, performers: Performers) -> None:
    """Add the tracks of releases; one that lists no performers has those of its release."""
    batch, elements = releases.batch, releases.elements
    items = _with_position(releases)
    titles = cleaned(elements.stripped(elements.child(items.elements, "title")))
    # the nth of a release: tracks of a release stand side by side
    positions = np.arange(len(items.places)) - np.searchsorted(items.places, items.places) + 1
    titled = is_filled(titles)
    batch.count("tracks without a title", int(np.sum(~titled)))
    items, titles, positions = (
        items.some(titled),
        titles.filter(pa.array(titled)),
        positions[titled],
    )
    at, source = pa.array(items.places), batch.source
    albums = releases.keys.take(at)
    numbers = pa.array(positions).cast(pa.string())
    prefix = batch.schema.prefix("Song")
    owners = pc.utf8_slice_codeunits(albums, len(source) + 1)
    keys = joined(f"{source}/{prefix}/", owners, "/", mapped(titles, fold))
    evidence = joined(releases.evidence.take(at), "/tracklist/", numbers)
    tracks = replace(releases, own=items.elements, keys=keys, evidence=evidence)
    batch.things(tracks.order(0), keys, "Song", titles, evidence)
    batch.links(tracks.order(0), keys, "onAlbum", albums, evidence)
    batch.literals(tracks.order(1), keys, "trackNumber", numbers, evidence)
    durations = tracks.text("duration")
    timed = is_filled(durations)
    some = tracks.some(timed)
    batch.literals(
        some.order(2), some.keys, "duration", durations.filter(pa.array(timed)), some.evidence
    )
    _performers(tracks, items.places, performers)
    read_credits(tracks, 4, "extraartists")


def _performers(tracks: Records, releases: Numbers, performers: Performers) -> None:
    own = tracks.elements.child(tracks.own, "artists") >= 0
    theirs = read_performers(tracks, 3)
    first = np.searchsorted(performers.places, releases)
    sizes = np.searchsorted(performers.places, releases, side="right") - first
    places, within = spread(np.where(own, 0, sizes))
    keys = performers.keys.take(pa.array(first[places] + within))
    for chosen, artists in ((theirs.places, theirs.keys), (places, keys)):
        at = pa.array(chosen)
        tracks.batch.links(
            tracks.order(3, chosen),
            tracks.keys.take(at),
            "performer",
            artists,
            tracks.evidence.take(at),
        )


def _with_position(releases: Records) -> Items:
    """Tracks with a position, those below a heading included; headings have none."""
    elements = releases.elements
    level = releases.items("tracklist")
    found = [level]
    while len(level.elements):
        below, places = elements.below(elements.child(level.elements, "sub_tracks"))
        level = Items(below, level.places[places])
        found.append(level)
    whole = np.concatenate([items.elements for items in found])
    sorting = np.argsort(whole)
    items = Items(whole[sorting], np.concatenate([items.places for items in found])[sorting])
    return items.some(is_filled(elements.stripped(elements.child(items.elements, "position"))))
