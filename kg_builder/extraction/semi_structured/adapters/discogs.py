"""Read the monthly XML dumps of Discogs (artists, labels, masters, releases) into statements."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction.arrow_batches import Reject, Segment, is_filled
from kg_builder.extraction.segments import Batch
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.discogs_artists import (
    read_artists,
    read_labels,
)
from kg_builder.extraction.semi_structured.adapters.discogs_records import (
    Records,
    joined,
)
from kg_builder.extraction.semi_structured.adapters.discogs_releases import (
    read_masters,
    read_releases,
)
from kg_builder.extraction.semi_structured.xml_blocks import Block, xml_blocks
from kg_builder.ordered_pool import cores, in_order

_ROOT: Final = re.compile(rb"[^<]*(?:<[?!][^<]*)*<(?:artists|labels|masters|releases)\b[^>]*>\s*<")
"""The first element of a dump; any other file may have such elements within its own."""

_RECORDS: Final = {f"{name}s": name for name in ("artist", "label", "master", "release")}
_ANYWHERE: Final = frozenset({"id", "images", "videos", "data_quality"})
_KNOWN: Final = {
    "artist": _ANYWHERE
    | {"name", "realname", "profile", "urls", "namevariations", "aliases", "members", "groups"},
    "label": _ANYWHERE | {"name", "profile", "urls", "parentLabel", "sublabels"},
    "master": _ANYWHERE | {"title", "artists", "genres", "styles", "year", "main_release"},
    "release": _ANYWHERE
    | {"title", "artists", "extraartists", "labels", "genres", "styles", "country", "released"}
    | {"tracklist", "companies", "master_id"},
}
"""Fields that are read, or that are outside the data model."""

_THREADS: Final = 4
"""Maximum threads; more would contend for the GIL."""

_READERS: Final = {
    "artist": read_artists,
    "label": read_labels,
    "master": read_masters,
    "release": read_releases,
}


class DiscogsDumps:
    """Adapter of Discogs dumps; record keys are Discogs' ids under `artists/`, `labels/`, ..."""

    name = "discogs"
    independent = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise a dump by its root element."""
        return bool(_ROOT.match(head)) and b"musicbrainz.org/ns" not in head

    def read(self, document: Document) -> None:
        """Add the records of a dump."""
        out, rejects = document.out, list[Reject]()
        threads = document.source.threads or min(cores(), _THREADS)
        blocks = xml_blocks(document, _RECORDS, rejects)
        # libxml2, NumPy, Arrow and DuckDB do most of the work and release the GIL
        with ThreadPoolExecutor(threads) as pool:
            for segment in in_order(pool, partial(_read, document), blocks, ahead=threads + 1):
                out.add_segment(segment)
        out.take_rejects(rejects)


def _read(document: Document, block: Block) -> Segment:
    """Extract the records of a block."""
    out = document.out
    batch = Batch(out.source, out.schema, DiscogsDumps.name, document.source.confidence)
    records = _numbered(document, block, batch)
    batch.count(f"{block.tag}s read", len(block.records))
    batch.counts.update(_unknown_fields(block.tag, records))
    _READERS[block.tag](records)
    return batch.close()


def _numbered(document: Document, block: Block, batch: Batch) -> Records:
    """Select the records that have an id; the others become rejects."""
    elements, own, scope = block.elements, block.records, f"{block.tag}s"
    numbers = elements.attribute(own, "id")
    within = elements.stripped(elements.child(own, "id"))
    numbers = pc.if_else(pa.array(is_filled(numbers)), numbers, within)
    keys = joined(f"{document.out.source}/{scope}/", numbers)
    records = Records(batch, elements, own, keys, joined(f"{document.name}#/{scope}/", numbers))
    filled = is_filled(numbers)
    for row in np.flatnonzero(~filled).tolist():
        where = f"{document.name}#line={block.line(row)}"
        batch.reject(records.order(0)[row], "empty id", where)
    return records.some(filled)


def _unknown_fields(tag: str, records: Records) -> Counter[str]:
    """Count the records with each unknown field."""
    elements = records.elements
    fields, places = elements.below(records.own)
    strange = [name not in _KNOWN[tag] for name in elements.tags]
    fields_of = elements.tag[fields]
    chosen = np.array(strange, np.bool_)[fields_of]
    once = np.unique(places[chosen] * len(elements.tags) + fields_of[chosen])
    found = np.bincount(once % max(len(elements.tags), 1), minlength=len(elements.tags))
    return Counter(
        {
            f"unknown field: discogs {tag}/{elements.tags[code]}": int(found[code])
            for code in np.flatnonzero(found)
        }
    )
