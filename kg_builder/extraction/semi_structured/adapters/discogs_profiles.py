"""Artists and labels of a Discogs dump: who they are, and who belongs to whom."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.batch import Texts, mapped
from kg_builder.extraction.semi_structured.adapters.discogs_people import (
    mention_artists,
    mention_labels,
)
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    Records,
    is_filled,
    joined,
    listed,
    plain_name,
)
from kg_builder.extraction.values import clean_text, external_id

_MARKUP: Final = re.compile(
    r"\[(?:[abilru]|url)=([^\]]*)\]|\[/?(?:b|i|u|url)(?:=[^\]]*)?\]|"
    r"\[([alrm])(\d+)\]",
    re.IGNORECASE,
)
_TYPES: Final = pa.array(["Artist", "SoloArtist", "Band"])
_RELATED: Final = (
    ("hasMember", "Person", "members"),
    ("memberOf", "Band", "groups"),
    # another stage name of the same person, with a page and a career of its own
    ("associatedWith", "Artist", "aliases"),
)


def read_artists(records: Records) -> None:
    """Add the artists of a block, and those that they belong together with."""
    names = mapped(records.text("name"), plain_name)
    named = is_filled(names)
    records.reject(~named, "empty name")
    records, names = records.some(named), names.filter(pa.array(named))
    related = {field: records.names(field) for _, _, field in _RELATED}
    has_members, has_groups = (
        np.bincount(related[field][0].places, minlength=len(records)) > 0
        for field in ("members", "groups")
    )
    realnames = mapped(records.text("realname"), clean_text)
    solo = (has_groups | is_filled(realnames)) & ~has_members
    numbers = pc.utf8_slice_codeunits(records.keys, len(f"{records.batch.out.source}/artists/"))
    own_ids = joined("discogs:", numbers)
    external, homepages = _addresses(records, own_ids)
    records.batch.things(
        records.order(0),
        records.keys,
        _TYPES.take(pa.array(np.where(has_members, 2, solo))),
        names,
        records.evidence,
        record_ids=numbers,
        aliases=_aliases(records, names, realnames, solo),
        external_ids=external,
        own=True,
    )
    _say_profiles(records, homepages)
    for section, (predicate, type_, field) in enumerate(_RELATED, 3):
        items, numbers, labels = related[field]
        order, at = records.order(section, items.places), pa.array(items.places)
        evidence = records.evidence.take(at)
        others = mention_artists(records.batch, order, type_, numbers, labels, evidence)
        where = records.where(field, items.places)
        records.batch.links(order, records.keys.take(at), predicate, others, where)


def read_labels(records: Records) -> None:
    """Add the labels of a block, and those above and below them."""
    names = records.text("name")
    named = is_filled(mapped(names, plain_name))
    records.reject(~named, "empty name")
    records, names = records.some(named), names.filter(pa.array(named))
    batch, elements = records.batch, records.elements
    numbers = pc.utf8_slice_codeunits(records.keys, len(f"{batch.out.source}/labels/"))
    mention_labels(batch, records.order(0), numbers, names, records.evidence)
    _say_profiles(records, _homepages(records))
    above = elements.child(records.own, "parentLabel")
    titles = elements.stripped(above)
    places = np.flatnonzero(is_filled(titles))
    order, at = records.order(3)[places], pa.array(places)
    numbers = elements.attribute(above[places], "id")
    evidence = records.evidence.take(at)
    others = mention_labels(batch, order, numbers, titles.take(at), evidence)
    where = records.where("parentLabel", places)
    batch.links(order, records.keys.take(at), "parentLabel", others, where)
    items, numbers, titles = records.names("sublabels")
    order, at = records.order(4, items.places), pa.array(items.places)
    others = mention_labels(batch, order, numbers, titles, records.evidence.take(at))
    where = records.where("sublabels", items.places)
    batch.links(order, others, "parentLabel", records.keys.take(at), where)


def _addresses(records: Records, own_ids: Texts) -> tuple[pa.ListArray, list[str]]:
    """(ids in Discogs and other databases, first other address) of each artist."""
    places, external = [], []
    homepages = [""] * len(records)
    items, texts = records.texts("urls")
    known = set(enumerate(own_ids.to_pylist()))
    for place, text in zip(items.places.tolist(), texts.to_pylist(), strict=True):
        short = external_id(text)
        if short is None:
            homepages[place] = homepages[place] or text
        elif (place, short) not in known:
            known.add((place, short))
            places.append(place)
            external.append(short)
    owners = np.append(np.arange(len(records)), np.array(places, np.int64))
    ids = pa.concat_arrays([own_ids, pa.array(external, pa.string())])
    return listed(len(records), owners, ids), homepages


def _homepages(records: Records) -> list[str]:
    """The first complete address of each label that is in no database."""
    homepages = [""] * len(records)
    items, texts = records.texts("urls")
    for place, text in zip(items.places.tolist(), texts.to_pylist(), strict=True):
        if not homepages[place] and "://" in text and not external_id(text):
            homepages[place] = text
    return homepages


def _aliases(
    records: Records, names: Texts, realnames: Texts, solo: NDArray[np.bool_]
) -> pa.ListArray:
    """Other names of each artist: the variations, and the real name of one person."""
    items, texts = records.texts("namevariations")
    people = np.flatnonzero(solo)
    places = np.append(items.places, people)
    others = [*mapped(texts, clean_text).to_pylist(), *realnames.take(pa.array(people)).to_pylist()]
    known = set(enumerate(names.to_pylist()))
    chosen = []
    for row, pair in enumerate(zip(places.tolist(), others, strict=True)):
        if pair[1] and pair not in known:
            known.add(pair)
            chosen.append(row)
    found = pa.array([others[row] for row in chosen], pa.string())
    return listed(len(records), places[chosen], found)


def _say_profiles(records: Records, homepages: list[str]) -> None:
    complete = [text.replace(" ", "%20") if "://" in text else "" for text in homepages]
    records.say(1, "homepage", pa.array(complete, pa.string()), "urls")
    profiles = mapped(records.text("profile"), _without_markup)
    records.say(2, "description", profiles, "profile")


def _without_markup(profile: str) -> str:
    return clean_text(_MARKUP.sub(lambda found: found[1] or "", profile))
