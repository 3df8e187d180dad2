"""What a credit on a Discogs release says: producer, writer, or the instrument that was played."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

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
_SPLIT: Final = re.compile(r",\s*(?![^\[]*\])")
_NOTE: Final = re.compile(r"\s*\[[^\]]*\]")


@dataclass(frozen=True)
class Role:
    """One credit: its words and the predicate they stand for, if the data model has one."""

    text: str
    predicate: str | None


@lru_cache(maxsize=16384)
def roles_of(text: str) -> tuple[Role, ...]:
    """Take a credit line apart: "Written-By, Producer [Additional], Guitar"."""
    found = []
    for part in _SPLIT.split(text):
        role = _NOTE.sub("", part).strip()
        if not role:
            continue
        plain = role.casefold()
        if plain in _PREDICATES:
            found.append(Role(role, _PREDICATES[plain]))
        else:
            found.append(Role(role, "instrument" if plain in _INSTRUMENTS else None))
    return tuple(found)
