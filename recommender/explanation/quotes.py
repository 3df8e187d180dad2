"""Quote the row or sentence of the publisher's file from which a statement was extracted.

Evidence names a place: `file#line=12`, with `;char=10,80` for a span of the text in that line, or a
pointer such as `file#/0/genre` into the structure of a file. Files are looked for where the build
found them (`manifest.json`), and under `data/raw`.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

__all__ = ["Quotes"]

_PLACE: Final = re.compile(r"(?P<file>[^#]+)#line=(?P<line>\d+)(?:;char=(?P<a>\d+),(?P<b>\d+))?.*")
_LONGEST: Final = 300  # characters
_MOST_QUOTED: Final = 20_000  # places whose text is kept at hand
_RAW: Final = Path("data/raw")
_SEPARATORS: Final = {".csv": ",", ".tsv": "\t", ".dat": "\t"}
_OPENERS: Final[dict[str, Callable[..., Any]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}


class Quotes:
    """Reads places of the publishers' files.

    Args:
        folder: the data folder, whose manifest names the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._quoted = lru_cache(_MOST_QUOTED)(self._read)

    def quote(self, evidence: str) -> str:
        """The text at a place, on one line; nothing where it cannot be read any more."""
        return self._quoted(evidence)

    def _read(self, evidence: str) -> str:
        place = _PLACE.fullmatch(evidence)
        path = self._find(place["file"]) if place else None
        if place is None or path is None:
            return ""
        try:
            with _OPENERS.get(path.suffix, open)(path, "rb") as file:
                lines = (line.decode("utf-8", errors="replace").rstrip("\r\n") for line in file)
                header = next(lines, "")
                number = int(place["line"])
                text = next(islice(lines, number - 2, number - 1), "") if number > 1 else header
        except (OSError, EOFError, lzma.LZMAError):
            return ""
        if place["a"]:
            text = _span(text, int(place["a"]), int(place["b"]))
        elif path.suffix in _SEPARATORS and number > 1:
            text = _labelled(header, text, _SEPARATORS[path.suffix])
        text = re.sub(r"\s+", " ", text).strip()
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def _find(self, name: str) -> Path | None:
        for known in self._inputs:
            if known == name or known.endswith(f"/{name}"):
                path = Path(known)
                if path.is_file():
                    return path
        candidates = [_RAW / name, *(p for p in _RAW.glob(f"*/{name}"))]
        return next((path for path in candidates if path.is_file()), None)

    @cached_property
    def _inputs(self) -> list[str]:
        """Files that the build read, as it named them."""
        try:
            manifest = json.loads((self._folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        stages = manifest.get("stages", {}).values()
        return [name for stage in stages for name in stage.get("inputs", {})]


def _labelled(header: str, row: str, separator: str) -> str:
    """A row of a table with the names of its columns, where the first line has such names."""
    names, values = (next(csv.reader([line], delimiter=separator), []) for line in (header, row))
    if len(names) != len(values) or not all(re.fullmatch(r"[A-Za-z]\w*", n) for n in names):
        return row
    return ", ".join(f"{n}: {v}" for n, v in zip(names, values, strict=True) if v)


def _span(line: str, start: int, stop: int) -> str:
    """Characters of the text in a line of JSON: of its longest string that is long enough."""
    try:
        record: Any = json.loads(line)
    except ValueError:
        return line[start:stop]
    texts = [v for v in record.values() if isinstance(v, str)] if isinstance(record, dict) else []
    text = max(texts, key=len, default="")
    return text[start:stop] if len(text) >= stop else line
