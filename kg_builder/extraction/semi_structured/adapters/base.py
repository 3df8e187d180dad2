"""Interface of an adapter: recognise files of one format, extract records and statements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.packed_files import open_binary


@dataclass(frozen=True)
class Document:
    """A file of a source."""

    path: Path
    name: str
    """Path below the raw folder, as used in evidence."""

    source: SemiStructuredSource
    out: Collector

    def bytes(self) -> bytes | None:
        """The whole content, unpacked; None (and a reject) if the file is too large."""
        with open_binary(self.path) as stream:
            content = stream.read(self.source.max_bytes + 1)
        if len(content) > self.source.max_bytes:
            self.out.reject("file too large", self.name, f"more than {self.source.max_bytes} bytes")
            return None
        return content


class Adapter(Protocol):
    """Interface of a reader of one format.

    To add a format, write such a class in a separate file and add an instance to `ADAPTERS` in
    `reader.py`.
    """

    name: str
    """Name of the format in a recipe."""

    independent: bool
    """Whether what is read from a file does not depend on the files read before: several workers
    then read the files of a source in parallel."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this format, by its name and its first kilobytes."""

    def read(self, document: Document) -> None:
        """Add the file's records and statements to the document's collector.

        Their evidence is `document.name`, '#' and a location in the file, which
        `pipeline/explore/places.py` can find again. What cannot be read is rejected with a reason;
        `counts["pages read"]` and `["pages used"]` (or documents, artists, …) tell how much was.
        """
