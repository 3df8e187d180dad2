"""Write `freebase-excerpt.gz` from `freebase_topics.tsv` and `freebase_facts.tsv`.

The two tables are the place to edit; the columns are

- topics: `mid`, `types` (separated by spaces), `name`, `aliases` (separated by `|`), `description`;
- facts: `subject`, `predicate`, `object` (a mid, or a year), `names` (for the reader only).

The result has the line layout of the Freebase RDF dump: subject, predicate and object in angle
brackets, a tab between them, a tab and a full stop at the end. As in the subset that researchers
use, a fact that goes through a compound value is one line with a predicate like `a.b..c.d`.

    python data/raw/sample/making/freebase.py
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent
NAMESPACE = "http://rdf.freebase.com/ns/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
YEAR = "http://www.w3.org/2001/XMLSchema#gYear"


def read_table(name: str) -> list[dict[str, str]]:
    """Read one tab-separated table; quotes have no meaning in it."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def iri(name: str) -> str:
    """Write a mid, type or predicate as an IRI of Freebase."""
    return f"<{NAMESPACE}{name}>"


def english(text: str) -> str:
    """Write an English literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@en'


def lines() -> list[str]:
    """Return all lines, sorted, so that a topic's lines stand together as in the dump."""
    triples: set[tuple[str, str, str]] = set()
    for topic in read_table("freebase_topics.tsv"):
        subject = iri(topic["mid"])
        for kind in topic["types"].split():
            triples.add((subject, iri("type.object.type"), iri(kind)))
        triples.add((subject, iri("type.object.name"), english(topic["name"])))
        triples.add((subject, f"<{LABEL}>", english(topic["name"])))
        for alias in filter(None, topic["aliases"].split("|")):
            triples.add((subject, iri("common.topic.alias"), english(alias)))
        if topic["description"]:
            description = english(topic["description"])
            triples.add((subject, iri("common.topic.description"), description))
    for fact in read_table("freebase_facts.tsv"):
        year = fact["object"].isdigit()
        value = f'"{fact["object"]}"^^<{YEAR}>' if year else iri(fact["object"])
        triples.add((iri(fact["subject"]), iri(fact["predicate"]), value))
    return ["\t".join(triple) + "\t.\n" for triple in sorted(triples)]


def render() -> bytes:
    """Return the compressed file; no time stamp, so that the bytes depend on the tables only."""
    return gzip.compress("".join(lines()).encode("utf-8"), compresslevel=9, mtime=0)


def main() -> None:
    """Write the file."""
    (SAMPLE / "freebase-excerpt.gz").write_bytes(render())


if __name__ == "__main__":
    main()
