"""Read the lines of plain or packed dumps, count bad ones, and parse N-Triples terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from kg_builder.packed_files import CutOffError, open_dump

CUT_OFF: Final = "the dump is cut off; everything before the cut is used"
NO_TRIPLE: Final = "line is no triple"
NO_ENTITY: Final = "line is no JSON object"
TOO_MANY: Final = "too many namesakes"
_LITERAL = re.compile(r'^"((?:[^"\\]|\\.)*)"(?:@([A-Za-z-]+)|\^\^<([^>]*)>)?$', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:([tbnrf"\'\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))', re.DOTALL)
_CONTROL: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}

Line = tuple[int, str, str, str]
"""Line number (from 1), subject, predicate, object; the object as written in the file."""


@dataclass(slots=True)
class Faults:
    """Unreadable lines: a count per reason, with the evidence of the first few."""

    counts: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, reason: str, evidence: str, detail: str) -> None:
        """Count a fault; keep the evidence of the first hundred per reason."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        kept = self.places.setdefault(reason, [])
        if len(kept) < 100:
            kept.append((evidence, detail[:200]))


def lines(path: Path, faults: Faults) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a dump, without line ends.

    A truncated dump yields every whole line before the cut, and the fault is counted.
    """
    number = 0
    with open_dump(path) as file:
        stream = iter(file)
        while True:
            try:
                line = next(stream)
            except StopIteration:
                return
            except CutOffError as fault:
                faults.add(
                    CUT_OFF,
                    f"{path.name}#line={number + 1}",
                    str(fault),
                )
                return
            number += 1
            if line.endswith(b"\n"):
                yield number, line[:-1]
            elif line.rstrip().endswith(b"."):  # a complete last line may lack a line end
                yield number, line
            else:
                faults.add(
                    CUT_OFF,
                    f"{path.name}#line={number}",
                    line[:80].decode("utf-8", "replace"),
                )


def ntriples_lines(path: Path, faults: Faults) -> Iterator[Line]:
    """Yield the triples of an N-Triples file; subject and predicate without angle brackets."""
    for number, raw in lines(path, faults):
        stripped = raw.strip()
        if not stripped or stripped.startswith(b"#"):
            continue
        try:
            text = stripped.decode("utf-8")
        except UnicodeDecodeError:
            faults.add("line is not UTF-8", f"{path.name}#line={number}", repr(raw[:80]))
            continue
        parts = text.split(None, 2)
        if len(parts) != 3 or not text.endswith(".") or parts[1][:1] != "<":
            _malformed(faults, path, number, raw)
            continue
        if parts[0][:1] == "<":  # blank nodes have no names
            yield number, unescape(parts[0][1:-1]), parts[1][1:-1], parts[2][:-1].rstrip()


def literal(text: str) -> tuple[str, str] | None:
    """Parse a literal into value and language (or ''); None for any other term."""
    found = _LITERAL.match(text)
    if not found:
        return None
    return unescape(found[1]), (found[2] or "").lower()


def unescape(text: str) -> str:
    """Resolve the escapes of N-Triples.

    >>> unescape(r"caf\\u00e9 \\"noir\\"")
    'café "noir"'
    """
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def title(local: str) -> str:
    """Convert a DBpedia local name to a title: percent-decoded, '_' as space.

    >>> title("Guns_N%27_Roses")
    "Guns N' Roses"
    """
    return " ".join(unquote(local).replace("_", " ").split())


def _character(found: re.Match[str]) -> str:
    control, short, long, other = found.groups()
    if control:
        return _CONTROL.get(control, control)
    if short or long:
        code = int(short or long, 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
    return str(other)


def _malformed(faults: Faults, path: Path, number: int, raw: bytes) -> None:
    faults.add(NO_TRIPLE, f"{path.name}#line={number}", raw[:200].decode("utf-8", "replace"))
