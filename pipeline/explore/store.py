"""Load a build's graph into an Oxigraph store on disk once, and reopen the store afterwards."""

from __future__ import annotations

import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kg_builder.errors import DataError
from pipeline.explore.index_folder import indexed

__all__ = ["GRAPH_FILE", "load_store", "store_folder"]

GRAPH_FILE: Final = "kg.nt.gz"
_VERSION: Final = 1
_PART: Final = 256 << 20  # bytes of N-Triples in memory at once
_THREADS: Final = 4


def store_folder(folder: Path, *, cache: Path | None = None) -> Path:
    """Path of the store of a processed folder's graph; loaded on first use.

    Raises:
        DataError: the graph is missing or cannot be read.
        InUseError, OSError: as from `indexed`.
    """
    return indexed(
        folder,
        "graph",
        [GRAPH_FILE],
        lambda new: load_store(folder / GRAPH_FILE, new),
        version=_VERSION,
        cache=cache,
    )


def load_store(graph: Path, store: Path) -> int:
    """Load gzipped N-Triples into a new store; returns the number of triples.

    A line is a triple, so several threads load a part of the lines each (one bulk load of
    Oxigraph works on one core up to a million triples).

    Raises:
        DataError: the file is truncated, or not N-Triples.
    """
    opened = ox.Store(str(store))
    threads = min(_THREADS, os.cpu_count() or 1)
    try:
        with gzip.open(graph, "rb") as lines, ThreadPoolExecutor(threads) as pool:
            pending = b""
            while chunk := lines.read(_PART):
                whole, pending = _at_last_line(pending + chunk)
                for _ in pool.map(lambda part: _load(opened, part), _parts(whole, threads)):
                    pass
            _load(opened, pending)
    except (EOFError, gzip.BadGzipFile, SyntaxError) as fault:
        raise DataError(
            f"cannot be loaded: {fault}", where=str(graph), remedy="build with --force"
        ) from None
    return len(opened)


def _load(store: ox.Store, lines: bytes) -> None:
    # lenient: the build validated its IRIs when it wrote them
    store.bulk_load(input=lines, format=ox.RdfFormat.N_TRIPLES, lenient=True)


def _at_last_line(text: bytes) -> tuple[bytes, bytes]:
    end = text.rfind(b"\n") + 1
    return text[:end], text[end:]


def _parts(lines: bytes, count: int) -> list[bytes]:
    """Split data into similar parts at line ends."""
    cuts = [lines.rfind(b"\n", 0, len(lines) * part // count) + 1 for part in range(1, count)]
    edges = [0, *cuts, len(lines)]
    return [lines[start:end] for start, end in pairwise(edges) if end > start]
