"""Generate the tables that inference reads: any number of statements, seeded.

Artists, bands with members, albums, labels, places and genres of skewed popularity, from two
sources that repeat and contradict each other, so that every rule applies and every check of
cleaning finds something. There are no records and no interactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kg_builder.tables import (
    ENTITIES,
    INTERACTIONS,
    LINKS,
    RECORDS,
    REJECTS,
    STATEMENTS,
    USER_FACTS,
)
from pipeline.stages.artefact_names import (
    ALIGNED,
    ALIGNED_ENTITIES,
    EXTRACTED_USER_FACTS,
    JUDGEMENT_COUNTS,
    RAW_INTERACTIONS,
    READ_COUNTS,
    REJECTS_OF,
)

BLOCK = 20_000
"""Artists generated at a time."""

PER_ARTIST = 14.4
"""Statements per artist, approximately."""

COUNTRIES, INSTRUMENTS, AWARDS = 60, 100, 500
WORDS = ("Bado", "Kime", "Lufa", "Nori", "Pelu", "Rasto", "Sivo", "Tamen", "Vuko", "Zedri")
RECIPE = """
name = "generated"
title = "Generated statements"
ratings = { items = "all" }

[[sources]]
kind = "structured"
name = "catalogue"
tables = { things = { path = "none.csv", type = "Artist", id = "id", name = "name" } }

[[sources]]
kind = "structured"
name = "second"
tables = { things = { path = "none.csv", type = "Artist", id = "id", name = "name" } }

[traits]
catalogue = { trust = 0.9 }
second = { trust = 0.8 }
"""
Ints = NDArray[np.int64]


class Block:
    """The facts and entities of some artists, or of the things that all share.

    Args:
        artists: number of all artists, which determines the sizes of the vocabularies.
        first, end: the block's artists.
        seed: of the random choices.
    """

    def __init__(self, artists: int, first: int, end: int, seed: int) -> None:
        self.rng = np.random.default_rng([seed, first])
        self.artists, self.first, self.end = artists, first, end
        self.sizes = {
            "genre": int(4 * artists**0.5) + 8,
            "label": artists // 50 + 8,
            "place": artists // 20 + 8,
        }
        self.facts: list[tuple[pa.Array, str, pa.Array, str]] = []
        self.things: list[tuple[pa.Array, str]] = []

    def some(self, numbers: Ints, share: float) -> Ints:
        """A share of the numbers."""
        return numbers[self.rng.random(len(numbers)) < share]

    def popular(self, size: int, of: int) -> Ints:
        """Numbers below `of`, the small ones more often."""
        return (of * self.rng.random(size) ** 3).astype(np.int64)

    def add(
        self, subjects: pa.Array, predicate: str, objects: pa.Array, kind: str = "entity"
    ) -> None:
        """Add facts."""
        self.facts.append((subjects, predicate, objects, kind))

    def linked(self, prefix: str, subjects: Ints, predicate: str, to: str, *, of: int = 0) -> None:
        """Add facts about popular entities of a vocabulary."""
        numbers = self.popular(len(subjects), of or self.sizes[to])
        self.add(names(prefix, subjects), predicate, names(to, numbers))

    def dated(self, prefix: str, subjects: Ints, predicate: str) -> None:
        """Add dates, a third of them years, a few implausible."""
        year = pa.array(self.rng.integers(1950, 2021, len(subjects)) - 1000 * (subjects % 997 == 0))
        texts = pc.utf8_lpad(year.cast(pa.string()), 4, "0")
        day = pa.array(subjects % 28 + 1).cast(pa.string())
        dates = pc.binary_join_element_wise(texts, "05", pc.utf8_lpad(day, 2, "0"), "-")
        for kind, rows in (("gYear", subjects % 3 == 0), ("date", subjects % 3 != 0)):
            own = (texts if kind == "gYear" else dates).filter(pa.array(rows))
            self.add(names(prefix, subjects[rows]), predicate, own, kind)

    def fill_shared(self) -> None:
        """Add the vocabularies."""
        for prefix, type_, size in (
            ("country", "Country", COUNTRIES),
            ("instrument", "Instrument", INSTRUMENTS),
            ("award", "Award", AWARDS),
            ("genre", "Genre", self.sizes["genre"]),
            ("label", "RecordLabel", self.sizes["label"]),
            ("place", "Place", self.sizes["place"]),
        ):
            self.things.append((names(prefix, np.arange(size)), type_))
        genres, places = np.arange(1, self.sizes["genre"]), np.arange(self.sizes["place"])
        self.add(names("genre", genres), "subgenreOf", names("genre", genres // 7))
        self.linked("place", places[::3], "country", "country", of=COUNTRIES)
        self.linked("place", places[1::3], "locatedIn", "country", of=COUNTRIES)
        self.linked("place", places[2::3], "locatedIn", "place")

    def fill(self) -> None:
        """Add the block's artists, their members and albums."""
        artists = np.arange(self.first, self.end)
        band = artists % 2 == 0
        unclear = artists % 5 == 0
        for type_, rows in (
            ("Artist", unclear),
            ("Band", band & ~unclear),
            ("SoloArtist", ~band & ~unclear),
        ):
            self.things.append((names("artist", artists[rows]), type_))
        for share in (0.9, 0.5, 0.2):
            self.linked("artist", self.some(artists, share), "genre", "genre")
        self.linked("artist", self.some(artists, 0.4), "country", "country", of=COUNTRIES)
        self.linked("artist", self.some(artists, 0.4), "origin", "place")
        self.linked("artist", self.some(artists, 0.1), "origin", "country", of=COUNTRIES)
        self.linked("artist", self.some(artists, 0.5), "recordLabel", "label")
        self.dated("artist", self.some(artists, 0.8), "beginDate")
        self.dated("artist", self.some(artists, 0.2), "endDate")
        for predicate, share in (("influencedBy", 0.5), ("associatedWith", 0.2)):
            self.linked("artist", self.some(artists, share), predicate, "artist", of=self.artists)
        own = names("artist", self.some(artists, 0.5))
        pages = pc.binary_join_element_wise("https://example.org/", own, "")
        self.add(own, "homepage", pages, "anyURI")
        self.linked("artist", artists[~band], "instrument", "instrument", of=INSTRUMENTS)
        self._members(artists[band])
        self._albums(artists)
        honoured = self.some(artists, 0.02)
        self.things.append((names("honour", honoured), "Honour"))
        self.add(names("honour", honoured), "recipient", names("artist", honoured))
        self.linked("honour", honoured, "award", "award", of=AWARDS)
        wrong = self.some(artists, 0.005)
        self.add(names("artist", wrong), "genre", names("artist", wrong + 1))

    def _members(self, bands: Ints) -> None:
        pairs = np.repeat(bands, 2)
        persons = 2 * pairs + np.arange(len(pairs)) % 2
        moved = self.rng.random(len(pairs)) < 0.1
        self.things.append((names("person", persons), "Person"))
        people, groups = names("person", persons), names("artist", pairs)
        inverse, reified = pa.array(persons % 16 < 4), pa.array(persons % 16 >= 12)
        plain = pc.invert(pc.or_(inverse, reified))
        self.add(groups.filter(inverse), "hasMember", people.filter(inverse))
        self.add(people.filter(plain), "memberOf", groups.filter(plain))
        nodes = names("membership", persons[persons % 16 >= 12])
        self.things.append((nodes, "Membership"))
        self.add(nodes, "member", people.filter(reified))
        self.add(nodes, "group", groups.filter(reified))
        playing = persons[persons % 16 >= 12]
        self.linked("membership", playing, "instrument", "instrument", of=INSTRUMENTS)
        others = (pairs[moved] + 2 * self.popular(moved.sum(), 50)) % self.artists
        self.add(people.filter(pa.array(moved)), "memberOf", names("artist", others))
        alone = self.some(bands, 0.1)
        self.add(names("artist", (alone + 1) % self.artists), "memberOf", names("artist", alone))

    def _albums(self, artists: Ints) -> None:
        of_artist = np.repeat(artists, self.rng.integers(0, 4, len(artists)))
        albums = 4 * of_artist + np.arange(len(of_artist)) % 4
        albums, first = np.unique(albums, return_index=True)
        of_artist = of_artist[first]
        self.things.append((names("album", albums), "Album"))
        stated = pa.array(albums % 10 < 7)
        titles, by = names("album", albums), names("artist", of_artist)
        self.add(titles.filter(stated), "performer", by.filter(stated))
        self.add(by.filter(pc.invert(stated)), "performed", titles.filter(pc.invert(stated)))
        for share in (0.9, 0.3):
            self.linked("album", self.some(albums, share), "genre", "genre")
        self.linked("album", self.some(albums, 0.6), "recordLabel", "label")
        self.linked("album", self.some(albums, 0.03), "award", "award", of=AWARDS)
        self.dated("album", self.some(albums, 0.9), "releaseDate")

    def statements(self, source: str) -> pa.Table:
        """The facts as one of the two sources states them: the second one knows a tenth."""
        parts = [
            pa.table({"subject": s, "predicate": pa.repeat(p, len(s)), "object": o,
                      "object_kind": pa.repeat(k, len(s))})
            for s, p, o, k in self.facts
        ]  # fmt: skip
        rows = pa.concat_tables(parts)
        chosen = self.rng.permutation(len(rows))
        if source == "second":
            chosen = chosen[: len(rows) // 8]
            other = np.where(self.rng.random(len(chosen)) < 0.1, np.roll(chosen, 1), chosen)
            same = [
                pc.equal(rows[name].take(chosen), rows[name].take(other)).to_numpy()
                for name in ("predicate", "object_kind")
            ]
            other = np.where(same[0] & same[1], other, chosen)
            rows = rows.take(chosen).set_column(2, "object", rows["object"].take(other))
        else:
            rows = rows.take(chosen)
        size = len(rows)
        confidence = np.round(1 - 0.75 * self.rng.random(size) ** 4, 3)
        line = pa.array(np.arange(size) + self.first * 20).cast(pa.string())
        columns = {
            **{name: rows[name] for name in rows.column_names},
            "source": pa.repeat(source, size),
            "method": pa.repeat("mapping" if source == "catalogue" else "infobox", size),
            "confidence": pa.array(confidence),
            "evidence": pc.binary_join_element_wise(f"{source}/facts.csv#line=", line, ""),
            "inferred": pa.repeat(False, size),
        }
        return pa.table(columns).select(STATEMENTS.columns).cast(STATEMENTS.schema)

    def entities(self) -> pa.Table:
        """The entities, as a table."""
        tables = []
        for curies, type_ in self.things:
            size = len(curies)
            title = pc.list_element(pc.split_pattern(curies, ":"), 1)
            none = pa.array([[]] * size, pa.list_(pa.string()))
            columns = {
                "entity": curies,
                "type": pa.repeat(type_, size),
                "name": pc.replace_substring(title, "_", " "),
                "aliases": none,
                "external_ids": none,
                "attributes": pa.repeat("{}", size),
                "records": pa.repeat(1, size),
            }
            tables.append(pa.table(columns).cast(ENTITIES.schema))
        return pa.concat_tables(tables)


def names(prefix: str, numbers: Ints) -> pa.Array:
    """CURIEs of numbered entities: `artist:Bado_17`."""
    words = pa.array(WORDS).take(pa.array(numbers % len(WORDS)))
    text = pa.array(numbers).cast(pa.string())
    return pc.binary_join_element_wise(
        pc.binary_join_element_wise(f"{prefix}:", words, ""), text, "_"
    )


def blocks(artists: int, seed: int) -> Iterator[Block]:
    """The vocabularies, then the artists."""
    shared = Block(artists, 0, 0, seed)
    shared.fill_shared()
    yield shared
    for first in range(0, artists, BLOCK):
        block = Block(artists, first, min(first + BLOCK, artists), seed)
        block.fill()
        yield block


def generate(folder: Path, size: int, *, seed: int = 0) -> None:
    """Write the recipe and the tables of the stages before inference."""
    out, artists = folder / "out", int(size / PER_ARTIST) + 1
    for name in (ALIGNED, ALIGNED_ENTITIES, READ_COUNTS, JUDGEMENT_COUNTS, *REJECTS_OF.values()):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "generated.toml").write_text(RECIPE, encoding="utf-8")
    for name in (READ_COUNTS, JUDGEMENT_COUNTS):
        (out / name).write_text("{}", encoding="utf-8")
    empty = {"records.parquet": RECORDS, "links.parquet": LINKS, RAW_INTERACTIONS: INTERACTIONS}
    empty |= {EXTRACTED_USER_FACTS: USER_FACTS, **dict.fromkeys(REJECTS_OF.values(), REJECTS)}
    for name, table in empty.items():
        pq.write_table(table.schema.empty_table(), out / name)
    left = size
    with pq.ParquetWriter(out / ALIGNED, STATEMENTS.schema, compression="zstd") as writer:
        for source in ("catalogue", "second"):
            for block in blocks(artists, seed):
                rows = block.statements(source).slice(0, left)
                left -= len(rows)
                writer.write_table(rows)
    with pq.ParquetWriter(out / ALIGNED_ENTITIES, ENTITIES.schema, compression="zstd") as writer:
        for block in blocks(artists, seed):
            writer.write_table(block.entities())
    if left:
        raise SystemExit(f"{left} statements too few: PER_ARTIST is too large")
