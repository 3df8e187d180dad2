"""Write `listeners.tsv`: simulated listeners, no real people.

Each simulated person has a taste, made of a few favourite genres, a favourite decade, a liking
(or not) for one country's music and for obscure or famous artists. The chance that a person
plays an artist follows from that taste and from the artist's facts in `catalogue.csv`; members
of bands already chosen become likelier. Noise makes sure that taste explains only a part. An
artist is first played on the day on which the person comes upon it: the best liked rather early.

    python data/raw/sample/simulate_listeners.py            # writes listeners.tsv beside it
    python data/raw/sample/simulate_listeners.py --out FILE --seed 7

The same seed gives the same bytes: only uniform draws of two PCG64 streams are used, of which one
is for the days alone.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
SEED = 20111027
N_LISTENERS = 400

Floats = NDArray[np.float64]

# Strength of each reason to listen, in units of log odds.
GENRE_WEIGHT = 6.0
DECADE_WEIGHT = 1.2
COUNTRY_WEIGHT = 1.6
MEMBER_BONUS = 2.0
NOISE = 0.9
# A person makes music from about this age on: puts soloists and bands on one time line.
AGE_AT_DEBUT = 22
# The listening log: who is in it joined in its first four of six years and went on to its end.
FIRST_DAY, LAST_DAY = date(2005, 10, 27), date(2011, 10, 26)
DAYS_OF_JOINING = 4 * 365


@dataclass(frozen=True)
class Catalogue:
    """What the simulation knows of the `n` artists.

    `genres` is (n, n_genres) with rows of length one, `countries` (n, n_countries) one-hot,
    `decades` (n,) in tens of years with NaN where unknown, `linked` (n, n) marks a band and
    its member, `fame` (n,) is a log popularity.
    """

    ids: list[str]
    genres: Floats
    countries: Floats
    decades: Floats
    linked: Floats
    fame: Floats


def indicator(values: list[list[str]]) -> Floats:
    """Return a (n, n_distinct) matrix of 0 and 1; columns in alphabetic order."""
    columns = {name: i for i, name in enumerate(sorted({v for row in values for v in row}))}
    matrix = np.zeros((len(values), len(columns)))
    for i, row in enumerate(values):
        matrix[i, [columns[v] for v in row]] = 1.0
    return matrix


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read one CSV table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_catalogue(folder: Path, rng: np.random.Generator) -> Catalogue:
    """Read `catalogue.csv` and `albums.csv`; fame grows with albums and labels, plus luck."""
    rows = read_rows(folder / "catalogue.csv")
    albums = Counter(row["artist_id"] for row in read_rows(folder / "albums.csv"))
    genres = indicator([row["genres"].split(";") for row in rows])
    # Rare genres say more about a taste than "rock" and "pop" do.
    genres *= np.log(len(rows) / genres.sum(axis=0))
    genres /= np.linalg.norm(genres, axis=1, keepdims=True)

    decades = np.full(len(rows), np.nan)
    position: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        position.setdefault(row["name"], []).append(i)
        if row["formed_or_born"]:
            age = AGE_AT_DEBUT if row["type"] == "person" else 0
            decades[i] = (int(row["formed_or_born"]) + age) / 10
    linked = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        for member in row["members"].split(";"):
            for j in position.get(member, []):
                linked[i, j] = linked[j, i] = 1.0

    known_for = np.array(
        [albums[row["artist_id"]] + 0.5 * len(row["labels"].split(";")) for row in rows]
    )
    fame = 0.7 * known_for + 0.5 * gumbel(rng, len(rows))
    return Catalogue(
        ids=[row["artist_id"] for row in rows],
        genres=genres,
        countries=indicator([[row["country"]] for row in rows]),
        decades=decades,
        linked=linked,
        fame=(fame - fame.mean()) / fame.std(),
    )


def gumbel(rng: np.random.Generator, size: int) -> Floats:
    """Draw standard Gumbel noise: the largest of utility + noise is a softmax choice."""
    return -np.log(-np.log(rng.random(size) * (1 - 2e-9) + 1e-9))


def normal(rng: np.random.Generator) -> float:
    """Draw one standard normal number (Box-Muller)."""
    u, v = rng.random(2)
    return float(np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(2.0 * np.pi * v))


def utilities(catalogue: Catalogue, rng: np.random.Generator) -> Floats:
    """Draw one person's taste and return the (n,) log odds of playing each artist."""
    n = len(catalogue.ids)
    # The taste is anchored in one to three artists whose genres the person loves.
    anchors = (rng.random(1 + int(3 * rng.random())) * n).astype(int)
    shares = rng.random(len(anchors)) + 0.3
    taste = shares @ catalogue.genres[anchors]
    utility: Floats = GENRE_WEIGHT * (catalogue.genres @ (taste / np.linalg.norm(taste)))

    loved_decade = catalogue.decades[anchors[0]]
    if not np.isnan(loved_decade):
        near = np.exp(-0.5 * (catalogue.decades - loved_decade) ** 2)
        utility += DECADE_WEIGHT * rng.random() * np.nan_to_num(near, nan=0.3)
    if rng.random() < 0.5:  # half of the people follow the music of one country
        home = catalogue.countries[anchors[-1]]
        utility += COUNTRY_WEIGHT * (catalogue.countries @ home)
    utility += (0.2 + 0.9 * rng.random()) * catalogue.fame
    return utility


def listen(catalogue: Catalogue, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Simulate one person: (position of the artist, number of plays), in order of discovery."""
    utility = utilities(catalogue, rng)
    noisy = utility + NOISE * gumbel(rng, len(utility))
    wanted = int(np.clip(np.exp(3.0 + 0.5 * normal(rng)), 6, 70))
    activity = np.exp(4.0 + 0.8 * normal(rng))
    chosen: list[int] = []
    for _ in range(wanted):
        noisy[chosen] = -np.inf
        best = int(np.argmax(noisy))
        chosen.append(best)
        noisy += MEMBER_BONUS * catalogue.linked[best]
    liking = np.exp(0.3 * (utility[chosen] - utility[chosen].mean()))
    plays = [max(1, round(activity * a * np.exp(0.7 * normal(rng)))) for a in liking]
    return list(zip(chosen, plays, strict=True))


def discover(size: int, rng: np.random.Generator) -> list[date]:
    """Draw the days on which one person comes upon `size` artists, in ascending order."""
    length = (LAST_DAY - FIRST_DAY).days + 1
    joined = int(rng.random() * DAYS_OF_JOINING)
    days = joined + np.sort(rng.random(size)) * (length - joined)
    return [FIRST_DAY + timedelta(int(day)) for day in days]


def simulate(folder: Path = HERE, seed: int = SEED) -> str:
    """Return the whole text of `listeners.tsv`."""
    rng = np.random.Generator(np.random.PCG64(seed))
    of_days = np.random.Generator(np.random.PCG64([seed, 1]))
    catalogue = read_catalogue(folder, rng)
    lines = ["user_id\tartist_id\tplays\tfirst_played"]
    for user in range(1, N_LISTENERS + 1):
        heard = listen(catalogue, rng)
        dated = zip(heard, discover(len(heard), of_days), strict=True)
        for (artist, plays), day in sorted(dated):  # in catalogue order
            lines.append(f"U{user:03d}\t{catalogue.ids[artist]}\t{plays}\t{day}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=HERE, help="where the catalogue lies")
    parser.add_argument("--out", type=Path, default=HERE / "listeners.tsv")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    text = simulate(arguments.folder, arguments.seed)
    arguments.out.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
