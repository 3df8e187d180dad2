"""Generate inputs of the extraction benchmarks from the publishers' files, with their sources.

Larger ones repeat a file with renamed ids, so that the number of records grows as in larger dumps.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from kg_builder.extraction import SourceConfig

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "raw" / "sample"

_LISTED = {"strip": "{}", "split": "|"}
SONGS: dict[str, Any] = {
    "skip_after_header": 3,
    "type": "Song",
    "id": "URI",
    "name": ["rdf-schema#label", "title", "URI"],
    "columns": {
        **{
            column: {"predicate": predicate, "iri": True, "labels": f"{column}_label", **_LISTED}
            for column, predicate in {
                "album": "onAlbum",
                "artist": "performer",
                "composer": "composer",
                "genre": "genre",
                "language": "language",
                "producer": "producer",
                "writer": "writer",
                "recordLabel": "recordLabel",
                "recordedIn": "recordedIn",
            }.items()
        },
        "releaseDate": {"predicate": "releaseDate", **_LISTED},
        "runtime": {"predicate": "duration", "unit": "minutes", **_LISTED},
        "trackNumber": {"predicate": "trackNumber", **_LISTED},
    },
}
HETREC: dict[str, Any] = {
    "artists": {"path": "artists.dat", "id": "id", "name": "name", "type": "Artist"},
    "tags": {"path": "tags.dat", "id": "tagID", "name": "tagValue", "type": "Tag"},
    "taggings": {
        "reads": "links",
        "path": "user_taggedartists.dat",
        "predicate": "tag",
        "subject": {"column": "artistID", "ref": "artists"},
        "object": {"column": "tagID", "ref": "tags"},
        "distinct": "userID",
        "min_count": 2,
    },
}


def source(**settings: Any) -> SourceConfig:
    """Create a source as in a recipe."""
    return TypeAdapter(SourceConfig).validate_python({"name": "source", **settings})


def _repeated(make: Callable[[int], bytes], size: float) -> Iterator[bytes]:
    written, copy = 0, 0
    while written < size * 1e6:
        block = make(copy)
        written, copy = written + len(block), copy + 1
        yield block


def discogs(data: Path, name: str, size: float) -> Iterator[bytes]:
    """Write a Discogs dump (`artists`, `labels`, `masters`, `releases`) of `size` megabytes."""
    (path,) = (data / "semi-structured/discogs").glob(f"*_{name}.xml.gz")
    whole = gzip.decompress(path.read_bytes())
    root = re.compile(rb"<(%s)\b[^>]*>" % name.encode()).search(whole)
    assert root is not None
    body = whole[root.end() : whole.rindex(b"</" + root[1])]
    ids = re.compile(rb'(<id>|\bid=")(\d+)')
    yield root[0]
    yield from _repeated(
        lambda copy: ids.sub(lambda found: b"%s%d%s" % (found[1], copy, found[2]), body), size
    )
    yield b"</" + root[1] + b">"


def delimited(data: Path, size: float) -> Iterator[bytes]:
    """Write the song table as CSV of a given size in megabytes."""
    lines = (data / "songs/dbpedia_songs.csv").read_bytes().splitlines(keepends=True)
    yield b"".join(lines[:4])
    body = b"".join(lines[4:])
    yield from _repeated(lambda copy: body.replace(b"/resource/", b"/resource/%d_" % copy), size)


def json_lines(data: Path, size: float) -> Iterator[bytes]:
    """Write the songs as nested JSON Lines of a given size in megabytes."""
    frame = pd.read_csv(data / "songs/dbpedia_songs.csv", dtype=str, skiprows=[1, 2, 3])
    columns = ["URI", "title", "artist_label", "genre_label", "releaseDate"]
    rows = frame[columns].dropna(subset=["URI", "title"]).to_dict("records")

    def block(copy: int) -> bytes:
        lines = (
            json.dumps(
                {
                    "id": f"{copy}/{row['URI']}",
                    "title": row["title"],
                    "artist": {"name": row["artist_label"]},
                    "genres": str(row["genre_label"]).strip("{}").split("|"),
                    "released": row["releaseDate"],
                },
                ensure_ascii=False,
            )
            for row in rows
        )
        return "".join(f"{line}\n" for line in lines).replace("NaN", "null").encode()

    return _repeated(block, size)


def text(_: Path, size: float) -> Iterator[bytes]:
    """Write the sample's biographies as JSON Lines of a given size in megabytes."""
    rows = [
        json.loads(line)
        for line in (SAMPLE / "biographies.jsonl").read_text(encoding="utf-8").splitlines()
    ]

    def block(copy: int) -> bytes:
        lines = (json.dumps(row | {"id": f"{copy}-{row['id']}"}) + "\n" for row in rows)
        return "".join(lines).encode()

    return _repeated(block, size)


KINDS: dict[str, tuple[str, Callable[[Path, float], Iterator[bytes]], dict[str, Any]]] = {
    "delimited": (
        "songs.csv",
        delimited,
        {"kind": "structured", "tables": {"songs": {"path": "songs.csv", **SONGS}}},
    ),
    "json-lines": (
        "songs.jsonl",
        json_lines,
        {
            "kind": "structured",
            "tables": {
                "songs": {
                    "path": "songs.jsonl",
                    "id": "id",
                    "name": "title",
                    "type": "Song",
                    "columns": {
                        "artist.name": {"predicate": "performer", "type": "Artist"},
                        "genres": {"predicate": "genre"},
                        "released": {"predicate": "releaseDate"},
                    },
                }
            },
        },
    ),
    "discogs": (
        "releases.xml",
        lambda data, size: discogs(data, "releases", size),
        {"kind": "semi-structured", "path": "releases.xml"},
    ),
    "text": (
        "texts.jsonl",
        text,
        {"kind": "unstructured", "path": "texts.jsonl", "model": None},
    ),
}
"""File name, generator, and source of each input."""
