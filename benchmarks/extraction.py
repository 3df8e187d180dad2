"""How fast sources are read, and how much memory that takes.

    python benchmarks/extraction.py                   cells, megabytes and tokens in a second
    python benchmarks/extraction.py --discogs 10 100  dumps of these sizes, in megabytes
    python benchmarks/extraction.py --memory          peak memory from 10 MB to 1 GB of input
    python benchmarks/extraction.py --memory --sizes 10 100 --kinds discogs --plot memory.png

Speed is the median of some repetitions, from the file to the checked tables: per second of CPU
time, and per second on the clock, which is what counts where several threads read and which other
work on the machine slows down. Beside each stands, from the same run, a reader that does nothing
but parse the same bytes in one thread.
Inputs are the publishers' files; for `--memory` they are repeated with their ids renamed, so that
records grow with the input as they do in larger dumps, and each case runs in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from lxml import etree
from pydantic import TypeAdapter
from rich import box
from rich.console import Console
from rich.table import Table

from kg_builder.extraction import SourceConfig, extract, extract_to
from kg_builder.ontology import load_schema

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "raw" / "sample"
SIZES = (10, 100, 1000)
TEXT_SIZES = (1, 4, 16)
"""Megabytes; a gigabyte of running text would take half a day."""

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
    """A source as a recipe would describe it."""
    return TypeAdapter(SourceConfig).validate_python({"name": "source", **settings})


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the publishers' files")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--discogs", type=float, nargs="+", default=(10,), help="megabytes")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES, help="megabytes")
    parser.add_argument("--text-sizes", type=float, nargs="+", default=TEXT_SIZES)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--plot", type=Path, help="where to draw the figure of --memory")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(_measure(arguments.case[0], Path(arguments.case[1]))))
    elif arguments.memory:
        memory(arguments)
    else:
        speed(arguments)


# --------------------------------------------------------------------------------------- speed


def speed(arguments: argparse.Namespace) -> None:
    """Print the table of speeds."""
    heading = ("input", "work", "CPU s", "per CPU s", "s", "per s", "parsing alone", "CPU ratio")
    table = Table(*heading, box=box.SIMPLE)
    for name, unit, amount, read, bare in _cases(arguments.data, arguments.discogs):
        cpu, wall = _seconds(read, arguments.repeats)
        theirs, _ = _seconds(bare, arguments.repeats)
        table.add_row(
            name,
            f"{amount:,.2f} {unit}",
            f"{cpu:.3f}",
            f"{amount / cpu:,.2f} {unit}",
            f"{wall:.3f}",
            f"{amount / wall:,.2f} {unit}",
            f"{amount / theirs:,.2f} {unit}",
            f"{cpu / theirs:.1f} ×",
        )
    Console(width=120).print(table)


def _seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """(of CPU time, on the clock)"""
    work()
    found = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return median(cpu for cpu, _ in found), median(wall for _, wall in found)


Case = tuple[str, str, float, Callable[[], object], Callable[[], object]]
"""(input, unit, amount, our reader, a reader that only parses)"""


def _cases(data: Path, sizes: Sequence[float]) -> Iterator[Case]:
    schema = load_schema()

    def reading(config: SourceConfig, root: Path) -> Callable[[], object]:
        return lambda: extract(config, root, schema=schema)

    songs = data / "songs/dbpedia_songs.csv"
    config = source(kind="structured", tables={"songs": {"path": songs.name, **SONGS}})
    frame = pd.read_csv(songs, dtype=str)
    yield (
        "DBpedia songs, CSV",
        "M cells",
        frame.size / 1e6,
        reading(config, songs.parent),
        lambda: pd.read_csv(songs, dtype=str),
    )
    files = [
        data / "lastfm" / name for name in ("artists.dat", "tags.dat", "user_taggedartists.dat")
    ]

    def tables() -> list[pd.DataFrame]:
        return [
            pd.read_csv(file, sep="\t", dtype=str, quoting=3, encoding_errors="replace")
            for file in files
        ]

    yield (
        "HetRec, three files",
        "M cells",
        sum(table.size for table in tables()) / 1e6,
        reading(source(kind="structured", tables=HETREC), data / "lastfm"),
        tables,
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, size in product(("artists", "labels", "masters", "releases"), sizes):
            path = Path(folder, f"{name}.xml")
            path.write_bytes(b"".join(_discogs(data, name, size)))
            yield (
                f"Discogs {name}, XML",
                "MB",
                path.stat().st_size / 1e6,
                reading(source(kind="semi-structured", path=path.name), path.parent),
                lambda path=path, name=name: _parse(path, name[:-1]),
            )
    yield from _texts(schema)


def _parse(path: Path, tag: str) -> None:
    for _, element in etree.iterparse(path, tag=tag, resolve_entities=False, no_network=True):
        above = element.getparent()
        if above is not None and above.getparent() is None:
            element.clear()
            while element.getprevious() is not None:
                del above[0]


def _texts(schema: Any) -> Iterator[Case]:
    import spacy

    from kg_builder.extraction.unstructured.pipeline import load_pipeline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.jsonl")
        path.write_bytes(b"".join(_text(path, 0.3)))
        texts = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
        tokens = sum(len(text) for text in spacy.blank("en").pipe(texts))
        for model in ("en_core_web_sm", None):
            pipeline, installed = load_pipeline(model)
            if model and not installed:
                continue
            config = source(kind="unstructured", path=path.name, model=model)
            yield (
                f"biographies, {model or 'no model'}",
                "k tokens",
                tokens / 1e3,
                lambda config=config: extract(config, path.parent, schema=schema),
                lambda pipeline=pipeline: sum(1 for _ in pipeline.pipe(texts)),
            )


# -------------------------------------------------------------------------------------- memory


def memory(arguments: argparse.Namespace) -> None:
    """Print (and draw) the peak memory of reading inputs of growing size."""
    found: dict[str, list[tuple[float, float]]] = {}
    table = Table("input", "MB", "records", "statements", "CPU s", "peak MB", box=box.SIMPLE)
    for kind in arguments.kinds:
        for size in arguments.text_sizes if kind == "text" else arguments.sizes:
            row = _in_a_process(kind, size, arguments.data)
            found.setdefault(kind, []).append((size, row["peak_mb"]))
            table.add_row(
                kind,
                f"{size:,g}",
                f"{row['records']:,.0f}",
                f"{row['statements']:,.0f}",
                f"{row['seconds']:,.0f}",
                f"{row['peak_mb']:,.0f}",
            )
            print(f"{kind} {size:g} MB: {row}", file=sys.stderr, flush=True)
    Console(width=100).print(table)
    if arguments.plot:
        _draw(found, arguments.plot)


def _in_a_process(kind: str, size: float, data: Path) -> dict[str, float]:
    name, make, _ = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, name).open("wb") as file:
            for block in make(data, size):
                file.write(block)
        command = [sys.executable, __file__, "--case", kind, folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}, {size} MB: the process failed with status {done.returncode}")
    return dict(json.loads(done.stdout))


def _measure(kind: str, folder: Path) -> dict[str, float]:
    _, _, settings = KINDS[kind]
    start = time.process_time()
    counts = extract_to(folder / "out", source(**settings), folder, schema=load_schema())
    return {
        "seconds": time.process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "records": counts["records"],
        "statements": counts["statements"],
    }


def _repeated(make: Callable[[int], bytes], size: float) -> Iterator[bytes]:
    written, copy = 0, 0
    while written < size * 1e6:
        block = make(copy)
        written, copy = written + len(block), copy + 1
        yield block


def _discogs(data: Path, name: str, size: float) -> Iterator[bytes]:
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


def _delimited(data: Path, size: float) -> Iterator[bytes]:
    lines = (data / "songs/dbpedia_songs.csv").read_bytes().splitlines(keepends=True)
    yield b"".join(lines[:4])
    body = b"".join(lines[4:])
    yield from _repeated(lambda copy: body.replace(b"/resource/", b"/resource/%d_" % copy), size)


def _json_lines(data: Path, size: float) -> Iterator[bytes]:
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


def _text(_: Path, size: float) -> Iterator[bytes]:
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
        _delimited,
        {"kind": "structured", "tables": {"songs": {"path": "songs.csv", **SONGS}}},
    ),
    "json-lines": (
        "songs.jsonl",
        _json_lines,
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
        lambda data, size: _discogs(data, "releases", size),
        {"kind": "semi-structured", "path": "releases.xml"},
    ),
    "text": (
        "texts.jsonl",
        _text,
        {"kind": "unstructured", "path": "texts.jsonl", "model": None},
    ),
}
"""Name of the file, how it is made, how it is read."""


def _draw(found: dict[str, list[tuple[float, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 3))
    for kind, points in found.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=kind)
    axes.set(xscale="log", xlabel="input, MB", ylabel="peak memory, MB", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
