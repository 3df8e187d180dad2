"""Read artists and labels of a Discogs XML dump, their members, groups, aliases and sublabels."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.databases import external_id
from kg_builder.extraction.arrow_batches import (
    TO_CLEAN,
    Numbers,
    Texts,
    first_places,
    is_filled,
    listed,
    mapped,
    others_than,
    united,
)
from kg_builder.extraction.collector import name_key
from kg_builder.extraction.segments import Batch
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    Records,
    cleaned,
    joined,
    plain_names,
)
from kg_builder.extraction.values import clean_text

_BETWEEN: Final = "\x1f"
"""A character that cannot occur in XML."""


def mention_artists(
    batch: Batch, order: Numbers, type_: str, numbers: Texts, names: Texts, where: Texts
) -> Texts:
    """Add mentions of artists, by id if there is one (old dumps lack them); returns keys."""
    numbered = "SoloArtist" if type_ == "Person" else type_
    return _add(batch, order, "artists", (numbered, type_), numbers, names, where)


def mention_labels(
    batch: Batch, order: Numbers, numbers: Texts, names: Texts, where: Texts
) -> Texts:
    """Add mentions of labels, by id if there is one; returns their keys."""
    return _add(batch, order, "labels", ("RecordLabel", "RecordLabel"), numbers, names, where)


def _add(
    batch: Batch,
    order: Numbers,
    scope: str,
    types: tuple[str, str],
    numbers: Texts,
    names: Texts,
    where: Texts,
) -> Texts:
    """Add entities; `types` are the classes of those with and without an id."""
    source, schema = batch.source, batch.schema
    distinct = joined(numbers, _BETWEEN, names).dictionary_encode()
    firsts = first_places(distinct.indices.to_numpy())
    at = pa.array(firsts)
    numbers, names = numbers.take(at), plain_names(names.take(at))
    numbered = is_filled(numbers)
    keys, ids, kinds = joined(f"{source}/{scope}/", numbers), numbers, [types[0]] * len(firsts)
    if not numbered.all():
        unnumbered = pa.array(~numbered)
        by_name = [
            name_key(source, types[1], name, schema)
            for name in names.filter(unnumbered).to_pylist()
        ]
        keys = pc.replace_with_mask(keys, unnumbered, pa.array(by_name, pa.string()))
        own = pc.utf8_slice_codeunits(keys, len(source) + 1)
        ids = pc.if_else(unnumbered, own, numbers)
        kinds = np.where(numbered, *types).tolist()
    batch.things(
        order[firsts],
        keys,
        pa.array(kinds, pa.string()),
        names,
        where.take(at),
        record_ids=ids,
        external_ids=_discogs_ids(numbers) if scope == "artists" else None,
    )
    return keys.take(distinct.indices)


def _discogs_ids(numbers: Texts) -> pa.ListArray:
    """The external ids of artists with a Discogs id."""
    numbered = np.flatnonzero(is_filled(numbers))
    ids = joined("discogs:", numbers.take(pa.array(numbered)))
    return listed(len(numbers), numbered, ids)


_MARKUP: Final = re.compile(
    r"\[(?:[abilru]|url)=([^\[\]]*)\]|\[/?(?:b|i|u|url)(?:=[^\[\]]*)?\]|"
    r"\[([alrm])(\d+)\]",
    re.IGNORECASE,
)
_TYPES: Final = pa.array(["Artist", "SoloArtist", "Band"])
_RELATED: Final = (
    ("hasMember", "Person", "members"),
    ("memberOf", "Band", "groups"),
    # another stage name of the same person, with a separate page and career
    ("associatedWith", "Artist", "aliases"),
)


def read_artists(records: Records) -> None:
    """Add the artists of a block, with their members, groups and aliases."""
    names = plain_names(records.text("name"))
    named = is_filled(names)
    records.reject(~named, "empty name")
    records, names = records.some(named), names.filter(pa.array(named))
    related = {field: records.names(field) for _, _, field in _RELATED}
    has_members, has_groups = (
        np.bincount(related[field][0].places, minlength=len(records)) > 0
        for field in ("members", "groups")
    )
    realnames = cleaned(records.text("realname"))
    solo = (has_groups | is_filled(realnames)) & ~has_members
    numbers = pc.utf8_slice_codeunits(records.keys, len(f"{records.batch.source}/artists/"))
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
    """Add the labels of a block, with their parents and sublabels."""
    names = records.text("name")
    named = is_filled(plain_names(names))
    records.reject(~named, "empty name")
    records, names = records.some(named), names.filter(pa.array(named))
    batch, elements = records.batch, records.elements
    numbers = pc.utf8_slice_codeunits(records.keys, len(f"{batch.source}/labels/"))
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


def _addresses(records: Records, own_ids: Texts) -> tuple[pa.ListArray, Texts]:
    """External ids, and the first other web address, of each artist."""
    items, texts = records.texts("urls")
    short = mapped(texts, lambda text: external_id(text) or "")
    places = np.append(np.arange(len(records)), items.places)
    ids = united(len(records), places, pa.concat_arrays([own_ids, short]))
    others = ~is_filled(short)
    pages = _first_texts(len(records), items.places[others], texts.filter(pa.array(others)))
    return ids, pages


def _first_texts(size: int, places: Numbers, texts: Texts) -> Texts:
    """The first text of each position, or ''; positions are ascending."""
    first = np.full(size, len(texts))
    first[places[::-1]] = np.arange(len(texts))[::-1]
    return pa.concat_arrays([texts, pa.array([""])]).take(pa.array(first))


def _homepages(records: Records) -> Texts:
    """The first complete address of each label that is not an id of a database."""
    items, texts = records.texts("urls")
    short = mapped(texts, lambda text: external_id(text) or "")
    chosen = pc.match_substring(texts, "://").to_numpy(zero_copy_only=False) & ~is_filled(short)
    return _first_texts(len(records), items.places[chosen], texts.filter(pa.array(chosen)))


def _aliases(
    records: Records, names: Texts, realnames: Texts, solo: NDArray[np.bool_]
) -> pa.ListArray:
    """Aliases of each artist: name variations, and the real name if a person."""
    items, texts = records.texts("namevariations")
    people = np.flatnonzero(solo)
    others = pa.concat_arrays([cleaned(texts), realnames.take(pa.array(people))])
    return others_than(names, np.append(items.places, people), others)


def _say_profiles(records: Records, homepages: Texts) -> None:
    complete = pc.if_else(pc.match_substring(homepages, "://"), homepages, "")
    records.say(1, "homepage", pc.replace_substring(complete, " ", "%20"), "urls")
    profiles = mapped(records.text("profile"), _without_markup, where=rf"{TO_CLEAN}|\[")
    records.say(2, "description", profiles, "profile")


def _without_markup(profile: str) -> str:
    return clean_text(_MARKUP.sub(lambda found: found[1] or "", profile))
