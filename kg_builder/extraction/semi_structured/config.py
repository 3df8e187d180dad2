"""Recipe settings of a semi-structured source: files, format (which adapter reads), JSON paths."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.extraction.structured.config import ColumnMap, TypeColumn

_STRICT = ConfigDict(frozen=True, extra="forbid")


class JsonMap(BaseModel):
    """Mapping of nested JSON by paths such as `artist.names[*].value`."""

    model_config = _STRICT

    records: Annotated[
        str,
        Field(
            description="Path of the objects that describe one entity each; '' is the root, "
            "'*' matches every key of an object. Relative to such an object, '../x' is x "
            "of the enclosing object and '@key' its key."
        ),
    ] = ""
    type: Annotated[str | TypeColumn, Field(description="Class of the entities.")]
    id: Annotated[str | None, Field(description="Path of the publisher's id.")] = None
    name: Annotated[str, Field(description="Path of the name.")]
    aliases: Annotated[tuple[str, ...], Field(description="Paths of aliases.")] = ()
    external_ids: Annotated[
        dict[str, str],
        Field(description="Path → prefix of the database, or of the kind, of its id."),
    ] = {}
    real_names: Annotated[
        tuple[str, ...],
        Field(description="Real names that look like placeholders, such as 'None' or 'Various'."),
    ] = ()
    paths: Annotated[
        dict[str, ColumnMap | tuple[ColumnMap, ...]],
        Field(description="Path below the object → statements about the entity."),
    ] = {}


class SemiStructuredSource(BaseModel):
    """Files of one publisher, read by the adapter of their format."""

    model_config = _STRICT

    kind: Annotated[Literal["semi-structured"], Field(description="Kind of source.")]
    name: Annotated[
        str,
        Field(pattern=r"^[\w.-]+$", description="Name of the source; prefix of its record keys."),
    ]
    path: Annotated[
        str,
        Field(description="File or pattern in the raw folder: 'pages/*.html', 'dump.xml.gz'."),
    ]
    format: Annotated[
        str,
        Field(
            description="Name of the adapter, such as html, json-ld or discogs (an error lists "
            "all); 'auto' chooses by extension and first bytes of each file."
        ),
    ] = "auto"
    type: Annotated[
        str, Field(description="Class of a page's topic if the page does not state it.")
    ] = "Artist"
    language: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z-]*$",
            description="Wikipedia edition of the wikitext; only links within the English one "
            "(en) become dbpedia: ids.",
        ),
    ] = "en"
    mapping: Annotated[
        JsonMap | None,
        Field(
            description="Paths, for the json and xml adapters; `ref` of a path names the "
            "source (another or this one) whose ids its values are."
        ),
    ] = None
    confidence: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Confidence of a field's statements. Without it, paths of a mapping "
            "without their own confidence have 1.",
        ),
    ] = 0.95
    threads: Annotated[
        int,
        Field(
            ge=0,
            description="Threads that parse a Discogs dump, besides the one that reads it; 0: "
            "one per core, at most 4. The result does not depend on it.",
        ),
    ] = 0
    max_bytes: Annotated[
        int,
        Field(
            ge=1024,
            description="Maximum size in bytes of a file read as a whole (pages, articles, JSON).",
        ),
    ] = 32 * 1024 * 1024

    @model_validator(mode="after")
    def _no_key_is_ignored(self) -> Self:
        readers = {
            "mapping": {"json", "xml"},
            "threads": {"discogs"},
            "type": {"html", "wikitext"},
            "language": {"wikitext"},
        }
        for key, formats in readers.items():
            if key in self.model_fields_set and self.format not in {"auto", *formats}:
                raise ValueError(
                    f"{key!r} is for format = {' or '.join(sorted(formats))}, not {self.format!r}"
                )
        return self
