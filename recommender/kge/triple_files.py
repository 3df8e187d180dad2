"""Read named triples from tab-separated files or from lines of a Freebase dump."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.errors import DataError
from recommender.kge.triples import Triples

__all__ = ["NamedTriples", "name_of", "read_named_triples"]

_RDF_NAMESPACE = "rdf.freebase.com/ns/"


@dataclass(frozen=True, eq=False)
class NamedTriples:
    """Triples of training and test files, with ids and names.

    Attributes:
        entities, relations: names, by id.
        train: the triples of the first file, as a graph over all entities.
        test: those of the second file, or None.
        known: all of them and those of further files, excluded in rankings.
        literals: number of dump lines with literal objects, which are not triples of entities.
    """

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    train: KnowledgeGraph
    test: Triples | None
    known: KnowledgeGraph
    literals: int


def read_named_triples(
    train: Path, test: Path | None = None, known: tuple[Path, ...] = ()
) -> NamedTriples:
    """Read files of the same entities, tab-separated or Freebase dumps, optionally gzipped.

    `/people/person/profession`, in the published FB15k-237, and `people.person.profession`, in the
    dump, are equal.

    Raises:
        DataError: a missing or malformed file, or one without triples; file and line are named.
    """
    entities: dict[str, int] = {}
    relations: dict[str, int] = {}
    parts: list[np.ndarray] = []
    literals = 0
    for path in (train, *([test] if test is not None else []), *known):
        rows = []
        for head, relation, tail in _lines(path):
            if tail is None:
                literals += 1
                entities.setdefault(head, len(entities))  # a candidate, although without triples
                continue
            rows.append(
                (
                    entities.setdefault(head, len(entities)),
                    relations.setdefault(relation, len(relations)),
                    entities.setdefault(tail, len(entities)),
                )
            )
        if not rows:
            raise DataError.at(path, None, "no triples", "give lines of head, relation and tail")
        parts.append(np.array(rows, dtype=np.int64).T)

    def graph(columns: np.ndarray) -> KnowledgeGraph:
        head, relation, tail = columns
        return KnowledgeGraph(head, relation, tail, len(entities), len(relations))

    return NamedTriples(
        tuple(entities),
        tuple(relations),
        graph(parts[0]),
        Triples(*parts[1]) if test is not None else None,
        graph(np.concatenate(parts, axis=1)),
        literals,
    )


def name_of(text: str) -> str:
    """Convert a Freebase IRI, `ns:…` or `/a/b/c`, to a name; other names are unchanged.

    >>> name_of("/a/b/c./d/e/f"), name_of("<http://rdf.freebase.com/ns/m.01>"), name_of("sings")
    ('a.b.c..d.e.f', 'm.01', 'sings')
    """
    if text.startswith("<") and text.endswith(">"):
        _, found, local = text[1:-1].partition(_RDF_NAMESPACE)
        return local if found else text[1:-1]
    if text.startswith("ns:"):
        return text[3:]
    return text[1:].replace("/", ".") if text.startswith("/") else text


def _lines(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """Head, relation and tail of each line; no tail if the object is a literal."""
    try:
        with path.open("rb") as probe:
            zipped = probe.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                cells = line.rstrip("\r\n").split("\t")
                if len(cells) == 4 and cells[3].strip() == ".":
                    if cells[2].startswith('"'):
                        yield name_of(cells[0]), name_of(cells[1]), None
                        continue
                elif len(cells) != 3 or not all(cells):
                    raise DataError.at(
                        path,
                        number,
                        f"{len(cells)} cells instead of head, relation and tail",
                        "part three names by tabs, or give a Freebase dump",
                    )
                yield name_of(cells[0]), name_of(cells[1]), name_of(cells[2])
    except FileNotFoundError:
        raise DataError.at(path, None, "no such file", "name a file of triples") from None
    except (EOFError, gzip.BadGzipFile, UnicodeDecodeError) as fault:
        raise DataError.at(
            path, None, f"cannot be read: {fault}", "give UTF-8 text, gzipped or not"
        ) from None
