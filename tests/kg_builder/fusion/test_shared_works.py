"""Performers with similar names are one if they share a work: collective evidence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg_builder.extraction import StructuredSource, extract
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.explain import explain
from kg_builder.fusion.matching import Matching, match_records
from kg_builder.ontology import Schema

FIRST = ("Anna", "Bela", "Carla", "Dora", "Elsa", "Frida", "Greta", "Hanna", "Irma", "Jutta")
LAST = ("Stone", "Ghost", "Marten", "River", "Glass", "Smoke", "Crow", "Salter", "Lamp", "Moss")
TITLES = ("Night", "Rain", "Winter", "Harbour", "Letters")
TABLE = {
    "type": "Song",
    "id": "id",
    "name": "title",
    "columns": {
        "artist": {"predicate": "performer", "type": "Artist", "split": " + "},
        "length": {"predicate": "duration"},
    },
}


def songs(of_elsa: str, duet: str = "") -> list[tuple[str, str, str]]:
    """Title, artist, length of five songs by each of ten artists; one has another credit."""
    rows = [
        (f"{title} {last}", f"{first} {last}", f"{2 + n % 3}:{10 + 7 * number % 49:02d}")
        for n, (first, last) in enumerate(zip(FIRST, LAST, strict=True))
        for number, title in enumerate(TITLES, start=n)
    ]
    credit = {"Rain Glass": of_elsa, "Rain Moss": duet or "Jutta Moss"}
    return [(title, credit.get(title, artist), length) for title, artist, length in rows]


def matched(folder: Path, schema: Schema, **shops: list[tuple[str, str, str]]) -> Matching:
    found = []
    for shop, rows in shops.items():
        lines = [f"{shop}{number},{','.join(row)}\n" for number, row in enumerate(rows)]
        (folder / f"{shop}.csv").write_text("id,title,artist,length\n" + "".join(lines))
        tables = {"songs": {**TABLE, "path": f"{shop}.csv"}}
        source = StructuredSource.model_validate(
            {"kind": "structured", "name": shop, "tables": tables}
        )
        found.append(extract(source, folder, schema=schema))
    return match_records(
        pd.concat([one.records for one in found], ignore_index=True),
        FusionConfig(),
        schema=schema,
        traits={shop: SourceTraits(clean=True) for shop in shops},
        statements=pd.concat([one.statements for one in found], ignore_index=True),
    )


@pytest.mark.parametrize("misspelt", ["Elsa Galss", "Elas Glass", "Else Glas", "Ilsa Glass"])
def test_performers_of_a_merged_song_are_one_if_their_names_are_similar(tmp_path, schema, misspelt):
    matching = matched(tmp_path, schema, a=songs("Elsa Glass"), b=songs(misspelt))
    found = explain(matching, "a/artist/elsa glass", f"b/artist/{misspelt.lower()}")
    weights = {one.feature: one.weight for one in found.contributions}
    assert found.same
    assert weights["works in common"] > 1
    assert found.probability is not None
    odds = found.probability / (1 - found.probability)
    assert odds == pytest.approx(2.718281828 ** sum(weights.values()), rel=1e-4)


def collective(matching: Matching, one: str, other: str) -> bool:
    """Whether a work in common counts for two performers."""
    found = explain(matching, f"{one}/artist/elsa glass", f"{other}/artist/elsa gloss")
    return "works in common" in {each.feature for each in found.contributions}


def test_the_songs_of_a_duet_tell_nothing_of_the_two(tmp_path, schema):
    duet = "Elsa Glass + Elsa Gloss"
    matching = matched(tmp_path, schema, a=songs("Elsa Glass", duet), b=songs("Elsa Glass", duet))
    assert not collective(matching, "a", "b")
    assert not collective(matching, "b", "a")
    assert explain(matching, "a/artist/elsa gloss", "b/artist/elsa gloss").same


def test_another_song_of_the_title_tells_nothing(tmp_path, schema):
    rows = [*songs("Elsa Glass"), ("Rain Glass", "Elsa Gloss", "9:59")]
    matching = matched(tmp_path, schema, a=songs("Elsa Glass"), b=rows)
    assert not collective(matching, "a", "b")
