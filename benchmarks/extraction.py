"""Measure the speed and memory of reading sources.

    python benchmarks/extraction.py                   cells, megabytes and tokens in a second
    python benchmarks/extraction.py --discogs 10 100  dumps of these sizes, in megabytes
    python benchmarks/extraction.py --memory          peak memory from 10 MB to 1 GB of input
    python benchmarks/extraction.py --memory --sizes 10 100 --kinds discogs --plot memory.png

Speed is the median of several repetitions, from file to validated tables: per CPU second, and per
wall-clock second, which is relevant for multi-threaded readers but affected by other load. For
comparison, the same run measures a reader that only parses the same bytes in one thread.
`extraction_inputs.py` describes the inputs, `extraction_memory.py` measures the memory.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from extraction_inputs import DATA, HETREC, KINDS, SONGS, discogs, source, text
from extraction_memory import SIZES, TEXT_SIZES, measure, memory
from lxml import etree
from rich import box
from rich.console import Console
from rich.table import Table

from kg_builder.extraction import SourceConfig, extract
from kg_builder.ontology import load_schema


def main() -> None:
    """Run the requested measurement."""
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
    parser.add_argument("--plot", type=Path, help="file for the plot of --memory")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case[0], Path(arguments.case[1]))))
    elif arguments.memory:
        memory(arguments)
    else:
        speed(arguments)


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
    """CPU and wall-clock seconds."""
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
            path.write_bytes(b"".join(discogs(data, name, size)))
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

    from kg_builder.extraction.text.mentions import load_pipeline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.jsonl")
        path.write_bytes(b"".join(text(path, 0.3)))
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


if __name__ == "__main__":
    main()
