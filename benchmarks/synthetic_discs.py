"""Generate records of discs as typed in by listeners: few duplicates among many similar ones.

    python benchmarks/synthetic_discs.py DIR --seed 1
    python -m pipeline evaluate matching --format csv --data DIR/discs.csv --truth DIR/doubles.csv

One table, whose columns describe the disc (title, tracks, year) and its artist (genre, category).
Only a few hundred records are duplicates; far more pairs share an artist, belong to one set of
discs ("Disc 1", "Vol. II"), are compilations of "Various", repeat a title ("Greatest Hits", the
name of the artist), or are garbled by a wrong encoding.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from synthetic_records import Zipf, damaged, vocabulary

_CATEGORIES = ("rock", "misc", "newage", "folk", "jazz", "classical", "blues", "country", "reggae",
               "soundtrack", "data")  # fmt: skip
_GENRES = ("Rock", "Pop", "Jazz", "Folk", "Metal", "Soul", "Techno", "Punk", "Blues", "Classical",
           "Ambient", "Hip-Hop", "Indie", "World", "Soundtrack", "Dance")  # fmt: skip
_VARIOUS = ("Various", "Various Artists", "VA", "Various", "various artists")
_STOCK = ("Greatest Hits", "The Best of", "Live", "Unplugged", "The Collection", "Singles",
          "Christmas Album", "Anthology")  # fmt: skip
_SERIES = (("{} (Disc {})", "123"), ("{} CD{}", "123"), ("{} Vol. {}", "1234"),
           ("{} {}", ("I", "II", "III")), ("{} - Volume {}", ("One", "Two", "Three")),
           ("{} [Disc {} of 2]", "12"))  # fmt: skip
_OPENERS = ("Intro", "Untitled", "Interlude", "Outro")
_CYRILLIC = "абвгдежзиклмнопрстуфхчшэюя"
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホ"
TRACKS = 30


@dataclass(frozen=True)
class Disc:
    """A record of a disc; empty fields are unknown."""

    artist: str
    title: str
    category: str
    genre: str
    year: str
    tracks: list[str] = field(default_factory=list)


def synthetic_discs(
    count: int, doubles: int, *, seed: int = 0
) -> tuple[list[Disc], list[tuple[int, int]]]:
    """Generate records, and the index pairs of duplicates, in order."""
    rng = np.random.default_rng([seed, 97])
    words = vocabulary(rng, 12_000)
    discs = _discs(Zipf(rng, words, 1.0), count - doubles, rng)
    chosen = rng.choice(len(discs), size=doubles, replace=False)
    records = discs + [_copy(discs[place], rng) for place in chosen.tolist()]
    order = rng.permutation(len(records))
    new = {old: place for place, old in enumerate(order.tolist())}
    pairs = [(new[old], new[len(discs) + k]) for k, old in enumerate(chosen.tolist())]
    return [records[i] for i in order.tolist()], sorted(tuple(sorted(pair)) for pair in pairs)


def _discs(words: Zipf, count: int, rng: np.random.Generator) -> list[Disc]:
    found: list[Disc] = []
    while len(found) < count:
        kind = rng.random()
        script = "" if kind < 0.93 else _CYRILLIC if kind < 0.965 else _KANA
        artist = "" if rng.random() < 0.12 else _name(words, rng, script)
        genre, category = int(rng.integers(len(_GENRES))), int(rng.integers(len(_CATEGORIES)))
        # an artist has several discs, mostly of one genre
        for _ in range(1 if not artist else min(int(rng.geometric(0.6)), 12)):
            title = _title(words, rng, artist, script)
            year = int(rng.integers(1962, 2006))
            own = genre if rng.random() < 0.8 else int(rng.integers(len(_GENRES)))
            for name in _set_of(title, rng):
                tracks = [_name(words, rng, script) for _ in range(int(rng.integers(6, 20)))]
                if not artist:
                    tracks = [f"{_name(words, rng, '')} / {track}" for track in tracks]
                if rng.random() < 0.12:
                    tracks[0] = _OPENERS[rng.integers(len(_OPENERS))]
                if rng.random() < 0.03:  # titles not typed in
                    tracks = [f"Track {k:02d}" for k in range(1, len(tracks) + 1)]
                disc = Disc(
                    artist or _VARIOUS[rng.integers(len(_VARIOUS))],
                    name,
                    _CATEGORIES[category],
                    _GENRES[own] if rng.random() < 0.8 else "",
                    str(year) if rng.random() < 0.7 else "",
                    tracks,
                )
                found.append(_mangled(disc) if script and rng.random() < 0.8 else disc)
    return found[:count]


def _name(words: Zipf, rng: np.random.Generator, script: str) -> str:
    if script:
        sizes = rng.integers(3, 9, size=int(rng.integers(1, 4)))
        letters = [script[i] for i in rng.integers(len(script), size=int(sizes.sum())).tolist()]
        cuts = np.cumsum(sizes)[:-1].tolist()
        return " ".join("".join(part) for part in np.split(np.array(letters), cuts)).title()
    return " ".join(words(min(int(rng.geometric(0.4)), 5))).title()


def _title(words: Zipf, rng: np.random.Generator, artist: str, script: str) -> str:
    chance = rng.random()
    if artist and chance < 0.06:
        return artist
    if artist and chance < 0.15:
        return _STOCK[rng.integers(len(_STOCK))]
    if not artist and chance < 0.3:
        return f"{_name(words, rng, '')} {rng.integers(1985, 2004)}"
    return _name(words, rng, script)


def _set_of(title: str, rng: np.random.Generator) -> list[str]:
    """The titles of the discs of one set; most are single."""
    if rng.random() > 0.08:
        return [title]
    form, marks = _SERIES[rng.integers(len(_SERIES))]
    return [form.format(title, mark) for mark in marks if rng.random() < 0.7] or [title]


def _mangled(disc: Disc) -> Disc:
    """UTF-8 decoded as Latin-1."""

    def wrong(text: str) -> str:
        return text.encode("utf-8").decode("latin-1")

    return replace(
        disc,
        artist=wrong(disc.artist),
        title=wrong(disc.title),
        tracks=[wrong(track) for track in disc.tracks],
    )


def _copy(disc: Disc, rng: np.random.Generator) -> Disc:
    """A duplicate record of a disc by another listener."""
    chance = rng.random(12)
    artist, title = disc.artist, damaged(disc.title, rng, 0.2)
    tracks = [damaged(track, rng, 0.12) for track in disc.tracks]
    if artist in _VARIOUS:
        artist = _VARIOUS[rng.integers(len(_VARIOUS))]
        if chance[0] < 0.3:
            tracks = [track.rpartition(" / ")[2] for track in tracks]
    else:
        artist = damaged(artist, rng, 0.15)
        if chance[0] < 0.06:
            artist, title = "", f"{artist} - {title}"
        elif chance[0] < 0.12:
            artist = ", ".join(reversed(artist.rsplit(" ", 1)))
    if chance[1] < 0.05:
        title = f"{title} (Remastered)"
    elif chance[1] < 0.09:
        title = f"{title} [CD1]" if not any(map(str.isdigit, title)) else title
    if chance[2] < 0.12:
        tracks = tracks[: -int(rng.integers(1, 3))]
    elif chance[2] < 0.18:
        tracks = [f"{k}. {track}" for k, track in enumerate(tracks, start=1)]
    elif chance[2] < 0.24:
        tracks = [f"{disc.artist} - {track}" for track in tracks]
    elif chance[2] < 0.28:
        tracks = [*tracks, "Data Track"]
    genre = disc.genre
    if chance[3] < 0.45:
        genre = "" if chance[3] < 0.2 else _GENRES[rng.integers(len(_GENRES))]
    category = _CATEGORIES[rng.integers(len(_CATEGORIES))] if chance[4] < 0.5 else disc.category
    year = disc.year
    if chance[5] < 0.3:
        year = "" if chance[5] < 0.2 else str(rng.integers(1962, 2006))
    return Disc(artist, title, category, genre, year, tracks)


def write_discs(folder: Path, records: list[Disc], pairs: list[tuple[int, int]]) -> None:
    """Write `discs.csv`, with a column per track, and `doubles.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    headings = [f"track{k:02d}" for k in range(1, TRACKS + 1)]
    with (folder / "discs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "artist", "dtitle", "category", "genre", "year", *headings))
        for place, disc in enumerate(records):
            tracks = [*disc.tracks, *[""] * TRACKS][:TRACKS]
            own = (disc.artist, disc.title, disc.category, disc.genre, disc.year)
            writer.writerow((place, *own, *tracks))
    with (folder / "doubles.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("disc1", "disc2"), *pairs])


def main() -> None:
    """Write both tables into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=9763)
    parser.add_argument("--doubles", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_discs(given.folder, *synthetic_discs(given.records, given.doubles, seed=given.seed))


if __name__ == "__main__":
    main()
