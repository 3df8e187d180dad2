"""Record keys: one rule for every source.

- A thing with a publisher's id: `<source>/<scope>/<id>`, where the scope is the table (or the
  collection of a dump) that gave the id; a source with one table has no scope: `<source>/<id>`.
- A thing known by its name alone: `<source>/<class prefix>/<name, casefolded>`, so that all
  mentions of a name in one source are one record.
- A work or event known by its name alone belongs to the thing that mentions it, since many
  artists have a "Greatest Hits": `<source>/album/<owner>/<name, casefolded>`.

Scopes are plural words and never a class prefix, so the first two cannot meet.
"""

from __future__ import annotations

from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema


def id_key(source: str, scope: str, record_id: str) -> str:
    """Key of a thing by its publisher's id."""
    return f"{source}/{scope}/{record_id}" if scope else f"{source}/{record_id}"


def name_key(source: str, type_: str, name: str, schema: Schema, *, owner: str = "") -> str:
    """Key of a thing that is known by name alone; `owner` is the key of what mentions it."""
    prefix = schema.prefix(type_)
    if owner and is_owned(type_, schema):
        return f"{source}/{prefix}/{owner.removeprefix(source + '/')}/{fold(name)}"
    return f"{source}/{prefix}/{fold(name)}"


def is_owned(type_: str, schema: Schema) -> bool:
    """Whether things of a class, known by name alone, belong to what mentions them."""
    return schema.is_a(type_, "Work") or schema.is_a(type_, "Event")
