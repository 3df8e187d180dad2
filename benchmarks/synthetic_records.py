"""Generate music records with known truth: several sources, realistic errors.

Words and popularity follow Zipf laws, so that names collide as in real catalogues: thousands of
songs share a short title, single words name several bands, one performer has many songs. One to
five records of four sources describe every entity; each source has its own conventions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.tables import RECORDS

SOURCES = ("alpha", "beta", "gamma", "delta")
SHARES = {"Song": 0.5, "Album": 0.2, "Band": 0.17, "SoloArtist": 0.13}
SIZES = (0.45, 0.25, 0.15, 0.10, 0.05)
"""Share of entities with one, two … five records."""
_ONSETS = ("", "b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m",
           "n", "p", "pl", "r", "s", "sh", "st", "t", "tr", "v", "w", "z")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "ou", "oo", "é", "ö")
_CODAS = ("", "", "", "n", "r", "s", "t", "l", "ck", "nd", "m", "ll", "st")
_ARTICLES = 0.18
_COUNTRIES = ("United Kingdom", "United States", "France", "Germany", "Japan", "Brazil", "Sweden",
              "Mali", "Iceland", "Italy", "Canada", "Australia")  # fmt: skip
_GENRES = ("rock", "pop", "jazz", "folk", "hip hop", "metal", "soul", "techno", "punk", "blues")


@dataclass(frozen=True)
class Synthetic:
    """Records with their truth.

    Attributes:
        records: table `records`.
        truth: the entity index of each row.
    """

    records: pd.DataFrame
    truth: NDArray[np.int64]


def synthetic_records(count: int, *, seed: int = 0) -> Synthetic:
    """Generate exactly `count` records; deterministic in the seed."""
    rng = np.random.default_rng(seed)
    mean = float(np.dot(SIZES, np.arange(1, len(SIZES) + 1)))
    things = _Things(rng, int(count / mean) + 1)
    rows: dict[str, list[object]] = {column: [] for column in RECORDS.columns}
    truth: list[int] = []
    sizes = rng.choice(np.arange(1, len(SIZES) + 1), size=things.count, p=SIZES)
    for thing, size in enumerate(sizes.tolist()):
        if len(truth) >= count:
            break
        for source in rng.choice(len(SOURCES), size=size, replace=size > len(SOURCES)).tolist():
            _write(rows, things, thing, SOURCES[source], rng)
            truth.append(thing)
    while len(truth) < count:  # the last few, single ones
        thing = int(rng.integers(things.count))
        _write(rows, things, thing, SOURCES[-1], rng)
        truth.append(thing)
    order = rng.permutation(len(truth))[:count]
    shuffled = {name: [values[i] for i in order.tolist()] for name, values in rows.items()}
    return Synthetic(RECORDS.frame(shuffled), np.array(truth, dtype=np.int64)[order])


class Zipf:
    """Draws from a list of words, the first ones most often."""

    def __init__(self, rng: np.random.Generator, words: list[str], power: float) -> None:
        # the offset limits the first word to half a per cent, like "love" in titles
        weights = (np.arange(len(words)) + 30.0) ** -power
        self._steps = np.cumsum(weights / weights.sum())
        self._rng, self._words = rng, words

    def __call__(self, count: int) -> list[str]:
        """Draw words with replacement."""
        drawn = np.searchsorted(self._steps, self._rng.random(count))
        return [self._words[min(i, len(self._words) - 1)] for i in drawn.tolist()]


class _Things:
    """The entities described by the records."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.count = count
        words = vocabulary(rng, 40_000)
        common, given, family = (
            Zipf(rng, words[:25_000], 1.0),
            Zipf(rng, words[25_000:27_000], 0.9),
            Zipf(rng, words[20_000:], 0.8),
        )
        kinds = rng.choice(len(SHARES), size=count, p=list(SHARES.values()))
        self.kind = [list(SHARES)[k] for k in kinds.tolist()]
        self.name: list[str] = []
        for kind in self.kind:
            if kind == "SoloArtist":
                self.name.append(f"{given(1)[0]} {family(1)[0]}".title())
            else:
                longest, stop = (3, 0.45) if kind == "Band" else (6, 0.38)
                text = " ".join(common(min(int(rng.geometric(stop)), longest))).title()
                self.name.append(f"The {text}" if rng.random() < _ARTICLES else text)
        agents = np.flatnonzero(kinds >= 2)
        albums = np.flatnonzero(kinds == 1)
        fame = rng.permutation(agents)
        weights = (np.arange(len(fame)) + 10.0) ** -0.8
        steps = np.cumsum(weights / weights.sum())
        self.performer = fame[np.minimum(np.searchsorted(steps, rng.random(count)), len(fame) - 1)]
        self.album = albums[rng.integers(len(albums), size=count)]
        works = np.flatnonzero(kinds == 0)
        self.performer[works] = self.performer[self.album[works]]
        self.year = rng.integers(1955, 2024, size=count)
        self.seconds = np.clip(rng.normal(230, 70, size=count), 35, 900).astype(int)
        self.track = rng.integers(1, 17, size=count)
        self.country = rng.integers(len(_COUNTRIES), size=count)
        self.genre = rng.integers(len(_GENRES), size=count)


def vocabulary(rng: np.random.Generator, count: int) -> list[str]:
    """Generate distinct made-up words."""
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = 1 + int(rng.integers(3))
        found.setdefault(
            "".join(
                _ONSETS[rng.integers(len(_ONSETS))]
                + _VOWELS[min(int(rng.exponential(2.5)), len(_VOWELS) - 1)]
                + _CODAS[rng.integers(len(_CODAS))]
                for _ in range(syllables)
            )
        )
    return list(found)


def _write(
    rows: dict[str, list[object]],
    things: _Things,
    thing: int,
    source: str,
    rng: np.random.Generator,
) -> None:
    kind, name = things.kind[thing], things.name[thing]
    number = len(rows["record"])
    chance = rng.random(12)
    stated: dict[str, list[str]] = {}
    if kind in {"Song", "Album"}:
        performer = things.name[things.performer[thing]]
        if chance[0] > 0.12:
            stated["performer"] = [damaged(performer, rng, 0.06)]
        if chance[1] > 0.2:
            stated["releaseDate"] = [_year(int(things.year[thing]), source, rng)]
        if chance[2] > 0.5:
            stated["genre"] = [_GENRES[things.genre[thing]]]
        if kind == "Song":
            if chance[3] > 0.15:
                stated["onAlbum"] = [damaged(things.name[things.album[thing]], rng, 0.06)]
            if chance[4] > 0.2:
                stated["duration"] = [_length(int(things.seconds[thing]), source, rng)]
            if chance[5] > 0.3:
                stated["trackNumber"] = [str(things.track[thing])]
            if source == "beta" and chance[6] < 0.3:  # this source writes the artist into the title
                name = f"{performer} - {name}"
    else:
        if chance[0] > 0.3:
            stated["country"] = [_COUNTRIES[things.country[thing]]]
        if chance[1] > 0.25:
            stated["beginDate"] = [_year(int(things.year[thing]), source, rng)]
        if chance[2] > 0.4:
            stated["genre"] = [_GENRES[things.genre[thing]]]
        if kind == "SoloArtist" and source == "gamma":
            name = ", ".join(reversed(name.rsplit(" ", 1)))
    written = damaged(name, rng, 0.12)
    external = [f"musicbrainz:{thing}"] if source != "delta" and chance[7] < 0.08 else []
    for column, value in (
        ("record", f"{source}/{number}"),
        ("source", source),
        ("record_id", str(number)),
        ("type", "Artist" if kind in {"Band", "SoloArtist"} and source == "delta" else kind),
        ("name", written),
        ("aliases", []),
        ("external_ids", external),
        ("attributes", json.dumps(stated, sort_keys=True)),
        ("evidence", f"{source}.csv#line={number + 2}"),
    ):
        rows[column].append(value)


def damaged(name: str, rng: np.random.Generator, typos: float) -> str:
    """Vary a name: article, capitals, and a typo with probability `typos`."""
    chance = rng.random(3)
    if name.startswith("The ") and chance[0] < 0.4:
        name = f"{name[4:]}, The" if chance[0] < 0.2 else name[4:]
    if chance[1] < 0.15:
        name = name.upper() if chance[1] < 0.07 else name.lower()
    if chance[2] < typos and len(name) > 3:
        for _ in range(1 if chance[2] < typos * 0.75 else 2):
            at = int(rng.integers(1, len(name)))
            letter = "aeinorstlm"[int(rng.integers(10))]
            kind = int(rng.integers(4))
            if kind == 0:
                name = name[:at] + name[at + 1 :]
            elif kind == 1:
                name = name[:at] + letter + name[at:]
            elif kind == 2:
                name = name[:at] + letter + name[at + 1 :]
            else:
                name = name[: at - 1] + name[at - 1 : at + 1][::-1] + name[at + 1 :]
    return name.strip() or "x"


def _year(year: int, source: str, rng: np.random.Generator) -> str:
    if rng.random() < 0.04:
        year += int(rng.integers(-2, 3))
    return {"beta": f"{year % 100:02d}", "gamma": f"'{year % 100:02d}"}.get(source, str(year))


def _length(seconds: int, source: str, rng: np.random.Generator) -> str:
    seconds += int(rng.integers(-1, 2))
    if source == "alpha":
        return f"{seconds // 60}:{seconds % 60:02d}"
    return str(seconds * 1000) if source == "beta" else str(seconds)
