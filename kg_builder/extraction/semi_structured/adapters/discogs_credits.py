"""Read performers and credited roles of a Discogs dump's releases as statements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction.arrow_batches import Numbers, Texts, is_filled
from kg_builder.extraction.semi_structured.adapters.discogs_artists import mention_artists
from kg_builder.extraction.semi_structured.adapters.discogs_records import Records

_PREDICATES: Final = {
    "producer": "producer",
    "co-producer": "producer",
    "executive-producer": "producer",
    "producer, arranged by": "producer",
    "written-by": "writer",
    "written by": "writer",
    "written-by, composed by": "writer",
    "lyrics by": "writer",
    "words by": "writer",
    "songwriter": "writer",
    "composed by": "composer",
    "music by": "composer",
    "featuring": "performer",
    "feat.": "performer",
    "performer": "performer",
    "vocals": "performer",
    "lead vocals": "performer",
    "voice": "performer",
    "singer": "performer",
    "rap": "performer",
    "mc": "performer",
    "dj mix": "performer",
    "orchestra": "performer",
}

_INSTRUMENTS: Final = frozenset(
    """acoustic bass|acoustic guitar|alto saxophone|banjo|bandoneon
    |baritone saxophone|bass|bass clarinet|bass guitar|bassoon|bongos|brass|cello|clarinet
    |clavinet|conga|congas|contrabass|cornet|darbuka|didgeridoo|double bass|drum|drum machine
    |drums|dulcimer|electric bass|electric guitar|electric piano|english horn|fiddle|flugelhorn
    |flute|french horn|grand piano|guitar|hammond organ|harmonica|harmonium|harp|harpsichord|horn
    |horns|kalimba|keyboards|kora|koto|lead guitar|lute|lyre|mandolin|marimba|melodica|mellotron
    |oboe|organ|oud|percussion|piano|piccolo flute|recorder|rhodes|rhythm guitar|sarod|saxophone
    |sitar|slide guitar|soprano saxophone|steel guitar|strings|synthesizer|synth|tabla|tambourine
    |tenor saxophone|theremin|timpani|trombone|trumpet|tuba|turntables|twelve-string guitar
    |ukulele|upright bass|vibraphone|viola|violin|violoncello|vocoder|woodwind|xylophone|zither
    |accordion""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_PART: Final = re.compile(r"(?:[^,\[]|\[[^\[\]]*\]|\[)+")
"""Text between commas, ignoring those in brackets."""
_NOTE: Final = re.compile(r"(?<!\s)\s*\[[^\[\]]*\]")


@dataclass(frozen=True)
class Role:
    """A credited role: its text and the predicate, if the data model has one."""

    text: str
    predicate: str | None


@lru_cache(maxsize=16384)
def roles_of(text: str) -> tuple[Role, ...]:
    """Split a credit line: "Written-By, Producer [Additional], Guitar"."""
    found = []
    for part in _PART.findall(text):
        role = _NOTE.sub("", part).strip()
        if not role:
            continue
        plain = role.casefold()
        if plain in _PREDICATES:
            found.append(Role(role, _PREDICATES[plain]))
        else:
            found.append(Role(role, "instrument" if plain in _INSTRUMENTS else None))
    return tuple(found)


_STAND_INS: Final = pa.array(["194", "355", "118760", "151641", "967691"])
"""Various, Unknown Artist, No Artist, Traditional, Anonymous."""


@dataclass(frozen=True)
class Performers:
    """The performers of works, each with the work's position, in the works' order."""

    places: Numbers
    keys: Texts


def read_performers(records: Records, section: int) -> Performers:
    """Add the performers of works."""
    listed = _somebody(records, "artists")
    order = records.order(section, listed.places)
    evidence = records.evidence.take(pa.array(listed.places))
    batch = records.batch
    keys = mention_artists(batch, order, "Artist", listed.numbers, listed.names, evidence)
    return Performers(listed.places, keys)


def read_credits(records: Records, section: int, field: str) -> None:
    """Add credited roles as statements; credits for some tracks of a release are skipped."""
    batch, elements, listed = records.batch, records.elements, _somebody(records, field)
    whole = ~is_filled(elements.texts(elements.child(listed.elements, "tracks")))
    batch.count("credits for some tracks only", int(np.sum(~whole)))
    listed = listed.some(whole)
    lines = elements.texts(elements.child(listed.elements, "role")).dictionary_encode()
    of_lines = [roles_of(text) for text in lines.dictionary.to_pylist()]
    roles = [role for line in of_lines for role in line]
    sizes = np.array([len(line) for line in of_lines], np.int64)
    codes = lines.indices.to_numpy()
    credit, within = spread(sizes[codes])
    role = (np.cumsum(sizes) - sizes)[codes][credit] + within
    for number, times in enumerate(np.bincount(role, minlength=len(roles)).tolist()):
        if roles[number].predicate is None:
            batch.count(f"unknown role: {roles[number].text}", times)
    mapped = np.array([item.predicate is not None for item in roles], np.bool_)[role]
    listed, role = listed.some(credit[mapped]), role[mapped]
    order, where = records.order(section, listed.places), records.where(field, listed.places)
    artists = mention_artists(batch, order, "Artist", listed.numbers, listed.names, where)
    plays = np.array([item.predicate == "instrument" for item in roles], np.bool_)[role]
    predicates = pa.array([item.predicate for item in roles], pa.string()).take(pa.array(role))
    did = pa.array(np.flatnonzero(~plays))
    batch.links(
        order[~plays],
        records.keys.take(pa.array(listed.places[~plays])),
        predicates.take(did),
        artists.take(did),
        where.take(did),
    )
    played = pa.array(np.flatnonzero(plays))
    texts = pa.array([item.text.lower() for item in roles], pa.string()).take(pa.array(role))
    batch.names(
        order[plays],
        artists.take(played),
        "instrument",
        "Instrument",
        texts.take(played),
        where.take(played),
    )


def spread(sizes: Numbers) -> tuple[Numbers, Numbers]:
    """Expand row counts per owner to (owner, index within the owner) for each row.

    >>> [part.tolist() for part in spread(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    owners = np.repeat(np.arange(len(sizes)), sizes)
    return owners, np.arange(len(owners)) - (np.cumsum(sizes) - sizes)[owners]


@dataclass(frozen=True)
class _Listed:
    """Artists listed as performers or credits."""

    elements: Numbers
    places: Numbers
    numbers: Texts
    names: Texts

    def some(self, chosen: NDArray[Any]) -> _Listed:
        """Select rows by indices or by a mask."""
        rows = pa.array(np.arange(len(self.elements))[chosen])
        numbers, names = self.numbers.take(rows), self.names.take(rows)
        return _Listed(self.elements[chosen], self.places[chosen], numbers, names)


def _somebody(records: Records, field: str) -> _Listed:
    """The artists listed in a field of works, without placeholders such as "Various"."""
    items, elements = records.items(field), records.elements
    numbers = elements.stripped(elements.child(items.elements, "id"))
    names = elements.stripped(elements.child(items.elements, "name"))
    somebody = is_filled(names) & ~pc.is_in(numbers, _STAND_INS).to_numpy(zero_copy_only=False)
    records.batch.count("credits to nobody in particular", int(np.sum(~somebody)))
    return _Listed(items.elements, items.places, numbers, names).some(somebody)
