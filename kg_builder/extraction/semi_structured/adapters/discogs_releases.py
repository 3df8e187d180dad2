"""Convert parsed Discogs masters and releases to albums and songs, with performers and labels."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction.arrow_batches import Numbers, is_filled, mapped
from kg_builder.extraction.objects import PlaceName, read_place
from kg_builder.extraction.semi_structured.adapters.discogs_artists import mention_labels
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
    plain_name,
    plain_names,
)
from kg_builder.extraction.values import country_name
from kg_builder.extraction.values.text import fold


def read_tracks(releases: Records, performers: Performers) -> None:
    """Add the tracks of releases; a track without performers has those of its release."""
    batch, elements = releases.batch, releases.elements
    items = _with_position(releases)
    titles = cleaned(elements.stripped(elements.child(items.elements, "title")))
    # index within the release: its tracks are adjacent
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
    """The tracks with a position, including those below a heading; headings have none."""
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


_PLACES: Final = pa.array(["Recorded At", "Recorded By"])
_JOINED: Final = re.compile(r"\s*(?:&|,| and )\s*")


def read_masters(records: Records) -> None:
    """Add the masters of a block as albums."""
    records, _ = _albums(records, "masters")
    years = records.text("year")
    unknown = pc.equal(years, "0")
    records.say(4, "releaseDate", pc.if_else(unknown, "", years), "year")


def read_releases(records: Records) -> None:
    """Add the releases of a block with their tracks."""
    records, performers = _albums(records, "releases")
    records.say(4, "releaseDate", records.text("released"), "released")
    _countries(records)
    _labels(records)
    read_credits(records, 7, "extraartists")
    _companies(records)
    read_tracks(records, performers)


def _albums(records: Records, scope: str) -> tuple[Records, Performers]:
    """Add the albums with a title; returns them and their performers."""
    titles = cleaned(records.text("title"))
    titled = is_filled(titles)
    records.reject(~titled, "empty name")
    records, titles = records.some(titled), titles.filter(pa.array(titled))
    batch = records.batch
    numbers = pc.utf8_slice_codeunits(records.keys, len(f"{batch.source}/{scope}/"))
    order = records.order(0)
    batch.things(order, records.keys, "Album", titles, records.evidence, record_ids=numbers)
    performers = read_performers(records, 1)
    order, at = records.order(1, performers.places), pa.array(performers.places)
    where = records.where("artists", performers.places)
    batch.links(order, records.keys.take(at), "performer", performers.keys, where)
    for section, listing in ((2, "genres"), (3, "styles")):
        items, genres = records.texts(listing)
        order, at = records.order(section, items.places), pa.array(items.places)
        where = records.where(listing, items.places)
        batch.names(order, records.keys.take(at), "genre", "Genre", genres, where)
    return records, performers


def _countries(records: Records) -> None:
    """The releases' countries; several are joined by '&', and regions are skipped."""
    places, texts = [], []
    for row, text in enumerate(records.text("country").to_pylist()):
        for part in _JOINED.split(text):
            if country_name(part):
                places.append(row)
                texts.append(part)
            elif part:
                records.batch.count(f"no country: {part}", 1)
    rows = np.array(places, np.int64)
    records.batch.names(
        records.order(5, rows),
        records.keys.take(pa.array(rows)),
        "country",
        "Country",
        pa.array(texts, pa.string()),
        records.where("country", rows),
    )


def _labels(records: Records) -> None:
    items, elements, batch = records.items("labels"), records.elements, records.batch
    names = elements.attribute(items.elements, "name")
    some = is_filled(mapped(names, _label_name))
    items, names = items.some(some), names.filter(pa.array(some))
    order, at = records.order(6, items.places), pa.array(items.places)
    numbers = elements.attribute(items.elements, "id")
    labels = mention_labels(batch, order, numbers, names, records.evidence.take(at))
    where = records.where("labels", items.places)
    batch.links(order, records.keys.take(at), "recordLabel", labels, where)


def _label_name(text: str) -> str:
    """A label's name; '' for placeholders such as "Not On Label"."""
    name = plain_name(text)
    return "" if name.casefold().startswith("not on label") else name


def _companies(records: Records) -> None:
    """Add the places where the releases were recorded, with their countries."""
    items, elements, batch = records.items("companies"), records.elements, records.batch
    kinds = elements.stripped(elements.child(items.elements, "entity_type_name"))
    items = items.some(pc.is_in(kinds, _PLACES).to_numpy(zero_copy_only=False))
    names = elements.stripped(elements.child(items.elements, "name"))
    order, where = records.order(8, items.places), records.where("companies", items.places)
    found: list[tuple[int, PlaceName]] = []
    for row, name in enumerate(plain_names(names).to_pylist()):
        if place := read_place(name):
            found.append((row, place))
        elif name:
            batch.reject(order[row], "not a place", where[row].as_py(), f"recordedIn={name}")
    rows = np.array([row for row, _ in found], np.int64)
    keys = batch.places(order[rows], [place for _, place in found], where.take(pa.array(rows)))
    subjects = records.keys.take(pa.array(items.places[rows]))
    batch.links(order[rows], subjects, "recordedIn", keys, where.take(pa.array(rows)))
