"""Quote the raw file's row or sentence from which a statement was extracted.

Evidence is a location: `file#line=12`, with `;char=10,80` for a span of the text in that line, or a
pointer such as `file#/0/genre` into the structure of a file. Files are searched at the build's
paths (`manifest.json`), and under `data/raw`.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

__all__ = ["Quotes"]

_PLACE: Final = re.compile(r"(?P<file>[^#]+)#line=(?P<line>\d+)(?:;char=(?P<a>\d+),(?P<b>\d+))?.*")
_LONGEST: Final = 300  # maximum characters of a quote
_MOST_KEPT: Final = 50_000  # maximum cached locations
_RAW: Final = Path("data/raw")
_SEPARATORS: Final = {".csv": ",", ".tsv": "\t", ".dat": "\t"}
_OPENERS: Final[dict[str, Callable[..., Any]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}


class Quotes:
    """Reads locations in the publishers' files.

    Args:
        folder: the data folder, whose manifest lists the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, str] = {}

    def quote(self, evidence: str) -> str:
        """The text at a location, as one line; '' if no longer readable."""
        return self.quotes([evidence])[evidence]

    def quotes(self, evidence: Iterable[str]) -> dict[str, str]:
        """The texts at several locations; a file is read once for all its lines."""
        wanted = list(dict.fromkeys(evidence))
        # In a long-running service: clear the cache before it becomes as large as the files.
        kept = self._kept if len(self._kept) < _MOST_KEPT else {}
        self._kept = kept
        by_file: dict[Path, dict[int, list[re.Match[str]]]] = {}
        for name in wanted:
            match = _PLACE.fullmatch(name) if name not in kept else None
            path = self.path_of(match["file"]) if match else None
            if match is not None and path is not None:
                by_file.setdefault(path, {}).setdefault(int(match["line"]), []).append(match)
        for path, places in by_file.items():
            try:
                self._read(path, places, kept)
            except (OSError, EOFError, lzma.LZMAError):
                continue  # keep what was already read
        return {name: kept.setdefault(name, "") for name in wanted}

    def path_of(self, name: str) -> Path | None:
        """Path of a file in evidence: at the build's path, or in the raw folder."""
        root = self._folder.resolve()
        for input_path in self._inputs:
            if input_path == name or input_path.endswith(f"/{name}"):
                # the build's path may be relative to its working directory
                for above in (Path(), *root.parents):
                    if (above / input_path).is_file():
                        return above / input_path
        candidates = [_RAW / name, *(p for p in _RAW.glob(f"*/{name}"))]
        return next((path for path in candidates if path.is_file()), None)

    @staticmethod
    def _read(
        path: Path, places: Mapping[int, Sequence[re.Match[str]]], kept: dict[str, str]
    ) -> None:
        """Read some lines of a file into the cache `kept`."""
        header = ""
        with _OPENERS.get(path.suffix, open)(path, "rb") as file:
            for number, line in enumerate(islice(file, max(places)), start=1):
                if number != 1 and number not in places:
                    continue
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                header = header if number > 1 else text
                for match in places.get(number, ()):
                    kept[match[0]] = _quoted(text, match, path, header)

    @cached_property
    def _inputs(self) -> list[str]:
        """The build's input files, with their paths in the manifest."""
        try:
            manifest = json.loads((self._folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        stages = manifest.get("stages", {}).values()
        return [name for stage in stages for name in stage.get("inputs", {})]


def _quoted(line: str, match: re.Match[str], path: Path, header: str) -> str:
    """The text at a location in a line, with column names if known."""
    if match["a"]:
        line = _span(line, int(match["a"]), int(match["b"]))
    elif path.suffix in _SEPARATORS and int(match["line"]) > 1:
        line = _labelled(header, line, _SEPARATORS[path.suffix])
    text = re.sub(r"\s+", " ", line).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _labelled(header: str, row: str, separator: str) -> str:
    """A table row with column names, if the first line is a heading."""
    names, values = (next(csv.reader([line], delimiter=separator), []) for line in (header, row))
    if len(names) != len(values) or not all(re.fullmatch(r"[A-Za-z]\w*", n) for n in names):
        return row
    return ", ".join(f"{n}: {v}" for n, v in zip(names, values, strict=True) if v)


def _span(line: str, start: int, stop: int) -> str:
    """A span of the text in a line of JSON: its longest string, if long enough."""
    try:
        record: Any = json.loads(line)
    except ValueError:
        return line[start:stop]
    texts = [v for v in record.values() if isinstance(v, str)] if isinstance(record, dict) else []
    text = max(texts, key=len, default="")
    return text[start:stop] if len(text) >= stop else line
